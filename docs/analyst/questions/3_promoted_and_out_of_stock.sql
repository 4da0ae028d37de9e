-- Which promoted products were out of stock in the stores where response was best?
--
-- Assumes: the 91 days to the brand's last day with an order; a store's response is what it sold in its promoted weeks
-- over what was to be expected, and the best third of a brand's stores by it counts. missed_qty is what the days
-- without stock would have brought at that response.
with
    promoted as (
        select store.*
        from mart_promotion_store as store
        inner join
            (select brand, max(order_date) as last_date from mart_kpi_daily group by brand) as last_day
            on store.brand = last_day.brand
        where store.week_start_date > last_day.last_date - 91 and store.expected_qty is not null
    ),
    store_response as (
        select
            brand,
            store_id,
            sum(sold_qty) / sum(expected_qty) as response,
            ntile(3) over (partition by brand order by sum(sold_qty) / sum(expected_qty) desc, store_id) as third
        from promoted
        group by brand, store_id
        having sum(expected_qty) > 0
    )
select
    promoted.brand,
    promoted.product_id,
    product.product_name,
    count(distinct promoted.store_id) as store_count,
    count(*) as stock_out_week_count,
    cast(sum(promoted.stock_out_days) as bigint) as stock_out_days,
    round(sum(promoted.expected_qty * store_response.response * promoted.stock_out_days / 7), 1) as missed_qty
from promoted
inner join store_response on promoted.brand = store_response.brand and promoted.store_id = store_response.store_id
left join dim_product as product on promoted.product_id = product.product_id
where store_response.third = 1 and promoted.has_stock_out
group by promoted.brand, promoted.product_id, product.product_name
order by missed_qty desc, promoted.product_id;
