-- When each day begins and ends in the time zones of the stores. Twice a year it has 23 or 25 hours.
with
    zone as (select distinct time_zone from {{ ref("dim_store") }} where time_zone is not null),
    day as (
        select
            date.date_day,
            zone.time_zone,
            {{ local_to_utc("cast(date.date_day as timestamp)", "zone.time_zone") }} as starts_at,
            {{ local_to_utc("cast(date.date_day + 1 as timestamp)", "zone.time_zone") }} as ends_at
        from {{ ref("dim_date") }} as date
        cross join zone
    )
select
    date_day,
    time_zone,
    starts_at,
    ends_at,
    cast(date_diff('minute', starts_at, ends_at) / 60 as decimal(4, 2)) as day_hours
from day
