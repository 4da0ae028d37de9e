-- Promotions: a brand's product on display or in the mailer in a week.
select
    {{ promotion_id("brand", "product_id", "week_start_date") }} as promotion_id,
    min(source_name) as source_name,
    brand,
    product_id,
    week_start_date as start_date,
    cast(week_start_date + 6 as date) as end_date,
    count(*) as store_count,
    count(*) filter (where has_display) as display_store_count,
    count(*) filter (where has_mailer) as mailer_store_count
from {{ ref("int_promotion_store_week") }}
group by brand, product_id, week_start_date
