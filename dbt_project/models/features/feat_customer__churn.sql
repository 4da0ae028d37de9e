-- One row a customer, brand and snapshot date, for customers who bought in the brand's active days before
-- it. Point in time: every source of a feature is joined with `known_date <= snapshot_date`, and customers
-- are those of the identity valid on the snapshot date. Only the label looks ahead, and only to what was
-- known by `as_of`.
{% set as_of = marts_as_of() %}

with
    snapshot as (
        select cast({{ as_of }} - cast(28 * step as integer) as date) as snapshot_date
        from range(0, {{ var("churn_snapshots", 12) }} + 1) as steps(step)
    ),
    customer_key as (
        select snapshot_date, customer_id, source_name as customer_source_name, source_customer_id
        from snapshot
        inner join
            {{ source("identity", "identity_xref") }}
            on valid_from <= snapshot_date
            and coalesce(valid_to > snapshot_date, true)
    ),

    -- What was known on the snapshot date
    known_order as (
        select
            key.snapshot_date,
            key.customer_id,
            cast(key.snapshot_date - past.order_date as integer) as age_days,
            -- Who buys a gift card is there, though nothing is sold before the card is redeemed.
            past.sale_line_count > 0 or past.gift_card_line_count > 0 as is_purchase,
            past.*
        from customer_key as key
        inner join
            {{ ref("int_customer_order") }} as past
            on key.customer_source_name = past.customer_source_name
            and key.source_customer_id = past.source_customer_id
            and past.order_date <= key.snapshot_date
            and past.known_date <= key.snapshot_date
    ),
    behaviour as (
        select
            snapshot_date,
            customer_id,
            brand,
            min(age_days) filter (where is_purchase) as recency_days,
            max(age_days) filter (where is_purchase) as tenure_days,
            {%- for days in [28, 84, 365] %}
                count(distinct order_id) filter (
                    where is_purchase and age_days < {{ days }}
                ) as order_count_{{ days }},
                coalesce(
                    sum(sale_net_amount) filter (where age_days < {{ days }}), 0
                ) as net_amount_{{ days }},
            {%- endfor %}
            count(distinct order_id) filter (
                where is_purchase and age_days between 28 and 55
            ) as order_count_28_before,
            count(distinct order_date) filter (where is_purchase) as purchase_day_count,
            count(distinct order_date) filter (where is_purchase and age_days < 365) as active_days_count,
            count(distinct {{ marts_whole_quotient("age_days", 7) }}) filter (
                where is_purchase and age_days < 84
            ) as purchase_week_count_84,
            count(distinct order_date) filter (
                where is_purchase and age_days < 365 and age_days >= 365 - setting.churn_horizon_days
            ) as purchase_day_count_year_ago,
            sum(sale_quantity) filter (where age_days < 84) as quantity_84,
            sum(sale_gross_amount) filter (where age_days < 84) as gross_amount_84,
            sum(sale_discount_amount) filter (where age_days < 84) as discount_amount_84,
            count(distinct order_id) filter (
                where is_purchase and age_days < 84 and channel = 'web'
            ) as web_order_count_84,
            sum(return_net_amount) filter (where age_days < 365) as return_net_amount_365
        from known_order
        inner join {{ source("ops", "ops_brand") }} as setting using (brand)
        group by snapshot_date, customer_id, brand
    ),
    active as (
        select behaviour.*, brand.currency_code, brand.country_code, brand.churn_horizon_days
        from behaviour
        inner join {{ source("ops", "ops_brand") }} as brand on behaviour.brand = brand.brand
        where behaviour.recency_days < brand.churn_active_days
    ),
    visit as (
        select
            snapshot_date,
            customer_id,
            brand,
            order_date,
            cast(order_date - lag(order_date) over visits as integer) as gap_days
        from
            (select distinct snapshot_date, customer_id, brand, order_date from known_order where is_purchase)
        window visits as (partition by snapshot_date, customer_id, brand order by order_date)
    ),
    rhythm as (
        select
            snapshot_date,
            customer_id,
            brand,
            {{ marts_ratio("sum(gap_days)", "count(gap_days)") }} as gap_mean_days,
            {{ marts_standard_deviation("gap_days", "count(gap_days)") }} as gap_std_days,
            max(gap_days) as gap_max_days,
            arg_max(gap_days, order_date) as gap_last_days,
            {{
                marts_ratio(
                    "sum(gap_days) filter (where order_date > snapshot_date - 84)",
                    "count(gap_days) filter (where order_date > snapshot_date - 84)",
                )
            }} as gap_mean_days_84,
            count(*) filter (where gap_days > setting.churn_horizon_days) as long_gap_count,
            coalesce(sum(greatest(gap_days - setting.churn_horizon_days, 0)), 0) as idle_days,
            -- Exact sums: doubles would depend on the order of addition.
            sum(
                cast(pow(0.5, (snapshot_date - order_date) / 28.0) as decimal(18, 6))
            ) as recent_purchase_weight
        from visit
        inner join {{ source("ops", "ops_brand") }} as setting using (brand)
        group by snapshot_date, customer_id, brand
    ),
    breadth as (
        select
            key.snapshot_date,
            key.customer_id,
            past.brand,
            count(distinct past.category) as category_count_84,
            count(distinct past.department) as department_count_84
        from customer_key as key
        inner join
            {{ ref("int_customer_category_day") }} as past
            on key.customer_source_name = past.customer_source_name
            and key.source_customer_id = past.source_customer_id
            and past.order_date between key.snapshot_date - 83 and key.snapshot_date
            and past.known_date <= key.snapshot_date
        group by key.snapshot_date, key.customer_id, past.brand
    ),
    points as (
        select
            key.snapshot_date,
            key.customer_id,
            event.brand,
            cast(sum(event.points) as bigint) as loyalty_points_balance,
            cast(
                coalesce(
                    - sum(event.points) filter (
                        where event.event_kind = 'redeem' and event.occurred_date > key.snapshot_date - 84
                    ),
                    0
                ) as bigint
            ) as loyalty_points_redeemed_84
        from customer_key as key
        inner join
            {{ ref("fct_loyalty_event") }} as event
            on key.customer_source_name = event.customer_source_name
            and key.source_customer_id = event.source_customer_id
            and event.occurred_date <= key.snapshot_date
            and event.known_date <= key.snapshot_date
        group by key.snapshot_date, key.customer_id, event.brand
    ),
    contact as (
        select
            key.snapshot_date,
            key.customer_id,
            sent.brand,
            count(*) filter (where sent.sent_date > key.snapshot_date - 84) as campaign_contact_count_84,
            count(*) as campaign_contact_count_365
        from customer_key as key
        inner join
            {{ marts_with_known_date(ref("stg_campaign__contact")) }} as sent
            on key.customer_source_name = sent.customer_source_name
            and key.source_customer_id = sent.source_customer_id
            and sent.sent_date between key.snapshot_date - 364 and key.snapshot_date
            and sent.known_date <= key.snapshot_date
        group by key.snapshot_date, key.customer_id, sent.brand
    ),
    redemption as (
        select
            key.snapshot_date,
            key.customer_id,
            used.brand,
            count(*) filter (
                where used.redeemed_date > key.snapshot_date - 84
            ) as campaign_redemption_count_84,
            count(*) as campaign_redemption_count_365
        from customer_key as key
        inner join
            {{ marts_with_known_date(ref("stg_campaign__redemption")) }} as used
            on key.customer_source_name = used.customer_source_name
            and key.source_customer_id = used.source_customer_id
            and used.redeemed_date between key.snapshot_date - 364 and key.snapshot_date
            and used.known_date <= key.snapshot_date
        group by key.snapshot_date, key.customer_id, used.brand
    ),
    service as (
        select key.snapshot_date, key.customer_id, request.brand, count(*) as service_case_count_365
        from customer_key as key
        inner join
            {{ ref("fct_service_case") }} as request
            on key.customer_source_name = request.customer_source_name
            and key.source_customer_id = request.source_customer_id
            and request.created_date between key.snapshot_date - 364 and key.snapshot_date
            and request.known_date <= key.snapshot_date
        group by key.snapshot_date, key.customer_id, request.brand
    ),
    other_brand as (
        select snapshot_date, customer_id, count(distinct brand) as brand_count
        from known_order
        where is_purchase
        group by snapshot_date, customer_id
    ),
    -- Of those who were known to live with others
    household as (
        select
            snapshot.snapshot_date,
            member.customer_id,
            member.household_id,
            count(*) over (
                partition by snapshot.snapshot_date, member.household_id
            ) as household_customer_count
        from snapshot
        inner join
            {{ source("identity", "identity_household_history") }} as member
            on member.valid_from <= snapshot.snapshot_date
            and coalesce(member.valid_to > snapshot.snapshot_date, true)
        qualify household_customer_count > 1
    ),
    household_order as (
        select
            own.snapshot_date,
            own.customer_id,
            behaviour.brand,
            sum(behaviour.order_count_84) as order_count_84
        from household as own
        inner join household as other using (snapshot_date, household_id)
        inner join
            behaviour
            on other.snapshot_date = behaviour.snapshot_date
            and other.customer_id = behaviour.customer_id
        where own.customer_id <> other.customer_id
        group by own.snapshot_date, own.customer_id, behaviour.brand
    ),

    -- What the customer did next: the keys of then, and those that are found to be theirs by `as_of`
    label_key as (
        select snapshot_date, customer_id, customer_source_name, source_customer_id
        from customer_key
        union
        select
            snapshot.snapshot_date, latest.customer_id, latest.customer_source_name, latest.source_customer_id
        from snapshot
        cross join (from customer_key where snapshot_date = {{ as_of }}) as latest
    ),
    outcome as (
        select
            active.snapshot_date,
            active.customer_id,
            active.brand,
            {%- set in_horizon %}
                future.order_date <= active.snapshot_date + active.churn_horizon_days
            {% endset %}
            count(distinct future.order_date) filter (where {{ in_horizon }}) as future_purchase_day_count,
            sum(future.sale_net_amount) filter (where {{ in_horizon }}) as future_net_amount,
            count(distinct future.order_date) as purchase_day_count_since
        from active
        inner join label_key using (snapshot_date, customer_id)
        inner join
            {{ ref("int_customer_order") }} as future
            on label_key.customer_source_name = future.customer_source_name
            and label_key.source_customer_id = future.source_customer_id
            and active.brand = future.brand
            and future.order_date > active.snapshot_date
            and future.order_date <= {{ as_of }}
            and future.known_date <= {{ as_of }}
        where future.sale_line_count > 0 or future.gift_card_line_count > 0
        group by active.snapshot_date, active.customer_id, active.brand
    )

