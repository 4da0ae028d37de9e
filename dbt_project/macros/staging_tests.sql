{#- Fails with the keys that stand in a table more than once. -#}
{% test unique_key(model, columns) %}
    select {{ columns | join(", ") }} from {{ model }} group by all having count(*) > 1
{% endtest %}

{#- Fails with the rows of which an expression is not true; null passes. -#}
{% test holds(model, expression) %} select * from {{ model }} where not ({{ expression }}) {% endtest %}
