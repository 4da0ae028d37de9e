-- The 4-5-4 calendar on days worked out by hand: years begin on the Sunday on or after 29 January, so that
-- of 2017 runs
-- from 29 January 2017 to 3 February 2018 and has 53 weeks. Its February is weeks 1 to 4, its March 5 to 9,
-- its April
-- 10 to 13; its second quarter begins with week 14, on 30 April.
with
    expected(date_day, retail_year, retail_week, retail_week_start_date, retail_month, retail_quarter) as (
        values
            (date '2017-01-28', 2016, 52, date '2017-01-22', 12, 4),
            (date '2017-01-29', 2017, 1, date '2017-01-29', 1, 1),
            (date '2017-02-25', 2017, 4, date '2017-02-19', 1, 1),
            (date '2017-02-26', 2017, 5, date '2017-02-26', 2, 1),
            (date '2017-04-01', 2017, 9, date '2017-03-26', 2, 1),
            (date '2017-04-02', 2017, 10, date '2017-04-02', 3, 1),
            (date '2017-04-29', 2017, 13, date '2017-04-23', 3, 1),
            (date '2017-04-30', 2017, 14, date '2017-04-30', 4, 2),
            (date '2018-01-27', 2017, 52, date '2018-01-21', 12, 4),
            (date '2018-01-28', 2017, 53, date '2018-01-28', 12, 4),
            (date '2018-02-03', 2017, 53, date '2018-01-28', 12, 4),
            (date '2018-02-04', 2018, 1, date '2018-02-04', 1, 1)
    )
select expected.*
from expected
inner join {{ ref("dim_date") }} as date on expected.date_day = date.date_day
where
    date.retail_year <> expected.retail_year
    or date.retail_week <> expected.retail_week
    or date.retail_week_start_date <> expected.retail_week_start_date
    or date.retail_month <> expected.retail_month
    or date.retail_quarter <> expected.retail_quarter
