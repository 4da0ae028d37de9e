-- Days from two years before the first order, or `as_of`, to the end of the year after `as_of`.
with
    span as (
        select
            make_date(
                cast(
                    year(least(coalesce(min(order_date), {{ marts_as_of() }}), {{ marts_as_of() }}))
                    - 2 as bigint
                ),
                1,
                1
            ) as first_date,
            make_date(cast(year({{ marts_as_of() }}) + 1 as bigint), 12, 31) as last_date
        from {{ ref("fct_order_line") }}
    ),
    day as (
        select unnest(generate_series(first_date, last_date, interval 1 day))::date as date_day from span
    ),
    retail as (
        select
            date_day,
            case
                when date_day >= {{ marts_retail_year_start("year(date_day)") }}
                then year(date_day)
                else year(date_day) - 1
            end as retail_year
        from day
    ),
    retail_week as (
        select
            date_day,
            retail_year,
            {{
                marts_whole_quotient(
                    "date_diff('day', " ~ marts_retail_year_start("retail_year") ~ ", date_day)", 7
                )
            }} + 1 as retail_week
        from retail
    ),
    -- Months of 4, 5 and 4 weeks; a 53rd week belongs to the last.
    retail_month as (
        select
            date_day,
            retail_year,
            retail_week,
            case
                when retail_week = 53
                then 12
                else
                    {{ marts_whole_quotient("(retail_week - 1)", 13) }} * 3 + case
                        when (retail_week - 1) % 13 < 4 then 1 when (retail_week - 1) % 13 < 9 then 2 else 3
                    end
            end as retail_month
        from retail_week
    ),
    holiday as (
        select holiday_date as date_day, list_sort(list(distinct country_code)) as holiday_country_codes
        from {{ ref("dim_holiday") }}
        group by holiday_date
    )
select
    date_day,
    cast(year(date_day) as integer) as year,
    cast(quarter(date_day) as integer) as quarter,
    cast(month(date_day) as integer) as month,
    cast(day(date_day) as integer) as day_of_month,
    cast({{ marts_iso_weekday("date_day") }} as integer) as iso_weekday,
    -- A week belongs to the year of its Thursday.
    cast(year(date_trunc('week', date_day) + interval 3 day) as integer) as iso_year,
    cast(weekofyear(date_day) as integer) as iso_week,
    cast(date_trunc('week', date_day) as date) as week_start_date,
    cast(retail_year as integer) as retail_year,
    cast(retail_week as integer) as retail_week,
    cast(
        {{ marts_retail_year_start("retail_year") }} + cast(7 * (retail_week - 1) as integer) as date
    ) as retail_week_start_date,
    cast(retail_month as integer) as retail_month,
    {{ marts_whole_quotient("(retail_month - 1)", 3) }} + 1 as retail_quarter,
    {{ marts_iso_weekday("date_day") }} >= 6 as is_weekend,
    coalesce(holiday.holiday_country_codes, []) as holiday_country_codes
from retail_month
left join holiday using (date_day)
