-- The file's quantity and money are positive for returns, or not, by the till's habit: the line type alone
-- decides.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('order_id', changed_receipts('receipt_lines', ['store_no', 'receipt_no', 'line_no'])) }}",
        post_hook="{{ remember_build([ref('stg_ops__source'), ref('stg_headoffice__store')]) }}",
    )
}}

with
    line as (
        select
            version.* exclude (item_kind),
            source.brand,
            source.code_space,
            source.customer_source_name,
            source.currency_code,
            source.known_after_hours,
            source.closing_hour,
            {{ store_id("source.code_space", "version.store_no") }} as store_id,
            {{ pos_order_id("version.source_name", "version.store_no", "version.receipt_no") }} as order_id,
            {{ local_to_utc("version.sold_at", "coalesce(store.time_zone, source.time_zone)") }}
            as ordered_at,
            {{ text_or_null("version.loyalty_number") }} as source_customer_id,
            coalesce({{ text_or_null("version.item_kind") }}, 'product') as item_kind,
            if(version.line_type = 'return', -1, 1) as sign
        from
            {{
                newest_version(
                    only_changed(
                        source("raw_pos", "receipt_lines"),
                        pos_order_id("source_name", "store_no", "receipt_no"),
                    ),
                    ["store_no", "receipt_no", "line_no"],
                )
            }} as version
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        left join
            {{ ref("stg_headoffice__store") }} as store
            on store.store_id = {{ store_id("source.code_space", "version.store_no") }}
    )

select
    line.order_id || ':' || line.line_no as order_line_id,
    line.order_id,
    line.source_name,
    line.brand,
    'store' as channel,
    line.receipt_no as source_order_id,
    cast(line.line_no as varchar) as source_line_id,
    line.store_id,
    if(line.source_customer_id is null, null, line.customer_source_name) as customer_source_name,
    line.source_customer_id,
    line.terminal_no,
    line.cashier_no,
    line.line_type as line_kind,
    line.item_kind,
    if(line.item_kind = 'product', {{ product_id("line.code_space", "line.sku") }}, null) as product_id,
    line.sku as source_sku,
    cast(null as varchar) as lot_no,
    cast(null as varchar) as product_name,
    line.ordered_at,
    {{ business_date("line.sold_at", "line.closing_hour") }} as order_date,
    cast(line.sign * abs(line.quantity) as decimal(18, 3)) as quantity,
    if(line.item_kind = 'product', line.unit_of_measure, 'amount') as unit_of_measure,
    cast(if(line.sign < 0, - abs(line.gross_amount), line.gross_amount) as decimal(18, 4)) as gross_amount,
    cast(
        line.sign * (
            abs(coalesce(line.retail_discount_amount, 0))
            + abs(coalesce(line.coupon_match_discount_amount, 0))
        ) as decimal(18, 4)
    ) as discount_amount,
    cast(if(line.sign < 0, - abs(line.net_amount), line.net_amount) as decimal(18, 4)) as net_amount,
    cast(null as decimal(18, 4)) as tax_amount,
    line.currency_code,
    if(
        {{ text_or_null("line.original_receipt_no") }} is null,
        null,
        {{ pos_order_id("line.source_name", "line.store_no", "line.original_receipt_no") }}
    ) as original_order_id,
    {{ text_or_null("line.return_reason") }} as return_reason,
    {{ known_at("line.ordered_at", version="line", source="line") }} as known_at,
    if(line.is_voided, 'voided', null) as excluded_reason
from line
