-- One row a product, store, forecast origin and horizon: what was known on the origin (the Sunday that
-- ends the last full week) about the series, and the demand of the target week. The newest origins have
-- all weeks ahead, origins that serve training alone one each. A series is there on an origin when it
-- had enough sale days by then, or first sold a short while before it. Only products sold by the piece.
-- Demand is not sales: what a customer brought back is taken from the week of the sale, a line counts at
-- most what is usual for its product, and a mean is per week in stock: a week out of stock for 3 of 7
-- days counts 4/7 of a week. Point in time: a row counts at an origin when `known_date <= origin_date`.
-- Only the label looks ahead, to what was known by `as_of`; a promotion of the target week counts where
-- it was known, as planned, on the origin.
{% set as_of = marts_as_of() %}
{% set weeks_ahead = var("demand_weeks_ahead") %}

with
    last_origin as (select cast(date_trunc('week', {{ as_of }} + 1) as date) - 1 as origin_date),
    origin as (
        select
            cast(origin_date - cast(7 * step as integer) as date) as origin_date,
            {{ var("demand_has_every_week") }} = 1
            or (step % {{ weeks_ahead }} = 0 and step <= 3 * {{ weeks_ahead }}) as has_all_weeks
        from last_origin, range(0, {{ var("demand_origins") }} + 1) as steps(step)
    ),
    sale_line as (
        select
            order_line_id,
            product_id,
            store_id,
            brand,
            order_date,
            known_date,
            quantity,
            net_amount,
            gross_amount
        from {{ ref("fct_order_line") }}
        where
            line_kind = 'sale'
            and item_kind = 'product'
            and unit_of_measure = 'piece'
            and quantity > 0
            and product_id is not null
            and store_id is not null
            and order_date <= {{ as_of }}
            and known_date <= {{ as_of }}
    ),
    -- What is usual is known from before the first origin: later lines cannot move it
    usual_line as (
        select product_id, quantile_disc(quantity, 0.95) as quantity
        from sale_line
        where known_date <= (select min(origin_date) from origin)
        group by product_id
    ),
    demand_line as (
        select
            line.* exclude (order_line_id, quantity),
            line.quantity as sold_quantity,
            least(
                line.quantity, coalesce(greatest(20, 4 * usual.quantity), {{ var("demand_line_quantity") }})
            ) as quantity
        from sale_line as line
        left join usual_line as usual using (product_id)
        union all
        select
            line.product_id,
            line.store_id,
            line.brand,
            line.order_date,
            greatest(given_back.known_date, line.known_date) as known_date,
            0 as net_amount,
            0 as gross_amount,
            0 as sold_quantity,
            - link.returned_quantity as quantity
        from {{ ref("int_return_link") }} as link
        inner join sale_line as line on link.sale_order_line_id = line.order_line_id
        inner join
            {{ ref("fct_order_line") }} as given_back
            on link.return_order_line_id = given_back.order_line_id
            and given_back.known_date <= {{ as_of }}
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
            sum(sold_quantity) as sold_units,
            sum(net_amount) as net_amount,
            sum(gross_amount) as gross_amount,
            count(distinct order_date) filter (where sold_quantity > 0) as sale_days
        from demand_line
        group by all
    ),
    stock_week as (
        select
            stock.product_id,
            stock.store_id,
            cast(date_trunc('week', stock.stock_date) as date) as week_start_date,
            cast(date_trunc('week', stock.known_date) + interval 6 day as date) as known_sunday,
            count(*) filter (where stock.on_hand_qty <= 0) as stock_out_days,
            max(stock.stock_date) as last_stock_date,
            arg_max(stock.on_hand_qty, stock.stock_date) as last_on_hand_qty
        from {{ ref("fct_stock_level") }} as stock
        semi join sale_line using (product_id, store_id)
        where stock.stock_date <= {{ as_of }} and stock.known_date <= {{ as_of }}
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
    -- Weeks with data since the first sale, which a new product counts from
    brand_history as (
        select
            brand,
            origin_date,
            weeks_back as weeks_since_first_sale,
            list(weeks_back) over known as data_weeks,
            {%- for weeks in [2, 4, 8, 13, 26, 52] %}
                count(*) filter (where weeks_back <= {{ weeks }}) over known as data_weeks_{{ weeks }},
            {%- endfor %}
            sum(pow(0.9, weeks_back - 1)) over known as level_weeks,
            sum(pow(0.7, weeks_back - 1)) over known as fast_level_weeks
        from brand_week
        window known as (partition by brand, origin_date order by weeks_back)
    ),
    brand_span as (
        select
            brand,
            origin_date,
            count(*) filter (where weeks_back <= 4) as data_weeks_4,
            count(*) filter (where weeks_back <= 13) as data_weeks_13
        from brand_week
        group by all
    ),
    series_week as (
        select
            week.product_id,
            week.store_id,
            week.brand,
            origin.origin_date,
            cast(divide(origin.origin_date - 6 - week.week_start_date, 7) + 1 as integer) as weeks_back,
            week.week_start_date,
            greatest(sum(week.units), 0) as units,
            sum(week.sold_units) as sold_units,
            sum(week.net_amount) as net_amount,
            sum(week.gross_amount) as gross_amount,
            sum(week.sale_days) as sale_days
        from sale_week as week
        -- A year and the week of a year ago: what lies further back is nowhere looked at, and years of it
        -- are many rows
        inner join
            origin
            on week.known_sunday <= origin.origin_date
            and week.week_start_date <= origin.origin_date
            and week.week_start_date > origin.origin_date - 7 * 53
        group by all
    ),
    -- What sold on a single day is never forecast, and most series are such
    lasting_series as (
        select product_id, store_id
        from sale_week
        group by all
        having sum(sale_days) >= {{ [2, var("demand_min_sale_days") | int] | min }}
    ),
    history as (
        select
            product_id,
            store_id,
            min(brand) as brand,
            origin_date,
            {%- for lag in [1, 2, 3, 4, 8, 13, 26, 52] %}
                coalesce(sum(units) filter (where weeks_back = {{ lag }}), 0) as units_lag_{{ lag }},
            {%- endfor %}
            {%- for weeks in [2, 4, 8, 13, 26, 52] %}
                coalesce(sum(units) filter (where weeks_back <= {{ weeks }}), 0) as units_{{ weeks }},
            {%- endfor %}
            {%- for weeks in [13, 52] %}
                coalesce(
                    sum(units * units) filter (where weeks_back <= {{ weeks }}), 0
                ) as squared_units_{{ weeks }},
                count(*) filter (where weeks_back <= {{ weeks }} and units > 0) as selling_weeks_{{ weeks }},
            {%- endfor %}
            sum(cast(units as double) * pow(0.9, weeks_back - 1)) as level_units,
            sum(cast(units as double) * pow(0.7, weeks_back - 1)) as fast_level_units,
            max(units) filter (where weeks_back <= 13) as units_max_13,
            coalesce(sum(sale_days) filter (where weeks_back <= 4), 0) as sale_days_4,
            coalesce(sum(sale_days) filter (where weeks_back <= 52), 0) as sale_days_52,
            min(weeks_back) filter (where sold_units > 0) - 1 as weeks_since_sale,
            max(weeks_back) filter (where sold_units > 0) as weeks_since_first_sale,
            {%- for weeks in [1, 4, 52] %}
                sum(sold_units) filter (where weeks_back <= {{ weeks }}) as sold_units_{{ weeks }},
                sum(net_amount) filter (where weeks_back <= {{ weeks }}) as net_amount_{{ weeks }},
                sum(gross_amount) filter (where weeks_back <= {{ weeks }}) as gross_amount_{{ weeks }}
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from series_week
        semi join lasting_series using (product_id, store_id)
        group by product_id, store_id, origin_date
    ),
    -- Series of each origin: those that sold enough by then, and new ones
    series_origin as (
        select history.*, origin.has_all_weeks
        from history
        inner join origin using (origin_date)
        where
            history.sale_days_52 >= {{ var("demand_min_sale_days") }}
            or (
                history.weeks_since_first_sale <= 13
                and history.sale_days_52
                >= {{ var("demand_min_sale_days") }} * history.weeks_since_first_sale / 52.0
                and history.sale_days_52 >= 2
            )
    ),

    -- Weeks out of stock: share of days, over the same windows as the units
    stock as (
        select
            week.product_id,
            week.store_id,
            origin.origin_date,
            {%- for weeks in [2, 4, 8, 13, 26, 52] %}
                sum(week.stock_out_days) filter (
                    where origin.origin_date - week.week_start_date < {{ 7 * weeks }}
                )
                / 7.0 as weeks_out_{{ weeks }},
            {%- endfor %}
            {%- for lag in [1, 2, 3, 4, 8, 13, 26, 52] %}
                sum(week.stock_out_days) filter (
                    where origin.origin_date - 6 - week.week_start_date = {{ 7 * (lag - 1) }}
                )
                / 7.0 as week_out_lag_{{ lag }},
            {%- endfor %}
            sum(
                week.stock_out_days / 7.0 * pow(0.9, divide(origin.origin_date - 6 - week.week_start_date, 7))
            ) as level_weeks_out,
            sum(
                week.stock_out_days / 7.0 * pow(0.7, divide(origin.origin_date - 6 - week.week_start_date, 7))
            ) as fast_level_weeks_out,
            sum(week.stock_out_days) filter (
                where origin.origin_date - week.week_start_date < 7
            ) as stock_out_days_1,
            sum(week.stock_out_days) filter (
                where origin.origin_date - week.week_start_date < 28
            ) as stock_out_days_4,
            arg_max(week.last_on_hand_qty, week.last_stock_date) filter (
                where origin.origin_date - week.week_start_date < 28
            ) as on_hand_qty
        from stock_week as week
        inner join
            origin
            on week.known_sunday <= origin.origin_date
            and week.week_start_date <= origin.origin_date
            and week.week_start_date > origin.origin_date - 364
        group by all
    ),

    -- The neighbours: the product in the brand's other stores, its family and category here and there
    neighbour as (
        select
            week.product_id,
            week.store_id,
            min(week.brand) as brand,
            week.origin_date,
            any_value(product.family) as family,
            any_value(product.category) as category,
            coalesce(sum(week.units) filter (where week.weeks_back = 1), 0) as units_1,
            coalesce(sum(week.units) filter (where week.weeks_back <= 4), 0) as units_4,
            sum(week.units) as units_13
        from series_week as week
        left join {{ ref("dim_product") }} as product using (product_id)
        where week.weeks_back <= 13
        group by week.product_id, week.store_id, week.origin_date
        having sum(week.units) > 0
    ),
    product_trend as (
        select product_id, brand, origin_date, sum(units_4) as units_4, sum(units_13) as units_13
        from neighbour
        group by all
    ),
    category_store_trend as (
        select
            store_id,
            category,
            origin_date,
            sum(units_4) as units_4,
            sum(units_13) as units_13,
            count(*) as series_13
        from neighbour
        where category is not null
        group by all
    ),
    {%- for level in ["category", "family"] %}
        {{ level }}_trend as (
            select
                brand,
                {{ level }},
                origin_date,
                sum(units_1) as units_1,
                sum(units_4) as units_4,
                sum(units_13) as units_13
            from neighbour
            where {{ level }} is not null
            group by all
        ),
    {%- endfor %}

    -- Promotions, by the Monday week that holds most of theirs
    series_promotion as (
        from {{ ref("stg_campaign__promotion") }}
        semi join series_origin using (product_id, store_id)
        where display_location is not null or mailer_location is not null
    ),
    promotion as (
        select
            product_id,
            store_id,
            cast(date_trunc('week', week_start_date + 3) as date) as week_start_date,
            min(known_date) as known_date,
            count(display_location) as display_count,
            count(mailer_location) as mailer_count
        from {{ marts_with_known_date("series_promotion") }}
        group by all
    ),
    promotion_week as (
        select
            promotion.product_id,
            promotion.store_id,
            origin.origin_date,
            promotion.week_start_date,
            {%- for kind in ["display", "mailer"] %}
                promotion.{{ kind }}_count,
                max(promotion.{{ kind }}_count) over past as {{ kind }}_max_52
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from promotion
        inner join
            origin
            on promotion.known_date <= origin.origin_date
            and promotion.week_start_date <= origin.origin_date
            and promotion.week_start_date > origin.origin_date - 364
        window past as (partition by promotion.product_id, promotion.store_id, origin.origin_date)
    ),
    promotion_history as (
        select
            week.product_id,
            week.store_id,
            week.origin_date,
            {%- for kind in ["display", "mailer"] %}
                any_value(week.{{ kind }}_max_52) as {{ kind }}_max_52,
                sum(week.{{ kind }}_count) as {{ kind }}_count_52,
                sum(week.{{ kind }}_count) filter (
                    where week.origin_date - week.week_start_date < 91
                ) as {{ kind }}_count_13,
                sum(week.{{ kind }}_count) filter (
                    where week.origin_date - week.week_start_date < 7
                ) as {{ kind }}_count_lag_1,
                count(*) filter (
                    where 2 * week.{{ kind }}_count > week.{{ kind }}_max_52
                ) as {{ kind }}_weeks_52,
                sum(sold.units) filter (
                    where 2 * week.{{ kind }}_count > week.{{ kind }}_max_52
                ) as {{ kind }}_units_52,
            {%- endfor %}
            count(*) filter (where week.origin_date - week.week_start_date < 91) as promoted_weeks_13
        from promotion_week as week
        left join series_week as sold using (product_id, store_id, origin_date, week_start_date)
        group by all
    ),

    -- The target weeks
    target_week as (
        select
            origin.origin_date,
            origin.has_all_weeks,
            horizons.horizon,
            cast(
                origin.origin_date + 1 + cast(7 * (horizons.horizon - 1) as integer) as date
            ) as week_start_date
        from origin, range(1, {{ weeks_ahead }} + 1) as horizons(horizon)
    ),
    planned as (
        select promotion.* exclude (week_start_date, known_date), target.origin_date, target.horizon
        from promotion
        inner join
            target_week as target
            on promotion.week_start_date = target.week_start_date
            and promotion.known_date <= target.origin_date
    ),
    {%- for level in ["category", "family"] %}
        {{ level }}_planned as (
            select
                neighbour.brand,
                neighbour.{{ level }},
                neighbour.origin_date,
                planned.horizon,
                {%- for kind in ["display", "mailer"] %}
                    sum(neighbour.units_13 * planned.{{ kind }}_count) as {{ kind }}_units
                    {%- if not loop.last %}, {% endif %}
                {%- endfor %}
            from neighbour
            inner join planned using (product_id, store_id, origin_date)
            group by all
        ),
        {{ level }}_promoted as (
            select
                neighbour.brand,
                neighbour.{{ level }},
                neighbour.origin_date,
                {%- for kind in ["display", "mailer"] %}
                    sum(neighbour.units_13 * history.{{ kind }}_count_13) as {{ kind }}_units_13
                    {%- if not loop.last %}, {% endif %}
                {%- endfor %}
            from neighbour
            inner join promotion_history as history using (product_id, store_id, origin_date)
            group by all
        ),
    {%- endfor %}
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
        select product_id, store_id, week_start_date, greatest(sum(units), 0) as units
        from sale_week
        group by all
    ),
    out_of_stock as (
        select product_id, store_id, week_start_date, sum(stock_out_days) as stock_out_days
        from stock_week
        group by all
    )

