with
    card as (
        select card.source_name, card.id, program.program_type in ('gift_card', 'ewallet') as is_money
        from {{ source("raw_odoo", "loyalty_card") }} as card
        inner join
            {{ source("raw_odoo", "loyalty_program") }} as program
            on program.source_name = card.source_name
            and program.id = card.program_id
    ),

    -- What is sold as a product and is none: the products that bring the balance of a gift card or a wallet,
    -- and those that tills write a tip as.
    money_product as (
        select
            rule.source_name,
            unnest(from_json(rule.product_ids, '["BIGINT"]')) as product_id,
            'gift_card' as item_kind
        from {{ source("raw_odoo", "loyalty_rule") }} as rule
        inner join
            {{ source("raw_odoo", "loyalty_program") }} as program
            on program.source_name = rule.source_name
            and program.id = rule.program_id
        where program.program_type in ('gift_card', 'ewallet')
        union
        select source_name, tip_product_id as product_id, 'tip' as item_kind
        from {{ source("raw_odoo", "pos_config") }}
    ),

    -- A till's line of tracked goods names what was handed over.
    line_lot as (
        select source_name, pos_order_line_id, string_agg(distinct lot_name, ', ' order by lot_name) as lot_no
        from {{ source("raw_odoo", "pos_pack_operation_lot") }}
        group by source_name, pos_order_line_id
    ),

    -- A credit note of a till's order is that order's own; the others give money back for sale orders.
    credit_note as (
        select
            refund.*,
            case
                when refund.refund_state = 'cancel'
                then 'cancelled'
                when refund.refund_state <> 'posted'
                then 'draft'
            end as excluded_reason
        from {{ ref("stg_odoo__refund") }} as refund
        anti join
            {{ source("raw_odoo", "pos_order") }} as pos
            on pos.source_name = refund.source_name
            and cast(pos.account_move as varchar) = refund.source_refund_id
    ),
    credit_note_line as (
        select
            note.order_id,
            note.source_name,
            note.brand,
            'odoo_sale' as channel,
            note.source_refund_id as source_order_id,
            'refund-' || line.id as line_id,
            {{ store_id("note.source_name", "'sales'") }} as store_id,
            note.source_customer_id,
            line.product_id,
            line.name as product_name,
            note.refunded_at as ordered_at,
            note.refund_date as order_date,
            - line.quantity as quantity,
            line.price_unit,
            line.discount,
            - line.price_subtotal as net_amount,
            line.price_subtotal - line.price_total as tax_amount,
            false as is_reward,
            coalesce(sale_line.is_delivery, false) as is_delivery,
            true as is_return,
            note.currency_code,
            if(
                sale_line.order_id is null,
                null,
                {{ order_id("note.source_name", "'sale-' || sale_line.order_id") }}
            ) as original_order_id,
            note.known_at,
            note.excluded_reason
        from credit_note as note
        inner join
            {{ source("raw_odoo", "account_move_line") }} as line
            on line.source_name = note.source_name
            and cast(line.move_id as varchar) = note.source_refund_id
        left join
            {{ source("raw_odoo", "sale_order_line") }} as sale_line
            on sale_line.source_name = line.source_name
            and sale_line.id = from_json(line.sale_line_ids, '["BIGINT"]')[1]
        where
            line.display_type = 'product'
            -- Before Odoo 16 a line of goods had no type, as tax and balance had none.
            or ({{ text_or_null("line.display_type") }} is null and sale_line.id is not null)
    ),

    line as (
        select
            orders.order_id,
            orders.source_name,
            orders.brand,
            'odoo_pos' as channel,
            orders.source_order_id,
            cast(line.id as varchar) as line_id,
            orders.store_id,
            orders.source_customer_id,
            orders.source_config_id as terminal_no,
            orders.source_cashier_id as cashier_no,
            line.product_id,
            line_lot.lot_no,
            line.full_product_name as product_name,
            orders.ordered_at,
            orders.order_date,
            line.qty as quantity,
            line.price_unit,
            line.discount,
            line.price_subtotal as net_amount,
            line.price_subtotal_incl - line.price_subtotal as tax_amount,
            coalesce(line.is_reward_line, false) as is_reward,
            line.coupon_id,
            false as is_delivery,
            line.refunded_orderline_id is not null or line.qty < 0 as is_return,
            orders.currency_code,
            if(
                refunded.order_id is null,
                null,
                {{ order_id("orders.source_name", "'pos-' || refunded.order_id") }}
            ) as original_order_id,
            orders.known_at,
            orders.excluded_reason
        from {{ source("raw_odoo", "pos_order_line") }} as line
        inner join
            {{ ref("stg_odoo__pos_order") }} as orders
            on orders.source_name = line.source_name
            and orders.source_order_id = cast(line.order_id as varchar)
        left join
            {{ source("raw_odoo", "pos_order_line") }} as refunded
            on refunded.source_name = line.source_name
            and refunded.id = line.refunded_orderline_id
        left join line_lot on line_lot.source_name = line.source_name and line_lot.pos_order_line_id = line.id

        union all by name

        select
            orders.order_id,
            orders.source_name,
            orders.brand,
            'odoo_sale' as channel,
            orders.source_order_id,
            cast(line.id as varchar) as line_id,
            orders.store_id,
            orders.source_customer_id,
            line.product_id,
            line.name as product_name,
            orders.ordered_at,
            orders.order_date,
            line.product_uom_qty as quantity,
            line.price_unit,
            line.discount,
            line.price_subtotal as net_amount,
            line.price_total - line.price_subtotal as tax_amount,
            coalesce(line.is_reward_line, false) as is_reward,
            line.coupon_id,
            coalesce(line.is_delivery, false) as is_delivery,
            line.product_uom_qty < 0 as is_return,
            orders.currency_code,
            orders.known_at,
            orders.excluded_reason
        from {{ source("raw_odoo", "sale_order_line") }} as line
        inner join
            {{ ref("stg_odoo__sale_order") }} as orders
            on orders.source_name = line.source_name
            and orders.source_order_id = cast(line.order_id as varchar)
        where {{ text_or_null("line.display_type") }} is null

        union all by name

        from credit_note_line
    ),

    kind as (
        select
            line.*,
            -- Rewards and discounts are lines of a negative price: a discount on the order, and no unit of
            -- anything. A gift card that pays for the order stands among them, and is money.
            is_reward or price_unit < 0 as is_discount,
            case
                when is_reward and coalesce(card.is_money, false)
                then 'gift_card'
                when is_reward or price_unit < 0
                then 'discount'
                when money_product.item_kind is not null
                then money_product.item_kind
                when is_delivery
                then 'shipping'
                when line.product_id is null
                then 'manual'
                else 'product'
            end as item_kind,
            -- Prices may hold tax and net does not, so the listed amount is worked back from net.
            case
                when is_reward and coalesce(card.is_money, false)
                then net_amount
                when is_reward or price_unit < 0
                then 0
                when coalesce(discount, 0) < 100
                then round(net_amount / (1 - coalesce(discount, 0) / 100), 4)
                else quantity * price_unit
            end as listed_amount
        from line
        left join card on card.source_name = line.source_name and card.id = line.coupon_id
        left join
            money_product
            on money_product.source_name = line.source_name
            and money_product.product_id = line.product_id
    ),

    -- Where a till rounds to coins, what was paid beside an order's total is rounding, up to the smallest
    -- coin.
    -- A larger difference is none, and shows as a difference of the order.
    rounding as (
        select orders.*, orders.paid_amount - orders.total_amount as rounding_amount
        from {{ ref("stg_odoo__pos_order") }} as orders
        inner join
            {{ source("raw_odoo", "pos_config") }} as config
            on config.source_name = orders.source_name
            and cast(config.id as varchar) = orders.source_config_id
            and config.cash_rounding
        inner join
            {{ source("raw_odoo", "account_cash_rounding") }} as method
            on method.source_name = config.source_name
            and method.id = config.rounding_method
        where
            orders.excluded_reason is null
            and orders.paid_amount <> orders.total_amount
            and abs(orders.paid_amount - orders.total_amount) < method.rounding
    ),

    -- What a credit note gives back beside its lines: all of it where they have not come.
    credit_note_rest as (
        select
            note.*,
            note.net_amount + coalesce(line.net_amount, 0) as rest_amount,
            note.total_amount - note.net_amount + coalesce(line.tax_amount, 0) as rest_tax_amount
        from credit_note as note
        left join
            (
                select order_id, sum(net_amount) as net_amount, sum(tax_amount) as tax_amount
                from credit_note_line
                group by order_id
            ) as line using (order_id)
        where line.order_id is null or rest_amount <> 0 or rest_tax_amount <> 0
    )

