-- What people did with the tasks that a run made in Odoo. What they wrote may name a person and stays in
-- staging.
select
    task.task_id,
    task.source_name,
    task.task_key,
    task.source_name as customer_source_name,
    task.source_customer_id,
    task.source_user_id,
    cast(task.created_at as date) as created_date,
    task.deadline_date,
    task.done_date,
    task.is_done,
    task.is_dismissed,
    task.is_closed_by_pipeline,
    task.is_changed_by_person,
    task.feedback is not null as has_feedback,
    coalesce(flag.is_wrong, false) as is_marked_wrong,
    coalesce(flag.is_do_not_contact, false) as is_do_not_contact,
    coalesce(partner.marketing_refused_at >= task.created_at, false) as is_marketing_refused,
    task.updated_at
from {{ ref("stg_odoo__task") }} as task
left join
    {{ source("sync", "sync_flag") }} as flag
    on flag.odoo_name = task.source_name
    and cast(flag.res_id as varchar) = task.source_customer_id
    -- The tick stands beside the score of one brand, as the task does.
    and split_part(flag.key, ':', 2) = split_part(task.task_key, ':', 3)
left join
    {{ ref("stg_odoo__partner") }} as partner
    on partner.source_name = task.source_name
    and partner.source_customer_id = task.source_customer_id
