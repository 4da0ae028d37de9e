{#- Our ids: behind each stands the source, or the code space that sources share, so that a second till or shop never
    collides with the first. -#}
{% macro product_id(code_space, sku) -%} {{ code_space }} || ':' || {{ sku }} {%- endmacro %}

{% macro store_id(code_space, store_no) -%} {{ code_space }} || ':' || {{ store_no }} {%- endmacro %}

{#- Web orders have no store of their own: the shop is one. -#}
{% macro web_store_id(source_name) -%} {{ source_name }} || ':web' {%- endmacro %}

{#- A store as the head office and campaign tools number it: `web` is the web shop of the code space. -#}
{% macro office_store_id(store_no, source="source") -%}
    if(
        {{ store_no }} = 'web' and {{ source }}.web_shop_name is not null,
        {{ web_store_id(source ~ ".web_shop_name") }},
        {{ store_id(source ~ ".code_space", store_no) }}
    )
{%- endmacro %}

{% macro order_id(source_name, receipt_key) -%} {{ source_name }} || ':' || {{ receipt_key }} {%- endmacro %}

{% macro pos_order_id(source_name, store_no, receipt_no) -%}
    {{ order_id(source_name, store_no ~ " || '-' || " ~ receipt_no) }}
{%- endmacro %}

{% macro promotion_id(brand, product_id, week_start_date) -%}
    {{ brand }} || ':' || {{ week_start_date }} || ':' || {{ product_id }}
{%- endmacro %}

{#- A customer as a source names it. -#}
{% macro customer_key(source_name="customer_source_name") -%}
    {{ source_name }} || ':' || source_customer_id
{%- endmacro %}
