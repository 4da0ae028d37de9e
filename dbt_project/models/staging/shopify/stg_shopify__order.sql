-- Nested parts are parsed once, here, and unnested by the models that read this one.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', changed_entity('shopify', 'orders', ['id'], 'order_id', order_id('source_name', 'id')), named={'order_date': 'order_date'}) }}",
        post_hook="{{ remember_build([ref('stg_ops__source')], 'order_id', named={'order_date': 'order_date'}) }}",
    )
}}

with
    parsed as (
        select
            version.*,
            source.brand,
            source.time_zone,
            source.closing_hour,
            source.known_after_hours,
            {{ shopify_line_items("version.line_items") }} as items,
            {{ shopify_shipping_lines("version.shipping_lines") }} as shippings,
            {{ shopify_transactions("version.transactions") }} as payments,
            {{ shopify_refunds("version.refunds") }} as refund_list,
            {{ shopify_returns("version.returns") }} as return_list,
            {{ shopify_customer("version.customer") }} as buyer,
            coalesce(
                {{ shopify_address("version.billing_address") }},
                {{ shopify_address("version.shipping_address") }}
            ) as address,
            {{ utc("version.created_at") }} as ordered_at
        from
            {{
                newest_version(
                    only_changed(source("raw_shopify", "orders"), order_id("source_name", "id")),
                    ["id"],
                    changed_at="updated_at",
                )
            }} as version
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
    ),

    identified as (
        select
            *,
            -- A guest leaves at least a name or an address to write to. An order with none belongs to
            -- nobody, and
            -- above all not to one person together with the other such orders.
            case
                when buyer.id is not null
                then buyer.id
                when
                    coalesce(
                        {{ text_or_null("email") }},
                        {{ text_or_null("phone") }},
                        {{ text_or_null("address.phone") }},
                        {{ text_or_null("address.name") }},
                        {{ text_or_null("address.last_name") }}
                    )
                    is not null
                then 'guest:' || id
            end as source_customer_id,
            coalesce(
                list_bool_or(
                    list_transform(
                        payments,
                        lambda element:element.kind in ('sale', 'capture') and element.status = 'success'
                    )
                ),
                false
            ) as is_paid
        from parsed
    )

select
    {{ order_id("source_name", "id") }} as order_id,
    source_name,
    brand,
    id as source_order_id,
    name as order_name,
    source_customer_id,
    ordered_at,
    {{ utc_business_date("ordered_at", "time_zone", "closing_hour") }} as order_date,
    {{ utc("updated_at") }} as updated_at,
    {{ utc("cancelled_at") }} as cancelled_at,
    -- An order cancelled after it was paid is a sale, and what was given back is its refund.
    case
        when coalesce(test, false)
        then 'test_order'
        when cancelled_at is not null and not is_paid
        then 'cancelled'
    end as excluded_reason,
    financial_status,
    coalesce(taxes_included, false) as is_tax_included,
    currency as currency_code,
    subtotal_price as subtotal_amount,
    total_discounts as discount_amount,
    total_tax as tax_amount,
    total_price as total_amount,
    cast(cash_rounding ->> '$.shop_money.amount' as decimal(18, 4)) as rounding_amount,
    cast(
        {{ list_amount("items", shopify_listed_amount("element")) }}
        - coalesce({{ list_amount("items", "element.total_discount") }}, 0)
        - subtotal_price as decimal(18, 4)
    ) as subtotal_difference_amount,
    items as line_items,
    shippings as shipping_lines,
    payments as transactions,
    refund_list as refunds,
    return_list as returns,
    {{ text_or_null("email") }} as email,
    {{ text_or_null("phone") }} as phone,
    buyer as customer,
    address,
    {{ known_at("ordered_at", version="identified", source="identified") }} as known_at
from identified
