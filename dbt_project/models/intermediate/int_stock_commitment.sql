-- What is on its way to a store and what its stock is promised to, one row a product and store: Odoo's moves
-- that were planned by `as_of` and not done by then. Other systems tell neither.
{% set as_of = marts_as_of() %}

with
    open_move as (
        select
            product_id,
            planned_qty,
            case when from_usage = 'internal' then from_store_id end as leaves_store_id,
            case when to_usage = 'internal' then to_store_id end as reaches_store_id
        from {{ ref("stg_odoo__stock_move") }}
        where
            move_state not in ('draft', 'cancel')
            and created_date <= {{ as_of }}
            and (move_state <> 'done' or moved_date > {{ as_of }})
            and product_id is not null
    ),
    sided as (
        select product_id, reaches_store_id as store_id, planned_qty as on_order_qty, 0 as reserved_qty
        from open_move
        where reaches_store_id is not null and reaches_store_id is distinct from leaves_store_id
        union all
        select product_id, leaves_store_id as store_id, 0 as on_order_qty, planned_qty as reserved_qty
        from open_move
        where leaves_store_id is not null and leaves_store_id is distinct from reaches_store_id
    )
select
    product_id,
    store_id,
    cast(sum(on_order_qty) as decimal(18, 3)) as on_order_qty,
    cast(sum(reserved_qty) as decimal(18, 3)) as reserved_qty
from sided
group by product_id, store_id
