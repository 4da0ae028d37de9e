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
            min(age_days) filter (where sale_line_count > 0) as recency_days,
            max(age_days) filter (where sale_line_count > 0) as tenure_days,
            {%- for days in [28, 84, 365] %}
                count(distinct order_id) filter (
                    where sale_line_count > 0 and age_days < {{ days }}
                ) as order_count_{{ days }},
                coalesce(
                    sum(sale_net_amount) filter (where age_days < {{ days }}), 0
                ) as net_amount_{{ days }},
            {%- endfor %}
            count(distinct order_id) filter (
                where sale_line_count > 0 and age_days between 28 and 55
            ) as order_count_28_before,
            count(distinct order_date) filter (
                where sale_line_count > 0 and age_days < 365
            ) as active_days_count,
            sum(sale_quantity) filter (where age_days < 84) as quantity_84,
            sum(sale_gross_amount) filter (where age_days < 84) as gross_amount_84,
            sum(sale_discount_amount) filter (where age_days < 84) as discount_amount_84,
            count(distinct order_id) filter (
                where sale_line_count > 0 and age_days < 84 and channel = 'web'
            ) as web_order_count_84,
            sum(return_net_amount) filter (where age_days < 365) as return_net_amount_365
        from known_order
        group by snapshot_date, customer_id, brand
    ),
    active as (
        select behaviour.*, brand.currency_code, brand.churn_horizon_days
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
            (
                select distinct snapshot_date, customer_id, brand, order_date
                from known_order
                where sale_line_count > 0
            )
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
            arg_max(gap_days, order_date) as gap_last_days
        from visit
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
        select key.snapshot_date, key.customer_id, sent.brand, count(*) as campaign_contact_count_84
        from customer_key as key
        inner join
            {{ marts_with_known_date(ref("stg_campaign__contact")) }} as sent
            on key.customer_source_name = sent.customer_source_name
            and key.source_customer_id = sent.source_customer_id
            and sent.sent_date between key.snapshot_date - 83 and key.snapshot_date
            and sent.known_date <= key.snapshot_date
        group by key.snapshot_date, key.customer_id, sent.brand
    ),
    redemption as (
        select key.snapshot_date, key.customer_id, used.brand, count(*) as campaign_redemption_count_84
        from customer_key as key
        inner join
            {{ marts_with_known_date(ref("stg_campaign__redemption")) }} as used
            on key.customer_source_name = used.customer_source_name
            and key.source_customer_id = used.source_customer_id
            and used.redeemed_date between key.snapshot_date - 83 and key.snapshot_date
            and used.known_date <= key.snapshot_date
        group by key.snapshot_date, key.customer_id, used.brand
    ),
    other_brand as (
        select snapshot_date, customer_id, count(distinct brand) as brand_count
        from known_order
        where sale_line_count > 0
        group by snapshot_date, customer_id
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
            count(*) as future_order_count,
            sum(future.sale_net_amount) as future_net_amount
        from active
        inner join label_key using (snapshot_date, customer_id)
        inner join
            {{ ref("int_customer_order") }} as future
            on label_key.customer_source_name = future.customer_source_name
            and label_key.source_customer_id = future.source_customer_id
            and active.brand = future.brand
            and future.order_date > active.snapshot_date
            and future.order_date <= active.snapshot_date + active.churn_horizon_days
            and future.known_date <= {{ as_of }}
        where future.sale_line_count > 0 and active.snapshot_date + active.churn_horizon_days <= {{ as_of }}
        group by active.snapshot_date, active.customer_id, active.brand
    )

select
    active.customer_id,
    active.brand,
    active.snapshot_date,
    active.currency_code,
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
    rhythm.gap_mean_days,
    rhythm.gap_std_days,
    rhythm.gap_max_days,
    rhythm.gap_last_days,
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
    other_brand.brand_count,
    month(active.snapshot_date) as month,
    weekofyear(active.snapshot_date) as week_of_year,
    case
        when active.snapshot_date + active.churn_horizon_days <= {{ as_of }}
        then outcome.future_order_count is null
    end as lapsed,
    case
        when active.snapshot_date + active.churn_horizon_days <= {{ as_of }}
        then {{ marts_double("coalesce(outcome.future_net_amount, 0)") }}
    end as future_net_amount
from active
left join rhythm using (snapshot_date, customer_id, brand)
left join breadth using (snapshot_date, customer_id, brand)
left join points using (snapshot_date, customer_id, brand)
left join contact using (snapshot_date, customer_id, brand)
left join redemption using (snapshot_date, customer_id, brand)
left join other_brand using (snapshot_date, customer_id)
left join outcome using (snapshot_date, customer_id, brand)
