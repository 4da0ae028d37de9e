select
    unit.source_name || ':' || unit.id as unit_id,
    unit.source_name,
    cast(unit.id as varchar) as source_unit_id,
    unit.name as unit_name,
    unit.factor as reference_quantity,
    nullif(split_part(unit.parent_path, '/', 1), '') as source_reference_unit_id
from {{ source("raw_odoo", "uom_uom") }} as unit
inner join {{ ref("stg_ops__source") }} as source using (source_name)
