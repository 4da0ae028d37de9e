{#- What makes two records one product: the code space's SKU, the barcode, and for a line without either its name. -#}
{#- A barcode as text; a number's decimals, which a spreadsheet adds, go. -#}
{% macro barcode_text(expression) -%}
    nullif(regexp_replace(trim({{ expression }}), '^([0-9]+)\.0+$', '\1'), '')
{%- endmacro %}

{#- The GTIN of a barcode, as 14 digits, where its check digit fits; else null. Zeros in front do not move the check
    digit, so that a code that lost them is found too: gtin_is_complete tells the two apart. -#}
{% macro gtin(barcode) -%}
    case
        when
            regexp_matches({{ barcode }}, '^[0-9]{7,14}$')
            and {{ barcode }} <> repeat('0', length({{ barcode }}))
            and (
                {%- for position in range(1, 15) %}
                    {{ 3 if position % 2 else 1 }}
                    * try_cast(substr(lpad({{ barcode }}, 14, '0'), {{ position }}, 1) as integer)
                    {%- if not loop.last %} + {% endif %}
                {%- endfor %}
            )
            % 10
            = 0
        then lpad({{ barcode }}, 14, '0')
    end
{%- endmacro %}

{#- Whether a barcode has one of the lengths that a GTIN has: 8, 12, 13 or 14. -#}
{% macro gtin_is_complete(barcode) -%} length({{ barcode }}) in (8, 12, 13, 14) {%- endmacro %}

{#- Numbers that each company gives out for itself (GS1 prefixes 02, 04 and 20 to 29, and 8 digits that begin with 0 or
    2): they name a product within the company alone. -#}
{% macro gtin_is_own_number(gtin) -%} regexp_matches({{ gtin }}, '^(00[24]|02|000000[02])') {%- endmacro %}

{#- The member of a product of which a line knows only the name. -#}
{% macro unknown_product_id(code_space, product_name) -%}
    {{ product_id(code_space, "'unknown:' || " ~ product_name) }}
{%- endmacro %}

{#- The columns that describe a product, in every system's product model. -#}
{% macro product_attributes() -%}
    {{
        return(
            [
                "product_name",
                "barcode",
                "department",
                "category",
                "family",
                "product_brand",
                "package_size",
                "unit_of_measure",
            ]
        )
    }}
{%- endmacro %}
