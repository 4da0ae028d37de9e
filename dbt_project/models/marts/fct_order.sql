-- Orders and receipts, one row each, with what was charged, what went back and what was paid. Lines and
-- payments are each summed before they meet, so that neither multiplies the other.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', changed_orders(), named={'order_date': 'order_date'}) }}",
        post_hook="{{ remember_build([source('ops', 'ops_brand'), ref('stg_odoo__pos_order'), ref('stg_odoo__sale_order')], 'order_id', named={'order_date': 'order_date'}) }}",
    )
}}
{% set amounts = [
    "gross",
    "discount",
    "returned",
    "net",
    "margin",
    "tax",
    "returned_tax",
    "shipping",
    "tip",
    "gift_card",
    "deposit",
    "duty",
    "rounding",
    "returned_other",
] %}

with
    -- The lines of one moment: an order as it was placed, a refund, an exchange.
    moment as (
        select
            order_id,
            ordered_at,
            currency_code,
            min(source_name) as source_name,
            min(brand) as brand,
            min(channel) as channel,
            min(source_order_id) as source_order_id,
            min(store_id) as store_id,
            min(customer_source_name) as customer_source_name,
            min(source_customer_id) as source_customer_id,
            min(order_date) as order_date,
            min(known_at) as known_at,
            min(known_date) as known_date,
            {{ measure_gross_sales() }} as gross_amount,
            {{ measure_discount() }} as discount_amount,
            {{ measure_returns() }} as returned_amount,
            {{ measure_net_sales() }} as net_amount,
            {{ measure_margin() }} as margin_amount,
            case
                when count(net_amount_reporting) = count(*) then {{ measure_net_sales(is_reporting=true) }}
            end as net_amount_reporting,
            coalesce({{ sum_of_lines("tax_amount", "line_kind = 'sale'") }}, 0) as tax_amount,
            coalesce({{ sum_of_lines("-tax_amount", "line_kind = 'return'") }}, 0) as returned_tax_amount,
            {%- for kind in ["shipping", "tip", "gift_card", "deposit", "duty", "rounding"] %}
                coalesce(
                    {{ sum_of_lines("net_amount", "line_kind = 'sale' and item_kind = '" ~ kind ~ "'") }}, 0
                ) as {{ kind }}_amount,
            {%- endfor %}
            coalesce(
                {{ sum_of_lines("-net_amount", "line_kind = 'return' and not (" ~ is_merchandise() ~ ")") }},
                0
            ) as returned_other_amount,
            {{ marts_money("sum(net_amount) + coalesce(sum(tax_amount), 0)") }} as balance_amount,
            count(*) filter (where line_kind = 'sale') as sale_line_count,
            count(*) filter (where line_kind = 'return') as return_line_count
        from {{ only_changed(ref("fct_order_line"), "order_id") }}
        group by order_id, ordered_at, currency_code
    ),
    placed as (
        select
            order_id,
            min(ordered_at) as ordered_at,
            arg_min(currency_code, (ordered_at, currency_code)) as currency_code
        from moment
        group by order_id
    ),
    -- Money that went back in another currency counts at the rate of its day, or is unknown.
    rated as (
        select
            moment.*,
            placed.ordered_at as placed_at,
            placed.currency_code as order_currency_code,
            case
                when moment.currency_code = placed.currency_code
                then 1
                else
                    cast(
                        {{ marts_rate_to_reporting("moment.currency_code", "own.exchange_rate") }}
                        / {{ marts_rate_to_reporting("placed.currency_code", "target.exchange_rate") }}
                        as decimal(28, 10)
                    )
            end as rate_to_order
        from moment
        inner join placed on moment.order_id = placed.order_id
        left join {{ marts_exchange_rate("own", "moment.currency_code", "moment.order_date") }}
        left join {{ marts_exchange_rate("target", "placed.currency_code", "moment.order_date") }}
    ),
    charged as (
        select
            order_id,
            min(source_name) as source_name,
            min(brand) as brand,
            min(channel) as channel,
            min(source_order_id) as source_order_id,
            min(store_id) as store_id,
            min(customer_source_name) as customer_source_name,
            min(source_customer_id) as source_customer_id,
            min(placed_at) as ordered_at,
            min(order_date) filter (where ordered_at = placed_at) as order_date,
            min(order_currency_code) as currency_code,
            min(known_at) as known_at,
            min(known_date) as known_date,
            {%- for amount in amounts %}
                case
                    when count(rate_to_order) = count(*)
                    then {{ marts_money("sum(" ~ amount ~ "_amount * rate_to_order)") }}
                end as {{ amount }}_amount,
            {%- endfor %}
            case
                when count(net_amount_reporting) = count(*) then sum(net_amount_reporting)
            end as net_amount_reporting,
            {{
                marts_money(
                    "coalesce(sum(balance_amount) filter (where ordered_at = placed_at and rate_to_order = 1), 0)"
                )
            }}
            as placed_amount,
            sum(sale_line_count) as sale_line_count,
            sum(return_line_count) as return_line_count
        from rated
        group by order_id
    ),
    -- What the source itself says of an order. Its total leaves rounding to coins out.
    stated as (
        select
            order_id,
            source_name,
            brand,
            'web' as channel,
            source_order_id,
            {{ web_store_id("source_name") }} as store_id,
            source_name as customer_source_name,
            source_customer_id,
            ordered_at,
            order_date,
            currency_code,
            known_at,
            financial_status as source_status,
            cancelled_at is not null as is_cancelled,
            total_amount as source_total_amount
        from {{ only_changed(ref("stg_shopify__order"), "order_id") }}
        where excluded_reason is null
        {%- for model, channel in [
                ("stg_odoo__pos_order", "odoo_pos"),
                ("stg_odoo__sale_order", "odoo_sale"),
            ] %}
            union all
            select
                order_id,
                source_name,
                brand,
                '{{ channel }}' as channel,
                source_order_id,
                store_id,
                source_name as customer_source_name,
                source_customer_id,
                ordered_at,
                order_date,
                currency_code,
                known_at,
                order_state as source_status,
                false as is_cancelled,
                total_amount as source_total_amount
            from {{ only_changed(ref(model), "order_id") }}
            where excluded_reason is null
        {%- endfor %}
    ),
    known_stated as (from {{ marts_with_known_date("stated") }}),
    ordered as (
        select
            coalesce(charged.order_id, stated.order_id) as order_id,
            coalesce(charged.source_name, stated.source_name) as source_name,
            coalesce(charged.brand, stated.brand) as brand,
            coalesce(charged.channel, stated.channel) as channel,
            coalesce(charged.source_order_id, stated.source_order_id) as source_order_id,
            coalesce(charged.store_id, stated.store_id) as store_id,
            coalesce(charged.source_customer_id, stated.source_customer_id) as source_customer_id,
            if(
                charged.order_id is null and stated.source_customer_id is not null,
                stated.customer_source_name,
                charged.customer_source_name
            ) as customer_source_name,
            stated.source_status,
            coalesce(stated.is_cancelled, false) as is_cancelled,
            coalesce(charged.ordered_at, stated.ordered_at) as ordered_at,
            coalesce(charged.order_date, stated.order_date) as order_date,
            coalesce(charged.currency_code, stated.currency_code) as currency_code,
            coalesce(charged.known_at, stated.known_at) as known_at,
            coalesce(charged.known_date, stated.known_date) as known_date,
            {%- for amount in amounts + ["placed"] %}
                if(charged.order_id is null, 0, charged.{{ amount }}_amount) as {{ amount }}_amount,
            {%- endfor %}
            if(charged.order_id is null, 0, charged.net_amount_reporting) as net_amount_reporting,
            coalesce(charged.sale_line_count, 0) as sale_line_count,
            coalesce(charged.return_line_count, 0) as return_line_count,
            stated.source_total_amount
        from charged
        full join known_stated as stated on charged.order_id = stated.order_id
    ),
    payment as (
        select
            payment.order_id,
            payment.tender,
            case
                when payment.currency_code = ordered.currency_code
                then payment.amount
                else
                    {{
                        marts_money(
                            "payment.amount_reporting / "
                            ~ marts_rate_to_reporting("ordered.currency_code", "target.exchange_rate")
                        )
                    }}
            end as amount
        from {{ only_changed(ref("fct_payment"), "order_id") }} as payment
        inner join ordered on payment.order_id = ordered.order_id
        left join {{ marts_exchange_rate("target", "ordered.currency_code", "payment.paid_date") }}
    ),
    paid as (
        select
            order_id,
            -- One payment without a rate leaves the whole sum unknown.
            case
                when count(amount) = count(*) then coalesce(sum(amount) filter (where amount > 0), 0)
            end as paid_amount,
            case
                when count(amount) = count(*) then coalesce(- sum(amount) filter (where amount < 0), 0)
            end as refunded_amount,
            case
                when count(amount) = count(*)
                then coalesce(sum(amount) filter (where tender = 'gift_card'), 0)
            end as gift_card_paid_amount,
            count(*) as payment_count
        from payment
        group by order_id
    ),
    totalled as (
        select
            ordered.*,
            gross_amount
            - discount_amount
            + tax_amount
            + shipping_amount
            + tip_amount
            + gift_card_amount
            + deposit_amount
            + duty_amount
            + rounding_amount as total_amount,
            returned_amount + returned_tax_amount + returned_other_amount as returned_total_amount,
            paid.paid_amount,
            paid.refunded_amount,
            paid.gift_card_paid_amount,
            coalesce(paid.payment_count, 0) as payment_count
        from ordered
        left join paid on ordered.order_id = paid.order_id
    )

