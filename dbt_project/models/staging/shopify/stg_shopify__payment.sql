-- Money that moved: successful sales and captures, and refunds. An authorization or a void moves none.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', [changed_upstream('stg_shopify__order')], named={'paid_date': 'paid_date'}) }}",
        post_hook="{{ remember_build([], 'order_id', named={'paid_date': 'paid_date'}) }}",
    )
}}
with
    payment as (
        select
            orders.order_id,
            orders.source_name,
            orders.brand,
            orders.ordered_at,
            orders.currency_code,
            orders.known_at as order_known_at,
            orders.excluded_reason,
            unnest(orders.transactions) as part
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }} as orders
    ),

    dated as (
        select
            payment.* exclude (part),
            part.*,
            {{ utc("coalesce(part.processed_at, part.created_at)") }} as moved_at
        from payment
        where part.kind in ('sale', 'capture', 'refund') and part.status = 'success'
    )

select
    dated.order_id || ':' || dated.id as payment_id,
    dated.order_id,
    dated.source_name,
    dated.brand,
    coalesce(dated.moved_at, dated.ordered_at) as paid_at,
    {{
        utc_business_date(
            "coalesce(dated.moved_at, dated.ordered_at)", "source.time_zone", "source.closing_hour"
        )
    }} as paid_date,
    dated.gateway as tender,
    if(dated.kind = 'refund', - dated.amount, dated.amount) as amount,
    coalesce(dated.currency, dated.currency_code) as currency_code,
    greatest(dated.order_known_at, dated.moved_at + to_hours(source.known_after_hours)) as known_at,
    dated.excluded_reason
from dated
inner join {{ ref("stg_ops__source") }} as source using (source_name)
