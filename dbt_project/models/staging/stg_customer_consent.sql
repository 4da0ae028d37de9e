-- What each customer record says about marketing: by brand, and by channel where the source tells channels
-- apart.
with
    stated as (
        -- A loyalty scheme asks once, for every channel.
        select
            source_name,
            source_customer_id,
            brand,
            'any' as channel,
            has_marketing_consent as has_consent,
            updated_at
        from {{ ref("stg_loyalty__account") }}
        union all
        select source_name, source_customer_id, brand, 'email', has_marketing_consent, updated_at
        from {{ ref("stg_shopify__customer") }}
        union all
        select source_name, source_customer_id, brand, 'sms', has_sms_marketing_consent, updated_at
        from {{ ref("stg_shopify__customer") }}
        union all
        select source_name, source_customer_id, brand, 'email', has_marketing_consent, marketing_refused_at
        from {{ ref("stg_odoo__partner") }}
        where not is_own
        union all
        -- What a user of Odoo ticked beside a score, by partner and brand.
        select odoo_name, cast(res_id as varchar), split_part(key, ':', 2), 'any', false, null
        from {{ source("sync", "sync_flag") }}
        where is_do_not_contact
    )
select source_name, source_customer_id, brand, channel, 'marketing' as purpose, has_consent, updated_at
from stated
where has_consent is not null
