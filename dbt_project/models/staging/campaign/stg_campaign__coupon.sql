select
    version.source_name
    || ':'
    || version.campaign_no
    || ':'
    || version.coupon_no
    || ':'
    || version.sku as campaign_coupon_id,
    version.source_name || ':' || version.campaign_no as campaign_id,
    version.source_name,
    source.brand,
    version.campaign_no as source_campaign_id,
    version.coupon_no as source_coupon_id,
    {{ product_id("source.code_space", "version.sku") }} as product_id
from {{ newest_version(source("raw_campaign", "coupons"), ["campaign_no", "coupon_no", "sku"]) }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
