select
    {{ office_store_id("version.store_no") }} as store_id,
    version.source_name,
    source.code_space,
    source.brand,
    version.store_no as source_store_id,
    version.name as store_name,
    {{ text_or_null("version.region") }} as region,
    {{ text_or_null("version.city") }} as city,
    coalesce(upper({{ text_or_null("version.country_code") }}), source.country_code) as country_code,
    coalesce({{ text_or_null("version.time_zone") }}, source.time_zone) as time_zone,
    source.currency_code,
    version.opened_date
from {{ newest_version(source("raw_headoffice", "stores"), ["store_no"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
