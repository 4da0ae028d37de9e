select
    entry.finance_entry_id,
    entry.source_name,
    entry.brand,
    entry.source_entry_id,
    entry.posted_at,
    entry.posted_date,
    entry.account_code,
    entry.description,
    entry.amount,
    entry.currency_code,
    '{{ var("reporting_currency") }}' as reporting_currency_code,
    {{
        marts_money(
            "entry.amount * " ~ marts_rate_to_reporting("entry.currency_code", "rate.exchange_rate")
        )
    }} as amount_reporting,
    entry.known_at
from {{ ref("stg_headoffice__finance_entry") }} as entry
left join {{ marts_exchange_rate("rate", "entry.currency_code", "entry.posted_date") }}
