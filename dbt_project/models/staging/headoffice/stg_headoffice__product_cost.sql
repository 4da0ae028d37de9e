select
    {{ product_id("source.code_space", "version.sku") }} as product_id,
    version.source_name,
    version.valid_from_date,
    version.unit_cost_amount,
    version.currency_code,
    {{ known_at(local_to_utc("cast(version.valid_from_date as timestamp)", "source.time_zone")) }} as known_at
from {{ newest_version(source("raw_headoffice", "product_costs"), ["sku", "valid_from_date"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
