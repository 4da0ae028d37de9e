select
    task.source_name || ':' || task.id as task_id,
    task.source_name,
    task.x_key as task_key,
    cast(task.x_partner_id as varchar) as source_customer_id,
    cast(task.x_assignee_id as varchar) as source_user_id,
    task.x_deadline as deadline_date,
    task.x_done_date as done_date,
    {{ text_or_null("task.x_feedback") }} as feedback,
    task.x_done_date is not null and not coalesce(task.x_is_closed_by_pipeline, false) as is_done,
    coalesce(task.x_is_delivered, false)
    and task.x_activity_id is null
    and not coalesce(task.x_is_over, false)
    and not coalesce(task.x_is_removed, false) as is_dismissed,
    coalesce(task.x_is_closed_by_pipeline, false) as is_closed_by_pipeline,
    coalesce(task.x_is_taken_over, false) as is_changed_by_person,
    task.create_date as created_at,
    task.write_date as updated_at
from {{ source("raw_odoo", "x_reknit_task") }} as task
