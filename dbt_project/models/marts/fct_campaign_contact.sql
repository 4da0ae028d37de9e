-- Accounts that a campaign was sent to or that redeemed one of its coupons, each once. Who redeemed
-- without having been sent it stays in, with no sending.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('campaign_contact_id', changed_campaign_contacts(), named={'customer': customer_key()}) }}",
        post_hook="{{ remember_build([ref('stg_campaign__redemption'), ref('stg_campaign__campaign')], 'campaign_contact_id', named={'customer': customer_key()}) }}",
    )
}}

with
    redeemed as (
        select
            campaign_id,
            source_name,
            brand,
            source_campaign_id,
            customer_source_name,
            source_customer_id,
            min(redeemed_date) as redeemed_date,
            count(*) as redemption_count
        from
            {{
                only_changed(
                    ref("stg_campaign__redemption"),
                    campaign_contact_id("source_campaign_id", "source_customer_id"),
                )
            }}
        group by all
    ),
    contact as (
        select
            campaign_id,
            source_name,
            coalesce(sent.brand, redeemed.brand) as brand,
            coalesce(sent.source_campaign_id, redeemed.source_campaign_id) as source_campaign_id,
            coalesce(sent.customer_source_name, redeemed.customer_source_name) as customer_source_name,
            source_customer_id,
            sent.sent_at,
            sent.sent_date,
            redeemed.redeemed_date,
            coalesce(redeemed.redemption_count, 0) as redemption_count
        from {{ only_changed(ref("stg_campaign__contact"), "campaign_contact_id") }} as sent
        full join redeemed using (campaign_id, source_name, source_customer_id)
    )
select
    contact.campaign_id || ':' || contact.source_customer_id as campaign_contact_id,
    contact.campaign_id,
    contact.source_name,
    contact.brand,
    contact.source_campaign_id,
    campaign.campaign_type,
    campaign.start_date,
    campaign.end_date,
    contact.customer_source_name,
    contact.source_customer_id,
    contact.sent_at,
    contact.sent_date,
    contact.redeemed_date,
    contact.redemption_count
from contact
left join {{ ref("stg_campaign__campaign") }} as campaign using (campaign_id)
