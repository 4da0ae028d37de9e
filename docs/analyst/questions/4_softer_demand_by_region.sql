-- In which regions has demand softened against the same weeks before, and is stock, price or promotion the likely cause?
--
-- Assumes: the last four full weeks of a brand against the same weeks a year before, or against the four weeks before
-- where the brand has no sales that long ago. Demand is pieces sold. Price is what a piece of a category cost after
-- discount, at the earlier mix of categories; stock is the share of days without any, over products and stores with
-- stock levels; promotion is the share of quantity sold in a promoted week. The likely cause is the one that moved
-- most for the worse, by a hundredth at least.
with
    period as (
        select
            brand,
            cast(date_trunc('week', max(order_date) + 1) as date) - 28 as now_date,
            if(min(order_date) <= max(order_date) - 398, 364, 28) as days_back
        from mart_kpi_daily
        group by brand
    ),
    week as (
        select brand, unnest([true, false]) as is_now, now_date - unnest([0, days_back]) as first_date from period
    ),
    store_period as (
        select
            store.store_id,
            store.brand,
            coalesce(store.region, store.country_code) as region,
            week.is_now,
            week.first_date
        from dim_store as store
        inner join week on store.brand = week.brand
    ),
    sold as (
        select
            store_period.brand,
            store_period.region,
            store_period.is_now,
            sales.category,
            sum(sales.sold_qty) as qty,
            sum(sales.gross_sales_amount - sales.discount_amount) as amount
        from mart_sales_daily as sales
        inner join
            store_period
            on sales.store_id = store_period.store_id
            and sales.order_date >= store_period.first_date
            and sales.order_date < store_period.first_date + 28
        group by store_period.brand, store_period.region, store_period.is_now, sales.category
        having sum(sales.sold_qty) > 0
    ),
    category as (
        select
            brand,
            region,
            coalesce(sum(qty) filter (where is_now), 0) as now_qty,
            coalesce(sum(qty) filter (where not is_now), 0) as before_qty,
            sum(amount / qty) filter (where is_now) as now_price,
            sum(amount / qty) filter (where not is_now) as before_price
        from sold
        group by brand, region, category
    ),
    demand as (
        select
            brand,
            region,
            sum(now_qty) as now_qty,
            sum(before_qty) as before_qty,
            sum(before_qty * now_price) / sum(before_qty * before_price) filter (where now_price is not null) - 1
            as price_change
        from category
        group by brand, region
    ),
    stock as (
        select
            store_period.brand,
            store_period.region,
            avg(if(level.on_hand_qty <= 0, 1, 0)) filter (where store_period.is_now)
            - avg(if(level.on_hand_qty <= 0, 1, 0)) filter (where not store_period.is_now) as stock_out_change
        from fct_stock_level as level
        inner join
            store_period
            on level.store_id = store_period.store_id
            and level.stock_date >= store_period.first_date
            and level.stock_date < store_period.first_date + 28
        group by store_period.brand, store_period.region
    ),
    promoted as (
        select
            store_period.brand,
            store_period.region,
            coalesce(sum(store.sold_qty) filter (where store_period.is_now), 0) as now_qty,
            coalesce(sum(store.sold_qty) filter (where not store_period.is_now), 0) as before_qty
        from mart_promotion_store as store
        inner join
            store_period
            on store.store_id = store_period.store_id
            and store.week_start_date >= store_period.first_date
            and store.week_start_date < store_period.first_date + 28
        group by store_period.brand, store_period.region
    ),
    change as (
        select
            demand.brand,
            demand.region,
            demand.now_qty,
            demand.before_qty,
            demand.now_qty / demand.before_qty - 1 as demand_change,
            stock.stock_out_change,
            demand.price_change,
            coalesce(promoted.now_qty, 0) / nullif(demand.now_qty, 0)
            - coalesce(promoted.before_qty, 0) / demand.before_qty as promoted_change
        from demand
        left join stock on demand.brand = stock.brand and demand.region = stock.region
        left join promoted on demand.brand = promoted.brand and demand.region = promoted.region
        where demand.now_qty < demand.before_qty
    )
select
    brand,
    region,
    now_qty,
    before_qty,
    round(demand_change, 4) as demand_change,
    round(stock_out_change, 4) as stock_out_change,
    round(price_change, 4) as price_change,
    round(promoted_change, 4) as promoted_change,
    case greatest(stock_out_change, price_change, -promoted_change, 0.01)
        when stock_out_change then 'stock'
        when price_change then 'price'
        when -promoted_change then 'promotion'
        else 'none of these'
    end as likely_cause
from change
order by demand_change, brand, region;
