-- Promotions are planned ahead: those of the bulk history count as known some weeks before theirs begins.
select
    {{ office_store_id("version.store_no") }} as store_id,
    {{ product_id("source.code_space", "version.sku") }} as product_id,
    version.source_name,
    source.brand,
    version.week_start_date,
    nullif({{ text_or_null("version.display_location") }}, '0') as display_location,
    nullif({{ text_or_null("version.mailer_location") }}, '0') as mailer_location,
    {{
        known_at(
            local_to_utc(
                "cast(version.week_start_date - " ~ var("promotion_lead_days") ~ " as timestamp)",
                "source.time_zone",
            )
        )
    }} as known_at
from
    {{ newest_version(source("raw_campaign", "promotions"), ["store_no", "sku", "week_start_date"]) }}
    as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
