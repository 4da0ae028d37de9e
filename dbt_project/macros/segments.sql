{#- The segments of customers, the best first: a customer of several brands is what they are to the brand where they are
    best. -#}
{% macro segments_best_first() -%}
    ['champions', 'loyal', 'promising', 'new', 'at_risk', 'about_to_sleep', 'cannot_lose', 'hibernating']
{%- endmacro %}
