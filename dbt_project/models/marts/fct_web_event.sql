-- What happened in web shops and is no order: checkouts that were begun and not paid.
with
    event as (
        select
            checkout.abandoned_checkout_id as web_event_id,
            checkout.source_name,
            checkout.brand,
            'abandoned_checkout' as event_kind,
            checkout.source_checkout_id as source_event_id,
            checkout.store_id,
            checkout.customer_source_name,
            checkout.source_customer_id,
            checkout.begun_at as occurred_at,
            checkout.begun_date as occurred_date,
            checkout.completed_at as recovered_at,
            checkout.line_count,
            checkout.quantity,
            checkout.subtotal_amount,
            checkout.currency_code,
            '{{ var("reporting_currency") }}' as reporting_currency_code,
            {{
                marts_money(
                    "checkout.subtotal_amount * "
                    ~ marts_rate_to_reporting("checkout.currency_code", "rate.exchange_rate")
                )
            }} as subtotal_amount_reporting,
            checkout.known_at
        from {{ ref("stg_shopify__abandoned_checkout") }} as checkout
        left join {{ marts_exchange_rate("rate", "checkout.currency_code", "checkout.begun_date") }}
    )
select
    web_event_id,
    source_name,
    brand,
    event_kind,
    source_event_id,
    store_id,
    customer_source_name,
    source_customer_id,
    occurred_at,
    occurred_date,
    recovered_at,
    line_count,
    quantity,
    subtotal_amount,
    currency_code,
    reporting_currency_code,
    subtotal_amount_reporting,
    known_at,
    known_date
from {{ marts_with_known_date("event") }}
