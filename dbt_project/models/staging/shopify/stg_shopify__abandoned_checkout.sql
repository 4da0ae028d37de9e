-- A checkout that is paid after all comes again with the time of its payment.
with
    parsed as (
        select
            version.*,
            source.brand,
            source.time_zone,
            source.known_after_hours,
            {{ shopify_line_items("version.line_items") }} as items,
            {{ shopify_customer("version.customer") }} as buyer,
            {{ utc("version.created_at") }} as begun_at
        from
            {{
                newest_version(
                    source("raw_shopify", "abandoned_checkouts"), ["id"], changed_at="updated_at"
                )
            }} as version
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
    )

select
    source_name || ':checkout-' || id as abandoned_checkout_id,
    source_name,
    brand,
    id as source_checkout_id,
    {{ web_store_id("source_name") }} as store_id,
    if(buyer.id is null, null, source_name) as customer_source_name,
    buyer.id as source_customer_id,
    begun_at,
    {{ local_date("begun_at", "time_zone") }} as begun_date,
    {{ utc("updated_at") }} as updated_at,
    {{ utc("completed_at") }} as completed_at,
    cast(coalesce(len(items), 0) as bigint) as line_count,
    cast(
        coalesce(list_sum(list_transform(items, lambda item:item.quantity)), 0) as decimal(18, 3)
    ) as quantity,
    subtotal_price as subtotal_amount,
    currency as currency_code,
    {{ known_at("begun_at", version="parsed", source="parsed") }} as known_at
from parsed
