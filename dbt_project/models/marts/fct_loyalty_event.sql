{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('loyalty_event_id', changed_loyalty_events(), named={'customer': customer_key()}) }}",
        post_hook="{{ remember_build([source('ops', 'ops_brand'), ref('stg_odoo__loyalty_history')], 'loyalty_event_id', named={'customer': customer_key()}) }}",
    )
}}

with event as ({{ marts_union_all(["stg_loyalty__event", "stg_odoo__loyalty_history"], "loyalty_event_id") }})
select
    loyalty_event_id,
    source_name,
    brand,
    customer_source_name,
    source_customer_id,
    occurred_at,
    occurred_date,
    event_kind,
    points,
    source_receipt_no,
    known_at,
    known_date
from {{ marts_with_known_date("event") }}
