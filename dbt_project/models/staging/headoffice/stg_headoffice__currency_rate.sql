select
    version.source_name
    || ':'
    || version.rate_date
    || ':'
    || version.base_currency_code
    || ':'
    || version.currency_code as currency_rate_id,
    version.source_name,
    version.rate_date,
    upper(version.base_currency_code) as base_currency_code,
    upper(version.currency_code) as currency_code,
    version.rate,
    {{ known_at(end_of_day("version.rate_date", "source.time_zone")) }} as known_at
from
    {{
        newest_version(
            source("raw_headoffice", "currency_rates"), ["rate_date", "base_currency_code", "currency_code"]
        )
    }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
