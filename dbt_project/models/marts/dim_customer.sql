-- Customers as identity finds them now, with what they bought by `as_of`. The personal columns are those
-- of the golden record.
{{ config(materialized="view") }}

with
    brand_consent as (
        select customer_id, brand
        from {{ ref("dim_customer_consent") }}
        where purpose = 'marketing'
        group by customer_id, brand
        having bool_and(has_consent)
    ),
    consent as (
        select customer_id, list_sort(list(brand)) as marketing_consent_brands
        from brand_consent
        group by customer_id
    ),
    customer as (
        select
            golden.*,
            coalesce(activity.brands, cast([] as varchar[])) as brands,
            if(
                activity.first_sale_date <= {{ marts_as_of() }}, activity.first_sale_date, null
            ) as first_order_date,
            activity.last_order_date,
            coalesce(activity.order_count, 0) as order_count,
            coalesce(activity.segment_order_count, 0) as segment_order_count,
            coalesce(segment.segment, 'prospect') as segment,
            activity.first_activity_date,
            activity.last_activity_date,
            {{ marts_money("coalesce(activity.net_sales_amount_reporting, 0)") }} as net_amount_reporting,
            {{ marts_money("coalesce(activity.segment_net_sales_amount_reporting, 0)") }}
            as segment_net_amount_reporting,
            coalesce(consent.marketing_consent_brands, cast([] as varchar[])) as marketing_consent_brands
        from {{ source("identity", "identity_golden") }} as golden
        left join
            {{ ref("int_customer_activity") }} as activity
            on golden.customer_id = activity.customer_id
            and activity.brand is null
        left join consent on golden.customer_id = consent.customer_id
        left join
            {{ ref("int_customer_segment") }} as segment
            on golden.customer_id = segment.customer_id
            and segment.brand is null
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
    segment,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    net_amount_reporting,
    segment_net_amount_reporting
from customer
