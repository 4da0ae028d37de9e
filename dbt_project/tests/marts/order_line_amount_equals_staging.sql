-- To the cent, by source and currency: the fact's amounts are staging's less those left out by name.
with
    staged as (
        select source_name, currency_code, sum(net_amount) as amount
        from ({{ marts_union_all(marts_order_line_models()) }})
        where excluded_reason is null
        group by source_name, currency_code
    ),
    fact as (
        select source_name, currency_code, sum(net_amount) as amount
        from {{ ref("fct_order_line") }}
        group by source_name, currency_code
    )
select *
from staged
full join fact using (source_name, currency_code)
where staged.amount is distinct from fact.amount
