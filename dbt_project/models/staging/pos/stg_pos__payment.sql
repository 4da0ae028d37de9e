{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', changed_receipts('payments', ['store_no', 'receipt_no', 'payment_no']) + [changed_upstream('stg_pos__order_line')], named={'paid_date': 'paid_date'}) }}",
        post_hook="{{ remember_build([ref('stg_ops__source'), ref('stg_headoffice__store')], 'order_id', named={'paid_date': 'paid_date'}) }}",
    )
}}

with
    payment as (
        select
            version.*,
            source.brand,
            source.currency_code,
            source.known_after_hours,
            source.closing_hour,
            coalesce(store.time_zone, source.time_zone) as time_zone,
            {{ pos_order_id("version.source_name", "version.store_no", "version.receipt_no") }} as order_id
        from
            {{
                newest_version(
                    only_changed(
                        source("raw_pos", "payments"), pos_order_id("source_name", "store_no", "receipt_no")
                    ),
                    ["store_no", "receipt_no", "payment_no"],
                )
            }} as version
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        left join
            {{ ref("stg_headoffice__store") }} as store
            on store.store_id = {{ store_id("source.code_space", "version.store_no") }}
    ),

    voided as (
        select distinct order_id
        from {{ only_changed(ref("stg_pos__order_line"), "order_id") }}
        where excluded_reason = 'voided'
    )

select
    order_id || ':' || payment_no as payment_id,
    order_id,
    source_name,
    brand,
    {{ local_to_utc("paid_at", "time_zone") }} as paid_at,
    {{ business_date("payment.paid_at", "payment.closing_hour") }} as paid_date,
    tender,
    amount,
    currency_code,
    {{ known_at(local_to_utc("payment.paid_at", "time_zone"), version="payment", source="payment") }}
    as known_at,
    if(voided.order_id is null, null, 'voided') as excluded_reason
from payment
left join voided using (order_id)
