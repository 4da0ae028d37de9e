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
    origin as (from {{ demand_origins() }}),
    -- A week in which a brand sold nothing at all is a gap in the data, no week without demand
    brand_week as (
        select
            week.brand,
            origin.origin_date,
            {{ demand_weeks_back("origin.origin_date", "week.week_start_date") }} as weeks_back
        from
            (
                select brand, week_start_date, min(known_from_date) as known_from_date
                from {{ ref("int_demand_week") }}
                group by all
            ) as week
        inner join
            origin
            on week.known_from_date <= origin.origin_date
            and week.week_start_date <= origin.origin_date
    ),
    -- Weeks with data since the first sale, which a new product counts from
    brand_history as (
        select
            brand,
            origin_date,
            weeks_back as weeks_since_first_sale,
            list(weeks_back) over known as data_weeks,
            {%- for weeks in demand_windows() %}
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

    -- Promotions so far
    promotion as (from {{ ref("int_demand_promotion") }}),
    promotion_week as (
        select
            promotion.product_id,
            promotion.store_id,
            series.origin_date,
            promotion.week_start_date,
            {%- for kind in ["display", "mailer"] %}
                promotion.{{ kind }}_count,
                max(promotion.{{ kind }}_count) over past as {{ kind }}_max_52
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from promotion
        inner join
            {{ ref("int_demand_series") }} as series
            on promotion.product_id = series.product_id
            and promotion.store_id = series.store_id
            and promotion.known_date <= series.origin_date
            and promotion.week_start_date <= series.origin_date
            and promotion.week_start_date > series.origin_date - 364
        window past as (partition by series.product_id, series.store_id, series.origin_date)
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
        left join
            {{ ref("int_demand_week") }} as sold
            on week.product_id = sold.product_id
            and week.store_id = sold.store_id
            and week.week_start_date = sold.week_start_date
            and {{ demand_is_known("sold", "week.origin_date") }}
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
    promoted as (
        select
            promotion.product_id,
            promotion.store_id,
            origin.origin_date,
            sum(promotion.display_count) as display_count,
            sum(promotion.mailer_count) as mailer_count
        from promotion
        inner join
            origin
            on promotion.known_date <= origin.origin_date
            and promotion.week_start_date <= origin.origin_date
            and promotion.week_start_date > origin.origin_date - 91
        group by all
    ),
    planned as (
        select promotion.* exclude (week_start_date, known_date), target.origin_date, target.horizon
        from promotion
        inner join
            target_week as target
            on promotion.week_start_date = target.week_start_date
            and promotion.known_date <= target.origin_date
    ),
    -- Promotions of the series' category and family, each counting by what it sold in 13 weeks
    promoted_series as (
        select
            week.product_id,
            week.store_id,
            week.brand,
            product.category,
            product.family,
            origin.origin_date,
            sum(week.units) as units_13
        from {{ ref("int_demand_week") }} as week
        semi join promotion using (product_id, store_id)
        inner join
            origin
            on {{ demand_is_known("week", "origin.origin_date") }}
            and week.week_start_date > origin.origin_date - 91
        left join {{ ref("dim_product") }} as product on week.product_id = product.product_id
        group by all
        having sum(week.units) > 0
    ),
    {%- for level in ["category", "family"] %}
        {%- for name, horizon in [("planned", "horizon,"), ("promoted", "")] %}
            {{ level }}_{{ name }} as (
                select
                    brand,
                    {{ level }},
                    origin_date,
                    {{ horizon }}
                    sum(units_13 * display_count) as display_units,
                    sum(units_13 * mailer_count) as mailer_units
                from promoted_series
                inner join {{ name }} using (product_id, store_id, origin_date)
                group by all
            ),
        {%- endfor %}
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
        select product_id, store_id, week_start_date, sum(units) as units
        from {{ ref("int_demand_week") }}
        where known_until_date is null and week_start_date > (select min(origin_date) from origin)
        group by all
    ),
    out_of_stock as (
        select
            product_id,
            store_id,
            cast(date_trunc('week', stock_date) as date) as week_start_date,
            count(*) filter (where on_hand_qty <= 0) as stock_out_days
        from {{ ref("fct_stock_level") }}
        where
            stock_date <= {{ as_of }}
            and known_date <= {{ as_of }}
            and stock_date > (select min(origin_date) from origin)
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
    {%- for lag in demand_lags() %}
        case
            when list_contains(brand_history.data_weeks, {{ lag }}) and series.days_out_lag_{{ lag }} <= 4
            then
                {{
                    marts_double(
                        "series.units_lag_" ~ lag ~ " / (1 - series.days_out_lag_" ~ lag ~ " / 7.0)"
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
            "greatest(brand_history.level_weeks - series.level_days_out / 7.0, 0.2)",
        )
    }} as units_level,
    {{
        marts_ratio(
            "series.fast_level_units",
            "greatest(brand_history.fast_level_weeks - series.fast_level_days_out / 7.0, 0.2)",
        )
    }} as units_level_fast,
    {%- for weeks in demand_windows() %}
        {{
            marts_ratio(
                "series.units_" ~ weeks,
                "greatest(brand_history.data_weeks_"
                ~ weeks
                ~ " - series.days_out_"
                ~ weeks
                ~ " / 7.0, 0.2)",
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
    {{ marts_double("series.units_max_13") }} as units_max_13,
    {{ marts_ratio("series.units_52", "series.selling_weeks_52") }} as units_per_selling_week,
    series.sale_days_4,
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
                    level ~ "_promoted." ~ kind ~ "_units",
                )
            }} as {{ level }}_{{ kind }}_ratio,
        {%- endfor %}
    {%- endfor %}
    series.stock_out_days_1,
    series.stock_out_days_4,
    {{ marts_double("series.on_hand_qty") }} as on_hand_qty,
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
from {{ ref("int_demand_series") }} as series
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
    (select distinct brand, week_start_date from {{ ref("int_demand_week") }}) as selling_week
    on series.brand = selling_week.brand
    and target.week_start_date = selling_week.week_start_date
left join
    {{ ref("int_demand_week") }} as year_ago
    on series.product_id = year_ago.product_id
    and series.store_id = year_ago.store_id
    and target.week_start_date - 364 = year_ago.week_start_date
    and {{ demand_is_known("year_ago", "series.origin_date") }}
left join
    {{ ref("int_demand_trend") }} as product_trend
    on product_trend.group_kind = 'product'
    and series.product_id = product_trend.group_name
    and series.brand = product_trend.brand
    and series.origin_date = product_trend.origin_date
left join
    {{ ref("int_demand_trend") }} as category_store_trend
    on category_store_trend.group_kind = 'store_category'
    and series.store_id = category_store_trend.store_id
    and product.category = category_store_trend.group_name
    and series.origin_date = category_store_trend.origin_date
{%- for level in ["category", "family"] %}
    left join
        {{ ref("int_demand_trend") }} as {{ level }}_trend
        on {{ level }}_trend.group_kind = '{{ level }}'
        and series.brand = {{ level }}_trend.brand
        and product.{{ level }} = {{ level }}_trend.group_name
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
