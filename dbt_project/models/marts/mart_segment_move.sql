-- How many customers went from which segment to which, from the end of a month to the end of the next,
-- and to the day of the run; those who stayed are counted too.
with
    dated as (
        select checkpoint_date, lag(checkpoint_date) over (order by checkpoint_date) as from_date
        from (select distinct checkpoint_date from {{ ref("int_customer_segment_month") }})
    )
select
    current.brand,
    dated.from_date,
    dated.checkpoint_date as to_date,
    before.segment as from_segment,
    current.segment as to_segment,
    count(*) as customer_count,
    {{ marts_money("sum(current.net_amount)") }} as net_amount,
    any_value(current.currency_code) as currency_code
from {{ ref("int_customer_segment_month") }} as current
inner join dated on current.checkpoint_date = dated.checkpoint_date
left join
    {{ ref("int_customer_segment_month") }} as before
    on current.customer_id = before.customer_id
    and current.brand = before.brand
    and before.checkpoint_date = dated.from_date
where dated.from_date is not null
group by current.brand, dated.from_date, dated.checkpoint_date, before.segment, current.segment
