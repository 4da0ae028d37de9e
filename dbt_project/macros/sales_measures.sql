{#- What gross sales, discounts, returns, net sales and margin are: said here once, for every mart that sums
    fct_order_line. `suffix` is empty for amounts in the row's own currency, "_reporting" for the reporting currency, in
    which rows without a rate are left out.

    Net sales = gross sales - discounts - returns. Goods, fees and what lowers their price count. A gift card that is
    sold is owed, not earned; tips, deposits, duties and rounding are passed on; shipping has its own column. -#}
{% macro is_merchandise() -%} item_kind in ('product', 'manual', 'discount', 'fee', 'refund') {%- endmacro %}

{#- A sum of money over the lines that meet a condition, 0 where none does. -#}
{% macro sum_where(amount, condition) -%}
    {{ marts_money("coalesce(sum(" ~ amount ~ ") filter (where " ~ condition ~ "), 0)") }}
{%- endmacro %}

{% macro gross_sales(suffix="") -%}
    {{ sum_where("gross_amount" ~ suffix, "line_kind = 'sale' and " ~ is_merchandise()) }}
{%- endmacro %}

{% macro discounts(suffix="") -%}
    {{
        sum_where(
            "gross_amount" ~ suffix ~ " - net_amount" ~ suffix, "line_kind = 'sale' and " ~ is_merchandise()
        )
    }}
{%- endmacro %}

{#- Positive: what goods that came back, and money given back without goods, take off the sales. -#}
{% macro returns(suffix="") -%}
    {{ sum_where("-net_amount" ~ suffix, "line_kind = 'return' and " ~ is_merchandise()) }}
{%- endmacro %}

{% macro net_sales(suffix="") -%} {{ sum_where("net_amount" ~ suffix, is_merchandise()) }} {%- endmacro %}

{#- Net sales less the cost of the goods. Goods of unknown cost are left out of both; discounts and refunds have none. -#}
{% macro margin(suffix="") -%}
    {%- set cost = "cost_amount" if suffix == "" else "cost_amount * exchange_rate" -%}
    {{
        sum_where(
            "net_amount" ~ suffix ~ " - coalesce(" ~ cost ~ ", 0)",
            is_merchandise() ~ " and (cost_amount is not null or item_kind not in ('product', 'manual'))",
        )
    }}
{%- endmacro %}
