-- A source that is switched off, or gone from the settings, takes its rows out of every staging table.
with
    enabled as (select * from {{ source("ops", "ops_source") }} where is_enabled),

    sole_shop as (
        select code_space, any_value(source_name) as web_shop_name
        from enabled
        where system = 'shopify'
        group by code_space
        having count(*) = 1
    )

select
    enabled.source_name,
    enabled.system,
    enabled.brand,
    enabled.company,
    enabled.code_space,
    enabled.customer_source_name,
    enabled.country_code,
    enabled.currency_code,
    enabled.time_zone,
    enabled.closing_hour,
    enabled.known_after_hours,
    enabled.history_until as history_until_date,
    sole_shop.web_shop_name
from enabled
left join sole_shop using (code_space)
