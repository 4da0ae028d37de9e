-- Which promotions in the last quarter earned margin after the discount, and which sold what would have sold anyway?
--
-- Assumes: the last quarter is the 91 days to the last day with an order of the brand; what would have sold anyway is
-- the mean of the unpromoted weeks before, and less than a tenth above it is no more than that. Promotions of which
-- less than one unit was to be expected are too small to tell.
with
    last_day as (select brand, max(order_date) as last_date from mart_kpi_daily group by brand)
select
    promotion.promotion_id,
    promotion.brand,
    product.product_name,
    promotion.sold_qty,
    promotion.expected_qty,
    promotion.uplift_share,
    promotion.discount_amount_reporting,
    promotion.margin_amount_reporting,
    promotion.incremental_margin_amount_reporting,
    case
        when promotion.uplift_share < 0.1 then 'would have sold anyway'
        when promotion.incremental_margin_amount_reporting > 0 then 'earned margin'
        when promotion.incremental_margin_amount_reporting <= 0 then 'sold more for less margin'
        else 'sold more, margin unknown'
    end as verdict
from mart_promotion_performance as promotion
inner join last_day on promotion.brand = last_day.brand
left join dim_product as product on promotion.product_id = product.product_id
where promotion.week_start_date > last_day.last_date - 91 and promotion.expected_qty >= 1
order by promotion.incremental_margin_amount_reporting desc nulls last, promotion.promotion_id;
