-- Orders whose parts do not add up, to the cent, to the source's own total or to what was paid.
select
    order_id,
    source_name,
    brand,
    channel,
    order_date,
    currency_code,
    total_amount,
    returned_total_amount,
    source_total_amount,
    total_difference_amount,
    paid_amount,
    refunded_amount,
    payment_difference_amount
from {{ ref("fct_order") }}
where round(total_difference_amount, 2) <> 0 or round(payment_difference_amount, 2) <> 0
