with
    line as (
        select
            orders.order_id,
            orders.source_name,
            orders.brand,
            'odoo_pos' as channel,
            orders.source_order_id,
            line.id as line_id,
            orders.store_id,
            orders.source_customer_id,
            orders.source_config_id as terminal_no,
            orders.source_cashier_id as cashier_no,
            line.product_id,
            line.full_product_name as product_name,
            orders.ordered_at,
            orders.order_date,
            line.qty as quantity,
            line.price_unit,
            line.discount,
            line.price_subtotal as net_amount,
            line.price_subtotal_incl - line.price_subtotal as tax_amount,
            coalesce(line.is_reward_line, false) as is_reward,
            line.refunded_orderline_id is not null or line.qty < 0 as is_return,
            orders.currency_code,
            refunded.order_id as refunded_order_id,
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

        union all by name

        select
            orders.order_id,
            orders.source_name,
            orders.brand,
            'odoo_sale' as channel,
            orders.source_order_id,
            line.id as line_id,
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
            false as is_reward,
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
    ),

    kind as (
        select
            line.*,
            -- Rewards and discounts are lines of a negative price: a discount on the order, and no unit of
            -- anything.
            is_reward or price_unit < 0 as is_discount,
            case
                when is_reward or price_unit < 0
                then 'fee'
                when product_id is null
                then 'manual'
                else 'product'
            end as item_kind,
            -- Prices may hold tax and net does not, so the listed amount is worked back from net.
            case
                when is_reward or price_unit < 0
                then 0
                when coalesce(discount, 0) < 100
                then round(net_amount / (1 - coalesce(discount, 0) / 100), 4)
                else quantity * price_unit
            end as listed_amount
        from line
    )

select
    kind.order_id || ':' || kind.line_id as order_line_id,
    kind.order_id,
    kind.source_name,
    kind.brand,
    kind.channel,
    kind.source_order_id,
    cast(kind.line_id as varchar) as source_line_id,
    kind.store_id,
    if(kind.source_customer_id is null, null, kind.source_name) as customer_source_name,
    kind.source_customer_id,
    kind.terminal_no,
    kind.cashier_no,
    if(kind.is_return, 'return', 'sale') as line_kind,
    kind.item_kind,
    if(kind.item_kind = 'product', product.product_id, null) as product_id,
    product.default_code as source_sku,
    coalesce({{ text_or_null("kind.product_name") }}, product.product_name) as product_name,
    kind.ordered_at,
    kind.order_date,
    cast(if(kind.is_discount, 0, kind.quantity) as decimal(18, 3)) as quantity,
    if(kind.is_discount, 'amount', coalesce(master.unit_of_measure, 'piece')) as unit_of_measure,
    cast(kind.listed_amount as decimal(18, 4)) as gross_amount,
    cast(cast(kind.listed_amount as decimal(18, 4)) - kind.net_amount as decimal(18, 4)) as discount_amount,
    cast(kind.net_amount as decimal(18, 4)) as net_amount,
    cast(kind.tax_amount as decimal(18, 4)) as tax_amount,
    kind.currency_code,
    if(
        kind.refunded_order_id is null,
        null,
        {{ order_id("kind.source_name", "'pos-' || kind.refunded_order_id") }}
    ) as original_order_id,
    cast(null as varchar) as return_reason,
    kind.known_at,
    kind.excluded_reason
from kind
left join
    {{ ref("stg_odoo__product_product") }} as product
    on product.source_name = kind.source_name
    and product.source_product_id = cast(kind.product_id as varchar)
left join {{ ref("stg_headoffice__product") }} as master on master.product_id = product.product_id
