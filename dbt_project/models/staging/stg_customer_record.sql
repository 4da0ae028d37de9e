-- Every record of a customer in any system, before identity decides which of them are one person.
with
    account as (
        select
            version.source_name,
            version.loyalty_number as source_customer_id,
            source.brand,
            'person' as record_kind,
            {{ text_or_null("version.first_name") }} as first_name,
            {{ text_or_null("version.last_name") }} as last_name,
            cast(null as varchar) as full_name,
            {{ text_or_null("version.email") }} as email,
            {{ text_or_null("version.phone") }} as phone,
            {{ text_or_null("version.street") }} as street,
            {{ text_or_null("version.city") }} as city,
            {{ text_or_null("version.postcode") }} as postcode,
            upper({{ text_or_null("version.country_code") }}) as country_code,
            version.birth_date,
            version.loyalty_number,
            version.has_marketing_consent,
            {{ utc("version.updated_at") }} as updated_at,
            {{ known_at(utc("version.joined_at")) }} as known_at
        from
            {{
                newest_version(
                    source("raw_loyalty", "accounts"), ["loyalty_number"], changed_at="updated_at"
                )
            }} as version
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
    ),

    shop_customer as (
        select
            source_name,
            source_customer_id,
            brand,
            'person' as record_kind,
            first_name,
            last_name,
            address_name as full_name,
            email,
            phone,
            street,
            city,
            postcode,
            country_code,
            has_marketing_consent,
            updated_at,
            known_at
        from {{ ref("stg_shopify__customer") }}
    ),

    partner as (
        select
            source_name,
            source_customer_id,
            brand,
            if(is_company, 'organisation', 'person') as record_kind,
            full_name,
            email,
            phone,
            street,
            city,
            postcode,
            country_code,
            loyalty_number,
            tax_id,
            parent_source_customer_id,
            has_marketing_consent,
            updated_at,
            known_at
        from {{ ref("stg_odoo__partner") }}
        where not is_own
    ),

    record as (
        select *
        from account
        union all by name
        select *
        from shop_customer
        union all by name
        select *
        from partner
    )

select
    * replace (coalesce({{ text_or_null("concat_ws(' ', first_name, last_name)") }}, full_name) as full_name)
from record
