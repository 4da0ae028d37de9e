select
    move.source_name || ':' || move.id as stock_move_id,
    move.source_name,
    cast(move.id as varchar) as source_stock_move_id,
    product.product_id,
    origin.usage as from_usage,
    destination.usage as to_usage,
    {{ store_id("move.source_name", "'warehouse:' || origin.warehouse_id") }} as from_store_id,
    {{ store_id("move.source_name", "'warehouse:' || destination.warehouse_id") }} as to_store_id,
    cast(move.quantity as decimal(18, 3)) as quantity,
    cast(coalesce(move.product_uom_qty, move.quantity) as decimal(18, 3)) as planned_qty,
    {{ local_date("move.create_date", "source.time_zone") }} as created_date,
    move.state as move_state,
    move.date as moved_at,
    {{ local_date("move.date", "source.time_zone") }} as moved_date,
    if(
        move.origin_returned_move_id is null, null, move.source_name || ':' || move.origin_returned_move_id
    ) as returned_stock_move_id,
    {{ text_or_null("move.reference") }} as reference,
    {{ known_at("move.date", version="move") }} as known_at
from {{ source("raw_odoo", "stock_move") }} as move
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join
    {{ ref("stg_odoo__product_product") }} as product
    on product.source_name = move.source_name
    and product.source_product_id = cast(move.product_id as varchar)
left join
    {{ source("raw_odoo", "stock_location") }} as origin
    on origin.source_name = move.source_name
    and origin.id = move.location_id
left join
    {{ source("raw_odoo", "stock_location") }} as destination
    on destination.source_name = move.source_name
    and destination.id = move.location_dest_id
