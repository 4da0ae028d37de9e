select
    version.source_name || ':' || version.redemption_no as campaign_redemption_id,
    version.source_name || ':' || version.campaign_no as campaign_id,
    version.source_name,
    source.brand,
    version.redemption_no as source_redemption_id,
    version.campaign_no as source_campaign_id,
    version.coupon_no as source_coupon_id,
    source.customer_source_name,
    version.loyalty_number as source_customer_id,
    version.redeemed_date,
    {{ known_at(end_of_day("version.redeemed_date", "source.time_zone")) }} as known_at
from {{ newest_version(source("raw_campaign", "redemptions"), ["redemption_no"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
