-- What changed a store's stock, one row a move and store: a transfer is a row in each of its two stores.
-- Odoo's planned moves have moved nothing yet, and a move within one warehouse changes no store's stock.
with
    done as (
        select
            *,
            case when from_usage = 'internal' then from_store_id end as leaves_store_id,
            case when to_usage = 'internal' then to_store_id end as reaches_store_id
        from {{ ref("stg_odoo__stock_move") }}
        where move_state = 'done'
    ),

    sided as (
        select
            stock_move_id || ':out' as stock_move_id,
            source_name,
            source_stock_move_id,
            leaves_store_id as store_id,
            reaches_store_id as counterpart_store_id,
            to_usage as counterpart_usage,
            product_id,
            moved_at,
            moved_date,
            - quantity as quantity,
            known_at
        from done
        where leaves_store_id is not null and leaves_store_id is distinct from reaches_store_id
        union all
        select
            stock_move_id || ':in' as stock_move_id,
            source_name,
            source_stock_move_id,
            reaches_store_id as store_id,
            leaves_store_id as counterpart_store_id,
            from_usage as counterpart_usage,
            product_id,
            moved_at,
            moved_date,
            quantity,
            known_at
        from done
        where reaches_store_id is not null and reaches_store_id is distinct from leaves_store_id
    ),

    move as (
        select
            sided.stock_move_id,
            sided.source_name,
            coalesce(warehouse.brand, source.brand) as brand,
            sided.source_stock_move_id,
            case
                when sided.counterpart_usage = 'supplier'
                then case when sided.quantity < 0 then 'supplier_return' else 'receipt' end
                when sided.counterpart_usage = 'customer'
                then case when sided.quantity < 0 then 'delivery' else 'customer_return' end
                when sided.counterpart_usage = 'inventory'
                then 'adjustment'
                when sided.counterpart_usage = 'production'
                then 'production'
                else 'transfer'
            end as move_kind,
            sided.store_id,
            sided.counterpart_store_id,
            sided.product_id,
            sided.moved_at,
            case
                when warehouse.time_zone is null
                then sided.moved_date
                else {{ local_date("sided.moved_at", "warehouse.time_zone") }}
            end as moved_date,
            sided.quantity,
            cast(null as varchar) as reason,
            sided.known_at
        from sided
        inner join {{ ref("stg_ops__source") }} as source on source.source_name = sided.source_name
        left join {{ ref("stg_odoo__warehouse") }} as warehouse on warehouse.store_id = sided.store_id
        union all
        select
            stock_adjustment_id as stock_move_id,
            source_name,
            brand,
            source_adjustment_id as source_stock_move_id,
            'adjustment' as move_kind,
            store_id,
            cast(null as varchar) as counterpart_store_id,
            product_id,
            adjusted_at as moved_at,
            adjusted_date as moved_date,
            quantity,
            reason,
            known_at
        from {{ ref("stg_headoffice__stock_adjustment") }}
    )
select
    stock_move_id,
    source_name,
    brand,
    source_stock_move_id,
    move_kind,
    store_id,
    counterpart_store_id,
    product_id,
    moved_at,
    moved_date,
    quantity,
    reason,
    known_at,
    known_date
from {{ marts_with_known_date("move") }}
