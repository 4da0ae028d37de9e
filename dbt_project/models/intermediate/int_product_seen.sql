-- Products as the selling sources name them on order lines, one row a source and product.
with order_line as ({{ marts_union_all(marts_order_line_models()) }})
select
    source_name,
    product_id,
    -- A line without SKU knows its product by name alone.
    bool_and(item_kind = 'manual') as is_named_only,
    max(source_sku) as sku,
    max(product_name) as product_name,
    max(unit_of_measure) as unit_of_measure
from order_line
where product_id is not null
group by source_name, product_id
