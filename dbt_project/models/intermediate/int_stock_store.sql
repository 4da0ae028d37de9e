-- Stores of an Odoo whose goods stand under another store_id, one row each. A warehouse whose short name is
-- the number of a store in the Odoo's code space is that store. A till sells from its warehouse, sale orders
-- sell from the only one; where there are several, what sale orders sell stands nowhere that is known.
with
    place as (
        select
            warehouse.source_name,
            warehouse.source_warehouse_id,
            warehouse.store_id as warehouse_store_id,
            coalesce(
                -- Two companies of an Odoo may use one short name.
                if(
                    row_number() over (
                        partition by store.store_id
                        order by warehouse.source_name, warehouse.source_warehouse_id
                    )
                    = 1,
                    store.store_id,
                    null
                ),
                warehouse.store_id
            ) as stock_store_id
        from {{ ref("stg_odoo__warehouse") }} as warehouse
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        left join
            {{ ref("stg_headoffice__store") }} as store
            on store.store_id = {{ store_id("source.code_space", "warehouse.warehouse_code") }}
    ),
    only_place as (
        select source_name, min(stock_store_id) as stock_store_id
        from place
        group by source_name
        having count(*) = 1
    ),
    moved as (
        select warehouse_store_id as store_id, stock_store_id
        from place
        union all
        select till.store_id, coalesce(place.stock_store_id, only_place.stock_store_id) as stock_store_id
        from {{ ref("stg_odoo__till") }} as till
        left join
            place
            on place.source_name = till.source_name
            and place.source_warehouse_id = till.source_warehouse_id
        left join only_place on only_place.source_name = till.source_name
        union all
        select {{ store_id("source_name", "'sales'") }} as store_id, stock_store_id
        from only_place
    )
select store_id, stock_store_id
from moved
where stock_store_id <> store_id
