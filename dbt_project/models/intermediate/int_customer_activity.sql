-- What a customer did by `as_of` with each brand and, without a brand, with all of them: purchases,
-- points and campaigns.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('customer_id', changed_customers(), moved=first_sales(), parts=customers_by_hash()) }}",
        post_hook=[
            "{{ build_other_parts() }}",
            "{{ remember_build([], 'customer_id', moved=first_sales()) }}",
        ],
    )
}}
{% set as_of = marts_as_of() %}
{% set in_segment_window %}
    order_day.order_date > {{ as_of }} - {{ var("segment_window_days") }} and order_day.order_date <= {{ as_of }}
{% endset %}
{% set sums = [
    "unrated_line_count",
    "gross_sales_amount_reporting",
    "discount_amount_reporting",
    "returns_amount_reporting",
    "net_sales_amount_reporting",
    "margin_amount_reporting",
] %}

with
    xref as (
        select source_name as customer_source_name, source_customer_id, customer_id
        from {{ only_changed(ref("int_customer_xref"), "customer_id", in_parts=true) }}
        where valid_to is null
    ),
    order_day as (
        select xref.customer_id, order_day.* exclude (customer_source_name, source_customer_id)
        from {{ ref("int_order_day") }} as order_day
        inner join xref using (customer_source_name, source_customer_id)
    ),
    buying as (
        select
            order_day.customer_id,
            order_day.brand,
            min(order_day.order_date) filter (where order_day.sale_line_count > 0) as first_sale_date,
            {%- set bought %} order_day.sale_line_count > 0 and order_day.order_date <= {{ as_of }} {% endset %}
            count(distinct order_day.order_id) filter (where {{ bought }}) as order_count,
            max(order_day.order_date) filter (where {{ bought }}) as last_order_date,
            count(distinct order_day.order_id) filter (
                where order_day.sale_line_count > 0 and {{ in_segment_window }}
            ) as segment_order_count,
            sum(order_day.net_sales_amount_reporting) filter (
                where {{ in_segment_window }}
            ) as segment_net_sales_amount_reporting,
            {%- for column in sums %}
                sum(order_day.{{ column }}) filter (
                    where order_day.order_date <= {{ as_of }}
                ) as {{ column }},
            {%- endfor %}
            min(order_day.order_date) filter (where order_day.order_date <= {{ as_of }}) as first_date,
            max(order_day.order_date) filter (where order_day.order_date <= {{ as_of }}) as last_date
        from order_day
        group by order_day.customer_id, order_day.brand
    ),
    loyalty as (
        select
            xref.customer_id,
            event.brand,
            sum(event.points) filter (where event.event_kind = 'earn') as points_earned,
            - sum(event.points) filter (where event.event_kind = 'redeem') as points_redeemed,
            - sum(event.points) filter (where event.event_kind = 'expire') as points_expired,
            sum(event.points) as points_balance,
            -- Points that expire are nothing that the customer did.
            min(event.occurred_date) filter (where event.event_kind in ('earn', 'redeem')) as first_date,
            max(event.occurred_date) filter (where event.event_kind in ('earn', 'redeem')) as last_date
        from {{ ref("fct_loyalty_event") }} as event
        inner join xref using (customer_source_name, source_customer_id)
        where event.occurred_date <= {{ as_of }}
        group by xref.customer_id, event.brand
    ),
    campaign as (
        select
            xref.customer_id,
            contact.brand,
            count(*) filter (where contact.sent_date <= {{ as_of }}) as campaign_contact_count,
            max(contact.sent_date) filter (where contact.sent_date <= {{ as_of }}) as last_contact_date,
            count(*) filter (where contact.redeemed_date <= {{ as_of }}) as campaign_redeemed_count,
            min(contact.redeemed_date) filter (where contact.redeemed_date <= {{ as_of }}) as first_date,
            max(contact.redeemed_date) filter (where contact.redeemed_date <= {{ as_of }}) as last_date
        from {{ ref("fct_campaign_contact") }} as contact
        inner join xref using (customer_source_name, source_customer_id)
        group by xref.customer_id, contact.brand
    ),
    with_brand as (
        select
            * exclude (first_date, last_date),
            least(buying.first_date, loyalty.first_date, campaign.first_date) as first_activity_date,
            greatest(buying.last_date, loyalty.last_date, campaign.last_date) as last_activity_date
        from buying
        full join loyalty using (customer_id, brand)
        full join campaign using (customer_id, brand)
    ),
    total as (
        select
            customer_id,
            brand,
            coalesce(list(brand order by brand) filter (where order_count > 0), []) as brands,
            min(first_sale_date) as first_sale_date,
            max(last_order_date) as last_order_date,
            min(first_activity_date) as first_activity_date,
            max(last_activity_date) as last_activity_date,
            max(last_contact_date) as last_contact_date,
            {%- for column in [
                "order_count",
                "segment_order_count",
                "segment_net_sales_amount_reporting",
                "points_earned",
                "points_redeemed",
                "points_expired",
                "points_balance",
                "campaign_contact_count",
                "campaign_redeemed_count",
            ] + sums %}
                sum({{ column }}) as {{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from with_brand
        group by grouping sets ((customer_id, brand), (customer_id))
    ),
    purchase_day as (
        select distinct customer_id, unnest([brand, null]) as brand, order_date
        from order_day
        where sale_line_count > 0 and order_date <= {{ as_of }}
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
select total.*, usual_gap.usual_gap_days
from total
left join
    usual_gap
    on total.customer_id = usual_gap.customer_id
    and total.brand is not distinct from usual_gap.brand
