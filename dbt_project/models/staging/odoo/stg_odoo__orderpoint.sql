select
    rule.source_name || ':' || rule.id as orderpoint_id,
    rule.source_name,
    cast(rule.id as varchar) as source_orderpoint_id,
    {{ store_id("rule.source_name", "'warehouse:' || rule.warehouse_id") }} as store_id,
    product.product_id,
    cast(rule.product_id as varchar) as source_product_id,
    rule.product_min_qty as minimum_qty,
    rule.product_max_qty as maximum_qty,
    cast(
        case
            when rule.replenishment_uom_id is null
            then nullif(rule.qty_multiple, 0)
            else {{ odoo_units_in("unit", "rule.replenishment_uom_id", "product_unit", "template.uom_id") }}
        end as decimal(18, 3)
    ) as multiple_qty,
    rule.trigger as trigger_kind,
    coalesce(rule.location_id = warehouse.lot_stock_id, false) as is_at_stock_location,
    coalesce(rule.active, true) as is_active,
    rule.write_date as updated_at
from {{ source("raw_odoo", "stock_warehouse_orderpoint") }} as rule
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join
    {{ ref("stg_odoo__product_product") }} as product
    on product.source_name = rule.source_name
    and product.source_product_id = cast(rule.product_id as varchar)
left join
    {{ source("raw_odoo", "stock_warehouse") }} as warehouse
    on warehouse.source_name = rule.source_name
    and warehouse.id = rule.warehouse_id
left join
    {{ source("raw_odoo", "product_template") }} as template
    on template.source_name = product.source_name
    and cast(template.id as varchar) = product.source_template_id
left join
    {{ ref("stg_odoo__unit") }} as unit
    on unit.source_name = rule.source_name
    and unit.source_unit_id = cast(rule.replenishment_uom_id as varchar)
left join
    {{ ref("stg_odoo__unit") }} as product_unit
    on product_unit.source_name = rule.source_name
    and product_unit.source_unit_id = cast(template.uom_id as varchar)
