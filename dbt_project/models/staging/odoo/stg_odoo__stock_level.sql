-- Odoo keeps the stock of now, not of past days: a level is dated by the last change of what it sums.
with
    quant as (
        select
            quant.source_name,
            source.brand,
            source.known_after_hours,
            coalesce(store.time_zone, company.time_zone, source.time_zone) as time_zone,
            {{ store_id("quant.source_name", "'warehouse:' || location.warehouse_id") }} as store_id,
            product.product_id,
            quant.quantity,
            quant.write_date,
            quant._is_history,
            quant._loaded_at
        from {{ source("raw_odoo", "stock_quant") }} as quant
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        inner join
            {{ source("raw_odoo", "stock_location") }} as location
            on location.source_name = quant.source_name
            and location.id = quant.location_id
            and location.usage = 'internal'
        inner join
            {{ ref("stg_odoo__product_product") }} as product
            on product.source_name = quant.source_name
            and product.source_product_id = cast(quant.product_id as varchar)
        left join
            {{ ref("stg_odoo__company") }} as company
            on company.source_name = location.source_name
            and company.source_company_id = cast(location.company_id as varchar)
        left join
            {{ ref("stg_headoffice__store") }} as store
            on store.store_id = {{ store_id("quant.source_name", "'warehouse:' || location.warehouse_id") }}
        where location.warehouse_id is not null
    ),

    level as (
        select
            source_name,
            brand,
            known_after_hours,
            time_zone,
            store_id,
            product_id,
            sum(quantity) as quantity,
            max(write_date) as changed_at,
            bool_and(_is_history) as _is_history,
            max(_loaded_at) as _loaded_at
        from quant
        group by all
    )

select
    store_id,
    product_id,
    source_name,
    brand,
    {{ local_date("changed_at", "time_zone") }} as stock_date,
    cast(quantity as decimal(18, 3)) as on_hand_qty,
    {{ known_at("changed_at", version="level", source="level") }} as known_at
from level
