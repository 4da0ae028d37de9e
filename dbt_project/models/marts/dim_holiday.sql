-- Public holidays of the countries that have a store.
select holiday.country_code, holiday.holiday_date, holiday.holiday_name
from {{ ref("int_holiday") }} as holiday
inner join
    (select distinct country_code from {{ ref("dim_store") }}) as country
    on holiday.country_code = country.country_code