select
    series.product_id,
    series.store_id,
    series.brand,
    target.origin_date,
    cast(target.horizon as integer) as horizon,
    target.week_start_date,
    product.department,
    product.category,
    product.family,
    {%- for lag in [1, 2, 3, 4, 8, 13, 26, 52] %}
        case
            when
                list_contains(brand_history.data_weeks, {{ lag }})
                and coalesce(stock.week_out_lag_{{ lag }}, 0) < 0.6
            then
                {{
                    marts_double(
                        "series.units_lag_" ~ lag ~ " / (1 - coalesce(stock.week_out_lag_" ~ lag ~ ", 0))"
                    )
                }}
        end as units_lag_{{ lag }},
    {%- endfor %}
    case
        when list_contains(brand_history.data_weeks, 53 - target.horizon)
        then {{ marts_double("coalesce(year_ago.units, 0)") }}
    end as units_year_ago,
    {{
        marts_ratio(
            "series.level_units",
            "greatest(brand_history.level_weeks - coalesce(stock.level_weeks_out, 0), 0.2)",
        )
    }} as units_level,
    {{
        marts_ratio(
            "series.fast_level_units",
            "greatest(brand_history.fast_level_weeks - coalesce(stock.fast_level_weeks_out, 0), 0.2)",
        )
    }} as units_level_fast,
    {%- for weeks in [2, 4, 8, 13, 26, 52] %}
        {{
            marts_ratio(
                "series.units_" ~ weeks,
                "greatest(brand_history.data_weeks_"
                ~ weeks
                ~ " - coalesce(stock.weeks_out_"
                ~ weeks
                ~ ", 0), 0.2)",
            )
        }} as units_mean_{{ weeks }},
    {%- endfor %}
    {%- for weeks in [13, 52] %}
        round(
            sqrt(
                greatest(
                    cast(series.squared_units_{{ weeks }} as double) / brand_history.data_weeks_{{ weeks }}
                    - pow(cast(series.units_{{ weeks }} as double) / brand_history.data_weeks_{{ weeks }}, 2),
                    0
                )
            ),
            6
        ) as units_std_{{ weeks }},
        {{ marts_ratio("series.selling_weeks_" ~ weeks, "brand_history.data_weeks_" ~ weeks) }}
        as selling_week_share_{{ weeks }},
    {%- endfor %}
    {{ marts_double("coalesce(series.units_max_13, 0)") }} as units_max_13,
    {{ marts_ratio("series.units_52", "series.selling_weeks_52") }} as units_per_selling_week,
    cast(series.sale_days_4 as bigint) as sale_days_4,
    series.weeks_since_sale,
    series.weeks_since_first_sale,
    {{ marts_ratio("series.net_amount_52", "series.sold_units_52") }} as unit_price,
    {%- for weeks in [1, 4] %}
        round(
            (
                cast(series.net_amount_{{ weeks }} as double)
                / nullif(cast(series.sold_units_{{ weeks }} as double), 0)
            ) / nullif(
                cast(series.net_amount_52 as double) / nullif(cast(series.sold_units_52 as double), 0), 0
            ),
            6
        ) as price_ratio_{{ weeks }},
    {%- endfor %}
    {%- for weeks in [1, 4, 52] %}
        {{
            marts_ratio(
                "series.gross_amount_" ~ weeks ~ " - series.net_amount_" ~ weeks,
                "series.gross_amount_" ~ weeks,
            )
        }} as discount_share_{{ weeks }},
    {%- endfor %}
    {{ marts_ratio("coalesce(product_trend.units_4, 0)", "brand_span.data_weeks_4") }}
    as product_units_mean_4,
    {{ marts_ratio("coalesce(product_trend.units_13, 0)", "brand_span.data_weeks_13") }}
    as product_units_mean_13,
    {{
        marts_ratio(
            "coalesce(category_store_trend.units_13, 0)",
            "brand_span.data_weeks_13 * coalesce(category_store_trend.series_13, 1)",
        )
    }} as like_units_mean_13,
    {{
        marts_ratio(
            "category_store_trend.units_4 * brand_span.data_weeks_13",
            "category_store_trend.units_13 * brand_span.data_weeks_4",
        )
    }} as category_store_trend_ratio,
    {%- for level in ["category", "family"] %}
        {%- for weeks in [1, 4] %}
            {{
                marts_ratio(
                    level ~ "_trend.units_" ~ weeks ~ " * brand_span.data_weeks_13",
                    level ~ "_trend.units_13 * " ~ ("1" if weeks == 1 else "brand_span.data_weeks_4"),
                )
            }} as {{ level }}_trend_ratio_{{ weeks }},
        {%- endfor %}
        {%- for kind in ["display", "mailer"] %}
            {{
                marts_ratio(
                    "13 * coalesce(" ~ level ~ "_planned." ~ kind ~ "_units, 0)",
                    level ~ "_promoted." ~ kind ~ "_units_13",
                )
            }} as {{ level }}_{{ kind }}_ratio,
        {%- endfor %}
    {%- endfor %}
    cast(stock.stock_out_days_1 as bigint) as stock_out_days_1,
    cast(stock.stock_out_days_4 as bigint) as stock_out_days_4,
    {{ marts_double("stock.on_hand_qty") }} as on_hand_qty,
    {%- for kind in ["display", "mailer"] %}
        coalesce(planned.{{ kind }}_count, 0) as {{ kind }}_count,
        coalesce(cast(promotion_history.{{ kind }}_count_lag_1 as bigint), 0) as {{ kind }}_count_lag_1,
        {{ marts_ratio("coalesce(promotion_history." ~ kind ~ "_count_13, 0)", "13") }} as {{ kind }}_mean_13,
        {{
            marts_ratio(
                "coalesce(promotion_history." ~ kind ~ "_count_52, 0)", "brand_history.data_weeks_52"
            )
        }} as {{ kind }}_mean_52,
        coalesce(promotion_history.{{ kind }}_max_52, 0) as {{ kind }}_max_52,
        {{
            marts_ratio(
                "promotion_history." ~ kind ~ "_units_52", "promotion_history." ~ kind ~ "_weeks_52"
            )
        }} as {{ kind }}_units_mean,
        {{
            marts_ratio(
                "series.units_52 - coalesce(promotion_history." ~ kind ~ "_units_52, 0)",
                "greatest(brand_history.data_weeks_52 - coalesce(promotion_history."
                ~ kind
                ~ "_weeks_52, 0), 0)",
            )
        }} as no_{{ kind }}_units_mean,
    {%- endfor %}
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
        when
            target.week_start_date + 6 <= {{ as_of }}
            and selling_week.week_start_date is not null
            and coalesce(out_of_stock.stock_out_days, 0) <= 4
        then
            {{
                marts_double(
                    "coalesce(sold.units, 0) / (1 - coalesce(out_of_stock.stock_out_days, 0) / 7.0)"
                )
            }}
    end as units
