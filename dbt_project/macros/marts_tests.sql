{#- Fails with the rows in which a difference is not 0. -#}
{% test marts_is_zero(model, column_name) %}
    select * from {{ model }} where {{ column_name }} is distinct from 0
{% endtest %}
