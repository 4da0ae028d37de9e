-- Stock of a product in a store at its latest level by `as_of`, against what was sold in the 28 days to
-- `as_of`.
{% set as_of = marts_as_of() %}

with
    stock as (
        select
            brand,
            store_id,
            product_id,
            max(stock_date) as stock_date,
            arg_max(on_hand_qty, stock_date) as on_hand_qty,
            count(*) filter (where stock_date > {{ as_of }} - 28) as stock_day_count,
            count(*) filter (where stock_date > {{ as_of }} - 28 and on_hand_qty <= 0) as stock_out_days
        from {{ ref("fct_stock_level") }}
        where stock_date <= {{ as_of }}
        group by brand, store_id, product_id
    ),
    sold as (
        select store_id, product_id, {{ measure_product_quantity() }} as sold_qty
        from {{ ref("fct_order_line") }}
        where item_kind = 'product' and order_date > {{ as_of }} - 28 and order_date <= {{ as_of }}
        group by store_id, product_id
    )
select
    stock.brand,
    store_id,
    product_id,
    {{ as_of }} as as_of_date,
    stock.stock_date,
    cast({{ as_of }} - stock.stock_date as integer) as stock_age_days,
    stock.on_hand_qty,
    cast(coalesce(sold.sold_qty, 0) as decimal(18, 3)) as sold_qty,
    cast(
        greatest(stock.on_hand_qty, 0) * 28 / nullif(coalesce(sold.sold_qty, 0), 0) as decimal(18, 1)
    ) as cover_days,
    stock.stock_day_count,
    stock.stock_out_days,
    {{ marts_ratio("stock.stock_out_days", "stock.stock_day_count") }} as stock_out_share
from stock
left join sold using (store_id, product_id)
