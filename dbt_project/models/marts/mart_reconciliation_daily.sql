-- What came, less what is left out by a named reason, is what the facts have: by entity, source, business
-- date and currency, in rows and in money.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('business_date', changed_reconciled_days()) }}",
        post_hook="{{ remember_build(reconciled_odoo_models()) }}",
    )
}}
{% set reasons = ["test_order", "cancelled", "draft", "voided"] %}
{% set raw_files = [
    {
        "entity": "order_line",
        "relation": source("raw_pos", "receipt_lines"),
        "key": "store_no, receipt_no, line_no",
        "changed_at": none,
        "business_date": business_date("version.sold_at", "source.closing_hour"),
        "currency_code": "source.currency_code",
        "amount": "if(version.line_type = 'return', -abs(version.net_amount), version.net_amount)",
    },
    {
        "entity": "order_line",
        "relation": source("raw_carrier", "returns"),
        "key": "receipt_no, line_no",
        "changed_at": none,
        "business_date": business_date("version.returned_at", "source.closing_hour"),
        "currency_code": "source.currency_code",
        "amount": "-version.credited_amount",
    },
    {
        "entity": "payment",
        "relation": source("raw_pos", "payments"),
        "key": "store_no, receipt_no, payment_no",
        "changed_at": none,
        "business_date": business_date("version.paid_at", "source.closing_hour"),
        "currency_code": "source.currency_code",
        "amount": "version.amount",
    },
    {
        "entity": "order",
        "relation": source("raw_shopify", "orders"),
        "key": "id",
        "changed_at": "updated_at",
        "business_date": utc_business_date(
            utc("version.created_at"), "source.time_zone", "source.closing_hour"
        ),
        "currency_code": "version.currency",
        "amount": "version.total_price",
    },
] %}
{% set order_models = ["stg_shopify__order", "stg_odoo__pos_order", "stg_odoo__sale_order"] %}

