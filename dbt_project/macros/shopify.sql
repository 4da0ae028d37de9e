{#- The parts of Shopify's order object that are read, as typed lists and structs. Shopify writes money as text and ids
    as numbers beyond 2^53: money becomes DECIMAL and ids text on the way. -#}
{% macro shopify_line_items(json) -%}
    from_json(
        {{ json }},
        '[{
            "id": "VARCHAR", "sku": "VARCHAR", "title": "VARCHAR", "name": "VARCHAR", "quantity": "DECIMAL(18,3)",
            "price": "DECIMAL(18,4)", "originalTotalSet": {"shopMoney": {"amount": "DECIMAL(18,4)"} },
            "total_discount": "DECIMAL(18,4)", "gift_card": "BOOLEAN", "tip_payment_gateway": "VARCHAR",
            "discount_allocations": [{"amount": "DECIMAL(18,4)"}], "tax_lines": [{"price": "DECIMAL(18,4)"}],
            "duties": [{"id": "VARCHAR", "price_set": {"shop_money": {"amount": "DECIMAL(18,4)"} } }]
        }]'
    )
{%- endmacro %}

{#- A line's amount before discounts. GraphQL's is of the whole line, the price of REST of one unit. -#}
{% macro shopify_listed_amount(item) -%}
    coalesce({{ item }}."originalTotalSet"."shopMoney".amount, {{ item }}.quantity * {{ item }}.price)
{%- endmacro %}

{#- Goods that a customer takes in exchange stand under the return and nowhere else. -#}
{% macro shopify_returns(json) -%}
    from_json({{ json }}, '[{"id": "VARCHAR", "created_at": "TIMESTAMPTZ", "exchange_line_items": "JSON"}]')
{%- endmacro %}

{#- Shopify writes a refund's amounts in the shop's currency, and beside them, in `_set`, in the buyer's as well. -#}
{% macro shopify_refunds(json) -%}
    from_json(
        {{ json }},
        '[{
            "id": "VARCHAR", "created_at": "TIMESTAMPTZ",
            "refund_line_items": [{
                "id": "VARCHAR", "line_item_id": "VARCHAR", "quantity": "DECIMAL(18,3)", "restock_type": "VARCHAR",
                "subtotal": "DECIMAL(18,4)", "total_tax": "DECIMAL(18,4)",
                "subtotal_set": {"shop_money": {"amount": "DECIMAL(18,4)"} },
                "total_tax_set": {"shop_money": {"amount": "DECIMAL(18,4)"} }
            }],
            "order_adjustments": [{
                "id": "VARCHAR", "kind": "VARCHAR", "amount": "DECIMAL(18,4)", "tax_amount": "DECIMAL(18,4)",
                "amount_set": {"shop_money": {"amount": "DECIMAL(18,4)"} },
                "tax_amount_set": {"shop_money": {"amount": "DECIMAL(18,4)"} }
            }],
            "transactions": [{
                "id": "VARCHAR", "kind": "VARCHAR", "status": "VARCHAR", "gateway": "VARCHAR",
                "amount": "DECIMAL(18,4)", "currency": "VARCHAR", "created_at": "TIMESTAMPTZ",
                "processed_at": "TIMESTAMPTZ"
            }]
        }]'
    )
{%- endmacro %}

{% macro shopify_shipping_lines(json) -%} from_json({{ json }}, '[{
            "id": "VARCHAR", "code": "VARCHAR", "title": "VARCHAR", "price": "DECIMAL(18,4)",
            "discount_allocations": [{"amount": "DECIMAL(18,4)"}], "tax_lines": [{"price": "DECIMAL(18,4)"}]
        }]') {%- endmacro %}

{% macro shopify_transactions(json) -%}
    from_json(
        {{ json }},
        '[{
            "id": "VARCHAR", "kind": "VARCHAR", "status": "VARCHAR", "gateway": "VARCHAR", "amount": "DECIMAL(18,4)",
            "currency": "VARCHAR", "created_at": "TIMESTAMPTZ", "processed_at": "TIMESTAMPTZ"
        }]'
    )
{%- endmacro %}

{% macro shopify_customer(json) -%}
    from_json(
        {{ json }},
        '{
            "id": "VARCHAR", "first_name": "VARCHAR", "last_name": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR",
            "accepts_marketing": "BOOLEAN", "email_marketing_consent": {"state": "VARCHAR"},
            "sms_marketing_consent": {"state": "VARCHAR"},
            "default_address": {
                "first_name": "VARCHAR", "last_name": "VARCHAR", "name": "VARCHAR", "phone": "VARCHAR",
                "address1": "VARCHAR", "address2": "VARCHAR", "city": "VARCHAR", "zip": "VARCHAR",
                "country_code": "VARCHAR", "company": "VARCHAR"
            }
        }'
    )
{%- endmacro %}

{% macro shopify_address(json) -%} from_json({{ json }}, '{
            "first_name": "VARCHAR", "last_name": "VARCHAR", "name": "VARCHAR", "phone": "VARCHAR",
            "address1": "VARCHAR", "address2": "VARCHAR", "city": "VARCHAR", "zip": "VARCHAR",
            "country_code": "VARCHAR", "company": "VARCHAR"
        }') {%- endmacro %}

{#- Sum, over a list of structs, of a money expression of `element`; null where the list is absent. -#}
{% macro list_amount(list, expression) -%}
    cast(list_sum(list_transform({{ list }}, lambda element:{{ expression }})) as decimal(18, 4))
{%- endmacro %}
