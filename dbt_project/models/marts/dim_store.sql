-- Where goods are sold or kept: the head office's stores, web shops, Odoo's warehouses, and whatever else
-- order lines or stock name.
with
    known as (
        select
            1 as priority,
            store_id,
            store_name,
            brand,
            -- A web shop may have a row in the head office's file too.
            if(
                store_id in (
                    select {{ web_store_id("source_name") }}
                    from {{ ref("stg_ops__source") }}
                    where system = 'shopify'
                ),
                'web',
                'store'
            ) as channel,
            region,
            city,
            country_code,
            time_zone,
            currency_code,
            opened_date
        from {{ ref("stg_headoffice__store") }}
        union all by name
        select
            2 as priority,
            {{ web_store_id("source_name") }} as store_id,
            source_name as store_name,
            brand,
            'web' as channel,
            country_code,
            time_zone,
            currency_code
        from {{ ref("stg_ops__source") }}
        where system = 'shopify'
        union all by name
        select
            3 as priority,
            store_id,
            warehouse_name as store_name,
            brand,
            'warehouse' as channel,
            time_zone,
            currency_code
        from {{ ref("stg_odoo__warehouse") }}
        union all by name
        select 4 as priority, store_id, store_id as store_name, max(brand) as brand, min(channel) as channel
        from ({{ marts_union_all(marts_order_line_models()) }})
        where store_id is not null and channel <> 'carrier'
        group by store_id
        union all by name
        select 5 as priority, store_id, store_id as store_name, max(brand) as brand, 'warehouse' as channel
        from ({{ marts_union_all(marts_stock_facts()) }})
        group by store_id
    ),
    store as (select * from known qualify row_number() over (partition by store_id order by priority) = 1)
select
    store.store_id,
    store.store_name,
    store.brand,
    brand.company,
    store.channel,
    store.region,
    store.city,
    coalesce(store.country_code, brand.country_code) as country_code,
    coalesce(store.time_zone, brand.time_zone) as time_zone,
    coalesce(store.currency_code, brand.currency_code) as currency_code,
    store.opened_date
from store
left join {{ source("ops", "ops_brand") }} as brand on store.brand = brand.brand
