-- What staging has, less what is left out by a named reason, is what the facts have: by fact, source and
-- currency.
{% set reasons = ["test_order", "cancelled", "draft"] %}

with
    staged as (
        select 'order_line' as entity, source_name, currency_code, excluded_reason, net_amount as amount
        from ({{ marts_union_all(marts_order_line_models()) }})
        union all
        select 'payment' as entity, source_name, currency_code, null as excluded_reason, amount
        from ({{ marts_union_all(marts_payment_models()) }})
    ),
    fact as (
        select 'order_line' as entity, source_name, currency_code, net_amount as amount
        from {{ ref("fct_order_line") }}
        union all
        select 'payment' as entity, source_name, currency_code, amount
        from {{ ref("fct_payment") }}
    ),
    staged_total as (
        select
            entity,
            source_name,
            currency_code,
            count(*) as staged_row_count,
            {{ marts_money("sum(amount)") }} as staged_amount,
            {%- for reason in reasons %}
                count(*) filter (where excluded_reason = '{{ reason }}') as excluded_{{ reason }}_row_count,
            {%- endfor %}
            count(excluded_reason) as excluded_row_count,
            {{ marts_money("coalesce(sum(amount) filter (where excluded_reason is not null), 0)") }}
            as excluded_amount
        from staged
        group by entity, source_name, currency_code
    ),
    fact_total as (
        select
            entity,
            source_name,
            currency_code,
            count(*) as fact_row_count,
            {{ marts_money("sum(amount)") }} as fact_amount
        from fact
        group by entity, source_name, currency_code
    )
select
    entity,
    source_name,
    currency_code,
    coalesce(staged_row_count, 0) as staged_row_count,
    {{ marts_money("coalesce(staged_amount, 0)") }} as staged_amount,
    {%- for reason in reasons %}
        coalesce(excluded_{{ reason }}_row_count, 0) as excluded_{{ reason }}_row_count,
    {%- endfor %}
    coalesce(excluded_row_count, 0) as excluded_row_count,
    {{ marts_money("coalesce(excluded_amount, 0)") }} as excluded_amount,
    coalesce(fact_row_count, 0) as fact_row_count,
    {{ marts_money("coalesce(fact_amount, 0)") }} as fact_amount,
    coalesce(staged_row_count, 0)
    - coalesce(excluded_row_count, 0)
    - coalesce(fact_row_count, 0) as row_count_difference,
    {{ marts_money("coalesce(staged_amount, 0) - coalesce(excluded_amount, 0) - coalesce(fact_amount, 0)") }}
    as amount_difference
from staged_total
full join fact_total using (entity, source_name, currency_code)
