-- The reconciliation of all days: by entity, source and currency.
select
    entity,
    source_name,
    currency_code,
    {%- for name in [
        "raw",
        "superseded",
        "unattached",
        "section",
        "nested",
        "staged",
        "excluded",
        "fact",
        "without_rate",
    ] %}
        cast(sum({{ name }}_row_count) as bigint) as {{ name }}_row_count,
        {{ marts_money("sum(" ~ name ~ "_amount)") }} as {{ name }}_amount,
    {%- endfor %}
    {%- for reason in ["test_order", "cancelled", "draft", "voided"] %}
        cast(sum(excluded_{{ reason }}_row_count) as bigint) as excluded_{{ reason }}_row_count,
    {%- endfor %}
    cast(sum(row_count_difference) as bigint) as row_count_difference,
    {{ marts_money("sum(amount_difference)") }} as amount_difference
from {{ ref("mart_reconciliation_daily") }}
group by entity, source_name, currency_code
