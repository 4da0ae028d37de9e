-- Order lines of all systems, those to be left out included, with amounts in the reporting currency and
-- the unit cost at the business date. `fct_order_line` is a view of it.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', changed_order_lines(), named=named_by_order_line()) }}",
        post_hook="{{ remember_build([ref('int_exchange_rate'), ref('int_unit_cost'), source('ops', 'ops_brand'), ref('stg_carrier__order_line'), ref('stg_odoo__order_line')], 'order_id', named=named_by_order_line()) }}",
    )
}}

with
    staged as ({{ marts_union_all(marts_order_line_models(), "order_id") }}),
    order_line as (from {{ marts_with_known_date("staged") }}),
    costed as (
        select
            order_line.*, cost.unit_cost_amount as list_cost_amount, cost.currency_code as cost_currency_code
        from order_line
        left join
            {{ ref("int_unit_cost") }} as cost
            on order_line.product_id = cost.product_id
            and order_line.order_date >= cost.valid_from_date
            and order_line.order_date < coalesce(cost.valid_to_date, date '9999-12-31')
    ),
    rated as (
        select
            costed.*,
            {{ marts_rate_to_reporting("costed.currency_code", "own.exchange_rate") }} as exchange_rate,
            {{ marts_rate_to_reporting("costed.cost_currency_code", "cost.exchange_rate") }}
            as cost_exchange_rate
        from costed
        left join {{ marts_exchange_rate("own", "costed.currency_code", "costed.order_date") }}
        left join {{ marts_exchange_rate("cost", "costed.cost_currency_code", "costed.order_date") }}
    ),
    priced as (
        select
            * exclude (list_cost_amount, cost_currency_code, cost_exchange_rate),
            case
                when cost_currency_code = currency_code
                then list_cost_amount
                else
                    {{ marts_money("cast(list_cost_amount as double) * cost_exchange_rate / exchange_rate") }}
            end as unit_cost_amount
        from rated
    )
select
    order_line_id,
    order_id,
    source_name,
    brand,
    channel,
    source_order_id,
    source_line_id,
    store_id,
    customer_source_name,
    source_customer_id,
    terminal_no,
    cashier_no,
    line_kind,
    item_kind,
    product_id,
    source_sku,
    lot_no,
    product_name,
    ordered_at,
    order_date,
    quantity,
    unit_of_measure,
    gross_amount,
    discount_amount,
    net_amount,
    tax_amount,
    currency_code,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    exchange_rate,
    {{ marts_money("gross_amount * exchange_rate") }} as gross_amount_reporting,
    {{ marts_money("net_amount * exchange_rate") }} as net_amount_reporting,
    unit_cost_amount,
    {{ marts_money("cast(quantity as decimal(28, 3)) * unit_cost_amount") }} as cost_amount,
    original_order_id,
    return_reason,
    known_at,
    known_date,
    excluded_reason
from priced
