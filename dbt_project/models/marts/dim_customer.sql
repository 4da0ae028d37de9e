-- Customers as identity finds them now, with what they bought. The personal columns are those of the
-- golden record.
with
    -- Sums of a source's customer first: the cross-reference joins those few rows and no order line.
    source_purchase as (
        select
            customer_source_name,
            source_customer_id,
            brand,
            min(order_date) filter (where sale_line_count > 0) as first_order_date,
            max(order_date) filter (where sale_line_count > 0) as last_order_date,
            count(distinct order_id) filter (where sale_line_count > 0) as order_count,
            count(distinct order_id) filter (
                where
                    sale_line_count > 0
                    and order_date > {{ marts_as_of() }} - {{ var("segment_window_days") }}
                    and order_date <= {{ marts_as_of() }}
            ) as segment_order_count
        from {{ ref("int_customer_order") }}
        group by customer_source_name, source_customer_id, brand
    ),
    source_amount as (
        select
            customer_source_name,
            source_customer_id,
            min(order_date) as first_date,
            max(order_date) as last_date,
            {{ measure_net_sales(is_reporting=true) }} as net_amount_reporting,
            {{
                sum_of_lines(
                    "net_amount_reporting",
                    is_merchandise()
                    ~ " and order_date > "
                    ~ marts_as_of()
                    ~ " - "
                    ~ var("segment_window_days")
                    ~ " and order_date <= "
                    ~ marts_as_of(),
                )
            }} as segment_net_amount_reporting
        from {{ ref("fct_order_line") }}
        where source_customer_id is not null
        group by customer_source_name, source_customer_id
    ),
    source_activity as (
        select customer_source_name, source_customer_id, first_date, last_date
        from source_amount
        union all
        select
            customer_source_name,
            source_customer_id,
            min(occurred_date) as first_date,
            max(occurred_date) as last_date
        from {{ ref("fct_loyalty_event") }}
        -- Points that expire are nothing that the customer did.
        where event_kind in ('earn', 'redeem')
        group by customer_source_name, source_customer_id
        union all
        select
            customer_source_name,
            source_customer_id,
            min(redeemed_date) as first_date,
            max(redeemed_date) as last_date
        from {{ ref("fct_campaign_contact") }}
        where redeemed_date is not null
        group by customer_source_name, source_customer_id
    ),
    xref as (
        select source_name, source_customer_id, customer_id
        from {{ source("identity", "identity_xref") }}
        where valid_to is null
    ),
    brand_purchase as (
        select
            xref.customer_id,
            purchase.brand,
            min(purchase.first_order_date) as first_order_date,
            max(purchase.last_order_date) as last_order_date,
            sum(purchase.order_count) as order_count,
            sum(purchase.segment_order_count) as segment_order_count
        from source_purchase as purchase
        inner join
            xref
            on purchase.customer_source_name = xref.source_name
            and purchase.source_customer_id = xref.source_customer_id
        where purchase.first_order_date is not null
        group by xref.customer_id, purchase.brand
    ),
    purchase as (
        select
            brand_purchase.customer_id,
            list(brand_purchase.brand order by brand_purchase.brand) as brands,
            min(brand_purchase.first_order_date) as first_order_date,
            max(brand_purchase.last_order_date) as last_order_date,
            sum(brand_purchase.order_count) as order_count,
            sum(brand_purchase.segment_order_count) as segment_order_count,
            bool_or(
                brand_purchase.last_order_date > {{ marts_as_of() }} - brand.churn_active_days
            ) as is_active
        from brand_purchase
        inner join {{ source("ops", "ops_brand") }} as brand on brand_purchase.brand = brand.brand
        group by brand_purchase.customer_id
    ),
    amount as (
        select
            xref.customer_id,
            sum(source_amount.net_amount_reporting) as net_amount_reporting,
            sum(source_amount.segment_net_amount_reporting) as segment_net_amount_reporting
        from source_amount
        inner join
            xref
            on source_amount.customer_source_name = xref.source_name
            and source_amount.source_customer_id = xref.source_customer_id
        group by xref.customer_id
    ),
    activity as (
        select xref.customer_id, min(first_date) as first_activity_date, max(last_date) as last_activity_date
        from source_activity
        inner join
            xref
            on source_activity.customer_source_name = xref.source_name
            and source_activity.source_customer_id = xref.source_customer_id
        group by xref.customer_id
    ),
    brand_consent as (
        select customer_id, brand
        from {{ ref("dim_customer_consent") }}
        where purpose = 'marketing'
        group by customer_id, brand
        having bool_and(has_consent)
    ),
    consent as (
        select customer_id, list(brand order by brand) as marketing_consent_brands
        from brand_consent
        group by customer_id
    ),
    customer as (
        select
            golden.*,
            coalesce(purchase.brands, cast([] as varchar[])) as brands,
            purchase.first_order_date,
            purchase.last_order_date,
            coalesce(purchase.order_count, 0) as order_count,
            coalesce(purchase.segment_order_count, 0) as segment_order_count,
            coalesce(purchase.is_active, false) as is_active,
            activity.first_activity_date,
            activity.last_activity_date,
            {{ marts_money("coalesce(amount.net_amount_reporting, 0)") }} as net_amount_reporting,
            {{ marts_money("coalesce(amount.segment_net_amount_reporting, 0)") }}
            as segment_net_amount_reporting,
            coalesce(consent.marketing_consent_brands, cast([] as varchar[])) as marketing_consent_brands
        from {{ source("identity", "identity_golden") }} as golden
        left join purchase on golden.customer_id = purchase.customer_id
        left join amount on golden.customer_id = amount.customer_id
        left join activity on golden.customer_id = activity.customer_id
        left join consent on golden.customer_id = consent.customer_id
    )
select
    customer_id,
    record_kind,
    first_name,
    last_name,
    full_name,
    email,
    phone,
    street,
    city,
    postcode,
    country_code,
    birth_date,
    has_marketing_consent,
    marketing_consent_brands,
    record_count,
    source_count,
    cast(len(brands) as bigint) as brand_count,
    brands,
    first_order_date,
    last_order_date,
    cast(order_count as bigint) as order_count,
    first_activity_date,
    last_activity_date,
    cast({{ marts_as_of() }} - last_order_date as integer) as days_since_last_order,
    cast(segment_order_count as bigint) as segment_order_count,
    case
        when first_order_date is null
        then 'prospect'
        when not is_active
        then 'lapsed'
        when first_order_date > {{ marts_as_of() }} - {{ var("segment_new_days") }}
        then 'new'
        when
            segment_order_count >= {{ var("segment_frequent_order_count") }}
            and segment_net_amount_reporting >= {{ var("segment_high_value_amount") }}
        then 'best'
        when segment_order_count >= {{ var("segment_frequent_order_count") }}
        then 'frequent'
        when segment_net_amount_reporting >= {{ var("segment_high_value_amount") }}
        then 'high_value'
        else 'occasional'
    end as segment,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    net_amount_reporting,
    segment_net_amount_reporting
from customer
