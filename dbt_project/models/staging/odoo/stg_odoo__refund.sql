select
    move.source_name || ':' || move.id as refund_id,
    move.source_name,
    coalesce(company.brand, source.brand) as brand,
    cast(move.id as varchar) as source_refund_id,
    {{ order_id("move.source_name", "'refund-' || move.id") }} as order_id,
    move.name as refund_name,
    cast(move.partner_id as varchar) as source_customer_id,
    if(
        move.reversed_entry_id is null, null, move.source_name || ':' || move.reversed_entry_id
    ) as reversed_entry_id,
    coalesce(
        {{ end_of_day("move.invoice_date", "coalesce(company.time_zone, source.time_zone)") }},
        move.create_date
    ) as refunded_at,
    coalesce(
        move.invoice_date,
        {{
            utc_business_date(
                "move.create_date", "coalesce(company.time_zone, source.time_zone)", "company.closing_hour"
            )
        }}
    ) as refund_date,
    move.amount_untaxed as net_amount,
    move.amount_total as total_amount,
    coalesce(currency.name, company.currency_code, source.currency_code) as currency_code,
    move.state as refund_state,
    {{
        known_at(
            "coalesce(" ~ end_of_day("move.invoice_date", "source.time_zone") ~ ", move.create_date)",
            version="move",
        )
    }} as known_at
from {{ source("raw_odoo", "account_move") }} as move
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join
    {{ ref("stg_odoo__company") }} as company
    on company.source_name = move.source_name
    and company.source_company_id = cast(move.company_id as varchar)
left join
    {{ source("raw_odoo", "res_currency") }} as currency
    on currency.source_name = move.source_name
    and currency.id = move.currency_id
where move.move_type = 'out_refund'