select
    kind.order_id || ':' || kind.line_id as order_line_id,
    kind.order_id,
    kind.source_name,
    kind.brand,
    kind.channel,
    kind.source_order_id,
    kind.line_id as source_line_id,
    kind.store_id,
    if(kind.source_customer_id is null, null, kind.source_name) as customer_source_name,
    kind.source_customer_id,
    kind.terminal_no,
    kind.cashier_no,
    if(kind.is_return, 'return', 'sale') as line_kind,
    kind.item_kind,
    if(kind.item_kind = 'product', product.product_id, null) as product_id,
    product.default_code as source_sku,
    kind.lot_no,
    coalesce({{ text_or_null("kind.product_name") }}, product.product_name) as product_name,
    kind.ordered_at,
    kind.order_date,
    cast(if(kind.is_discount, 0, kind.quantity) as decimal(18, 3)) as quantity,
    if(
        kind.item_kind in ('product', 'manual'), coalesce(master.unit_of_measure, 'piece'), 'amount'
    ) as unit_of_measure,
    cast(kind.listed_amount as decimal(18, 4)) as gross_amount,
    cast(cast(kind.listed_amount as decimal(18, 4)) - kind.net_amount as decimal(18, 4)) as discount_amount,
    cast(kind.net_amount as decimal(18, 4)) as net_amount,
    cast(kind.tax_amount as decimal(18, 4)) as tax_amount,
    kind.currency_code,
    kind.original_order_id,
    cast(null as varchar) as return_reason,
    kind.known_at,
    kind.excluded_reason
