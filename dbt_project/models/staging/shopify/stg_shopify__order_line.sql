{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', [changed_upstream('stg_shopify__order'), changed_shop_products()]) }}",
        post_hook="{{ remember_build([ref('stg_headoffice__product')]) }}",
    )
}}

with
    line_item as (
        select
            orders.* exclude (line_items, shipping_lines, transactions, customer, address, email, phone),
            unnest(orders.line_items) as item
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }} as orders
    ),

    -- A variant that is deleted takes its SKU out of the orders that are sent again. What an earlier
    -- version of the
    -- same line knew still holds.
    forgotten as (
        select source_name, source_order_id, item.id as line_id
        from line_item
        where {{ text_or_null("item.sku") }} is null
    ),

    earlier_item as (
        select
            source_name,
            id as source_order_id,
            updated_at,
            _loaded_at,
            unnest({{ shopify_line_items("line_items") }}) as item
        from {{ source("raw_shopify", "orders") }}
        semi join (select source_name, source_order_id as id from forgotten) as orders using (source_name, id)
    ),

    remembered as (
        select
            source_name,
            source_order_id,
            item.id as line_id,
            arg_max(
                {{ text_or_null("item.sku") }}, (coalesce(updated_at, '-infinity'::timestamptz), _loaded_at)
            ) as sku
        from earlier_item
        where {{ text_or_null("item.sku") }} is not null
        group by all
    ),

    line as (
        select
            line_item.* exclude (item),
            item.id as source_line_id,
            coalesce({{ text_or_null("item.sku") }}, remembered.sku) as source_sku,
            coalesce({{ text_or_null("item.name") }}, {{ text_or_null("item.title") }}) as product_name,
            item.quantity,
            cast(item.quantity * item.price as decimal(18, 4)) as listed_amount,
            -- Allocations hold the share of order-wide discounts too, where the shop writes them.
            cast(
                coalesce(
                    {{ list_amount("item.discount_allocations", "element.amount") }}, item.total_discount, 0
                ) as decimal(18, 4)
            ) as line_discount_amount,
            {{ list_amount("item.tax_lines", "element.price") }} as line_tax_amount,
            coalesce(item.gift_card, false) as is_gift_card,
            false as is_shipping
        from line_item
        left join
            remembered
            on remembered.source_name = line_item.source_name
            and remembered.source_order_id = line_item.source_order_id
            and remembered.line_id = item.id

        union all by name

        select
            orders.* exclude (
                line_items, shipping_lines, transactions, customer, address, email, phone, part, part_no
            ),
            'shipping-' || coalesce(part.id, cast(part_no as varchar)) as source_line_id,
            {{ text_or_null("part.code") }} as source_sku,
            {{ text_or_null("part.title") }} as product_name,
            1 as quantity,
            part.price as listed_amount,
            coalesce(
                {{ list_amount("part.discount_allocations", "element.amount") }}, 0
            ) as line_discount_amount,
            {{ list_amount("part.tax_lines", "element.price") }} as line_tax_amount,
            false as is_gift_card,
            true as is_shipping
        from
            (
                select *, unnest(shipping_lines) as part, generate_subscripts(shipping_lines, 1) as part_no
                from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
            ) as orders
    ),

    kind as (
        select
            line.* exclude (line_tax_amount),
            source.code_space,
            line_tax_amount,
            case
                when excluded_reason = 'test_order'
                then 'test'
                when is_shipping
                then 'shipping'
                when is_gift_card
                then 'gift_card'
                when source_sku is null
                then 'manual'
                else 'product'
            end as item_kind,
            -- The price of a shop that shows prices with tax holds tax; net never does.
            cast(
                listed_amount
                - line_discount_amount
                - if(is_tax_included, coalesce(line_tax_amount, 0), 0) as decimal(18, 4)
            ) as line_net_amount
        from line
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
    )

select
    kind.order_id || ':' || kind.source_line_id as order_line_id,
    kind.order_id,
    kind.source_name,
    kind.brand,
    'web' as channel,
    kind.source_order_id,
    kind.source_line_id,
    {{ web_store_id("kind.source_name") }} as store_id,
    if(kind.source_customer_id is null, null, kind.source_name) as customer_source_name,
    kind.source_customer_id,
    cast(null as varchar) as terminal_no,
    cast(null as varchar) as cashier_no,
    'sale' as line_kind,
    kind.item_kind,
    if(
        kind.item_kind = 'product', {{ product_id("kind.code_space", "kind.source_sku") }}, null
    ) as product_id,
    kind.source_sku,
    kind.product_name,
    kind.ordered_at,
    kind.order_date,
    cast(kind.quantity as decimal(18, 3)) as quantity,
    case
        when kind.item_kind in ('product', 'test')
        then coalesce(product.unit_of_measure, 'piece')
        when kind.item_kind = 'manual'
        then 'piece'
        else 'amount'
    end as unit_of_measure,
    cast(kind.line_net_amount + kind.line_discount_amount as decimal(18, 4)) as gross_amount,
    kind.line_discount_amount as discount_amount,
    kind.line_net_amount as net_amount,
    kind.line_tax_amount as tax_amount,
    kind.currency_code,
    cast(null as varchar) as original_order_id,
    cast(null as varchar) as return_reason,
    kind.known_at,
    kind.excluded_reason
from kind
left join
    {{ ref("stg_headoffice__product") }} as product
    on product.product_id = {{ product_id("kind.code_space", "kind.source_sku") }}
