-- One row a product, store, forecast origin and horizon: what was known on the origin (the Sunday that
-- ends the last full week) about the series, and the units sold in the target week. Only products sold by
-- the piece, lines of at most 50, and series with enough sale days in the year to the last origin. Point
-- in time: a row counts at an origin when `known_date <= origin_date`. Only the label looks ahead, to what
-- was known by `as_of`; a promotion of the target week counts where it was known, as planned, on the
-- origin.
{% set as_of = marts_as_of() %}

with
    last_origin as (select cast(date_trunc('week', {{ as_of }} + 1) as date) - 1 as origin_date),
    origin as (
        select cast(origin_date - cast(7 * step as integer) as date) as origin_date
        from last_origin, range(0, {{ var("demand_origins", 16) }} + 1) as steps(step)
    ),
    piece_sale as (
        select product_id, store_id, brand, order_date, known_date, quantity, net_amount, gross_amount
        from {{ ref("fct_order_line") }}
        where
            line_kind = 'sale'
            and item_kind = 'product'
            and unit_of_measure = 'piece'
            and quantity > 0
            and quantity <= 50
            and product_id is not null
            and store_id is not null
            and order_date <= {{ as_of }}
            and known_date <= {{ as_of }}
    ),
    series as (
        select product_id, store_id, min(brand) as brand
        from piece_sale
        where
            order_date <= (select origin_date from last_origin)
            and order_date > (select origin_date - 7 * {{ var("demand_weeks", 52) }} from last_origin)
        group by product_id, store_id
        having count(distinct order_date) >= {{ var("demand_min_sale_days", 20) }}
    ),

    -- Weeks, kept apart by the Sunday on which a daily run would first have had their rows
    sale_week as (
        select
            product_id,
            store_id,
            brand,
            cast(date_trunc('week', order_date) as date) as week_start_date,
            cast(date_trunc('week', known_date) + interval 6 day as date) as known_sunday,
            sum(quantity) as units,
            sum(net_amount) as net_amount,
            sum(gross_amount) as gross_amount,
            count(distinct order_date) as sale_days
        from piece_sale
        group by all
    ),
    -- A week in which a brand sold nothing at all is a gap in the data, no week without demand
    brand_week as (
        select
            week.brand,
            origin.origin_date,
            cast(divide(origin.origin_date - 6 - week.week_start_date, 7) + 1 as integer) as weeks_back
        from (select distinct brand, week_start_date, known_sunday from sale_week) as week
        inner join
            origin on week.known_sunday <= origin.origin_date and week.week_start_date <= origin.origin_date
        group by all
    ),
    brand_history as (
        select
            brand,
            origin_date,
            list(weeks_back) as data_weeks,
            {%- for weeks in [4, 13, 26, 52] %}
                count(*) filter (where weeks_back <= {{ weeks }}) as data_weeks_{{ weeks }}
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from brand_week
        group by brand, origin_date
    ),
    series_week as (
        select
            series.product_id,
            series.store_id,
            origin.origin_date,
            cast(divide(origin.origin_date - 6 - week.week_start_date, 7) + 1 as integer) as weeks_back,
            sum(week.units) as units,
            sum(week.net_amount) as net_amount,
            sum(week.gross_amount) as gross_amount,
            sum(week.sale_days) as sale_days
        from series
        inner join sale_week as week using (product_id, store_id)
        inner join
            origin on week.known_sunday <= origin.origin_date and week.week_start_date <= origin.origin_date
        group by all
    ),
    history as (
        select
            product_id,
            store_id,
            origin_date,
            {%- for lag in [1, 2, 3, 4, 8, 13, 26, 52] %}
                coalesce(sum(units) filter (where weeks_back = {{ lag }}), 0) as units_lag_{{ lag }},
            {%- endfor %}
            {%- for weeks in [4, 13, 26, 52] %}
                coalesce(sum(units) filter (where weeks_back <= {{ weeks }}), 0) as units_{{ weeks }},
            {%- endfor %}
            coalesce(sum(units * units) filter (where weeks_back <= 13), 0) as squared_units_13,
            max(units) filter (where weeks_back <= 13) as units_max_13,
            count(*) filter (where weeks_back <= 13) as selling_weeks_13,
            coalesce(sum(sale_days) filter (where weeks_back <= 4), 0) as sale_days_4,
            min(weeks_back) - 1 as weeks_since_sale,
            max(weeks_back) as weeks_since_first_sale,
            sum(net_amount) filter (where weeks_back <= 4) as net_amount_4,
            sum(net_amount) filter (where weeks_back <= 52) as net_amount_52,
            sum(gross_amount) filter (where weeks_back <= 4) as gross_amount_4,
            arg_min(net_amount, weeks_back) as last_net_amount,
            arg_min(units, weeks_back) as last_units
        from series_week
        group by product_id, store_id, origin_date
    ),

    -- The neighbours: the product in the brand's other stores, its category here and there
    recent_week as (
        select
            week.product_id,
            week.store_id,
            week.brand,
            product.category,
            origin.origin_date,
            sum(week.units) filter (where origin.origin_date - week.week_start_date < 28) as units_4,
            sum(week.units) as units_13
        from sale_week as week
        inner join
            origin
            on week.known_sunday <= origin.origin_date
            and week.week_start_date <= origin.origin_date
            and week.week_start_date > origin.origin_date - 91
        left join {{ ref("dim_product") }} as product using (product_id)
        group by all
    ),
    product_trend as (
        select product_id, brand, origin_date, sum(units_4) as units_4, sum(units_13) as units_13
        from recent_week
        group by all
    ),
    category_store_trend as (
        select store_id, category, origin_date, sum(units_4) as units_4, sum(units_13) as units_13
        from recent_week
        where category is not null
        group by all
    ),
    category_trend as (
        select brand, category, origin_date, sum(units_4) as units_4, sum(units_13) as units_13
        from recent_week
        where category is not null
        group by all
    ),

    -- Stock: days without any, and what was left
    stock_week as (
        select
            stock.product_id,
            stock.store_id,
            cast(date_trunc('week', stock.stock_date) as date) as week_start_date,
            cast(date_trunc('week', stock.known_date) + interval 6 day as date) as known_sunday,
            count(*) filter (where stock.on_hand_qty <= 0) as stock_out_days,
            count(*) as stock_days,
            max(stock.stock_date) as last_stock_date,
            arg_max(stock.on_hand_qty, stock.stock_date) as last_on_hand_qty
        from {{ ref("fct_stock_level") }} as stock
        semi join series using (product_id, store_id)
        where stock.stock_date <= {{ as_of }} and stock.known_date <= {{ as_of }}
        group by all
    ),
    stock as (
        select
            week.product_id,
            week.store_id,
            origin.origin_date,
            sum(week.stock_out_days) filter (
                where origin.origin_date - week.week_start_date < 7
            ) as stock_out_days_1,
            sum(week.stock_out_days) as stock_out_days_4,
            arg_max(week.last_on_hand_qty, week.last_stock_date) as on_hand_qty
        from stock_week as week
        inner join
            origin
            on week.known_sunday <= origin.origin_date
            and week.week_start_date <= origin.origin_date
            and week.week_start_date > origin.origin_date - 28
        group by all
    ),

    -- Promotions, by the Monday week that holds most of theirs
    series_promotion as (
        from {{ ref("stg_campaign__promotion") }}
        semi join series using (product_id, store_id)
        where display_location is not null or mailer_location is not null
    ),
    promotion as (
        select
            product_id,
            store_id,
            cast(date_trunc('week', week_start_date + 3) as date) as week_start_date,
            min(known_date) as known_date,
            bool_or(display_location is not null) as has_display,
            bool_or(mailer_location is not null) as has_mailer
        from {{ marts_with_known_date("series_promotion") }}
        group by all
    ),
    promotion_history as (
        select
            promotion.product_id,
            promotion.store_id,
            origin.origin_date,
            count(*) filter (where origin.origin_date - promotion.week_start_date < 7)
            > 0 as is_promoted_lag_1,
            count(*) as promoted_weeks_13
        from promotion
        inner join
            origin
            on promotion.known_date <= origin.origin_date
            and promotion.week_start_date <= origin.origin_date
            and promotion.week_start_date > origin.origin_date - 91
        group by all
    ),

    -- The target weeks
    target_week as (
        select
            origin.origin_date,
            horizons.horizon,
            cast(origin.origin_date + 1 + 7 * (horizons.horizon - 1) as date) as week_start_date
        from origin, (select unnest([1, 2, 3, 4]) as horizon) as horizons
    ),
    week_calendar as (
        select
            week.week_start_date,
            country.country_code,
            count(holiday.holiday_date) as holiday_count,
            coalesce(bool_or(holiday.holiday_name = 'Thanksgiving'), false) as is_thanksgiving_week
        from (select distinct week_start_date from target_week) as week
        cross join (select distinct country_code from {{ source("ops", "ops_brand") }}) as country
        left join
            {{ ref("int_holiday") }} as holiday
            on country.country_code = holiday.country_code
            and holiday.holiday_date between week.week_start_date and week.week_start_date + 6
        group by all
    ),
    sold as (
        select product_id, store_id, week_start_date, sum(units) as units
        from sale_week
        semi join series using (product_id, store_id)
        group by all
    )

