select
    {{ store_id("config.source_name", "'pos:' || config.id") }} as store_id,
    config.source_name,
    cast(config.id as varchar) as source_till_id,
    config.name as till_name,
    cast(config.warehouse_id as varchar) as source_warehouse_id
from {{ source("raw_odoo", "pos_config") }} as config
inner join {{ ref("stg_ops__source") }} as source using (source_name)
