-- Which customers buy in both brands and have not bought for twice their usual gap?
--
-- Assumes: a row with null as brand is the customer's business with all brands; the usual gap is the median of the
-- days between one day with a purchase and the next, in any brand, and three orders make it usual. The most valuable
-- come first. How likely each is to leave a brand stands in score_churn_current.
select
    customer_id,
    order_count,
    last_order_date,
    days_since_order,
    usual_gap_days,
    net_sales_amount_reporting,
    reporting_currency_code
from mart_customer_360
where brand is null and brand_count >= 2 and order_count >= 3 and days_since_order > 2 * usual_gap_days
order by net_sales_amount_reporting desc nulls last, customer_id;