select
    series.product_id,
    series.store_id,
    series.brand,
    target.origin_date,
    target.horizon,
    target.week_start_date,
    product.department,
    product.category,
    {%- for lag in [1, 2, 3, 4, 8, 13, 26, 52] %}
        case
            when list_contains(brand_history.data_weeks, {{ lag }})
            then {{ marts_double("coalesce(history.units_lag_" ~ lag ~ ", 0)") }}
        end as units_lag_{{ lag }},
    {%- endfor %}
    case
        when list_contains(brand_history.data_weeks, 53 - target.horizon)
        then {{ marts_double("coalesce(year_ago.units, 0)") }}
    end as units_year_ago,
    {%- for weeks in [4, 13, 26, 52] %}
        {{
            marts_ratio(
                "coalesce(history.units_" ~ weeks ~ ", 0)",
                "brand_history.data_weeks_" ~ weeks,
            )
        }} as units_mean_{{ weeks }},
    {%- endfor %}
    round(
        sqrt(
            greatest(
                cast(coalesce(history.squared_units_13, 0) as double) / brand_history.data_weeks_13
                - pow(cast(coalesce(history.units_13, 0) as double) / brand_history.data_weeks_13, 2),
                0
            )
        ),
        6
    ) as units_std_13,
    {{ marts_double("coalesce(history.units_max_13, 0)") }} as units_max_13,
    coalesce(history.selling_weeks_13, 0) as selling_weeks_13,
    coalesce(cast(history.sale_days_4 as bigint), 0) as sale_days_4,
    history.weeks_since_sale,
    history.weeks_since_first_sale,
    {{ marts_ratio("history.last_net_amount", "history.last_units") }} as unit_price_last,
    round(
        (cast(history.net_amount_4 as double) / nullif(cast(history.units_4 as double), 0))
        / nullif(cast(history.net_amount_52 as double) / nullif(cast(history.units_52 as double), 0), 0),
        6
    ) as price_ratio_4,
    {{ marts_ratio("history.gross_amount_4 - history.net_amount_4", "history.gross_amount_4") }}
    as discount_share_4,
    {{ marts_ratio("coalesce(product_trend.units_4, 0)", "brand_history.data_weeks_4") }}
    as product_units_mean_4,
    {{ marts_ratio("coalesce(product_trend.units_13, 0)", "brand_history.data_weeks_13") }}
    as product_units_mean_13,
    {{ marts_ratio("coalesce(category_store_trend.units_13, 0)", "brand_history.data_weeks_13") }}
    as category_store_units_mean_13,
    {{
        marts_ratio(
            "category_store_trend.units_4 * brand_history.data_weeks_13",
            "category_store_trend.units_13 * brand_history.data_weeks_4",
        )
    }} as category_store_trend_ratio,
    {{
        marts_ratio(
            "category_trend.units_4 * brand_history.data_weeks_13",
            "category_trend.units_13 * brand_history.data_weeks_4",
        )
    }} as category_trend_ratio,
    cast(stock.stock_out_days_1 as bigint) as stock_out_days_1,
    cast(stock.stock_out_days_4 as bigint) as stock_out_days_4,
    {{ marts_double("stock.on_hand_qty") }} as on_hand_qty,
    coalesce(planned.has_display, false) as has_display,
    coalesce(planned.has_mailer, false) as has_mailer,
    coalesce(promotion_history.is_promoted_lag_1, false) as is_promoted_lag_1,
    coalesce(promotion_history.promoted_weeks_13, 0) as promoted_weeks_13,
    month(target.week_start_date + 3) as month,
    weekofyear(target.week_start_date) as week_of_year,
    coalesce(week_calendar.holiday_count, 0) as holiday_count,
    coalesce(week_calendar.is_thanksgiving_week, false) as is_thanksgiving_week,
    cast(
        -- 0 in the week of Christmas
        divide(
            cast(
                date_trunc(
                    'week',
                    make_date(
                        year(target.week_start_date) + if(
                            target.week_start_date
                            > date_trunc('week', make_date(year(target.week_start_date), 12, 25)),
                            1,
                            0
                        ),
                        12,
                        25
                    )
                ) as date
            )
            - target.week_start_date,
            7
        ) as integer
    ) as weeks_to_christmas,
    case
        when target.week_start_date + 6 <= {{ as_of }} and selling_week.week_start_date is not null
        then {{ marts_double("coalesce(sold.units, 0)") }}
    end as units
