-- Series that are forecast, one row a product, store and origin: those that had sold on enough days by then,
-- and those that first sold a short while before it and on as many days for their age; with what was known
-- on the origin of their last 53 weeks: units, prices, days out of stock.
with
    origin as (from {{ demand_origins() }}),
    -- Most series never sell enough: they are left out before their weeks are counted origin by origin. One
    -- with too few sale days in all can only be there as new, which none is that sold in a week more than 13
    -- weeks before the first origin that all origins look at.
    possible as (
        select product_id, store_id
        from
            {{ ref("int_demand_week") }},
            (select min(origin_date) as first_date, max(origin_date) as last_date from origin)
        group by all
        having
            sum(sale_days) filter (where known_until_date is null) >= {{ var("demand_min_sale_days") }}
            or (
                sum(sale_days) filter (where known_until_date is null) >= 2
                and not bool_or(
                    sold_units > 0
                    and known_from_date <= first_date
                    and week_start_date > last_date - 7 * 53
                    and week_start_date <= first_date - 7 * 14
                )
            )
    ),
    sold as (
        select
            week.product_id,
            week.store_id,
            origin.origin_date,
            sum(week.sale_days) filter (
                where week.week_start_date > origin.origin_date - 7 * 52
            ) as sale_days_52,
            max({{ demand_weeks_back("origin.origin_date", "week.week_start_date") }}) filter (
                where week.sold_units > 0
            ) as weeks_since_first_sale
        from {{ ref("int_demand_week") }} as week
        semi join possible using (product_id, store_id)
        inner join origin on {{ demand_is_known("week", "origin.origin_date") }}
        group by all
    ),
    series as (
        from sold
        where
            sale_days_52 >= {{ var("demand_min_sale_days") }}
            or (
                weeks_since_first_sale <= 13
                and sale_days_52 >= {{ var("demand_min_sale_days") }} * weeks_since_first_sale / 52.0
                and sale_days_52 >= 2
            )
    ),
    series_week as (
        select
            week.*,
            series.origin_date,
            {{ demand_weeks_back("series.origin_date", "week.week_start_date") }} as weeks_back
        from {{ ref("int_demand_week") }} as week
        inner join
            series
            on week.product_id = series.product_id
            and week.store_id = series.store_id
            and {{ demand_is_known("week", "series.origin_date") }}
    ),
    history as (
        select
            product_id,
            store_id,
            origin_date,
            min(brand) as brand,
            {%- for lag in demand_lags() %}
                coalesce(sum(units) filter (where weeks_back = {{ lag }}), 0) as units_lag_{{ lag }},
            {%- endfor %}
            {%- for weeks in demand_windows() %}
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
            coalesce(max(units) filter (where weeks_back <= 13), 0) as units_max_13,
            coalesce(sum(sale_days) filter (where weeks_back <= 4), 0) as sale_days_4,
            min(weeks_back) filter (where sold_units > 0) - 1 as weeks_since_sale,
            max(weeks_back) filter (where sold_units > 0) as weeks_since_first_sale,
            {%- for weeks in [1, 4, 52] %}
                sum(sold_units) filter (where weeks_back <= {{ weeks }}) as sold_units_{{ weeks }},
                sum(net_amount) filter (where weeks_back <= {{ weeks }}) as net_amount_{{ weeks }},
                sum(gross_amount) filter (where weeks_back <= {{ weeks }}) as gross_amount_{{ weeks }}
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from series_week
        group by product_id, store_id, origin_date
    ),

    -- Days out of stock, over the same windows as the units
    stock_week as (
        select
            product_id,
            store_id,
            cast(date_trunc('week', stock_date) as date) as week_start_date,
            {{ demand_known_sunday("known_date") }} as known_from_date,
            count(*) filter (where on_hand_qty <= 0) as stock_out_days,
            max(stock_date) as last_stock_date,
            arg_max(on_hand_qty, stock_date) as last_on_hand_qty
        from {{ ref("fct_stock_level") }}
        semi join series using (product_id, store_id)
        where
            stock_date <= {{ marts_as_of() }}
            and known_date <= {{ marts_as_of() }}
            and stock_date > (select min(origin_date) from origin) - 7 * 52
        group by all
    ),
    known_stock as (
        select
            week.*,
            series.origin_date,
            {{ demand_weeks_back("series.origin_date", "week.week_start_date") }} as weeks_back
        from stock_week as week
        inner join
            series
            on week.product_id = series.product_id
            and week.store_id = series.store_id
            and week.known_from_date <= series.origin_date
            and week.week_start_date <= series.origin_date
            and week.week_start_date > series.origin_date - 7 * 52
        -- A week that was never out changes no share, but for the last ones it says that levels are known
        where week.stock_out_days > 0 or week.week_start_date > series.origin_date - 7 * 4
    ),
    stock as (
        select
            product_id,
            store_id,
            origin_date,
            {%- for lag in demand_lags() %}
                sum(stock_out_days) filter (where weeks_back = {{ lag }}) as days_out_lag_{{ lag }},
            {%- endfor %}
            {%- for weeks in demand_windows() %}
                sum(stock_out_days) filter (where weeks_back <= {{ weeks }}) as days_out_{{ weeks }},
            {%- endfor %}
            sum(stock_out_days * pow(0.9, weeks_back - 1)) as level_days_out,
            sum(stock_out_days * pow(0.7, weeks_back - 1)) as fast_level_days_out,
            arg_max(last_on_hand_qty, last_stock_date) filter (where weeks_back <= 4) as on_hand_qty
        from known_stock
        group by all
    )

select
    history.* replace (cast(history.sale_days_4 as bigint) as sale_days_4),
    {%- for lag in demand_lags() %}
        cast(coalesce(stock.days_out_lag_{{ lag }}, 0) as bigint) as days_out_lag_{{ lag }},
    {%- endfor %}
    {%- for weeks in demand_windows() %}
        cast(coalesce(stock.days_out_{{ weeks }}, 0) as bigint) as days_out_{{ weeks }},
    {%- endfor %}
    coalesce(stock.level_days_out, 0) as level_days_out,
    coalesce(stock.fast_level_days_out, 0) as fast_level_days_out,
    -- Null where no level is known
    cast(stock.days_out_lag_1 as bigint) as stock_out_days_1,
    cast(stock.days_out_4 as bigint) as stock_out_days_4,
    stock.on_hand_qty,
    origin.has_all_weeks
from history
inner join origin using (origin_date)
left join stock using (product_id, store_id, origin_date)
