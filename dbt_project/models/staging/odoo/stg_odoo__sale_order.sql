select
    {{ order_id("sale.source_name", "'sale-' || sale.id") }} as order_id,
    sale.source_name,
    company.brand,
    cast(sale.id as varchar) as source_order_id,
    sale.name as order_name,
    {{ store_id("sale.source_name", "'sales'") }} as store_id,
    cast(sale.partner_id as varchar) as source_customer_id,
    sale.date_order as ordered_at,
    {{ utc_business_date("sale.date_order", "company.time_zone", "company.closing_hour") }} as order_date,
    sale.state as order_state,
    case
        when sale.state in ('sale', 'done') then null when sale.state = 'cancel' then 'cancelled' else 'draft'
    end as excluded_reason,
    coalesce(currency.name, company.currency_code) as currency_code,
    sale.amount_untaxed as net_amount,
    sale.amount_tax as tax_amount,
    sale.amount_total as total_amount,
    {{ known_at("sale.date_order", version="sale") }} as known_at
from {{ source("raw_odoo", "sale_order") }} as sale
inner join {{ ref("stg_ops__source") }} as source using (source_name)
inner join
    {{ ref("stg_odoo__company") }} as company
    on company.source_name = sale.source_name
    and company.source_company_id = cast(sale.company_id as varchar)
left join
    {{ source("raw_odoo", "res_currency") }} as currency
    on currency.source_name = sale.source_name
    and currency.id = sale.currency_id
