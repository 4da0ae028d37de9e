-- Which segment a customer is in, by brand and over all brands.
{{ config(materialized="view") }}

select
    customer_id,
    brand,
    {{ marts_as_of() }} as as_of_date,
    segment,
    since_date,
    previous_segment,
    previous_date,
    first_purchase_date,
    recency_days,
    cast(purchase_day_count as bigint) as purchase_day_count,
    net_amount,
    currency_code
from {{ ref("int_customer_segment") }}
