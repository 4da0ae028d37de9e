-- Cost of a product's unit from a date until the next cost, one row a product and date.
select
    product_id,
    valid_from_date,
    lead(valid_from_date) over (partition by product_id order by valid_from_date) as valid_to_date,
    max(unit_cost_amount) as unit_cost_amount,
    arg_max(currency_code, unit_cost_amount) as currency_code
from {{ ref("stg_headoffice__product_cost") }}
group by product_id, valid_from_date
