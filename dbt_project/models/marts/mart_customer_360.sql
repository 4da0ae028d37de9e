-- A customer's business with each brand and, without a brand, with all of them: what was bought by
-- `as_of`, how often, points and campaigns. Ids only; who they are stands in dim_customer.
{{ config(materialized="view") }}
{% set as_of = marts_as_of() %}

select
    activity.customer_id,
    activity.brand,
    {{ as_of }} as as_of_date,
    segment.segment,
    cast(len(brands) as bigint) as brand_count,
    cast(coalesce(order_count, 0) as bigint) as order_count,
    if(first_sale_date <= {{ as_of }}, first_sale_date, null) as first_order_date,
    last_order_date,
    cast({{ as_of }} - last_order_date as integer) as days_since_order,
    cast(usual_gap_days as decimal(18, 1)) as usual_gap_days,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    {{ marts_money("gross_sales_amount_reporting") }} as gross_sales_amount_reporting,
    {{ marts_money("discount_amount_reporting") }} as discount_amount_reporting,
    {{ marts_money("returns_amount_reporting") }} as returns_amount_reporting,
    {{ marts_ratio("returns_amount_reporting", "gross_sales_amount_reporting - discount_amount_reporting") }}
    as returns_share,
    {{ marts_money("net_sales_amount_reporting") }} as net_sales_amount_reporting,
    {{ marts_money("margin_amount_reporting") }} as margin_amount_reporting,
    cast(coalesce(unrated_line_count, 0) as bigint) as unrated_line_count,
    cast(coalesce(points_earned, 0) as bigint) as points_earned,
    cast(coalesce(points_redeemed, 0) as bigint) as points_redeemed,
    cast(coalesce(points_expired, 0) as bigint) as points_expired,
    cast(coalesce(points_balance, 0) as bigint) as points_balance,
    cast(coalesce(campaign_contact_count, 0) as bigint) as campaign_contact_count,
    last_contact_date,
    cast(coalesce(campaign_redeemed_count, 0) as bigint) as campaign_redeemed_count
from {{ ref("int_customer_activity") }} as activity
left join
    {{ ref("int_customer_segment") }} as segment
    on activity.customer_id = segment.customer_id
    and activity.brand is not distinct from segment.brand
