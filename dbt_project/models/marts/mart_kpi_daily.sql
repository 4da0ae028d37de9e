-- What a manager reads: a brand's day, by currency. An amount in the reporting currency is whole or null.
with
    line as (from {{ ref("int_order_line_customer") }} where {{ is_merchandise() }}),
    customer as (
        select brand, customer_id, min(order_date) as first_order_date
        from line
        where customer_id is not null and {{ is_merchandise_sale() }}
        group by brand, customer_id
    ),
    day as (
        select
            brand,
            order_date,
            currency_code,
            reporting_currency_code,
            {{ measure_orders() }} as order_count,
            count(distinct order_id) filter (
                where customer_id is not null and {{ is_merchandise_sale() }}
            ) as identified_order_count,
            count(distinct customer_id) filter (where {{ is_merchandise_sale() }}) as customer_count,
            count(distinct customer_id) filter (
                where order_date = customer.first_order_date and {{ is_merchandise_sale() }}
            ) as new_customer_count,
            {{ measure_units() }} as sold_qty,
            {{ measure_gross_sales() }} as gross_sales_amount,
            {{ measure_discount() }} as discount_amount,
            {{ measure_returns() }} as returns_amount,
            {{ measure_net_sales() }} as net_sales_amount,
            {{ measure_margin() }} as margin_amount,
            {{ measure_costed_net_sales() }} as costed_net_sales_amount,
            {{ measure_net_sales(is_reporting=true) }} as net_sales_amount_reporting,
            {{ measure_margin(is_reporting=true) }} as margin_amount_reporting
        from line
        left join customer using (brand, customer_id)
        group by brand, order_date, currency_code, reporting_currency_code
    )
select
    brand,
    order_date,
    currency_code,
    order_count,
    {{ marts_ratio("identified_order_count", "order_count") }} as identified_order_share,
    customer_count,
    new_customer_count,
    sold_qty,
    {{ marts_ratio("sold_qty", "order_count") }} as order_qty,
    {{ marts_money("(gross_sales_amount - discount_amount) / nullif(order_count, 0)") }} as order_amount,
    gross_sales_amount,
    discount_amount,
    {{ marts_ratio("discount_amount", "gross_sales_amount") }} as discount_share,
    returns_amount,
    {{ marts_ratio("returns_amount", "gross_sales_amount - discount_amount") }} as returns_share,
    net_sales_amount,
    margin_amount,
    {{ marts_ratio("margin_amount", "costed_net_sales_amount") }} as margin_share,
    {{ marts_ratio("costed_net_sales_amount", "net_sales_amount") }} as costed_share,
    reporting_currency_code,
    net_sales_amount_reporting,
    margin_amount_reporting
from day
