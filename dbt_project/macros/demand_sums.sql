{#- What is said of a forecast that adds up others. -#}
{#- Distance from the mean to the 90 % quantile in standard deviations. -#}
{% macro demand_upper_in_deviations() -%} {{ return(1.2816) }} {%- endmacro %}

{#- Variance of a sum by how far those of its size were from what was sold; null without a row of int_demand_error. -#}
{% macro demand_sum_variance(error, quantity) -%}
    {{ error }}.squared_error_of_unit * cast({{ quantity }} as double)
    + {{ error }}.squared_error_of_square * pow(cast({{ quantity }} as double), 2)
{%- endmacro %}
