select
    version.source_name || ':' || version.entry_no as finance_entry_id,
    version.source_name,
    source.brand,
    version.entry_no as source_entry_id,
    {{ local_to_utc("version.posted_at", "source.time_zone") }} as posted_at,
    cast(version.posted_at as date) as posted_date,
    version.account_code,
    {{ text_or_null("version.description") }} as description,
    version.amount,
    version.currency_code,
    {{ known_at(local_to_utc("version.posted_at", "source.time_zone")) }} as known_at
from {{ newest_version(source("raw_headoffice", "finance_entries"), ["entry_no"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
