-- Public holidays by today's rules, for the years around the data: England's and Wales's bank holidays with
-- their substitutes, the federal ones of the United States on their own day, and the nationwide ones of some
-- countries of Europe.
with
    year as (select unnest(generate_series(2000, 2060)) as year),
    easter_step as (
        -- Butcher's rule for the Gregorian calendar.
        select
            year,
            year % 19 as a,
            divide(year, 100) as b,
            year % 100 as c,
            (19 * a + b - divide(b, 4) - divide(b - divide(b + 8, 25) + 1, 3) + 15) % 30 as d,
            (32 + 2 * (b % 4) + 2 * divide(c, 4) - d - c % 4) % 7 as e,
            d + e - 7 * divide(a + 11 * d + 22 * e, 451) + 114 as f
        from year
    ),
    easter as (select year, make_date(year, divide(f, 31), f % 31 + 1) as easter_date from easter_step),
    fixed as (
        select
            year,
            easter_date,
            make_date(year, 1, 1) as new_year,
            make_date(year, 12, 25) as christmas,
            make_date(year, 12, 26) as boxing_day
        from easter
    ),
    european(month, day, easter_offset, holiday_name, country_codes) as (
        values
            (1, 1, null, 'New Year', ['AT', 'BE', 'DE', 'ES', 'FR', 'IT', 'NL']),
            (1, 6, null, 'Epiphany', ['AT', 'ES', 'IT']),
            (null, null, -2, 'Good Friday', ['DE', 'ES']),
            (null, null, 0, 'Easter Sunday', ['IT', 'NL']),
            (null, null, 1, 'Easter Monday', ['AT', 'BE', 'DE', 'FR', 'IT', 'NL']),
            (4, 25, null, 'Liberation Day', ['IT']),
            (4, 27, null, 'King''s Day', ['NL']),
            (5, 1, null, 'Labour Day', ['AT', 'BE', 'DE', 'ES', 'FR', 'IT']),
            (5, 8, null, 'Victory Day', ['FR']),
            (null, null, 39, 'Ascension', ['AT', 'BE', 'DE', 'FR', 'NL']),
            (null, null, 49, 'Whit Sunday', ['NL']),
            (null, null, 50, 'Whit Monday', ['AT', 'BE', 'DE', 'FR', 'NL']),
            (null, null, 60, 'Corpus Christi', ['AT']),
            (6, 2, null, 'Republic Day', ['IT']),
            (7, 14, null, 'National Day', ['FR']),
            (7, 21, null, 'National Day', ['BE']),
            (8, 15, null, 'Assumption', ['AT', 'BE', 'ES', 'FR', 'IT']),
            (10, 3, null, 'Unity Day', ['DE']),
            (10, 12, null, 'National Day', ['ES']),
            (10, 26, null, 'National Day', ['AT']),
            (11, 1, null, 'All Saints', ['AT', 'BE', 'ES', 'FR', 'IT']),
            (11, 11, null, 'Armistice Day', ['BE', 'FR']),
            (12, 6, null, 'Constitution Day', ['ES']),
            (12, 8, null, 'Immaculate Conception', ['AT', 'ES', 'IT']),
            (12, 25, null, 'Christmas', ['AT', 'BE', 'DE', 'ES', 'FR', 'IT', 'NL']),
            (12, 26, null, 'Second day of Christmas', ['AT', 'DE', 'IT', 'NL'])
    ),
    european_day as (
        select
            unnest(european.country_codes) as country_code,
            coalesce(
                cast(easter.easter_date + european.easter_offset as date),
                make_date(easter.year, european.month, european.day)
            ) as rule_date,
            european.holiday_name
        from easter
        cross join european
    )
select 'US' as country_code, unnest(holidays).date as holiday_date, unnest(holidays).name as holiday_name
from
    (
        select
            [
                {'date':new_year, 'name':'New Year'},
                {'date':{{ marts_nth_weekday("year", 1, 1, 3) }}, 'name':'Martin Luther King Day'},
                {'date':{{ marts_nth_weekday("year", 2, 1, 3) }}, 'name':'Presidents Day'},
                {'date':{{ marts_last_monday("year", 5) }}, 'name':'Memorial Day'},
                {'date':make_date(year, 7, 4), 'name':'Independence Day'},
                {'date':{{ marts_nth_weekday("year", 9, 1, 1) }}, 'name':'Labor Day'},
                {'date':{{ marts_nth_weekday("year", 10, 1, 2) }}, 'name':'Columbus Day'},
                {'date':make_date(year, 11, 11), 'name':'Veterans Day'},
                {'date':{{ marts_nth_weekday("year", 11, 4, 4) }}, 'name':'Thanksgiving'},
                {'date':christmas, 'name':'Christmas'}
            ] as holidays
        from fixed
    )
union all
select 'US', make_date(year, 6, 19), 'Juneteenth'
from fixed
where year >= 2021
union all
select 'GB', unnest(holidays).date, unnest(holidays).name
from
    (
        select
            [
                -- What falls on a weekend moves to the next working day.
                {
                    'date':cast(
                        new_year + case isodow(new_year) when 6 then 2 when 7 then 1 else 0 end as date
                    ),
                    'name':'New Year'
                },
                {'date':cast(easter_date - 2 as date), 'name':'Good Friday'},
                {'date':cast(easter_date + 1 as date), 'name':'Easter Monday'},
                {'date':{{ marts_nth_weekday("year", 5, 1, 1) }}, 'name':'Early May bank holiday'},
                {'date':{{ marts_last_monday("year", 5) }}, 'name':'Spring bank holiday'},
                {'date':{{ marts_last_monday("year", 8) }}, 'name':'Summer bank holiday'},
                {
                    'date':cast(christmas + case when isodow(christmas) >= 6 then 2 else 0 end as date),
                    'name':'Christmas'
                },
                {
                    'date':cast(boxing_day + case when isodow(boxing_day) >= 6 then 2 else 0 end as date),
                    'name':'Boxing Day'
                }
            ] as holidays
        from fixed
    )
union all
select
    country_code,
    -- The king does not celebrate on a Sunday.
    cast(
        rule_date - if(holiday_name = 'King''s Day' and isodow(rule_date) = 7, 1, 0) as date
    ) as holiday_date,
    holiday_name
from european_day
