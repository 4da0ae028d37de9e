select
    orders.order_id || ':' || payment.id as payment_id,
    orders.order_id,
    orders.source_name,
    orders.brand,
    coalesce(payment.payment_date, orders.ordered_at) as paid_at,
    {{
        utc_business_date(
            "coalesce(payment.payment_date, orders.ordered_at)", "orders.time_zone", "orders.closing_hour"
        )
    }} as paid_date,
    'odoo_method_' || payment.payment_method_id as tender,
    payment.amount,
    orders.currency_code,
    {{ known_at("coalesce(payment.payment_date, orders.ordered_at)", version="payment") }} as known_at,
    orders.excluded_reason
from {{ source("raw_odoo", "pos_payment") }} as payment
inner join {{ ref("stg_ops__source") }} as source using (source_name)
inner join
    {{ ref("stg_odoo__pos_order") }} as orders
    on orders.source_name = payment.source_name
    and orders.source_order_id = cast(payment.pos_order_id as varchar)
