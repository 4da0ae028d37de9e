-- What did loyalty points cost and bring?
--
-- Assumes: a point is worth 0.01 in the reporting currency: put the scheme's own value there. Cost is what was
-- redeemed, liability what is still on accounts. What points bring is the margin of a member who redeemed beside that
-- of one who never did, with the same brand: a difference, not an effect, for who buys more redeems more.
select
    brand,
    points_redeemed > 0 as has_redeemed,
    count(*) as customer_count,
    cast(sum(points_earned) as bigint) as points_earned,
    cast(sum(points_redeemed) as bigint) as points_redeemed,
    cast(sum(points_expired) as bigint) as points_expired,
    sum(points_redeemed) * 0.01 as points_cost_amount_reporting,
    sum(points_balance) * 0.01 as points_liability_amount_reporting,
    round(sum(order_count) / count(*), 2) as customer_order_count,
    round(sum(net_sales_amount_reporting) / count(*), 2) as customer_net_sales_amount_reporting,
    round(sum(margin_amount_reporting) / count(*), 2) as customer_margin_amount_reporting
from mart_customer_360
where brand is not null and points_earned > 0
group by brand, points_redeemed > 0
order by brand, has_redeemed;
