{#- What sales, discounts, returns, cost, margin and units are, said once: sums over columns of fct_order_line, and every
    mart takes them from here. Net sales = gross sales - discount - returns, to the cent, in both currencies.

    A gift card sold is a liability, tips, deposits, duties and rounding are passed on, and shipping is no merchandise:
    none is a sale. Order discounts and points redeemed are lines of kind discount, with no gross amount; money given back
    without goods is a return of kind refund. -#}
{% macro is_merchandise() -%} item_kind in ('product', 'manual', 'discount', 'fee', 'refund') {%- endmacro %}

{#- Goods whose cost is known, and what costs nothing: discounts, fees and refunds. -#}
{% macro is_costed() -%}
    ({{ is_merchandise() }} and (cost_amount is not null or item_kind not in ('product', 'manual')))
{%- endmacro %}

{% macro is_merchandise_sale() -%}({{ is_merchandise() }} and line_kind = 'sale') {%- endmacro %}

{% macro is_merchandise_return() -%}({{ is_merchandise() }} and line_kind = 'return') {%- endmacro %}

{#- Goods that count one by one: weights, litres and amounts of money do not add up with them. -#}
{% macro is_piece() -%} unit_of_measure = 'piece' {%- endmacro %}

{#- Sum over the lines that meet a condition: 0 without such a line, null where none of them has the value. -#}
{% macro sum_of_lines(expression, condition, type="decimal(18, 4)") -%}
    cast(
        case
            when count(*) filter (where {{ condition }}) = 0
            then 0
            else sum({{ expression }}) filter (where {{ condition }})
        end as {{ type }}
    )
{%- endmacro %}

{#- Sales at shelf price, before discounts and returns. -#}
{% macro measure_gross_sales(is_reporting=false) -%}
    {{ sum_of_lines("gross_amount_reporting" if is_reporting else "gross_amount", is_merchandise_sale()) }}
{%- endmacro %}

{#- What the retailer took off the shelf price of sales. -#}
{% macro measure_discount(is_reporting=false) -%}
    {{
        sum_of_lines(
            "gross_amount_reporting - net_amount_reporting" if is_reporting else "discount_amount",
            is_merchandise_sale(),
        )
    }}
{%- endmacro %}

{#- What customers got back for goods, as a positive amount, on the day that they came back. -#}
{% macro measure_returns(is_reporting=false) -%}
    {{ sum_of_lines("-net_amount_reporting" if is_reporting else "-net_amount", is_merchandise_return()) }}
{%- endmacro %}

{#- Sales after discounts and returns. -#}
{% macro measure_net_sales(is_reporting=false) -%}
    {{ sum_of_lines("net_amount_reporting" if is_reporting else "net_amount", is_merchandise()) }}
{%- endmacro %}

{#- Cost of what was sold less cost of what came back, over the lines whose cost is known. -#}
{% macro measure_cost(is_reporting=false) -%}
    {{
        sum_of_lines(
            marts_money("cost_amount * exchange_rate") if is_reporting else "cost_amount",
            is_merchandise(),
        )
    }}
{%- endmacro %}

{#- Net sales less cost, over the lines whose cost is known. -#}
{% macro measure_margin(is_reporting=false) -%}
    {{
        sum_of_lines(
            "case when "
            ~ is_costed()
            ~ " then "
            ~ (
                "net_amount_reporting - coalesce(" ~ marts_money("cost_amount * exchange_rate") ~ ", 0)"
                if is_reporting
                else "net_amount - coalesce(cost_amount, 0)"
            )
            ~ " end",
            is_merchandise(),
        )
    }}
{%- endmacro %}

{#- Net sales of the lines whose cost is known: what a margin is a share of. -#}
{% macro measure_costed_net_sales(is_reporting=false) -%}
    {{
        sum_of_lines(
            "net_amount_reporting" if is_reporting else "net_amount",
            is_costed(),
        )
    }}
{%- endmacro %}

{#- Pieces sold. -#}
{% macro measure_units() -%}
    {{
        sum_of_lines(
            "quantity",
            "(" ~ is_merchandise_sale() ~ " and " ~ is_piece() ~ ")",
            "decimal(18, 3)",
        )
    }}
{%- endmacro %}

{#- Pieces that came back, as a positive quantity. -#}
{% macro measure_returned_units() -%}
    {{
        sum_of_lines(
            "-quantity",
            "(" ~ is_merchandise_return() ~ " and " ~ is_piece() ~ ")",
            "decimal(18, 3)",
        )
    }}
{%- endmacro %}

{#- Quantity sold in whatever unit: only where the group holds one product. -#}
{% macro measure_product_quantity() -%}
    {{ sum_of_lines("quantity", is_merchandise_sale(), "decimal(18, 3)") }}
{%- endmacro %}

{#- Quantity that came back, as a positive one: only where the group holds one product. -#}
{% macro measure_returned_product_quantity() -%}
    {{ sum_of_lines("-quantity", is_merchandise_return(), "decimal(18, 3)") }}
{%- endmacro %}

{#- Orders with a sale of merchandise. -#}
{% macro measure_orders() -%}
    count(distinct order_id) filter (where {{ is_merchandise_sale() }})
{%- endmacro %}
