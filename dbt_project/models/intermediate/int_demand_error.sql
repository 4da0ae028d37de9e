-- How far forecasts of groups were from what was sold, one row a brand, from the backtests of a year: the
-- squared error of a group is a part that grows with its units, as errors of products that do not depend on
-- each other would, and a part that grows with their square, as what moves all alike does. Both follow from
-- the mean of the squared error and its mean a unit. A view: scores are made after the marts of their day.
{{ config(materialized="view") }}
{% set as_of = marts_as_of() %}

with
    -- Each origin and group once
    past as (
        select
            brand,
            cast(forecast_qty as decimal(18, 3)) as forecast_qty,
            cast(pow(sold_qty - forecast_qty, 2) as decimal(28, 6)) as squared_error
        from {{ source("scores", "score_demand_backtest") }}
        where
            group_kind in ('all', 'department', 'category', 'store')
            and forecast_qty > 0
            and as_of_date > {{ as_of }} - 364
            and as_of_date <= {{ as_of }}
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
            cast(
                sum(cast(squared_error / forecast_qty as decimal(28, 6))) as double
            ) as squared_error_over_units
        from past
        group by brand
    ),
    solved as (
        select
            *,
            (group_count * squared_error - squared_error_over_units * units)
            / nullif(group_count * squared_units - units * units, 0) as of_square
        from moment
    )
-- Neither part is below nothing: then the other one is all of it.
select
    brand,
    cast(group_count as bigint) as group_count,
    case
        when of_square is null or of_square <= 0
        then round(squared_error / units, 9)
        else round(greatest((squared_error - of_square * squared_units) / units, 0), 9)
    end as squared_error_of_unit,
    case
        when of_square is null or of_square <= 0
        then 0
        when squared_error < of_square * squared_units
        then round(squared_error / squared_units, 9)
        else round(of_square, 9)
    end as squared_error_of_square
from solved
