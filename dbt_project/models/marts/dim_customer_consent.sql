-- Consent of a customer by brand, channel and purpose. One refusal among a customer's records is a refusal.
select
    xref.customer_id,
    consent.brand,
    consent.channel,
    consent.purpose,
    bool_and(consent.has_consent) as has_consent,
    count(*) as record_count,
    max(consent.updated_at) as stated_at
from {{ ref("stg_customer_consent") }} as consent
inner join
    {{ source("identity", "identity_xref") }} as xref
    on consent.source_name = xref.source_name
    and consent.source_customer_id = xref.source_customer_id
    and xref.valid_to is null
group by xref.customer_id, consent.brand, consent.channel, consent.purpose
