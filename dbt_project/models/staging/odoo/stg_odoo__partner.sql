with
    own as (
        select source_name, source_partner_id
        from {{ ref("stg_odoo__user") }}
        where is_internal
        union
        select source_name, source_partner_id
        from {{ ref("stg_odoo__company") }}
    ),

    loyalty as (
        select
            card.source_name,
            card.partner_id,
            arg_max({{ text_or_null("card.code") }}, card.id) as loyalty_number
        from {{ source("raw_odoo", "loyalty_card") }} as card
        inner join
            {{ source("raw_odoo", "loyalty_program") }} as program
            on program.source_name = card.source_name
            and program.id = card.program_id
        where program.program_type = 'loyalty' and card.partner_id is not null
        group by all
    ),

    refusal as (
        select source_name, {{ text_or_null("email") }} as email, max(write_date) as refused_at
        from {{ source("raw_odoo", "mail_blacklist") }}
        where active is distinct from false
        group by all
    )

select
    partner.source_name || ':' || partner.id as partner_id,
    partner.source_name,
    source.brand,
    cast(partner.id as varchar) as source_customer_id,
    {{ text_or_null("partner.name") }} as full_name,
    {{ text_or_null("partner.email") }} as email,
    {{ text_or_null("partner.phone") }} as phone,
    {{ text_or_null("partner.street") }} as street,
    {{ text_or_null("partner.city") }} as city,
    {{ text_or_null("partner.zip") }} as postcode,
    upper({{ text_or_null("partner.country_code") }}) as country_code,
    coalesce(partner.is_company, false) as is_company,
    cast(partner.parent_id as varchar) as parent_source_customer_id,
    {{ text_or_null("partner.vat") }} as tax_id,
    {{ text_or_null("partner.ref") }} as reference,
    loyalty.loyalty_number,
    {{ text_or_null("partner.lang") }} as language_code,
    cast(partner.company_id as varchar) as source_company_id,
    cast(partner.user_id as varchar) as source_salesperson_id,
    coalesce(partner.active, true) as is_active,
    own.source_partner_id is not null as is_own,
    -- An Odoo knows refusals only: who is not on the list has said nothing.
    if(refusal.email is not null, false, null) as has_marketing_consent,
    refusal.refused_at as marketing_refused_at,
    partner.write_date as updated_at,
    {{ known_at("coalesce(partner.create_date, partner.write_date)", version="partner") }} as known_at
from {{ source("raw_odoo", "res_partner") }} as partner
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join own on own.source_name = partner.source_name and own.source_partner_id = cast(partner.id as varchar)
left join loyalty on loyalty.source_name = partner.source_name and loyalty.partner_id = partner.id
left join refusal on refusal.source_name = partner.source_name and refusal.email = lower(trim(partner.email))
