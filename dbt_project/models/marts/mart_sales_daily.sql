-- Sales by brand, store, channel, product category, day and currency. A day's lines of one currency have
-- one rate, so an amount in the reporting currency is whole or null.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_date', changed_sales_days(), parts=days_by_quarter()) }}",
        post_hook=["{{ build_other_parts() }}", "{{ remember_build([ref('dim_product')]) }}"],
    )
}}

with
    line as (
        select order_line.*, product.department, product.category
        from {{ only_changed(ref("fct_order_line"), "order_date", in_parts=true) }} as order_line
        left join {{ ref("dim_product") }} as product on order_line.product_id = product.product_id
        where {{ is_merchandise() }}
    )
select
    brand,
    store_id,
    channel,
    department,
    category,
    order_date,
    currency_code,
    {{ measure_orders() }} as order_count,
    {{ measure_units() }} as sold_qty,
    {{ measure_returned_units() }} as returned_qty,
    {{ measure_gross_sales() }} as gross_sales_amount,
    {{ measure_discount() }} as discount_amount,
    {{ measure_returns() }} as returns_amount,
    {{ measure_net_sales() }} as net_sales_amount,
    {{ measure_cost() }} as cost_amount,
    {{ measure_margin() }} as margin_amount,
    {{ measure_costed_net_sales() }} as costed_net_sales_amount,
    reporting_currency_code,
    {{ measure_gross_sales(is_reporting=true) }} as gross_sales_amount_reporting,
    {{ measure_discount(is_reporting=true) }} as discount_amount_reporting,
    {{ measure_returns(is_reporting=true) }} as returns_amount_reporting,
    {{ measure_net_sales(is_reporting=true) }} as net_sales_amount_reporting,
    {{ measure_cost(is_reporting=true) }} as cost_amount_reporting,
    {{ measure_margin(is_reporting=true) }} as margin_amount_reporting
from line
group by brand, store_id, channel, department, category, order_date, currency_code, reporting_currency_code
