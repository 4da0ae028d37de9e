-- What acting on customers at risk brings: those who could get a task against those who were held out at
-- random. Who got no task because people had enough of them counts all the same: chance decides the groups
-- and nothing else. Customers whose records were merged or split belong to no group. 95 % intervals:
-- Newcombe's for shares, the normal one for amounts.
{% set z = "1.959964" %}
with
    moved as (
        select customer_id
        from {{ source("identity", "identity_event") }}
        where kind in ('merged', 'split')
        union
        select other_customer_id as customer_id
        from {{ source("identity", "identity_event") }}
        where kind in ('merged', 'split')
    ),

    assignment as (
        select brand, customer_id, assigned_date, is_held_out
        from {{ source("sync", "sync_holdout") }}
        where customer_id not in (select customer_id from moved where customer_id is not null)
    ),

    bought as (
        select
            xref.customer_id, customer_order.brand, customer_order.order_date, customer_order.sale_net_amount
        from {{ ref("int_customer_order") }} as customer_order
        inner join
            {{ source("identity", "identity_xref") }} as xref
            on customer_order.customer_source_name = xref.source_name
            and customer_order.source_customer_id = xref.source_customer_id
            and xref.valid_to is null
        where customer_order.sale_line_count > 0
    ),

    outcome as (
        select
            assignment.brand,
            span.window_days,
            assignment.is_held_out,
            assignment.customer_id,
            count(bought.order_date) > 0 as has_bought,
            cast(coalesce(sum(bought.sale_net_amount), 0) as double) as net_amount
        from assignment
        cross join (select unnest([30, 60, 90]) as window_days) as span
        left join
            bought
            on assignment.customer_id = bought.customer_id
            and assignment.brand = bought.brand
            and bought.order_date > assignment.assigned_date
            and bought.order_date <= assignment.assigned_date + span.window_days
        where assignment.assigned_date + span.window_days <= {{ marts_as_of() }}
        group by all
    ),

    arm as (
        select
            brand,
            window_days,
            is_held_out,
            count(*) as n,
            avg(cast(has_bought as integer)) as share,
            avg(net_amount) as mean_amount,
            var_samp(net_amount) / count(*) as mean_variance,
            (share + {{ z }} ^ 2 / (2 * n)) / (1 + {{ z }} ^ 2 / n) as centre,
            {{ z }}
            * sqrt(share * (1 - share) / n + {{ z }} ^ 2 / (4 * n ^ 2))
            / (1 + {{ z }} ^ 2 / n) as reach
        from outcome
        group by brand, window_days, is_held_out
    )
select
    treated.brand,
    treated.window_days,
    treated.n as treated_count,
    coalesce(held_out.n, 0) as held_out_count,
    round(treated.share, 4) as treated_buyer_share,
    round(held_out.share, 4) as held_out_buyer_share,
    round(treated.share - held_out.share, 4) as effect_share,
    round(
        treated.share
        - held_out.share
        - sqrt(
            (treated.share - treated.centre + treated.reach) ^ 2
            + (held_out.centre + held_out.reach - held_out.share) ^ 2
        ),
        4
    ) as effect_low_share,
    round(
        treated.share
        - held_out.share
        + sqrt(
            (treated.centre + treated.reach - treated.share) ^ 2
            + (held_out.share - held_out.centre + held_out.reach) ^ 2
        ),
        4
    ) as effect_high_share,
    {{ marts_money("treated.mean_amount") }} as treated_mean_amount,
    {{ marts_money("held_out.mean_amount") }} as held_out_mean_amount,
    {{ marts_money("treated.mean_amount - held_out.mean_amount") }} as effect_amount,
    {{
        marts_money(
            "treated.mean_amount - held_out.mean_amount - "
            ~ z
            ~ " * sqrt(treated.mean_variance + held_out.mean_variance)"
        )
    }} as effect_low_amount,
    {{
        marts_money(
            "treated.mean_amount - held_out.mean_amount + "
            ~ z
            ~ " * sqrt(treated.mean_variance + held_out.mean_variance)"
        )
    }} as effect_high_amount,
    brand.currency_code
from arm as treated
left join
    arm as held_out
    on treated.brand = held_out.brand
    and treated.window_days = held_out.window_days
    and held_out.is_held_out
left join {{ source("ops", "ops_brand") }} as brand on treated.brand = brand.brand
where not treated.is_held_out
