-- Product sales and returns, and gift cards bought, of a source's customer by order, with the date they
-- were known: the grain that
-- customer features are made of. It carries the source's key, so that each feature can join the identity
-- of its own date.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', changed_customer_orders()) }}",
        post_hook="{{ remember_build([ref('int_exchange_rate'), source('ops', 'ops_brand')]) }}",
    )
}}

with
    amount as (
        select
            order_line.customer_source_name,
            order_line.source_customer_id,
            order_line.brand,
            order_line.order_id,
            order_line.channel,
            order_line.order_date,
            order_line.known_date,
            -- A gift card is no sale: what is bought with it is.
            if(order_line.item_kind = 'gift_card', 'gift_card', order_line.line_kind) as line_kind,
            -- Litres of fuel and amounts of money do not add up with goods.
            if(order_line.unit_of_measure = 'piece', order_line.quantity, 0) as quantity,
            case
                when order_line.currency_code = brand.currency_code
                then order_line.net_amount
                else
                    {{
                        marts_money(
                            "cast(order_line.net_amount_reporting as double) / "
                            ~ marts_rate_to_reporting("brand.currency_code", "rate.exchange_rate")
                        )
                    }}
            end as net_amount,
            order_line.gross_amount,
            order_line.discount_amount
        from {{ only_changed(ref("fct_order_line"), "order_id") }} as order_line
        inner join {{ source("ops", "ops_brand") }} as brand on order_line.brand = brand.brand
        left join {{ marts_exchange_rate("rate", "brand.currency_code", "order_line.order_date") }}
        where
            (
                order_line.item_kind = 'product'
                or (order_line.item_kind = 'gift_card' and order_line.line_kind = 'sale')
            )
            and order_line.source_customer_id is not null
    )
select
    customer_source_name,
    source_customer_id,
    brand,
    order_id,
    channel,
    order_date,
    known_date,
    count(*) filter (where line_kind = 'sale') as sale_line_count,
    count(*) filter (where line_kind = 'return') as return_line_count,
    count(*) filter (where line_kind = 'gift_card') as gift_card_line_count,
    cast(coalesce(sum(quantity) filter (where line_kind = 'sale'), 0) as decimal(18, 3)) as sale_quantity,
    cast(
        coalesce(- sum(quantity) filter (where line_kind = 'return'), 0) as decimal(18, 3)
    ) as return_quantity,
    {{ marts_money("coalesce(sum(net_amount) filter (where line_kind = 'sale'), 0)") }} as sale_net_amount,
    {{ marts_money("coalesce(-sum(net_amount) filter (where line_kind = 'return'), 0)") }}
    as return_net_amount,
    {{ marts_money("coalesce(sum(gross_amount) filter (where line_kind = 'sale'), 0)") }}
    as sale_gross_amount,
    {{ marts_money("coalesce(sum(discount_amount) filter (where line_kind = 'sale'), 0)") }}
    as sale_discount_amount
from amount
group by customer_source_name, source_customer_id, brand, order_id, channel, order_date, known_date