with
    -- Odoo's rows are kept one a key. A row whose parent has not come has no day of its own but its last
    -- change.
    odoo_row as (
        select
            'order' as entity,
            raw.source_name,
            staged.order_id as parent_id,
            raw.write_date,
            staged.order_date as business_date,
            staged.currency_code,
            raw.amount_total as amount,
            false as is_section
        from {{ source("raw_odoo", "pos_order") }} as raw
        left join
            {{ ref("stg_odoo__pos_order") }} as staged
            on staged.source_name = raw.source_name
            and staged.source_order_id = cast(raw.id as varchar)
        union all
        select
            'order',
            raw.source_name,
            staged.order_id,
            raw.write_date,
            staged.order_date,
            staged.currency_code,
            raw.amount_total,
            false
        from {{ source("raw_odoo", "sale_order") }} as raw
        left join
            {{ ref("stg_odoo__sale_order") }} as staged
            on staged.source_name = raw.source_name
            and staged.source_order_id = cast(raw.id as varchar)
        union all
        select
            'order_line',
            raw.source_name,
            staged.order_id,
            raw.write_date,
            staged.order_date,
            staged.currency_code,
            raw.price_subtotal,
            false
        from {{ source("raw_odoo", "pos_order_line") }} as raw
        left join
            {{ ref("stg_odoo__pos_order") }} as staged
            on staged.source_name = raw.source_name
            and staged.source_order_id = cast(raw.order_id as varchar)
        union all
        select
            'order_line',
            raw.source_name,
            staged.order_id,
            raw.write_date,
            staged.order_date,
            staged.currency_code,
            raw.price_subtotal,
            {{ text_or_null("raw.display_type") }} is not null
        from {{ source("raw_odoo", "sale_order_line") }} as raw
        left join
            {{ ref("stg_odoo__sale_order") }} as staged
            on staged.source_name = raw.source_name
            and staged.source_order_id = cast(raw.order_id as varchar)
        union all
        select
            'payment',
            raw.source_name,
            staged.payment_id,
            raw.write_date,
            staged.paid_date,
            staged.currency_code,
            raw.amount,
            false
        from {{ source("raw_odoo", "pos_payment") }} as raw
        left join
            {{ ref("stg_odoo__payment") }} as staged
            on staged.payment_id
            = {{ order_id("raw.source_name", "'pos-' || raw.pos_order_id") }} || ':' || raw.id
    ),
    staged_row as (
        -- Nested: a row of ours that is part of a source's row of another entity.
        select
            'order_line' as entity,
            source_name,
            order_date as business_date,
            currency_code,
            excluded_reason,
            channel = 'web'
            or source_line_id = 'rounding'
            or starts_with(source_line_id, 'refund') as is_nested,
            net_amount as amount
        from ({{ marts_union_all(marts_order_line_models(), "order_date") }})
        union all
        select
            'payment',
            payment.source_name,
            paid_date,
            payment.currency_code,
            excluded_reason,
            source.system = 'shopify',
            amount
        from ({{ marts_union_all(marts_payment_models(), "paid_date") }}) as payment
        inner join {{ ref("stg_ops__source") }} as source on payment.source_name = source.source_name
        {%- for model in order_models %}
            union all
            select 'order', source_name, order_date, currency_code, excluded_reason, false, total_amount
            from {{ only_changed(ref(model), "order_date") }}
        {%- endfor %}
    ),
    staged_day as (
        select
            entity,
            source_name,
            business_date,
            currency_code,
            count(*) as staged_row_count,
            coalesce(sum(amount), 0) as staged_amount,
            count(*) filter (where is_nested) as nested_row_count,
            coalesce(sum(amount) filter (where is_nested), 0) as nested_amount,
            {%- for reason in reasons %}
                count(*) filter (where excluded_reason = '{{ reason }}') as excluded_{{ reason }}_row_count,
            {%- endfor %}
            count(excluded_reason) as excluded_row_count,
            coalesce(sum(amount) filter (where excluded_reason is not null), 0) as excluded_amount
        from staged_row
        group by entity, source_name, business_date, currency_code
    ),
    fact_row as (
        select
            'order_line' as entity,
            source_name,
            order_date as business_date,
            currency_code,
            net_amount as amount,
            net_amount_reporting is null as is_without_rate
        from {{ only_changed(ref("fct_order_line"), "order_date") }}
        union all
        select 'payment', source_name, paid_date, currency_code, amount, amount_reporting is null
        from {{ only_changed(ref("fct_payment"), "paid_date") }}
        union all
        select
            'order',
            fact.source_name,
            fact.order_date,
            fact.currency_code,
            fact.source_total_amount,
            fact.net_amount_reporting is null
        from {{ only_changed(ref("fct_order"), "order_date") }} as fact
        semi join
            (
                {%- for model in order_models %}
                    select order_id
                    from {{ ref(model) }}
                    {%- if not loop.last %}
                        union all
                    {%- endif %}
                {%- endfor %}
            ) as stated using (order_id)
    ),
    fact_day as (
        select
            entity,
            source_name,
            business_date,
            currency_code,
            count(*) as fact_row_count,
            coalesce(sum(amount), 0) as fact_amount,
            count(*) filter (where is_without_rate) as without_rate_row_count,
            coalesce(sum(amount) filter (where is_without_rate), 0) as without_rate_amount
        from fact_row
        group by entity, source_name, business_date, currency_code
    ),
    raw_day as (
        {%- for file in raw_files %}
            select
                '{{ file.entity }}' as entity,
                version.source_name,
                {{ file.business_date }} as business_date,
                {{ file.currency_code }} as currency_code,
                count(*) as raw_row_count,
                coalesce(sum({{ file.amount }}), 0) as raw_amount,
                0 as section_row_count,
                0 as section_amount,
                0 as unattached_row_count,
                0 as unattached_amount
            from {{ file.relation }} as version
            inner join {{ ref("stg_ops__source") }} as source on version.source_name = source.source_name
            where {{ is_changed(file.business_date) }}
            group by all
            union all
        {%- endfor %}
        select
            entity,
            odoo_row.source_name,
            coalesce(business_date, cast(write_date as date)) as business_date,
            coalesce(odoo_row.currency_code, source.currency_code) as currency_code,
            count(*) as raw_row_count,
            coalesce(sum(amount), 0) as raw_amount,
            count(*) filter (where is_section and parent_id is not null) as section_row_count,
            coalesce(sum(amount) filter (where is_section and parent_id is not null), 0) as section_amount,
            count(*) filter (where parent_id is null) as unattached_row_count,
            coalesce(sum(amount) filter (where parent_id is null), 0) as unattached_amount
        from odoo_row
        inner join {{ ref("stg_ops__source") }} as source on odoo_row.source_name = source.source_name
        where {{ is_changed("coalesce(business_date, cast(write_date as date))") }}
        group by all
    ),
    -- Most days have each row once. Only where raw and staging differ are versions of a row looked for.
    differing_day as (
        select entity, source_name, business_date, currency_code
        from raw_day
        left join staged_day using (entity, source_name, business_date, currency_code)
        where
            raw_row_count <> coalesce(staged_row_count - nested_row_count, 0)
            or raw_amount <> coalesce(staged_amount - nested_amount, 0)
    ),
    version as (
        {%- for file in raw_files %}
            select entity, source_name, business_date, currency_code, amount
            from
                (
                    select
                        '{{ file.entity }}' as entity,
                        version.source_name,
                        {{ file.business_date }} as business_date,
                        {{ file.currency_code }} as currency_code,
                        {{ file.amount }} as amount,
                        row_number() over (
                            partition by version.source_name, {{ file.key }}
                            order by {{ newest_first(file.changed_at) }}
                        ) as version_no
                    from
                        (
                            -- Where nothing differs, no raw row is kept for the join.
                            from {{ file.relation }}
                            where source_name in (select source_name from differing_day)
                        ) as version
                    semi join
                        (
                            select version.source_name, {{ file.key }}
                            from {{ file.relation }} as version
                            inner join
                                {{ ref("stg_ops__source") }} as source
                                on version.source_name = source.source_name
                            inner join
                                differing_day
                                on differing_day.entity = '{{ file.entity }}'
                                and differing_day.source_name = version.source_name
                                and differing_day.business_date = {{ file.business_date }}
                                and differing_day.currency_code = {{ file.currency_code }}
                            where {{ is_changed(file.business_date) }}
                        ) as differing using (source_name, {{ file.key }})
                    inner join
                        {{ ref("stg_ops__source") }} as source on version.source_name = source.source_name
                )
            where version_no > 1 and {{ is_changed("business_date") }}
            {%- if not loop.last %}
                union all
            {%- endif %}
        {%- endfor %}
    ),
    superseded_day as (
        select
            entity,
            source_name,
            business_date,
            currency_code,
            count(*) as superseded_row_count,
            coalesce(sum(amount), 0) as superseded_amount
        from version
        group by entity, source_name, business_date, currency_code
    ),
    day as (
        select
            entity,
            source_name,
            business_date,
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
                cast(coalesce({{ name }}_row_count, 0) as bigint) as {{ name }}_row_count,
                {{ marts_money("coalesce(" ~ name ~ "_amount, 0)") }} as {{ name }}_amount,
            {%- endfor %}
            {%- for reason in reasons %}
                cast(
                    coalesce(excluded_{{ reason }}_row_count, 0) as bigint
                ) as excluded_{{ reason }}_row_count
                {%- if not loop.last %},{% endif %}
            {%- endfor %}
        from raw_day
        full join superseded_day using (entity, source_name, business_date, currency_code)
        full join staged_day using (entity, source_name, business_date, currency_code)
        full join fact_day using (entity, source_name, business_date, currency_code)
    )

select
    *,
    abs(
        raw_row_count
        - superseded_row_count
        - unattached_row_count
        - section_row_count
        + nested_row_count
        - staged_row_count
    )
    + abs(staged_row_count - excluded_row_count - fact_row_count) as row_count_difference,
    {{
        marts_money(
            "abs(raw_amount - superseded_amount - unattached_amount - section_amount + nested_amount - staged_amount)"
            ~ " + abs(staged_amount - excluded_amount - fact_amount)"
        )
    }}
    as amount_difference
from day
