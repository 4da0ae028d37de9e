-- Goods that came back, one row a return line and sale that it takes back; a line without a sale has one row.
-- The rows of a line share its amounts by quantity, and add up to them.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('return_order_id', changed_returns()) }}",
        post_hook="{{ remember_build() }}",
    )
}}

with
    return_line as (
        from {{ only_changed(ref("fct_order_line"), "order_id") }}
        where line_kind = 'return' and item_kind in ('product', 'manual')
    ),
    part as (
        select
            line.*,
            link.sale_order_line_id,
            coalesce(link.link_kind, 'unlinked') as link_kind,
            link.sale_date,
            link.days_to_return,
            coalesce(link.returned_quantity, - line.quantity) as part_quantity,
            row_number() over line_parts as part_no,
            -- What was returned up to this row, and before it: each share is rounded as a difference of the
            -- two.
            case
                when link.return_order_line_id is null
                then 1
                else
                    cast(sum(link.returned_quantity) over line_parts as double)
                    / cast(- line.quantity as double)
            end as share_until,
            case
                when link.return_order_line_id is null
                then 0
                else
                    cast(sum(link.returned_quantity) over line_parts - link.returned_quantity as double)
                    / cast(- line.quantity as double)
            end as share_before
        from return_line as line
        left join {{ ref("int_return_link") }} as link on line.order_line_id = link.return_order_line_id
        window
            line_parts as (
                partition by line.order_line_id
                order by link.sale_order_line_id
                rows between unbounded preceding and current row
            )
    )

select
    part.order_line_id || ':' || part.part_no as return_id,
    part.order_line_id as return_order_line_id,
    part.order_id as return_order_id,
    part.source_name,
    part.brand,
    part.channel,
    part.store_id,
    part.terminal_no,
    part.cashier_no,
    part.customer_source_name,
    part.source_customer_id,
    part.product_id,
    part.source_sku,
    part.lot_no,
    part.ordered_at as returned_at,
    part.order_date as return_date,
    part.link_kind,
    part.sale_order_line_id,
    sale.order_id as sale_order_id,
    sale.store_id as sale_store_id,
    part.sale_date,
    part.days_to_return,
    cast(part.part_quantity as decimal(18, 3)) as quantity,
    part.unit_of_measure,
    {%- for amount in ["gross_amount", "net_amount", "tax_amount", "net_amount_reporting", "cost_amount"] %}
        {{
            marts_money(
                "round(cast(-part."
                ~ amount
                ~ " as double) * part.share_until, 4)"
                ~ " - round(cast(-part."
                ~ amount
                ~ " as double) * part.share_before, 4)"
            )
        }} as {{ amount }},
    {%- endfor %}
    {{ marts_money("cast(sale.net_amount as double) * part.part_quantity / nullif(sale.quantity, 0)") }}
    as sale_net_amount,
    part.currency_code,
    part.reporting_currency_code,
    part.return_reason,
    part.known_at,
    part.known_date
from part
left join {{ ref("fct_order_line") }} as sale on part.sale_order_line_id = sale.order_line_id
