-- Rate of each currency to the reporting currency by day. Both legs cross through the base that a source
-- quotes against, each with its last rate at most 7 days before the day. No rate, no row: a gap is never
-- filled with 1. The head office's rates come first, Odoo's where it has none.
with
    odoo_quote as (
        -- A rate without company holds for all of them.
        select
            company.company_id as base_key,
            company.currency_code as base_currency_code,
            currency.name as currency_code,
            rate.name as rate_date,
            rate.rate
        from {{ source("raw_odoo", "res_currency_rate") }} as rate
        inner join
            {{ source("raw_odoo", "res_currency") }} as currency
            on rate.source_name = currency.source_name
            and rate.currency_id = currency.id
        inner join
            {{ ref("stg_odoo__company") }} as company
            on rate.source_name = company.source_name
            and coalesce(cast(rate.company_id as varchar) = company.source_company_id, true)
    ),
    quote as (
        select
            1 as priority,
            base_currency_code as base_key,
            base_currency_code,
            currency_code,
            rate_date,
            cast(max(rate) as decimal(18, 8)) as rate
        from {{ ref("stg_headoffice__currency_rate") }}
        where rate > 0
        group by all
        union all
        select
            2 as priority,
            base_key,
            base_currency_code,
            currency_code,
            rate_date,
            cast(max(rate) as decimal(18, 8)) as rate
        from odoo_quote
        where rate > 0
        group by all
    ),
    base as (
        select
            priority,
            base_key,
            base_currency_code,
            min(rate_date) as first_date,
            max(rate_date) + 7 as last_date
        from quote
        group by priority, base_key, base_currency_code
    ),
    span as (
        select
            priority,
            base_key,
            base_currency_code,
            cast(unnest(generate_series(first_date, last_date, interval 1 day)) as date) as rate_date
        from base
    ),
    currency_day as (
        select span.*, currency.currency_code
        from span
        inner join
            (select distinct priority, base_key, currency_code from quote) as currency using (
                priority, base_key
            )
    ),
    leg as (
        select day.priority, day.base_key, day.currency_code, day.rate_date, quote.rate
        from currency_day as day
        asof inner join
            quote
            on day.priority = quote.priority
            and day.base_key = quote.base_key
            and day.currency_code = quote.currency_code
            and day.rate_date >= quote.rate_date
        where day.rate_date - quote.rate_date <= 7
        union all
        -- A base that is not quoted itself is worth 1 of itself.
        select
            priority,
            base_key,
            base_currency_code as currency_code,
            rate_date,
            cast(1 as decimal(18, 8)) as rate
        from span
        where
            (priority, base_key, base_currency_code)
            not in (select (priority, base_key, currency_code) from quote)
    ),
    cross_rate as (
        select
            own.priority,
            own.base_key,
            own.currency_code,
            own.rate_date,
            cast(
                cast(reporting.rate as double) / cast(own.rate as double) as decimal(28, 10)
            ) as exchange_rate
        from leg as own
        inner join
            leg as reporting
            on own.priority = reporting.priority
            and own.base_key = reporting.base_key
            and own.rate_date = reporting.rate_date
        where
            reporting.currency_code = '{{ var("reporting_currency") }}'
            and own.currency_code <> '{{ var("reporting_currency") }}'
    )
select currency_code, rate_date, '{{ var("reporting_currency") }}' as reporting_currency_code, exchange_rate
from cross_rate
qualify row_number() over (partition by currency_code, rate_date order by priority, base_key) = 1
