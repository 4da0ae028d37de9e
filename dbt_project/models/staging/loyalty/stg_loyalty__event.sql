{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('loyalty_event_id', changed_entity('loyalty', 'events', ['event_id'], 'loyalty_event_id', loyalty_event_id())) }}",
        post_hook="{{ remember_build([ref('stg_ops__source')]) }}",
    )
}}

select
    version.source_name || ':' || version.event_id as loyalty_event_id,
    version.source_name,
    source.brand,
    version.event_id as source_event_id,
    version.source_name as customer_source_name,
    version.loyalty_number as source_customer_id,
    {{ utc("version.occurred_at") }} as occurred_at,
    {{ local_date(utc("version.occurred_at"), "source.time_zone") }} as occurred_date,
    version.kind as event_kind,
    version.points,
    {{ text_or_null("version.receipt_no") }} as source_receipt_no,
    {{ known_at(utc("version.occurred_at")) }} as known_at
from
    {{ newest_version(only_changed(source("raw_loyalty", "events"), loyalty_event_id()), ["event_id"]) }}
    as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
