-- Promotions of a product in a store by the calendar week that holds most of theirs: sales and stock are
-- counted by such weeks.
select
    product_id,
    store_id,
    cast(date_trunc('week', week_start_date + 3) as date) as week_start_date,
    min(source_name) as source_name,
    min(brand) as brand,
    bool_or(display_location is not null) as has_display,
    bool_or(mailer_location is not null) as has_mailer
from {{ ref("stg_campaign__promotion") }}
where display_location is not null or mailer_location is not null
group by product_id, store_id, cast(date_trunc('week', week_start_date + 3) as date)
