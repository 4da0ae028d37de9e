select
    {{ store_id("warehouse.source_name", "'warehouse:' || warehouse.id") }} as store_id,
    warehouse.source_name,
    coalesce(company.brand, source.brand) as brand,
    cast(warehouse.id as varchar) as source_warehouse_id,
    warehouse.name as warehouse_name,
    warehouse.code as warehouse_code,
    coalesce(company.currency_code, source.currency_code) as currency_code,
    coalesce(company.time_zone, source.time_zone) as time_zone
from {{ source("raw_odoo", "stock_warehouse") }} as warehouse
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join
    {{ ref("stg_odoo__company") }} as company
    on company.source_name = warehouse.source_name
    and company.source_company_id = cast(warehouse.company_id as varchar)
