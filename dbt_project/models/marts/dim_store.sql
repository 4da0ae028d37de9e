-- Where goods are sold or kept: the head office's stores, web shops, Odoo's warehouses, and whatever else
-- order lines or stock name.
with
    sales as (
        select
            store_id,
            max(brand) as brand,
            min(channel) filter (where channel <> 'carrier') as channel,
            min(order_date) filter (where sale_line_count > 0) as first_sale_date,
            sum(net_sales_amount_reporting) filter (
                where
                    order_date > {{ marts_as_of() }} - {{ var("store_cluster_days") }}
                    and order_date <= {{ marts_as_of() }}
            ) as net_amount_reporting
        from {{ ref("int_order_day") }}
        where store_id is not null
        group by store_id
    ),
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
        union all
        select
            2 as priority,
            {{ web_store_id("source_name") }} as store_id,
            source_name as store_name,
            brand,
            'web' as channel,
            null as region,
            null as city,
            country_code,
            time_zone,
            currency_code,
            null as opened_date
        from {{ ref("stg_ops__source") }}
        where system = 'shopify'
        union all
        select
            3 as priority,
            store_id,
            warehouse_name as store_name,
            brand,
            'warehouse' as channel,
            null as region,
            null as city,
            null as country_code,
            time_zone,
            currency_code,
            null as opened_date
        from {{ ref("stg_odoo__warehouse") }}
        union all
        select
            4 as priority,
            store_id,
            store_id as store_name,
            brand,
            channel,
            null,
            null,
            null,
            null,
            null,
            null
        from sales
        where channel is not null
        union all
        select
            5 as priority,
            store_id,
            store_id as store_name,
            max(brand) as brand,
            'warehouse' as channel,
            null,
            null,
            null,
            null,
            null,
            null
        from ({{ marts_union_all(marts_stock_facts(), columns="store_id, brand") }})
        group by store_id
    ),
    store as (select * from known qualify row_number() over (partition by store_id order by priority) = 1),
    -- Thirds of a brand's stores by net sales; a store that sold nothing is in none.
    ranked as (
        select
            store.store_id,
            ntile(3) over (
                partition by store.brand order by sales.net_amount_reporting desc, store.store_id
            ) as size_third
        from store
        inner join sales on store.store_id = sales.store_id
        where {{ channel_kind("store.channel") }} = 'store' and sales.net_amount_reporting > 0
    )
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
    coalesce(store.opened_date, sales.first_sale_date) as opened_date,
    store.opened_date is null and sales.first_sale_date is not null as is_opened_date_first_sale,
    case
        when {{ channel_kind("store.channel") }} = 'online'
        then 'online'
        when ranked.size_third = 1
        then 'large'
        when ranked.size_third = 2
        then 'medium'
        when ranked.size_third = 3
        then 'small'
    end as store_cluster
from store
left join {{ source("ops", "ops_brand") }} as brand on store.brand = brand.brand
left join sales on store.store_id = sales.store_id
left join ranked on store.store_id = ranked.store_id