select
    totalled.order_id,
    totalled.source_name,
    totalled.brand,
    totalled.channel,
    totalled.source_order_id,
    totalled.store_id,
    totalled.customer_source_name,
    totalled.source_customer_id,
    totalled.source_customer_id is null as is_anonymous,
    totalled.source_status,
    totalled.is_cancelled,
    totalled.ordered_at,
    totalled.order_date,
    totalled.currency_code,
    {{ marts_money("totalled.gross_amount") }} as gross_amount,
    {{ marts_money("totalled.discount_amount") }} as discount_amount,
    {{ marts_money("totalled.returned_amount") }} as returned_amount,
    {{ marts_money("totalled.net_amount") }} as net_amount,
    {{ marts_money("totalled.margin_amount") }} as margin_amount,
    {{ marts_money("totalled.tax_amount") }} as tax_amount,
    {{ marts_money("totalled.shipping_amount") }} as shipping_amount,
    {{ marts_money("totalled.tip_amount") }} as tip_amount,
    {{ marts_money("totalled.gift_card_amount") }} as gift_card_amount,
    {{ marts_money("totalled.deposit_amount") }} as deposit_amount,
    {{ marts_money("totalled.duty_amount") }} as duty_amount,
    {{ marts_money("totalled.rounding_amount") }} as rounding_amount,
    {{ marts_money("totalled.total_amount") }} as total_amount,
    {{ marts_money("totalled.returned_tax_amount") }} as returned_tax_amount,
    {{ marts_money("totalled.returned_other_amount") }} as returned_other_amount,
    {{ marts_money("totalled.returned_total_amount") }} as returned_total_amount,
    {{ marts_money("totalled.paid_amount") }} as paid_amount,
    {{ marts_money("totalled.refunded_amount") }} as refunded_amount,
    {{ marts_money("totalled.gift_card_paid_amount") }} as gift_card_paid_amount,
    -- A till states no total beside what was paid.
    {{
        marts_money(
            "case when totalled.channel = 'store' then totalled.paid_amount - totalled.refunded_amount "
            ~ "else totalled.source_total_amount end"
        )
    }} as source_total_amount,
    {{
        marts_money(
            "case when totalled.channel = 'store' "
            ~ "then totalled.placed_amount - (totalled.paid_amount - totalled.refunded_amount) "
            ~ "else totalled.placed_amount - totalled.rounding_amount - totalled.source_total_amount end"
        )
    }} as total_difference_amount,
    {{
        marts_money(
            "totalled.total_amount - totalled.returned_total_amount "
            ~ "- (totalled.paid_amount - totalled.refunded_amount)"
        )
    }} as payment_difference_amount,
    cast(totalled.sale_line_count as bigint) as sale_line_count,
    cast(totalled.return_line_count as bigint) as return_line_count,
    totalled.payment_count,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    {{ marts_money("totalled.net_amount_reporting") }} as net_amount_reporting,
    totalled.known_at,
    totalled.known_date
from totalled
