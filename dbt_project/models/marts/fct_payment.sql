{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', changed_payments(), named={'paid_date': 'paid_date'}) }}",
        post_hook="{{ remember_build([ref('int_exchange_rate'), ref('stg_odoo__payment')], 'order_id', named={'paid_date': 'paid_date'}) }}",
    )
}}

with payment as ({{ marts_union_all(marts_payment_models(), "order_id") }})
select
    payment.* exclude (excluded_reason),
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    {{
        marts_money(
            "payment.amount * " ~ marts_rate_to_reporting("payment.currency_code", "rate.exchange_rate")
        )
    }} as amount_reporting
from payment
left join {{ marts_exchange_rate("rate", "payment.currency_code", "payment.paid_date") }}
where payment.excluded_reason is null