from series
cross join target_week as target
inner join {{ source("ops", "ops_brand") }} as brand on series.brand = brand.brand
left join {{ ref("dim_product") }} as product on series.product_id = product.product_id
left join
    brand_history on series.brand = brand_history.brand and target.origin_date = brand_history.origin_date
left join
    (select distinct brand, week_start_date from sale_week) as selling_week
    on series.brand = selling_week.brand
    and target.week_start_date = selling_week.week_start_date
left join
    history
    on series.product_id = history.product_id
    and series.store_id = history.store_id
    and target.origin_date = history.origin_date
left join
    series_week as year_ago
    on series.product_id = year_ago.product_id
    and series.store_id = year_ago.store_id
    and target.origin_date = year_ago.origin_date
    and year_ago.weeks_back = 53 - target.horizon
left join
    product_trend
    on series.product_id = product_trend.product_id
    and series.brand = product_trend.brand
    and target.origin_date = product_trend.origin_date
left join
    category_store_trend
    on series.store_id = category_store_trend.store_id
    and product.category = category_store_trend.category
    and target.origin_date = category_store_trend.origin_date
left join
    category_trend
    on series.brand = category_trend.brand
    and product.category = category_trend.category
    and target.origin_date = category_trend.origin_date
left join
    stock
    on series.product_id = stock.product_id
    and series.store_id = stock.store_id
    and target.origin_date = stock.origin_date
left join
    promotion as planned
    on series.product_id = planned.product_id
    and series.store_id = planned.store_id
    and target.week_start_date = planned.week_start_date
    and planned.known_date <= target.origin_date
left join
    promotion_history
    on series.product_id = promotion_history.product_id
    and series.store_id = promotion_history.store_id
    and target.origin_date = promotion_history.origin_date
left join
    week_calendar
    on target.week_start_date = week_calendar.week_start_date
    and brand.country_code = week_calendar.country_code
left join
    sold
    on series.product_id = sold.product_id
    and series.store_id = sold.store_id
    and target.week_start_date = sold.week_start_date
