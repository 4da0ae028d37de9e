-- A customer's business with each brand and, without a brand, with all of them: what was bought by
-- `as_of`, how often, points and campaigns. Ids only; who they are stands in dim_customer.
{% set as_of = marts_as_of() %}

with
    customer_order as (
        select
            customer_id,
            brand,
            order_id,
            min(order_date) filter (where {{ is_merchandise_sale() }}) as order_date,
            {{ measure_gross_sales(is_reporting=true) }} as gross_sales_amount,
            {{ measure_discount(is_reporting=true) }} as discount_amount,
            {{ measure_returns(is_reporting=true) }} as returns_amount,
            {{ measure_net_sales(is_reporting=true) }} as net_sales_amount,
            {{ measure_margin(is_reporting=true) }} as margin_amount,
            count(*) filter (where net_amount_reporting is null) as unrated_line_count
        from {{ ref("int_order_line_customer") }}
        where customer_id is not null and order_date <= {{ as_of }} and {{ is_merchandise() }}
        group by customer_id, brand, order_id
    ),
    buying as (
        select
            customer_id,
            brand,
            -- An order of returns alone has no date of sale
            count(order_date) as order_count,
            min(order_date) as first_order_date,
            max(order_date) as last_order_date,
            sum(gross_sales_amount) as gross_sales_amount,
            sum(discount_amount) as discount_amount,
            sum(returns_amount) as returns_amount,
            sum(net_sales_amount) as net_sales_amount,
            sum(margin_amount) as margin_amount,
            sum(unrated_line_count) as unrated_line_count
        from customer_order
        group by customer_id, brand
    ),
    loyalty as (
        select
            xref.customer_id,
            event.brand,
            sum(event.points) filter (where event.event_kind = 'earn') as points_earned,
            - sum(event.points) filter (where event.event_kind = 'redeem') as points_redeemed,
            - sum(event.points) filter (where event.event_kind = 'expire') as points_expired,
            sum(event.points) as points_balance
        from {{ ref("fct_loyalty_event") }} as event
        inner join
            {{ source("identity", "identity_xref") }} as xref
            on event.customer_source_name = xref.source_name
            and event.source_customer_id = xref.source_customer_id
            and xref.valid_to is null
        where event.occurred_date <= {{ as_of }}
        group by xref.customer_id, event.brand
    ),
    campaign as (
        select
            xref.customer_id,
            contact.brand,
            count(*) filter (where contact.sent_date <= {{ as_of }}) as campaign_contact_count,
            max(contact.sent_date) filter (where contact.sent_date <= {{ as_of }}) as last_contact_date,
            count(*) filter (where contact.redeemed_date <= {{ as_of }}) as campaign_redeemed_count
        from {{ ref("fct_campaign_contact") }} as contact
        inner join
            {{ source("identity", "identity_xref") }} as xref
            on contact.customer_source_name = xref.source_name
            and contact.source_customer_id = xref.source_customer_id
            and xref.valid_to is null
        group by xref.customer_id, contact.brand
    ),
    total as (
        select
            customer_id,
            brand,
            count(*) filter (where order_count > 0) as brand_count,
            sum(order_count) as order_count,
            min(first_order_date) as first_order_date,
            max(last_order_date) as last_order_date,
            sum(gross_sales_amount) as gross_sales_amount,
            sum(discount_amount) as discount_amount,
            sum(returns_amount) as returns_amount,
            sum(net_sales_amount) as net_sales_amount,
            sum(margin_amount) as margin_amount,
            sum(unrated_line_count) as unrated_line_count,
            sum(points_earned) as points_earned,
            sum(points_redeemed) as points_redeemed,
            sum(points_expired) as points_expired,
            sum(points_balance) as points_balance,
            sum(campaign_contact_count) as campaign_contact_count,
            max(last_contact_date) as last_contact_date,
            sum(campaign_redeemed_count) as campaign_redeemed_count
        from buying
        full join loyalty using (customer_id, brand)
        full join campaign using (customer_id, brand)
        group by grouping sets ((customer_id, brand), (customer_id))
    ),
    purchase_day as (
        select distinct customer_id, brand, order_date
        from customer_order
        where order_date is not null
        union all
        select distinct customer_id, null as brand, order_date
        from customer_order
        where order_date is not null
    ),
    gap as (
        select
            customer_id,
            brand,
            order_date
            - lag(order_date) over (partition by customer_id, brand order by order_date) as gap_days
        from purchase_day
    ),
    usual_gap as (
        select customer_id, brand, median(gap_days) as usual_gap_days
        from gap
        where gap_days is not null
        group by customer_id, brand
    )
select
    total.customer_id,
    total.brand,
    {{ as_of }} as as_of_date,
    total.brand_count,
    cast(coalesce(total.order_count, 0) as bigint) as order_count,
    total.first_order_date,
    total.last_order_date,
    cast({{ as_of }} - total.last_order_date as integer) as days_since_order,
    cast(usual_gap.usual_gap_days as decimal(18, 1)) as usual_gap_days,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    {{ marts_money("total.gross_sales_amount") }} as gross_sales_amount_reporting,
    {{ marts_money("total.discount_amount") }} as discount_amount_reporting,
    {{ marts_money("total.returns_amount") }} as returns_amount_reporting,
    {{ marts_ratio("total.returns_amount", "total.gross_sales_amount - total.discount_amount") }}
    as returns_share,
    {{ marts_money("total.net_sales_amount") }} as net_sales_amount_reporting,
    {{ marts_money("total.margin_amount") }} as margin_amount_reporting,
    cast(coalesce(total.unrated_line_count, 0) as bigint) as unrated_line_count,
    cast(coalesce(total.points_earned, 0) as bigint) as points_earned,
    cast(coalesce(total.points_redeemed, 0) as bigint) as points_redeemed,
    cast(coalesce(total.points_expired, 0) as bigint) as points_expired,
    cast(coalesce(total.points_balance, 0) as bigint) as points_balance,
    cast(coalesce(total.campaign_contact_count, 0) as bigint) as campaign_contact_count,
    total.last_contact_date,
    cast(coalesce(total.campaign_redeemed_count, 0) as bigint) as campaign_redeemed_count
from total
left join
    usual_gap
    on total.customer_id = usual_gap.customer_id
    and total.brand is not distinct from usual_gap.brand
