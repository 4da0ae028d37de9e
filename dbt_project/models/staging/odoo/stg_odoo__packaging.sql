-- What products are bought in, before Odoo 19: one row a product, the first of its packagings that holds
-- several.
select
    packaging.source_name || ':' || packaging.id as packaging_id,
    packaging.source_name,
    product.product_id,
    packaging.qty as contained_qty
from {{ source("raw_odoo", "product_packaging") }} as packaging
inner join {{ ref("stg_ops__source") }} as source using (source_name)
inner join
    {{ ref("stg_odoo__product_product") }} as product
    on product.source_name = packaging.source_name
    and product.source_product_id = cast(packaging.product_id as varchar)
where
    packaging.qty > 1
    and packaging.qty = floor(packaging.qty)
    and product.is_active
    and packaging.purchase is distinct from false
qualify
    row_number() over (
        partition by product.product_id order by packaging.sequence, packaging.source_name, packaging.id
    )
    = 1
