-- Every product of Odoo by its own id, archived ones too, with the product that it is in the warehouse.
select
    product.source_name || ':' || product.id as odoo_product_id,
    product.source_name,
    source.brand,
    cast(product.id as varchar) as source_product_id,
    cast(product.product_tmpl_id as varchar) as source_template_id,
    -- "grocer:1095275": the code space and SKU that other systems know it by; without one it is Odoo's alone.
    case
        when contains(coalesce(product.default_code, template.default_code), ':')
        then coalesce(product.default_code, template.default_code)
        else {{ product_id("source.code_space", "product.id") }}
    end as product_id,
    coalesce(
        {{ text_or_null("product.default_code") }}, {{ text_or_null("template.default_code") }}
    ) as default_code,
    {{ text_or_null("product.barcode") }} as barcode,
    {{ text_or_null("template.name") }} as product_name,
    split_part(category.complete_name, ' / ', 1) as department,
    {{ text_or_null("category.complete_name") }} as category_path,
    {{ text_or_null("category.name") }} as category,
    coalesce(template.is_storable, false) as is_storable,
    template.list_price as list_price_amount,
    product.standard_price as unit_cost_amount,
    coalesce(product.active, true) and coalesce(template.active, true) as is_active,
    greatest(product.write_date, template.write_date) as updated_at
from {{ source("raw_odoo", "product_product") }} as product
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join
    {{ source("raw_odoo", "product_template") }} as template
    on template.source_name = product.source_name
    and template.id = product.product_tmpl_id
left join
    {{ source("raw_odoo", "product_category") }} as category
    on category.source_name = template.source_name
    and category.id = template.categ_id
