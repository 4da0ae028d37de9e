-- What a manager reads: a brand's day, by currency. An amount in the reporting currency is whole or null.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_date', changed_kpi_days()) }}",
        post_hook="{{ remember_build() }}",
    )
}}

with
    order_day as (
        select order_day.*, xref.customer_id, activity.first_sale_date
        from {{ only_changed(ref("int_order_day"), "order_date") }} as order_day
        left join
            {{ ref("int_customer_xref") }} as xref
            on order_day.customer_source_name = xref.source_name
            and order_day.source_customer_id = xref.source_customer_id
            and xref.valid_to is null
        left join
            {{ ref("int_customer_activity") }} as activity
            on xref.customer_id = activity.customer_id
            and order_day.brand = activity.brand
        where order_day.merchandise_line_count > 0
    ),
    day as (
        select
            brand,
            order_date,
            currency_code,
            reporting_currency_code,
            count(distinct order_id) filter (where sale_line_count > 0) as order_count,
            count(distinct order_id) filter (
                where sale_line_count > 0 and customer_id is not null
            ) as identified_order_count,
            count(distinct customer_id) filter (where sale_line_count > 0) as customer_count,
            count(distinct customer_id) filter (
                where sale_line_count > 0 and order_date = first_sale_date
            ) as new_customer_count,
            {%- for column, type in [
                ("sold_qty", "decimal(18, 3)"),
                ("gross_sales_amount", "decimal(18, 4)"),
                ("discount_amount", "decimal(18, 4)"),
                ("returns_amount", "decimal(18, 4)"),
                ("net_sales_amount", "decimal(18, 4)"),
                ("margin_amount", "decimal(18, 4)"),
                ("costed_net_sales_amount", "decimal(18, 4)"),
                ("net_sales_amount_reporting", "decimal(18, 4)"),
                ("margin_amount_reporting", "decimal(18, 4)"),
            ] %}
                cast(sum({{ column }}) as {{ type }}) as {{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from order_day
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
