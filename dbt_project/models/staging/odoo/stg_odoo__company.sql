-- Companies with their currency and the brand that trades as them, where the settings name one of that name.
with
    sole_brand as (
        select
            company_name,
            any_value(brand) as brand,
            any_value(time_zone) as time_zone,
            any_value(closing_hour) as closing_hour
        from {{ source("ops", "ops_brand") }}
        group by company_name
        having count(*) = 1
    )

select
    company.source_name || ':' || company.id as company_id,
    company.source_name,
    cast(company.id as varchar) as source_company_id,
    company.name as company_name,
    cast(company.partner_id as varchar) as source_partner_id,
    coalesce(currency.name, source.currency_code) as currency_code,
    coalesce(sole_brand.brand, source.brand) as brand,
    coalesce(sole_brand.time_zone, source.time_zone) as time_zone,
    coalesce(sole_brand.closing_hour, source.closing_hour) as closing_hour
from {{ source("raw_odoo", "res_company") }} as company
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join
    {{ source("raw_odoo", "res_currency") }} as currency
    on currency.source_name = company.source_name
    and currency.id = company.currency_id
left join sole_brand on sole_brand.company_name = company.name
