-- Customers as identity finds them now, with what they bought. The personal columns are those of the
-- golden record.
with
    activity as (
        select
            customer_id,
            count(distinct brand) as brand_count,
            min(order_date) as first_order_date,
            max(order_date) as last_order_date,
            count(distinct order_id) as order_count
        from {{ ref("int_order_line_customer") }}
        where customer_id is not null and line_kind = 'sale' and item_kind = 'product'
        group by customer_id
    ),
    amount as (
        select customer_id, {{ measure_net_sales(is_reporting=true) }} as net_amount_reporting
        from {{ ref("int_order_line_customer") }}
        where customer_id is not null
        group by customer_id
    )
select
    golden.customer_id,
    golden.record_kind,
    golden.first_name,
    golden.last_name,
    golden.full_name,
    golden.email,
    golden.phone,
    golden.street,
    golden.city,
    golden.postcode,
    golden.country_code,
    golden.birth_date,
    golden.has_marketing_consent,
    golden.record_count,
    golden.source_count,
    coalesce(activity.brand_count, 0) as brand_count,
    activity.first_order_date,
    activity.last_order_date,
    coalesce(activity.order_count, 0) as order_count,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    {{ marts_money("coalesce(amount.net_amount_reporting, 0)") }} as net_amount_reporting
from {{ source("identity", "identity_golden") }} as golden
left join activity using (customer_id)
left join amount using (customer_id)
