-- The newest forecast added up, with a range: one row a brand, a category, a region, and a category in a
-- region. A sum of means is the mean of the sum. Its range is not the sum of the ranges, for not all products
-- go low together; nor that of independent ones, for they are not: the variance is what past forecasts of
-- groups have had (`int_demand_error`), and no less than independent errors would give. A view: scores are
-- made after the marts of their day.
{{ config(materialized="view") }}
{% set upper_in_deviations = demand_upper_in_deviations() %}

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
    ranged as (
        select
            total.*,
            round(
                {{ upper_in_deviations }} * sqrt(
                    greatest(
                        cast(total.variance as double),
                        coalesce({{ demand_sum_variance("error", "total.forecast_qty") }}, 0)
                    )
                ),
                6
            ) as half_range,
            error.brand is not null as is_range_measured
        from total
        left join {{ ref("int_demand_error") }} as error on total.brand = error.brand
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
