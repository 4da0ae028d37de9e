select
    version.source_name || ':' || version.adjustment_no as stock_adjustment_id,
    version.source_name,
    source.brand,
    version.adjustment_no as source_adjustment_id,
    {{ office_store_id("version.store_no") }} as store_id,
    {{ product_id("source.code_space", "version.sku") }} as product_id,
    {{ local_to_utc("version.adjusted_at", "source.time_zone") }} as adjusted_at,
    cast(version.adjusted_at as date) as adjusted_date,
    version.quantity,
    {{ text_or_null("version.reason") }} as reason,
    {{ known_at(local_to_utc("version.adjusted_at", "source.time_zone")) }} as known_at
from {{ newest_version(source("raw_headoffice", "stock_adjustments"), ["adjustment_no"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