from kind
left join
    {{ ref("stg_odoo__product_product") }} as product
    on product.source_name = kind.source_name
    and product.source_product_id = cast(kind.product_id as varchar)
left join {{ ref("stg_headoffice__product") }} as master on master.product_id = product.product_id

union all by name

select
    order_id || ':rounding' as order_line_id,
    order_id,
    source_name,
    brand,
    'odoo_pos' as channel,
    source_order_id,
    'rounding' as source_line_id,
    store_id,
    if(source_customer_id is null, null, source_name) as customer_source_name,
    source_customer_id,
    source_config_id as terminal_no,
    source_cashier_id as cashier_no,
    'sale' as line_kind,
    'rounding' as item_kind,
    ordered_at,
    order_date,
    cast(1 as decimal(18, 3)) as quantity,
    'amount' as unit_of_measure,
    cast(rounding_amount as decimal(18, 4)) as gross_amount,
    cast(0 as decimal(18, 4)) as discount_amount,
    cast(rounding_amount as decimal(18, 4)) as net_amount,
    cast(0 as decimal(18, 4)) as tax_amount,
    currency_code,
    known_at,
    excluded_reason
from rounding

union all by name

select
    order_id || ':refund' as order_line_id,
    order_id,
    source_name,
    brand,
    'odoo_sale' as channel,
    source_refund_id as source_order_id,
    'refund' as source_line_id,
    {{ store_id("source_name", "'sales'") }} as store_id,
    if(source_customer_id is null, null, source_name) as customer_source_name,
    source_customer_id,
    'return' as line_kind,
    'refund' as item_kind,
    refunded_at as ordered_at,
    refund_date as order_date,
    cast(-1 as decimal(18, 3)) as quantity,
    'amount' as unit_of_measure,
    cast(- rest_amount as decimal(18, 4)) as gross_amount,
    cast(0 as decimal(18, 4)) as discount_amount,
    cast(- rest_amount as decimal(18, 4)) as net_amount,
    cast(- rest_tax_amount as decimal(18, 4)) as tax_amount,
    currency_code,
    known_at,
    excluded_reason
from credit_note_rest
