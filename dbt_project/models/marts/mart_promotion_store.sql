-- What a promotion did in a store: its week against the same product and store in the unpromoted weeks
-- before. A week without a sale counts as 0 once the store trades and the product is sold anywhere: from the
-- store's first sale of it on, each series would begin with a sale, and more would be expected than is due.
-- Rows are weeks with a sale or a promotion alone, whatever the number of weeks between. A promotion of a
-- product that the store neither sold nor stocked has no row.
{% set weeks = 13 %}

with
    promotion as (
        from {{ ref("int_promotion_store_week") }} where week_start_date + 6 <= {{ marts_as_of() }}
    ),
    sale_week as (
        select
            product_id,
            store_id,
            cast(date_trunc('week', order_date) as date) as week_start_date,
            {{ measure_product_quantity() }} as sold_qty,
            {{ measure_net_sales(is_reporting=true) }} as net_sales_amount,
            {{ measure_discount(is_reporting=true) }} as discount_amount,
            {{ measure_margin(is_reporting=true) }} as margin_amount
        from {{ ref("fct_order_line") }}
        semi join promotion using (product_id, store_id)
        where item_kind = 'product' and line_kind = 'sale'
        group by product_id, store_id, cast(date_trunc('week', order_date) as date)
    ),
    product_start as (
        select product_id, min(order_date) as product_start_date
        from {{ ref("fct_order_line") }}
        semi join promotion using (product_id)
        where item_kind = 'product' and line_kind = 'sale'
        group by product_id
    ),
    store_start as (
        select store_id, min(order_date) as store_start_date
        from {{ ref("fct_order_line") }}
        where item_kind = 'product' and line_kind = 'sale'
        group by store_id
    ),
    week as (
        select
            * exclude (sold_qty, net_sales_amount, discount_amount, product_start_date, store_start_date),
            brand is not null as is_promoted,
            coalesce(sold_qty, 0) as sold_qty,
            if(sold_qty is null, 0, net_sales_amount) as net_sales_amount,
            if(sold_qty is null, 0, discount_amount) as discount_amount,
            case
                when product_start_date is not null and store_start_date is not null
                then cast(date_trunc('week', greatest(product_start_date, store_start_date)) as date)
            end as first_week
        from promotion
        full join sale_week using (product_id, store_id, week_start_date)
        left join product_start using (product_id)
        left join store_start using (store_id)
    ),
    compared as (
        select
            *,
            sum(sold_qty) filter (where not is_promoted) over earlier as earlier_sold_qty,
            sum(margin_amount) filter (where not is_promoted) over earlier as earlier_margin_amount,
            greatest(
                least({{ weeks }}, divide(week_start_date - first_week, 7))
                - count(*) filter (where is_promoted and week_start_date >= first_week) over earlier,
                0
            ) as earlier_week_count
        from week
        window
            earlier as (
                partition by product_id, store_id
                order by
                    week_start_date
                    range between interval {{ 7 * weeks }} day preceding and interval 7 day preceding
            )
    ),
    expected as (
        select
            * exclude (margin_amount),
            if(sold_qty > 0, margin_amount, 0) as margin_amount,
            cast(
                coalesce(earlier_sold_qty, 0) / nullif(earlier_week_count, 0) as decimal(18, 3)
            ) as expected_qty,
            -- Nothing sold earlier is no margin; something sold without a known cost is an unknown one
            {{
                marts_money(
                    "if(coalesce(earlier_sold_qty, 0) = 0, 0, earlier_margin_amount) / nullif(earlier_week_count, 0)"
                )
            }}
            as expected_margin_amount
        from compared
        where is_promoted
    ),
    stock as (
        select
            level.product_id,
            level.store_id,
            promotion.week_start_date,
            count(*) as stock_day_count,
            count(*) filter (where level.on_hand_qty <= 0) as stock_out_days
        from {{ ref("fct_stock_level") }} as level
        inner join
            promotion
            on level.product_id = promotion.product_id
            and level.store_id = promotion.store_id
            and cast(date_trunc('week', level.stock_date) as date) = promotion.week_start_date
        group by level.product_id, level.store_id, promotion.week_start_date
    ),
    forecast as (
        select product_id, store_id, week_start_date, arg_max(uplift_qty, as_of_date) as forecast_uplift_qty
        from {{ source("scores", "score_promotion") }}
        where as_of_date < week_start_date
        group by product_id, store_id, week_start_date
    )
select
    {{ promotion_id("expected.brand", "product_id", "week_start_date") }} as promotion_id,
    expected.brand,
    product_id,
    store_id,
    week_start_date,
    expected.has_display,
    expected.has_mailer,
    expected.sold_qty,
    expected.expected_qty,
    cast(expected.sold_qty - expected.expected_qty as decimal(18, 3)) as uplift_qty,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    {{ marts_money("expected.net_sales_amount") }} as net_sales_amount_reporting,
    {{ marts_money("expected.discount_amount") }} as discount_amount_reporting,
    {{ marts_money("expected.margin_amount") }} as margin_amount_reporting,
    expected.expected_margin_amount as expected_margin_amount_reporting,
    {{ marts_money("expected.margin_amount - expected.expected_margin_amount") }}
    as incremental_margin_amount_reporting,
    coalesce(stock.stock_day_count, 0) as stock_day_count,
    coalesce(stock.stock_out_days, 0) as stock_out_days,
    stock.stock_out_days > 0 as has_stock_out,
    cast(forecast.forecast_uplift_qty as decimal(18, 3)) as forecast_uplift_qty
from expected
left join stock using (product_id, store_id, week_start_date)
left join forecast using (product_id, store_id, week_start_date)
where expected.sold_qty > 0 or expected.expected_qty > 0 or stock.stock_day_count > 0
