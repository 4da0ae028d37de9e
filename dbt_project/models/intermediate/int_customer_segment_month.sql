-- The segment of each customer and brand at the ends of the last months and on the day of the run.
--
-- Recency counts by the customer's own rhythm, frequency and value by the brand's other customers. Who
-- once counts as frequent or valuable does so until well below the border, so that nobody at a border
-- changes with every run.
{% set as_of = marts_as_of() %}
{% set levels = {
    "is_often": ("purchase_day_count", 0.75, 0.70),
    "is_valuable": ("net_amount", 0.75, 0.70),
    "is_regular": ("purchase_day_count", 0.50, 0.45),
} %}

with
    checkpoint as (
        select {{ as_of }} as checkpoint_date
        union all
        select
            cast(date_trunc('month', {{ as_of }}) - interval (months_back) month as date)
            - 1 as checkpoint_date
        from range(0, {{ var("segment_months") }}) as months(months_back)
    ),
    purchase as (
        select
            xref.customer_id,
            past.brand,
            past.order_date,
            past.sale_line_count > 0 or past.gift_card_line_count > 0 as is_purchase,
            past.sale_net_amount - past.return_net_amount as net_amount
        from {{ ref("int_customer_order") }} as past
        inner join
            {{ ref("int_customer_xref") }} as xref
            on past.customer_source_name = xref.source_name
            and past.source_customer_id = xref.source_customer_id
            and xref.valid_to is null
        where past.order_date <= {{ as_of }}
    ),
    customer as (
        select
            purchase.customer_id,
            purchase.brand,
            min(purchase.order_date) as first_purchase_date,
            any_value(setting.currency_code) as currency_code,
            any_value(setting.churn_horizon_days) as horizon_days,
            any_value(setting.churn_active_days) as active_days
        from purchase
        inner join {{ source("ops", "ops_brand") }} as setting using (brand)
        where purchase.is_purchase
        group by purchase.customer_id, purchase.brand
    ),
    year as (
        select
            checkpoint.checkpoint_date,
            purchase.customer_id,
            purchase.brand,
            count(distinct purchase.order_date) filter (where purchase.is_purchase) as purchase_day_count,
            min(purchase.order_date) filter (where purchase.is_purchase) as first_date,
            max(purchase.order_date) filter (where purchase.is_purchase) as last_date,
            sum(purchase.net_amount) as net_amount
        from checkpoint
        inner join
            purchase
            on purchase.order_date <= checkpoint.checkpoint_date
            and purchase.order_date > checkpoint.checkpoint_date - {{ var("segment_window_days") }}
        group by checkpoint.checkpoint_date, purchase.customer_id, purchase.brand
    ),
    border as (
        select
            checkpoint_date,
            brand,
            {%- for level, (measure, upper, lower) in levels.items() %}
                quantile_disc({{ measure }}, {{ upper }}) as {{ level }}_above,
                quantile_disc({{ measure }}, {{ lower }}) as {{ level }}_until
                {{- "," if not loop.last }}
            {%- endfor %}
        from year
        where purchase_day_count > 0
        group by checkpoint_date, brand
    ),
    measure as (
        select
            checkpoint.checkpoint_date,
            customer.*,
            cast(checkpoint.checkpoint_date - year.last_date as integer) as recency_days,
            cast(year.last_date - year.first_date as double)
            / nullif(year.purchase_day_count - 1, 0) as gap_mean_days,
            coalesce(year.purchase_day_count, 0) as purchase_day_count,
            {{ marts_money("coalesce(year.net_amount, 0)") }} as net_amount
        from checkpoint
        inner join customer on customer.first_purchase_date <= checkpoint.checkpoint_date
        left join year using (checkpoint_date, customer_id, brand)
    ),
    levelled as (
        select
            measure.*,
            {%- for level, (measure, upper, lower) in levels.items() %}
                coalesce(
                    last_value(
                        case
                            when measure.{{ measure }} > border.{{ level }}_above
                            then true
                            when measure.{{ measure }} <= border.{{ level }}_until
                            then false
                        end ignore nulls
                    ) over checkpoints,
                    false
                ) as {{ level }}
                {{- "," if not loop.last }}
            {%- endfor %}
        from measure
        left join border using (checkpoint_date, brand)
        window
            checkpoints as (
                partition by measure.customer_id, measure.brand
                order by measure.checkpoint_date
                rows between unbounded preceding and current row
            )
    )
select
    customer_id,
    brand,
    checkpoint_date,
    first_purchase_date,
    recency_days,
    purchase_day_count,
    net_amount,
    currency_code,
    case
        when recency_days is null
        then 'hibernating'
        when recency_days >= active_days and (is_often or is_valuable)
        then 'cannot_lose'
        when recency_days >= active_days
        then 'hibernating'
        when recency_days > greatest(horizon_days, 2 * gap_mean_days) and (is_regular or is_valuable)
        then 'at_risk'
        when recency_days > greatest(horizon_days, 2 * gap_mean_days)
        then 'about_to_sleep'
        when checkpoint_date - first_purchase_date < horizon_days
        then 'new'
        when is_often and is_valuable
        then 'champions'
        when is_often or is_valuable or is_regular
        then 'loyal'
        else 'promising'
    end as segment
from levelled
