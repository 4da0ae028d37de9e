{#- Text without surrounding blanks; null where nothing is left. Sources write both for "unknown". -#}
{% macro text_or_null(expression) -%} nullif(trim({{ expression }}), '') {%- endmacro %}
