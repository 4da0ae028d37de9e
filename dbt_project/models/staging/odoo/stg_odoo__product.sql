-- One row a product of the warehouse: where an archived product and a new one share a code, the active one
-- describes it.
select
    product.product_id,
    product.source_name,
    split_part(product.product_id, ':', 1) as code_space,
    substr(product.product_id, instr(product.product_id, ':') + 1) as sku,
    product.barcode,
    product.product_name,
    nullif(product.department, '') as department,
    product.category,
    product.family,
    cast(null as varchar) as product_brand,
    cast(null as varchar) as package_size,
    'piece' as unit_of_measure,
    product.updated_at
from {{ ref("stg_odoo__product_product") }} as product
qualify
    row_number() over (
        partition by product.product_id
        order by
            product.is_active desc,
            product.updated_at desc nulls last,
            product.source_name,
            product.odoo_product_id
    )
    = 1
