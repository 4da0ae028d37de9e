-- Lines of an order as it was placed, and what came of it later: refunds on the day of the refund, goods
-- taken in exchange on the day of the return.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', [changed_upstream('stg_shopify__order'), changed_shop_products()]) }}",
        post_hook="{{ remember_build([ref('stg_headoffice__product')]) }}",
    )
}}
{% set order_columns = [
    "order_id",
    "source_name",
    "brand",
    "source_order_id",
    "source_customer_id",
    "ordered_at",
    "order_date",
    "is_tax_included",
    "currency_code",
    "known_at",
    "excluded_reason",
] | join(", ") %}

with
    placed_item as (
        select {{ order_columns }}, cast(null as timestamp) as happened_at, unnest(line_items) as item
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
    ),

    returned_order as (
        select *, unnest(returns) as back from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
    ),

    exchange_item as (
        select
            {{ order_columns }},
            list_transform(line_items, lambda element:element.id) as placed_ids,
            {{ utc("back.created_at") }} as happened_at,
            unnest({{ shopify_line_items("back.exchange_line_items") }}) as item
        from returned_order
    ),

    line_item as (
        from placed_item
        union all by name
        select * exclude (placed_ids)
        from exchange_item
        where not coalesce(list_contains(placed_ids, item.id), false)
    ),

    -- A variant that is deleted takes its SKU out of the orders that are sent again. What an earlier
    -- version of the same line knew still holds.
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

    sold_item as (
        select
            line_item.* exclude (item),
            item.id as source_line_id,
            coalesce({{ text_or_null("item.sku") }}, remembered.sku) as source_sku,
            coalesce({{ text_or_null("item.name") }}, {{ text_or_null("item.title") }}) as product_name,
            item.quantity,
            cast({{ shopify_listed_amount("item") }} as decimal(18, 4)) as listed_amount,
            -- Allocations hold the share of order-wide discounts too, where the shop writes them.
            cast(
                coalesce(
                    {{ list_amount("item.discount_allocations", "element.amount") }}, item.total_discount, 0
                ) as decimal(18, 4)
            ) as line_discount_amount,
            {{ list_amount("item.tax_lines", "element.price") }} as line_tax_amount,
            case
                when item.gift_card then 'gift_card' when item.tip_payment_gateway is not null then 'tip'
            end as money_kind,
            'sale' as line_kind,
            item.duties
        from line_item
        left join
            remembered
            on remembered.source_name = line_item.source_name
            and remembered.source_order_id = line_item.source_order_id
            and remembered.line_id = item.id
    ),

    shipping as (
        select
            {{ order_columns }},
            unnest(shipping_lines) as part,
            generate_subscripts(shipping_lines, 1) as part_no
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
    ),

    duty as (select {{ order_columns }}, happened_at, source_line_id, unnest(duties) as part from sold_item),

    refund as (
        select
            {{ order_columns }},
            returns is not null and len(returns) > 0 as is_exchange,
            unnest(refunds) as part
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
    ),

    refund_item as (
        select
            refund.* exclude (part),
            {{ utc("part.created_at") }} as happened_at,
            unnest(part.refund_line_items) as item
        from refund
    ),

    -- The refund's subtotal is after discounts: what was listed comes from the line that is taken back.
    refunded as (
        select
            refund_item.* exclude (item, is_exchange),
            item.id as refund_item_id,
            - item.quantity as quantity,
            sold_item.source_sku,
            sold_item.product_name,
            sold_item.money_kind,
            - coalesce(item.subtotal_set.shop_money.amount, item.subtotal) as subtotal_amount,
            cast(
                - item.quantity * sold_item.listed_amount / nullif(sold_item.quantity, 0) as decimal(18, 4)
            ) as taken_back_amount,
            - coalesce(item.total_tax_set.shop_money.amount, item.total_tax) as line_tax_amount,
            case
                when item.restock_type = 'cancel'
                then 'cancelled'
                when refund_item.is_exchange
                then 'exchange'
            end as return_reason
        from refund_item
        left join
            sold_item
            on sold_item.order_id = refund_item.order_id
            and sold_item.source_line_id = item.line_item_id
    ),

    refund_adjustment as (
        select
            refund.* exclude (part),
            {{ utc("part.created_at") }} as happened_at,
            unnest(part.order_adjustments) as adjustment
        from refund
    ),

    -- Money that went back without a word of what for.
    bare_refund as (
        select {{ order_columns }}, unnest(transactions) as payment
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
        where coalesce(len(refunds), 0) = 0
        union all
        select {{ order_columns }}, unnest(part.transactions)
        from refund
        where coalesce(len(part.refund_line_items), 0) = 0 and coalesce(len(part.order_adjustments), 0) = 0
    ),

    line as (
        select * exclude (duties), cast(null as varchar) as return_reason
        from sold_item

        union all by name

        select
            * exclude (part, part_no),
            'shipping-' || coalesce(part.id, cast(part_no as varchar)) as source_line_id,
            {{ text_or_null("part.code") }} as source_sku,
            {{ text_or_null("part.title") }} as product_name,
            1 as quantity,
            part.price as listed_amount,
            coalesce(
                {{ list_amount("part.discount_allocations", "element.amount") }}, 0
            ) as line_discount_amount,
            {{ list_amount("part.tax_lines", "element.price") }} as line_tax_amount,
            'shipping' as money_kind,
            'sale' as line_kind
        from shipping

        union all by name

        select
            * exclude (part, source_line_id),
            'duty-' || source_line_id || '-' || part.id as source_line_id,
            1 as quantity,
            part.price_set.shop_money.amount as listed_amount,
            0 as line_discount_amount,
            'duty' as money_kind,
            'sale' as line_kind
        from duty

        union all by name

        select
            {{ order_columns }},
            'rounding' as source_line_id,
            1 as quantity,
            rounding_amount as listed_amount,
            0 as line_discount_amount,
            'rounding' as money_kind,
            'sale' as line_kind
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
        where rounding_amount <> 0

        union all by name

        select
            * exclude (refund_item_id, subtotal_amount, taken_back_amount),
            'refund-' || refund_item_id as source_line_id,
            coalesce(taken_back_amount, subtotal_amount) as listed_amount,
            coalesce(taken_back_amount - subtotal_amount, 0) as line_discount_amount,
            'return' as line_kind
        from refunded

        union all by name

        -- In an exchange the discrepancy is the price of what was taken instead, which has a line of its own.
        select
            * exclude (adjustment, is_exchange),
            'refund-adjustment-' || adjustment.id as source_line_id,
            -1 as quantity,
            if(
                adjustment.kind = 'shipping_refund',
                - abs(coalesce(adjustment.amount_set.shop_money.amount, adjustment.amount, 0)),
                coalesce(adjustment.amount_set.shop_money.amount, adjustment.amount, 0)
            ) as listed_amount,
            0 as line_discount_amount,
            if(
                adjustment.kind = 'shipping_refund',
                - abs(coalesce(adjustment.tax_amount_set.shop_money.amount, adjustment.tax_amount)),
                coalesce(adjustment.tax_amount_set.shop_money.amount, adjustment.tax_amount)
            ) as line_tax_amount,
            if(adjustment.kind = 'shipping_refund', 'shipping', 'refund') as money_kind,
            'return' as line_kind
        from refund_adjustment
        where adjustment.kind = 'shipping_refund' or not is_exchange

        union all by name

        select
            * exclude (payment) replace (coalesce(payment.currency, currency_code) as currency_code),
            {{ utc("coalesce(payment.processed_at, payment.created_at)") }} as happened_at,
            'refund-payment-' || payment.id as source_line_id,
            -1 as quantity,
            - payment.amount as listed_amount,
            0 as line_discount_amount,
            'refund' as money_kind,
            'return' as line_kind
        from bare_refund
        where payment.kind = 'refund' and payment.status = 'success'
    ),

    kind as (
        select
            line.*,
            source.code_space,
            source.time_zone,
            source.closing_hour,
            source.known_after_hours,
            case
                when line.excluded_reason = 'test_order'
                then 'test'
                when line.money_kind is not null
                then line.money_kind
                when line.source_sku is null
                then 'manual'
                else 'product'
            end as item_kind,
            -- The price of a shop that shows prices with tax holds tax; net never does.
            cast(
                line.listed_amount
                - line.line_discount_amount
                - if(line.is_tax_included, coalesce(line.line_tax_amount, 0), 0) as decimal(18, 4)
            ) as line_net_amount
        from line
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
    ),

    priced as (
        select
            *,
            -- Nor does the discount: of a price with tax it is the share that net has in what was paid.
            cast(
                if(
                    is_tax_included and listed_amount <> line_discount_amount,
                    line_discount_amount * line_net_amount / (listed_amount - line_discount_amount),
                    line_discount_amount
                ) as decimal(18, 4)
            ) as net_discount_amount
        from kind
    )