select
    active.customer_id,
    active.brand,
    active.snapshot_date,
    active.currency_code,
    active.country_code,
    active.recency_days,
    active.tenure_days,
    active.order_count_28,
    active.order_count_28_before,
    active.order_count_84,
    active.order_count_365,
    {{ marts_double("active.net_amount_28") }} as net_amount_28,
    {{ marts_double("active.net_amount_84") }} as net_amount_84,
    {{ marts_double("active.net_amount_365") }} as net_amount_365,
    active.active_days_count,
    active.purchase_day_count,
    active.purchase_week_count_84,
    {{ marts_double("rhythm.recent_purchase_weight") }} as recent_purchase_weight,
    rhythm.gap_mean_days,
    rhythm.gap_std_days,
    rhythm.gap_max_days,
    rhythm.gap_last_days,
    rhythm.gap_mean_days_84,
    rhythm.long_gap_count,
    {{
        marts_ratio(
            "rhythm.idle_days + greatest(active.recency_days - active.churn_horizon_days, 0)",
            "greatest(active.tenure_days - active.churn_horizon_days, 0)",
        )
    }} as idle_day_share,
    {{ marts_ratio("active.recency_days", "rhythm.gap_max_days") }} as recency_to_longest_gap_ratio,
    {{ marts_ratio("rhythm.gap_mean_days_84", "rhythm.gap_mean_days") }} as gap_trend_ratio,
    {{ marts_ratio("active.recency_days", "rhythm.gap_mean_days") }} as recency_to_gap_ratio,
    {{ marts_ratio("rhythm.gap_last_days", "rhythm.gap_mean_days") }} as gap_last_to_mean_ratio,
    {{ marts_ratio("active.net_amount_365", "active.order_count_365") }} as basket_amount_mean,
    {{ marts_ratio("active.quantity_84", "active.order_count_84") }} as basket_quantity_mean_84,
    {{ marts_ratio("active.net_amount_28 * 3", "active.net_amount_84") }} as net_amount_trend_ratio,
    coalesce(breadth.category_count_84, 0) as category_count_84,
    coalesce(breadth.department_count_84, 0) as department_count_84,
    {{ marts_ratio("active.discount_amount_84", "active.gross_amount_84") }} as discount_share_84,
    {{ marts_ratio("active.web_order_count_84", "active.order_count_84") }} as web_share_84,
    {{ marts_ratio("active.return_net_amount_365", "active.net_amount_365") }} as return_share_365,
    points.loyalty_points_balance,
    points.loyalty_points_redeemed_84,
    coalesce(contact.campaign_contact_count_84, 0) as campaign_contact_count_84,
    coalesce(redemption.campaign_redemption_count_84, 0) as campaign_redemption_count_84,
    -- Coupons of one send may be used several times.
    {{
        marts_ratio(
            "least(coalesce(redemption.campaign_redemption_count_365, 0), contact.campaign_contact_count_365)",
            "contact.campaign_contact_count_365",
        )
    }}
    as campaign_response_share_365,
    case
        when active.tenure_days >= 364 then active.purchase_day_count_year_ago
    end as purchase_day_count_year_ago,
    coalesce(service.service_case_count_365, 0) as service_case_count_365,
    other_brand.brand_count,
    coalesce(household.household_customer_count, 1) as household_customer_count,
    cast(coalesce(household_order.order_count_84, 0) as bigint) as household_order_count_84,
    month(active.snapshot_date) as month,
    weekofyear(active.snapshot_date) as week_of_year,
    case
        when active.snapshot_date + active.churn_horizon_days <= {{ as_of }}
        then coalesce(outcome.future_purchase_day_count, 0) = 0
    end as lapsed,
    case
        when active.snapshot_date + active.churn_horizon_days <= {{ as_of }}
        then coalesce(outcome.future_purchase_day_count, 0)
    end as future_purchase_day_count,
    case
        when active.snapshot_date + active.churn_horizon_days <= {{ as_of }}
        then {{ marts_double("coalesce(outcome.future_net_amount, 0)") }}
    end as future_net_amount,
    case
        when active.snapshot_date < {{ as_of }} then coalesce(outcome.purchase_day_count_since, 0)
    end as purchase_day_count_since
from active
left join rhythm using (snapshot_date, customer_id, brand)
left join breadth using (snapshot_date, customer_id, brand)
left join points using (snapshot_date, customer_id, brand)
left join contact using (snapshot_date, customer_id, brand)
left join redemption using (snapshot_date, customer_id, brand)
left join service using (snapshot_date, customer_id, brand)
left join other_brand using (snapshot_date, customer_id)
left join household using (snapshot_date, customer_id)
left join household_order using (snapshot_date, customer_id, brand)
left join outcome using (snapshot_date, customer_id, brand)
