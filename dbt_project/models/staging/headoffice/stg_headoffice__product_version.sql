-- Every state of the product master that was sent.
select
    {{ product_id("source.code_space", "version.sku") }} as product_id,
    version.source_name,
    source.code_space,
    version.sku,
    {{ barcode_text("version.barcode") }} as barcode,
    version.name as product_name,
    {{ text_or_null("version.department") }} as department,
    {{ text_or_null("version.category") }} as category,
    {{ text_or_null("version.family") }} as family,
    {{ text_or_null("version.product_brand") }} as product_brand,
    {{ text_or_null("version.package_size") }} as package_size,
    version.unit_of_measure,
    {{ utc("version.updated_at") }} as updated_at,
    {{ local_date(utc("version.updated_at"), "source.time_zone") }} as updated_date
from {{ newest_version(source("raw_headoffice", "products"), ["sku", "updated_at"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