select
    priced.order_id || ':' || priced.source_line_id as order_line_id,
    priced.order_id,
    priced.source_name,
    priced.brand,
    'web' as channel,
    priced.source_order_id,
    priced.source_line_id,
    {{ web_store_id("priced.source_name") }} as store_id,
    if(priced.source_customer_id is null, null, priced.source_name) as customer_source_name,
    priced.source_customer_id,
    cast(null as varchar) as terminal_no,
    cast(null as varchar) as cashier_no,
    priced.line_kind,
    priced.item_kind,
    case
        priced.item_kind
        when 'product'
        then {{ product_id("priced.code_space", "priced.source_sku") }}
        -- Without a SKU the product has at least its name.
        when 'manual'
        then {{ unknown_product_id("priced.code_space", "priced.product_name") }}
    end as product_id,
    priced.source_sku,
    cast(null as varchar) as lot_no,
    priced.product_name,
    coalesce(priced.happened_at, priced.ordered_at) as ordered_at,
    coalesce(
        {{ utc_business_date("priced.happened_at", "priced.time_zone", "priced.closing_hour") }},
        priced.order_date
    ) as order_date,
    cast(priced.quantity as decimal(18, 3)) as quantity,
    case
        when priced.item_kind in ('product', 'test')
        then coalesce(product.unit_of_measure, 'piece')
        when priced.item_kind = 'manual'
        then 'piece'
        else 'amount'
    end as unit_of_measure,
    cast(priced.line_net_amount + priced.net_discount_amount as decimal(18, 4)) as gross_amount,
    priced.net_discount_amount as discount_amount,
    priced.line_net_amount as net_amount,
    priced.line_tax_amount as tax_amount,
    priced.currency_code,
    if(priced.line_kind = 'return', priced.order_id, null) as original_order_id,
    priced.return_reason,
    greatest(priced.known_at, priced.happened_at + to_hours(priced.known_after_hours)) as known_at,
    priced.excluded_reason
from priced
left join
    {{ ref("stg_headoffice__product") }} as product
    on product.product_id = {{ product_id("priced.code_space", "priced.source_sku") }}
