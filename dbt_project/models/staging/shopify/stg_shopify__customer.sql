-- Customers as their latest order shows them, and guests as their one order does.
with
    latest as (
        select *
        from {{ ref("stg_shopify__order") }}
        where source_customer_id is not null
        qualify
            row_number() over (
                partition by source_name, source_customer_id order by ordered_at desc, source_order_id desc
            )
            = 1
    ),

    first_known as (
        select source_name, source_customer_id, min(known_at) as known_at
        from {{ ref("stg_shopify__order") }}
        where source_customer_id is not null
        group by all
    ),

    located as (
        select
            latest.* exclude (address, known_at),
            -- An account without a default address has one with empty fields.
            if(
                coalesce(latest.customer.default_address.address1, latest.customer.default_address.zip)
                is null,
                coalesce(latest.address, latest.customer.default_address),
                latest.customer.default_address
            ) as address,
            first_known.known_at
        from latest
        inner join first_known using (source_name, source_customer_id)
    )

select
    source_name,
    source_customer_id,
    brand,
    customer.id is null as is_guest,
    coalesce(
        {{ text_or_null("customer.first_name") }}, {{ text_or_null("address.first_name") }}
    ) as first_name,
    coalesce({{ text_or_null("customer.last_name") }}, {{ text_or_null("address.last_name") }}) as last_name,
    {{ text_or_null("address.name") }} as address_name,
    coalesce({{ text_or_null("customer.email") }}, email) as email,
    coalesce({{ text_or_null("customer.phone") }}, phone, {{ text_or_null("address.phone") }}) as phone,
    {{
        text_or_null(
            "concat_ws(', ', nullif(trim(address.address1), ''), nullif(trim(address.address2), ''))"
        )
    }} as street,
    {{ text_or_null("address.city") }} as city,
    {{ text_or_null("address.zip") }} as postcode,
    upper({{ text_or_null("address.country_code") }}) as country_code,
    coalesce(
        customer.email_marketing_consent.state = 'subscribed', customer.accepts_marketing
    ) as has_marketing_consent,
    customer.sms_marketing_consent.state = 'subscribed' as has_sms_marketing_consent,
    coalesce(updated_at, ordered_at) as updated_at,
    known_at
from located
