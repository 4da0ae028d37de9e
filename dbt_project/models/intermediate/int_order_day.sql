-- What an order sold and took back on a day in a store, in one currency: what is counted by customer or by
-- day counts these few rows, and no lines.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', [changed_upstream('int_order_line')], named=named_by_order_day()) }}",
        post_hook="{{ remember_build([], 'order_id', named=named_by_order_day()) }}",
    )
}}

select
    order_id,
    order_date,
    store_id,
    channel,
    currency_code,
    reporting_currency_code,
    min(source_name) as source_name,
    min(brand) as brand,
    min(customer_source_name) as customer_source_name,
    min(source_customer_id) as source_customer_id,
    count(*) filter (where {{ is_merchandise() }}) as merchandise_line_count,
    count(*) filter (where {{ is_merchandise_sale() }}) as sale_line_count,
    count(*) filter (where {{ is_merchandise() }} and net_amount_reporting is null) as unrated_line_count,
    {{ measure_units() }} as sold_qty,
    {{ measure_gross_sales() }} as gross_sales_amount,
    {{ measure_discount() }} as discount_amount,
    {{ measure_returns() }} as returns_amount,
    {{ measure_net_sales() }} as net_sales_amount,
    {{ measure_margin() }} as margin_amount,
    {{ measure_costed_net_sales() }} as costed_net_sales_amount,
    {{ measure_gross_sales(is_reporting=true) }} as gross_sales_amount_reporting,
    {{ measure_discount(is_reporting=true) }} as discount_amount_reporting,
    {{ measure_returns(is_reporting=true) }} as returns_amount_reporting,
    {{ measure_net_sales(is_reporting=true) }} as net_sales_amount_reporting,
    {{ measure_margin(is_reporting=true) }} as margin_amount_reporting
from {{ only_changed(ref("int_order_line"), "order_id") }}
where excluded_reason is null
group by order_id, order_date, store_id, channel, currency_code, reporting_currency_code
