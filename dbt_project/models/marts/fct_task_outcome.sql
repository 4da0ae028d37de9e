-- What people did with the tasks that a run made in Odoo. What they wrote may name a person and stays in
-- staging.
select
    task_id,
    source_name,
    task_key,
    source_name as customer_source_name,
    source_customer_id,
    source_user_id,
    cast(created_at as date) as created_date,
    deadline_date,
    done_date,
    is_done,
    is_dismissed,
    is_closed_by_pipeline,
    is_changed_by_person,
    feedback is not null as has_feedback,
    updated_at
from {{ ref("stg_odoo__task") }}
