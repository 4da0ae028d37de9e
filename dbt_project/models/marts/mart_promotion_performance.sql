-- What a promotion did, over its stores. Uplift and incremental margin compare the stores alone of which
-- something was to be expected.
select
    promotion_id,
    brand,
    product_id,
    week_start_date,
    bool_or(has_display) as has_display,
    bool_or(has_mailer) as has_mailer,
    count(*) as store_count,
    cast(sum(sold_qty) as decimal(18, 3)) as sold_qty,
    cast(sum(expected_qty) as decimal(18, 3)) as expected_qty,
    cast(sum(uplift_qty) as decimal(18, 3)) as uplift_qty,
    {{ marts_ratio("sum(uplift_qty)", "sum(expected_qty)") }} as uplift_share,
    reporting_currency_code,
    {{ marts_money("sum(net_sales_amount_reporting)") }} as net_sales_amount_reporting,
    {{ marts_money("sum(discount_amount_reporting)") }} as discount_amount_reporting,
    {{ marts_money("sum(margin_amount_reporting)") }} as margin_amount_reporting,
    {{ marts_money("sum(expected_margin_amount_reporting)") }} as expected_margin_amount_reporting,
    {{ marts_money("sum(incremental_margin_amount_reporting)") }} as incremental_margin_amount_reporting,
    count(has_stock_out) as stocked_store_count,
    {{ marts_ratio("count(*) filter (where has_stock_out)", "count(has_stock_out)") }} as stock_out_share,
    count(forecast_uplift_qty) as forecast_store_count,
    cast(sum(forecast_uplift_qty) as decimal(18, 3)) as forecast_uplift_qty
from {{ ref("mart_promotion_store") }}
group by promotion_id, brand, product_id, week_start_date, reporting_currency_code
