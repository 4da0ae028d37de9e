-- Campaigns with what their coupons are good for. A campaign that only contacts or coupons name has no
-- member: its tool lists every one.
with
    coupon as (
        select
            campaign_id,
            count(distinct source_coupon_id) as coupon_count,
            count(distinct product_id) as product_count
        from {{ ref("stg_campaign__coupon") }}
        group by campaign_id
    )
select
    campaign.campaign_id,
    campaign.source_name,
    campaign.brand,
    campaign.source_campaign_id,
    campaign.campaign_type,
    campaign.start_date,
    campaign.end_date,
    coalesce(coupon.coupon_count, 0) as coupon_count,
    coalesce(coupon.product_count, 0) as product_count
from {{ ref("stg_campaign__campaign") }} as campaign
left join coupon using (campaign_id)
