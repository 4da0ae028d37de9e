-- The segment of each customer on the day of the run, with that at the end of the month before: by brand
-- and, without a brand, the best of them.
{% set as_of = marts_as_of() %}
{% set best_first = segments_best_first() %}

with
    history as (
        select
            *,
            lag(segment) over checkpoints as previous_segment,
            lag(checkpoint_date) over checkpoints as previous_date
        from {{ ref("int_customer_segment_month") }}
        window checkpoints as (partition by customer_id, brand order by checkpoint_date)
    ),
    with_since as (
        select
            *,
            max(checkpoint_date) filter (where segment is distinct from previous_segment) over (
                partition by customer_id, brand
            ) as since_date
        from history
    ),
    by_brand as (
        select *, list_position({{ best_first }}, segment) as place
        from with_since
        where checkpoint_date = {{ as_of }}
    )
select
    customer_id,
    brand,
    segment,
    previous_segment,
    previous_date,
    since_date,
    first_purchase_date,
    recency_days,
    purchase_day_count,
    net_amount,
    currency_code
from by_brand
union all by name
select customer_id, arg_min(segment, place) as segment
from by_brand
group by customer_id