from series_origin as series
inner join
    target_week as target
    on series.origin_date = target.origin_date
    and (
        target.has_all_weeks
        or target.horizon
        = 1 + md5_number_lower(series.product_id || series.store_id || target.origin_date) % {{ weeks_ahead }}
    )
inner join {{ source("ops", "ops_brand") }} as brand on series.brand = brand.brand
left join {{ ref("dim_product") }} as product on series.product_id = product.product_id
asof left join
    brand_history
    on series.brand = brand_history.brand
    and series.origin_date = brand_history.origin_date
    and series.weeks_since_first_sale >= brand_history.weeks_since_first_sale
left join brand_span on series.brand = brand_span.brand and series.origin_date = brand_span.origin_date
left join
    (select distinct brand, week_start_date from sale_week) as selling_week
    on series.brand = selling_week.brand
    and target.week_start_date = selling_week.week_start_date
left join
    series_week as year_ago
    on series.product_id = year_ago.product_id
    and series.store_id = year_ago.store_id
    and series.origin_date = year_ago.origin_date
    and year_ago.weeks_back = 53 - target.horizon
left join
    product_trend
    on series.product_id = product_trend.product_id
    and series.brand = product_trend.brand
    and series.origin_date = product_trend.origin_date
left join
    category_store_trend
    on series.store_id = category_store_trend.store_id
    and product.category = category_store_trend.category
    and series.origin_date = category_store_trend.origin_date
{%- for level in ["category", "family"] %}
    left join
        {{ level }}_trend
        on series.brand = {{ level }}_trend.brand
        and product.{{ level }} = {{ level }}_trend.{{ level }}
        and series.origin_date = {{ level }}_trend.origin_date
    left join
        {{ level }}_planned
        on series.brand = {{ level }}_planned.brand
        and product.{{ level }} = {{ level }}_planned.{{ level }}
        and series.origin_date = {{ level }}_planned.origin_date
        and target.horizon = {{ level }}_planned.horizon
    left join
        {{ level }}_promoted
        on series.brand = {{ level }}_promoted.brand
        and product.{{ level }} = {{ level }}_promoted.{{ level }}
        and series.origin_date = {{ level }}_promoted.origin_date
{%- endfor %}
left join
    stock
    on series.product_id = stock.product_id
    and series.store_id = stock.store_id
    and series.origin_date = stock.origin_date
left join
    planned
    on series.product_id = planned.product_id
    and series.store_id = planned.store_id
    and series.origin_date = planned.origin_date
    and target.horizon = planned.horizon
left join
    promotion_history
    on series.product_id = promotion_history.product_id
    and series.store_id = promotion_history.store_id
    and series.origin_date = promotion_history.origin_date
left join
    week_calendar
    on target.week_start_date = week_calendar.week_start_date
    and brand.country_code = week_calendar.country_code
left join
    sold
    on series.product_id = sold.product_id
    and series.store_id = sold.store_id
    and target.week_start_date = sold.week_start_date
left join
    out_of_stock
    on series.product_id = out_of_stock.product_id
    and series.store_id = out_of_stock.store_id
    and target.week_start_date = out_of_stock.week_start_date
