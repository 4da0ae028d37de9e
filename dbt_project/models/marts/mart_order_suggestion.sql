-- What to order, move or mark down by the newest scores, one row a product and store. A view: scores are made
-- after the marts of their day.
{{ config(materialized="view") }}

select
    score.brand,
    score.store_id,
    store.store_name,
    score.product_id,
    product.sku,
    product.product_name,
    product.department,
    product.category,
    score.as_of_date,
    case
        when score.suggested_order_qty is null
        then 'unknown'
        when score.transfer_qty > 0 and score.suggested_order_qty > 0
        then 'transfer and order'
        when score.transfer_qty > 0
        then 'transfer'
        when score.suggested_order_qty > 0
        then 'order'
        when score.markdown_share is not null
        then 'mark down'
        else 'none'
    end as suggestion,
    cast(score.on_hand_qty as decimal(18, 3)) as on_hand_qty,
    cast(score.on_order_qty as decimal(18, 3)) as on_order_qty,
    cast(score.reserved_qty as decimal(18, 3)) as reserved_qty,
    cast(score.reorder_point_qty as decimal(18, 3)) as reorder_point_qty,
    cast(score.order_up_to_qty as decimal(18, 3)) as order_up_to_qty,
    cast(score.suggested_order_qty as decimal(18, 3)) as suggested_order_qty,
    score.unit_cost_amount,
    score.order_amount,
    score.currency_code,
    score.supplier_id,
    cast(score.lead_time_days as decimal(18, 1)) as lead_time_days,
    cast(score.lead_time_std_days as decimal(18, 1)) as lead_time_std_days,
    score.review_days,
    score.service_level,
    score.transfer_from_store_id,
    cast(score.transfer_qty as decimal(18, 3)) as transfer_qty,
    score.markdown_share,
    array_to_string(score.reasons, '. ') as reasons,
    score.is_fallback
from {{ source("scores", "score_order_current") }} as score
left join {{ ref("dim_product") }} as product on score.product_id = product.product_id
left join {{ ref("dim_store") }} as store on score.store_id = store.store_id
