-- The newest forecast added up, with a range: one row a brand, a category, a region, and a category in a
-- region. A sum of means is the mean of the sum. Its range is not the sum of the ranges, for not all products
-- go low together; nor that of independent ones, for they are not: the variance is what past forecasts of
-- groups of all sizes have had, a share that grows with the units and one that grows with their square, and
-- no less than independent errors would give. A view: scores are made after the marts of their day.
{{ config(materialized="view") }}
-- Distance from the mean to the 90 % quantile in standard deviations
{% set upper_in_deviations = 1.2816 %}

with
    score as (
        select
            score.brand,
            score.as_of_date,
            score.horizon_weeks,
            coalesce(product.category, 'unknown') as category,
            coalesce(store.region, 'unknown') as region,
            score.is_fallback,
            cast(score.forecast_qty as decimal(18, 3)) as forecast_qty,
            cast(pow(score.forecast_std_qty, 2) as decimal(18, 6)) as variance
        from {{ source("scores", "score_demand") }} as score
        left join {{ ref("dim_product") }} as product on score.product_id = product.product_id
        left join {{ ref("dim_store") }} as store on score.store_id = store.store_id
        where score.as_of_date = (select max(as_of_date) from {{ source("scores", "score_demand") }})
    ),
    total as (
        select
            brand,
            case when grouping(category) = 0 then category end as category,
            case when grouping(region) = 0 then region end as region,
            max(as_of_date) as as_of_date,
            max(horizon_weeks) as horizon_weeks,
            count(*) as series_count,
            bool_or(is_fallback) as is_fallback,
            sum(forecast_qty) as forecast_qty,
            sum(variance) as variance
        from score
        group by grouping sets ((brand), (brand, category), (brand, region), (brand, category, region))
    ),

    -- Errors of groups in the backtests of a year, each origin and group once
    past as (
        select
            brand,
            cast(forecast_qty as decimal(18, 3)) as forecast_qty,
            cast(pow(sold_qty - forecast_qty, 2) as decimal(28, 6)) as squared_error
        from {{ source("scores", "score_demand_backtest") }}
        where
            group_kind in ('all', 'department', 'category', 'store')
            and forecast_qty > 0
            and as_of_date > (select max(as_of_date) from {{ source("scores", "score_demand") }}) - 364
        qualify
            row_number() over (
                partition by brand, origin_date, group_kind, group_name order by as_of_date desc
            )
            = 1
    ),
    moment as (
        select
            brand,
            cast(count(*) as double) as group_count,
            cast(sum(forecast_qty) as double) as units,
            cast(sum(forecast_qty * forecast_qty) as double) as squared_units,
            cast(sum(squared_error) as double) as squared_error,
            cast(sum(cast(squared_error / forecast_qty as decimal(28, 6))) as double) as squared_error_of_unit
        from past
        group by brand
    ),
    -- squared error = by_unit * units + by_square * units^2, from its mean and its mean a unit
    solved as (
        select
            *,
            (group_count * squared_error - squared_error_of_unit * units)
            / nullif(group_count * squared_units - units * units, 0) as by_square
        from moment
    ),
    error_of_size as (
        select
            brand,
            case
                when by_square is null or by_square <= 0
                then squared_error / units
                else greatest((squared_error - by_square * squared_units) / units, 0)
            end as by_unit,
            case
                when by_square is null or by_square <= 0
                then 0
                when squared_error < by_square * squared_units
                then squared_error / squared_units
                else by_square
            end as by_square
        from solved
    ),
    ranged as (
        select
            total.*,
            round(
                {{ upper_in_deviations }} * sqrt(
                    greatest(
                        cast(total.variance as double),
                        coalesce(
                            error_of_size.by_unit * cast(total.forecast_qty as double)
                            + error_of_size.by_square * pow(cast(total.forecast_qty as double), 2),
                            0
                        )
                    )
                ),
                6
            ) as half_range,
            error_of_size.brand is not null as is_range_measured
        from total
        left join error_of_size on total.brand = error_of_size.brand
    )
select
    brand,
    case
        when category is null and region is null
        then 'brand'
        when region is null
        then 'category'
        when category is null
        then 'region'
        else 'category and region'
    end as dimension,
    category,
    region,
    as_of_date,
    cast(date_trunc('week', as_of_date + 1) as date) as start_date,
    cast(cast(date_trunc('week', as_of_date + 1) as date) - 1 + 7 * horizon_weeks as date) as end_date,
    cast(series_count as bigint) as series_count,
    cast(forecast_qty as decimal(18, 3)) as forecast_qty,
    cast(greatest(cast(forecast_qty as double) - half_range, 0) as decimal(18, 3)) as forecast_low_qty,
    cast(cast(forecast_qty as double) + half_range as decimal(18, 3)) as forecast_high_qty,
    is_range_measured,
    is_fallback
from ranged
