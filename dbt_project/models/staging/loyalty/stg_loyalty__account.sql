-- The account without its holder: who that is stands in stg_customer_record alone.
select
    version.source_name || ':' || version.loyalty_number as loyalty_account_id,
    version.source_name,
    source.brand,
    version.loyalty_number as source_customer_id,
    {{ utc("version.joined_at") }} as joined_at,
    {{ local_date(utc("version.joined_at"), "source.time_zone") }} as joined_date,
    version.has_marketing_consent,
    {{ utc("version.updated_at") }} as updated_at,
    {{ known_at(utc("version.joined_at")) }} as known_at
from
    {{ newest_version(source("raw_loyalty", "accounts"), ["loyalty_number"], changed_at="updated_at") }}
    as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
