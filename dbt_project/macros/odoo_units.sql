{#- Units of measure of an Odoo. -#}
{#- How many of a product's own unit are in another one: 1 for its own or none named, null where one is not made of the
    other. Both units are rows of stg_odoo__unit, of a left join. -#}
{% macro odoo_units_in(unit, unit_id, product_unit, product_unit_id) -%}
    case
        when {{ unit_id }} is null or {{ unit_id }} = {{ product_unit_id }}
        then 1
        when {{ unit }}.source_reference_unit_id = {{ product_unit }}.source_reference_unit_id
        then
            cast({{ unit }}.reference_quantity as double)
            / nullif(cast({{ product_unit }}.reference_quantity as double), 0)
    end
{%- endmacro %}
