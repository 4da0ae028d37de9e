-- Promotions of series that are forecast, one row a product, store and Monday week: the one that holds most
-- of their days.
with
    series_promotion as (
        from {{ ref("stg_campaign__promotion") }}
        semi join {{ ref("int_demand_series") }} using (product_id, store_id)
        where display_location is not null or mailer_location is not null
    )

select
    product_id,
    store_id,
    cast(date_trunc('week', week_start_date + 3) as date) as week_start_date,
    min(known_date) as known_date,
    count(display_location) as display_count,
    count(mailer_location) as mailer_count
from {{ marts_with_known_date("series_promotion") }}
group by all
