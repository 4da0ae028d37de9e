-- What is known of a customer with each brand by `as_of`, beside the scores: what was bought, in the
-- brand's own currency, where, points and consent. Ids only.
{{ config(materialized="view") }}
{% set as_of = marts_as_of() %}

with
    xref as (
        select source_name as customer_source_name, source_customer_id, customer_id
        from {{ source("identity", "identity_xref") }}
        where valid_to is null
    ),
    bought as (
        select
            xref.customer_id,
            past.brand,
            sum(past.sale_net_amount) - sum(past.return_net_amount) as net_sales_amount,
            list_sort(
                list(distinct {{ channel_kind("past.channel") }}) filter (where past.sale_line_count > 0)
            ) as channel_kinds
        from {{ ref("int_customer_order") }} as past
        inner join xref using (customer_source_name, source_customer_id)
        where past.order_date <= {{ as_of }}
        group by xref.customer_id, past.brand
    ),
    -- Who refuses a brand altogether is written to on no channel.
    consent as (
        select
            customer_id,
            brand,
            bool_and(has_consent) as has_all,
            bool_or(has_consent)
            and coalesce(bool_and(has_consent) filter (where channel = 'any'), true) as has_some
        from {{ ref("dim_customer_consent") }}
        where purpose = 'marketing'
        group by customer_id, brand
    )

select
    activity.customer_id,
    activity.brand,
    {{ as_of }} as as_of_date,
    segment.segment,
    {{ marts_money("coalesce(bought.net_sales_amount, 0)") }} as net_sales_amount,
    brand.currency_code,
    coalesce(bought.channel_kinds, cast([] as varchar[])) as channel_kinds,
    cast(coalesce(activity.points_balance, 0) as bigint) as points_balance,
    -- A balance of nothing and no account at all are different things.
    activity.points_balance is not null as has_points,
    case
        when consent.has_all
        then 'given'
        when consent.has_some
        then 'partly'
        when consent.has_all is not null
        then 'refused'
        else 'not_stated'
    end as marketing_consent
from {{ ref("int_customer_activity") }} as activity
inner join {{ source("ops", "ops_brand") }} as brand on activity.brand = brand.brand
left join
    {{ ref("mart_customer_segment") }} as segment
    on activity.customer_id = segment.customer_id
    and activity.brand = segment.brand
left join bought on activity.customer_id = bought.customer_id and activity.brand = bought.brand
left join consent on activity.customer_id = consent.customer_id and activity.brand = consent.brand
