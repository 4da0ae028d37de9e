with
    -- A returns file has one column for whatever was credited. What a code is, the shop's own lines tell:
    -- it sold the
    -- same code as goods, as postage or as a gift card.
    shop_code as (
        select
            code_space,
            source_sku as sku,
            if(bool_or(item_kind = 'product'), 'product', max(item_kind)) as item_kind
        from {{ ref("stg_shopify__order_line") }}
        inner join {{ ref("stg_ops__source") }} using (source_name)
        where source_sku is not null and item_kind <> 'test'
        group by all
    ),

    line as (
        select
            version.*,
            source.brand,
            source.code_space,
            source.currency_code,
            source.known_after_hours,
            source.closing_hour,
            {{ text_or_null("version.customer_no") }} as source_customer_id,
            source.customer_source_name,
            shop.source_name as shop_name,
            {{ local_to_utc("version.returned_at", "source.time_zone") }} as ordered_at,
            product.unit_of_measure,
            coalesce(shop_code.item_kind, if(product.product_id is null, 'manual', 'product')) as item_kind
        from {{ newest_version(source("raw_carrier", "returns"), ["receipt_no", "line_no"]) }} as version
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        -- What comes back was sold by the shop whose customers the file names.
        left join
            {{ ref("stg_ops__source") }} as shop
            on shop.source_name = source.customer_source_name
            and shop.system = 'shopify'
        left join
            {{ ref("stg_headoffice__product") }} as product
            on product.product_id = {{ product_id("source.code_space", "version.sku") }}
        left join shop_code on shop_code.code_space = source.code_space and shop_code.sku = version.sku
    )

select
    {{ order_id("line.source_name", "line.receipt_no") }} || ':' || line.line_no as order_line_id,
    {{ order_id("line.source_name", "line.receipt_no") }} as order_id,
    line.source_name,
    line.brand,
    'carrier' as channel,
    line.receipt_no as source_order_id,
    cast(line.line_no as varchar) as source_line_id,
    {{ web_store_id("line.shop_name") }} as store_id,
    if(line.source_customer_id is null, null, line.customer_source_name) as customer_source_name,
    line.source_customer_id,
    cast(null as varchar) as terminal_no,
    cast(null as varchar) as cashier_no,
    'return' as line_kind,
    line.item_kind,
    if(line.item_kind = 'product', {{ product_id("line.code_space", "line.sku") }}, null) as product_id,
    line.sku as source_sku,
    cast(null as varchar) as lot_no,
    {{ text_or_null("line.description") }} as product_name,
    line.ordered_at,
    {{ business_date("line.returned_at", "line.closing_hour") }} as order_date,
    cast(- line.quantity as decimal(18, 3)) as quantity,
    if(line.item_kind = 'product', coalesce(line.unit_of_measure, 'piece'), 'amount') as unit_of_measure,
    cast(- line.credited_amount as decimal(18, 4)) as gross_amount,
    cast(0 as decimal(18, 4)) as discount_amount,
    cast(- line.credited_amount as decimal(18, 4)) as net_amount,
    cast(null as decimal(18, 4)) as tax_amount,
    line.currency_code,
    cast(null as varchar) as original_order_id,
    {{ text_or_null("line.reason") }} as return_reason,
    {{ known_at("line.ordered_at", version="line", source="line") }} as known_at,
    cast(null as varchar) as excluded_reason
from line
