{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('campaign_contact_id', changed_entity('campaign', 'contacts', ['campaign_no', 'loyalty_number'], 'campaign_contact_id', campaign_contact_id())) }}",
        post_hook="{{ remember_build([ref('stg_ops__source')]) }}",
    )
}}

select
    version.source_name || ':' || version.campaign_no || ':' || version.loyalty_number as campaign_contact_id,
    version.source_name || ':' || version.campaign_no as campaign_id,
    version.source_name,
    source.brand,
    version.campaign_no as source_campaign_id,
    source.customer_source_name,
    version.loyalty_number as source_customer_id,
    {{ utc("version.sent_at") }} as sent_at,
    {{ local_date(utc("version.sent_at"), "source.time_zone") }} as sent_date,
    {{ known_at(utc("version.sent_at")) }} as known_at
from
    {{
        newest_version(
            only_changed(source("raw_campaign", "contacts"), campaign_contact_id()),
            ["campaign_no", "loyalty_number"],
        )
    }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
