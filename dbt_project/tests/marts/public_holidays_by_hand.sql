-- Holidays of 2025 and 2026 worked out by hand. Easter 2026 is 5 April: Good Friday 3 April, Ascension 39
-- days after it,
-- Whit Monday 50, Corpus Christi 60. Boxing Day 2026 is a Saturday and moves to Monday; Thanksgiving is the
-- fourth
-- Thursday; 27 April 2025 is a Sunday, so that the king's day is the 26th.
with
    expected(country_code, holiday_date, holiday_name) as (
        values
            ('GB', date '2026-04-03', 'Good Friday'),
            ('GB', date '2026-05-04', 'Early May bank holiday'),
            ('GB', date '2026-12-28', 'Boxing Day'),
            ('US', date '2026-01-19', 'Martin Luther King Day'),
            ('US', date '2026-11-26', 'Thanksgiving'),
            ('DE', date '2026-05-14', 'Ascension'),
            ('FR', date '2026-05-25', 'Whit Monday'),
            ('AT', date '2026-06-04', 'Corpus Christi'),
            ('NL', date '2025-04-26', 'King''s Day'),
            ('NL', date '2026-04-27', 'King''s Day'),
            ('ES', date '2026-10-12', 'National Day'),
            ('IT', date '2026-04-25', 'Liberation Day'),
            ('BE', date '2026-07-21', 'National Day')
    ),
    day_count(country_code, holiday_count) as (
        values
            ('GB', 8),
            ('US', 11),
            ('DE', 9),
            ('FR', 11),
            ('BE', 10),
            ('AT', 13),
            ('ES', 10),
            ('IT', 12),
            ('NL', 9)
    )
select expected.country_code, expected.holiday_date
from expected
left join {{ ref("int_holiday") }} as holiday using (country_code, holiday_date, holiday_name)
where holiday.country_code is null
union all
select day_count.country_code, cast(null as date)
from day_count
left join
    {{ ref("int_holiday") }} as holiday
    on day_count.country_code = holiday.country_code
    and year(holiday.holiday_date) = 2026
group by day_count.country_code, day_count.holiday_count
having count(holiday.holiday_date) <> day_count.holiday_count
