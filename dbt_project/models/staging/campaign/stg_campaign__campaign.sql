select
    version.source_name || ':' || version.campaign_no as campaign_id,
    version.source_name,
    source.brand,
    version.campaign_no as source_campaign_id,
    {{ text_or_null("version.campaign_type") }} as campaign_type,
    version.start_date,
    version.end_date
from {{ newest_version(source("raw_campaign", "campaigns"), ["campaign_no"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
