-- Products as orders show them, for shops whose head office sends no master.
with
    latest as (
        select *
        from {{ ref("stg_shopify__order_line") }}
        where item_kind = 'product'
        qualify row_number() over (partition by product_id order by ordered_at desc, order_line_id desc) = 1
    )

select
    latest.product_id,
    latest.source_name,
    source.code_space,
    latest.source_sku as sku,
    cast(null as varchar) as barcode,
    latest.product_name,
    cast(null as varchar) as department,
    cast(null as varchar) as category,
    cast(null as varchar) as family,
    cast(null as varchar) as product_brand,
    cast(null as varchar) as package_size,
    latest.unit_of_measure,
    latest.ordered_at as updated_at
from latest
inner join {{ ref("stg_ops__source") }} as source using (source_name)
