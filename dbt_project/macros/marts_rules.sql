{#- Rules that more than one mart or feature needs, said once. -#}
{#- All rows of several models that have the same columns in the same order, or of some of their columns; with a unit,
    those that this build needs. -#}
{% macro marts_union_all(models, unit=none, columns="*") -%}
    {%- for model in models %}
        select {{ columns }}
        from {{ only_changed(ref(model), unit) if unit else ref(model) }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- The systems that sell, and those that take payments. -#}
{% macro marts_order_line_models() -%}
    {{
        return(
            [
                "stg_pos__order_line",
                "stg_shopify__order_line",
                "stg_carrier__order_line",
                "stg_odoo__order_line",
            ]
        )
    }}
{%- endmacro %}

{% macro marts_payment_models() -%}
    {{ return(["stg_pos__payment", "stg_shopify__payment", "stg_odoo__payment"]) }}
{%- endmacro %}

{#- The facts about stock: a store or product that stands in one of them has its member. -#}
{% macro marts_stock_facts() -%}
    {{ return(["fct_stock_level", "fct_stock_move", "fct_purchase_line"]) }}
{%- endmacro %}

{#- The run's business date, inclusive: every run names it, it is never the clock. Not a variable, as dbt parses the whole
    project again when one of those changes. -#}
{% macro marts_as_of() -%} cast('{{ env_var("REKNIT_AS_OF", "2017-12-31") }}' as date) {%- endmacro %}

{#- Units of reporting currency for one unit of a row's currency: 1 for the currency itself, null without a rate. -#}
{% macro marts_rate_to_reporting(currency_code, exchange_rate) -%}
    case
        when {{ currency_code }} = '{{ var("reporting_currency") }}'
        then cast(1 as decimal(28, 10))
        else {{ exchange_rate }}
    end
{%- endmacro %}

{#- The rate of a currency on a day, for a left join: without a rate the row stays. -#}
{% macro marts_exchange_rate(alias, currency_code, rate_date) -%}
    {{ ref("int_exchange_rate") }} as {{ alias }}
    on {{ alias }}.currency_code = {{ currency_code }}
    and {{ alias }}.rate_date = {{ rate_date }}
{%- endmacro %}

{#- Money times a rate or quantity, rounded once, to the four digits that money has. -#}
{% macro marts_money(expression) -%} cast({{ expression }} as decimal(18, 4)) {%- endmacro %}

{#- How many times a whole number goes into another. -#}
{% macro marts_whole_quotient(dividend, divisor) -%}
    cast(floor({{ dividend }} / {{ divisor }}) as integer)
{%- endmacro %}

{#- A feature: a double rounded, so that equal input gives equal bits. A division by zero or null is null. -#}
{% macro marts_ratio(numerator, denominator) -%}
    round(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0), 6)
{%- endmacro %}

{% macro marts_double(expression) -%} round(cast({{ expression }} as double), 6) {%- endmacro %}

{#- Sample standard deviation from whole or decimal sums, which are the same in any order of addition. -#}
{% macro marts_standard_deviation(value, count) -%}
    round(
        sqrt(
            greatest(
                cast(sum({{ value }} * {{ value }}) as double)
                - cast(sum({{ value }}) as double)
                * cast(sum({{ value }}) as double)
                / nullif({{ count }}, 0),
                0
            )
            / nullif(greatest({{ count }} - 1, 0), 0)
        ),
        6
    )
{%- endmacro %}

{#- Day of the week, Monday is 1: engines number the days in different ways, and begin a week with Monday. -#}
{% macro marts_iso_weekday(date) -%}
    (date_diff('day', date_trunc('week', {{ date }}), {{ date }}) + 1)
{%- endmacro %}

{#- The n-th weekday (ISO, Monday is 1) of a month. -#}
{% macro marts_nth_weekday(year, month, weekday, n) -%}
    cast(
        make_date({{ year }}, {{ month }}, 1) + cast(
            (({{ weekday }} - {{ marts_iso_weekday("make_date(" ~ year ~ ", " ~ month ~ ", 1)") }} + 7) % 7)
            + 7 * ({{ n }} - 1) as integer
        ) as date
    )
{%- endmacro %}

{#- The last Monday of a month. -#}
{% macro marts_last_monday(year, month) -%}
    cast(date_trunc('week', last_day(make_date({{ year }}, {{ month }}, 1))) as date)
{%- endmacro %}

{#- First day of the retail year (4-5-4 calendar): the Sunday on or after 29 January. -#}
{% macro marts_retail_year_start(year) -%}
    cast(
        make_date({{ year }}, 1, 29)
        + cast(7 - {{ marts_iso_weekday("make_date(" ~ year ~ ", 1, 29)") }} as integer) as date
    )
{%- endmacro %}

{#- A relation with `known_date`: the brand's local date on which a daily run would first have had the row. "Known before
    the start of the next local day" is `known_date <= snapshot_date`. -#}
{% macro marts_with_known_date(relation) -%}
    (
        select relation.*, {{ local_date("relation.known_at", "brand.time_zone") }} as known_date
        from {{ relation }} as relation
        left join {{ source("ops", "ops_brand") }} as brand on relation.brand = brand.brand
    )
{%- endmacro %}
