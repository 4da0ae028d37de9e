-- How units moved with price, one row a brand and category: sums over the weeks of its products in the
-- year to `as_of`, of the logarithms of units and of net price, each less the product's own mean, then less
-- what the category's products did in that week together, then less what goes with the number of stores
-- that promoted the product: a lower price on a display sells more for two reasons. Weeks without a sale
-- have no price and are not in it. The sums are of decimals, so that they are the same in any order.
{% set as_of = marts_as_of() %}

with
    product_week as (
        select
            line.brand,
            product.category,
            line.product_id,
            cast(date_trunc('week', line.order_date) as date) as week_start_date,
            sum(line.quantity) as units,
            sum(line.net_amount) as net_amount
        from {{ ref("fct_order_line") }} as line
        inner join {{ ref("dim_product") }} as product on line.product_id = product.product_id
        where
            line.line_kind = 'sale'
            and line.item_kind = 'product'
            and line.unit_of_measure = 'piece'
            and line.quantity > 0
            and line.quantity <= 50
            and line.net_amount > 0
            and line.order_date > {{ as_of }} - 364
            and line.order_date <= {{ as_of }}
            and line.known_date <= {{ as_of }}
            and product.category is not null
        group by line.brand, product.category, line.product_id, week_start_date
    ),
    promoted_week as (
        select brand, product_id, week_start_date, count(*) as store_count
        from {{ ref("int_promotion_store_week") }}
        group by brand, product_id, week_start_date
    ),
    logarithm as (
        select
            brand,
            category,
            product_id,
            week_start_date,
            cast(ln(cast(units as double)) as decimal(18, 6)) as log_units,
            cast(ln(cast(net_amount as double) / cast(units as double)) as decimal(18, 6)) as log_price,
            cast(ln(1 + coalesce(promoted_week.store_count, 0)) as decimal(18, 6)) as log_stores
        from product_week
        left join promoted_week using (brand, product_id, week_start_date)
        qualify count(*) over (partition by brand, product_id) >= 8
    ),
    -- Means, as decimals
    within_product as (
        select
            brand,
            category,
            product_id,
            week_start_date,
            log_units - cast(avg(log_units) over of_product as decimal(18, 6)) as log_units,
            log_price - cast(avg(log_price) over of_product as decimal(18, 6)) as log_price,
            log_stores - cast(avg(log_stores) over of_product as decimal(18, 6)) as log_stores
        from logarithm
        window of_product as (partition by brand, product_id)
    ),
    within_week as (
        select
            brand,
            category,
            product_id,
            week_start_date,
            log_units - cast(avg(log_units) over of_week as decimal(18, 6)) as log_units,
            log_price - cast(avg(log_price) over of_week as decimal(18, 6)) as log_price,
            log_stores - cast(avg(log_stores) over of_week as decimal(18, 6)) as log_stores
        from within_product
        window of_week as (partition by brand, category, week_start_date)
    ),
    with_promotion as (
        select
            brand,
            category,
            {{ marts_ratio("sum(log_stores * log_units)", "sum(log_stores * log_stores)") }} as of_units,
            {{ marts_ratio("sum(log_stores * log_price)", "sum(log_stores * log_stores)") }} as of_price
        from within_week
        group by brand, category
    ),
    beside_promotion as (
        select
            brand,
            category,
            product_id,
            week_start_date,
            log_units
            - cast(coalesce(log_stores * with_promotion.of_units, 0) as decimal(18, 6)) as log_units,
            log_price - cast(coalesce(log_stores * with_promotion.of_price, 0) as decimal(18, 6)) as log_price
        from within_week
        inner join with_promotion using (brand, category)
    )
select
    brand,
    category,
    count(distinct product_id) as product_count,
    count(distinct week_start_date) as week_count,
    count(*) as product_week_count,
    {{ marts_double("sum(log_price * log_price)") }} as xx,
    {{ marts_double("sum(log_price * log_units)") }} as xy,
    {{ marts_double("sum(log_units * log_units)") }} as yy
from beside_promotion
group by brand, category
