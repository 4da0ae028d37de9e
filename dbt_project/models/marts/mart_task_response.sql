-- What a customer bought from the task's brand after each task. A window that has not ended has no figure
-- yet.
{% set windows = [30, 60, 90] %}
with
    task as (
        select
            outcome.task_id,
            outcome.source_name,
            split_part(outcome.task_key, ':', 3) as brand,
            xref.customer_id,
            outcome.created_date,
            outcome.done_date,
            case
                when outcome.is_done
                then 'done'
                when outcome.is_dismissed
                then 'dismissed'
                when outcome.is_closed_by_pipeline
                then 'over'
                else 'open'
            end as outcome
        from {{ ref("fct_task_outcome") }} as outcome
        left join
            {{ source("identity", "identity_xref") }} as xref
            on outcome.customer_source_name = xref.source_name
            and outcome.source_customer_id = xref.source_customer_id
            and xref.valid_to is null
    ),

    bought as (
        select
            task.task_id,
            customer_order.order_date - task.created_date as days_after,
            customer_order.order_id,
            customer_order.sale_net_amount
        from task
        inner join
            {{ source("identity", "identity_xref") }} as xref
            on task.customer_id = xref.customer_id
            and xref.valid_to is null
        inner join
            {{ ref("int_customer_order") }} as customer_order
            on xref.source_name = customer_order.customer_source_name
            and xref.source_customer_id = customer_order.source_customer_id
            and task.brand = customer_order.brand
        where
            customer_order.sale_line_count > 0
            and customer_order.order_date > task.created_date
            and customer_order.order_date <= {{ marts_as_of() }}
    ),

    counted as (
        select
            task_id
            {% for days in windows %}
                ,
                count(distinct order_id) filter (
                    where days_after <= {{ days }}
                ) as order_count_{{ days }}_days,
                sum(sale_net_amount) filter (where days_after <= {{ days }}) as net_amount_{{ days }}_days
            {% endfor %}
        from bought
        group by task_id
    )
select
    task.task_id,
    task.source_name,
    task.brand,
    task.customer_id,
    task.created_date,
    task.outcome,
    cast(if(task.outcome = 'done', task.done_date - task.created_date, null) as integer) as handling_days
    {% for days in windows %}
        ,
        case
            when task.created_date + {{ days }} <= {{ marts_as_of() }}
            then coalesce(counted.order_count_{{ days }}_days, 0)
        end as order_count_{{ days }}_days,
        case
            when task.created_date + {{ days }} <= {{ marts_as_of() }}
            then {{ marts_money("coalesce(counted.net_amount_" ~ days ~ "_days, 0)") }}
        end as net_amount_{{ days }}_days
    {% endfor %},
    brand.currency_code
from task
left join counted on task.task_id = counted.task_id
left join {{ source("ops", "ops_brand") }} as brand on task.brand = brand.brand
