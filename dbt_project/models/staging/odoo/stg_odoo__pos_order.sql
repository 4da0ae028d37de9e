select
    {{ order_id("pos.source_name", "'pos-' || pos.id") }} as order_id,
    pos.source_name,
    company.brand,
    cast(pos.id as varchar) as source_order_id,
    coalesce({{ text_or_null("pos.pos_reference") }}, pos.name) as order_name,
    {{ store_id("pos.source_name", "'pos:' || pos.config_id") }} as store_id,
    cast(pos.partner_id as varchar) as source_customer_id,
    cast(pos.session_id as varchar) as source_session_id,
    cast(pos.config_id as varchar) as source_config_id,
    cast(pos.user_id as varchar) as source_cashier_id,
    cast(pos.account_move as varchar) as source_invoice_id,
    pos.date_order as ordered_at,
    -- The day is the store's: its own zone where the head office knows the till, else the company's.
    coalesce(store.time_zone, company.time_zone) as time_zone,
    company.closing_hour,
    {{
        utc_business_date(
            "pos.date_order", "coalesce(store.time_zone, company.time_zone)", "company.closing_hour"
        )
    }} as order_date,
    pos.state as order_state,
    case
        when pos.state in ('paid', 'done', 'invoiced')
        then null
        when pos.state = 'cancel'
        then 'cancelled'
        else 'draft'
    end as excluded_reason,
    company.currency_code,
    pos.amount_total - pos.amount_tax as net_amount,
    pos.amount_tax as tax_amount,
    pos.amount_total as total_amount,
    pos.amount_paid as paid_amount,
    {{ known_at("pos.date_order", version="pos") }} as known_at
from {{ source("raw_odoo", "pos_order") }} as pos
inner join {{ ref("stg_ops__source") }} as source using (source_name)
inner join
    {{ ref("stg_odoo__company") }} as company
    on company.source_name = pos.source_name
    and company.source_company_id = cast(pos.company_id as varchar)
left join
    {{ ref("stg_headoffice__store") }} as store
    on store.store_id = {{ store_id("pos.source_name", "'pos:' || pos.config_id") }}
