-- What people did with the tasks that a run made in Odoo. What they wrote may name a person and stays in
-- staging.
select
    activity_id,
    source_name,
    source_activity_id,
    target_model,
    target_source_id,
    if(target_model = 'res.partner', source_name, null) as customer_source_name,
    if(target_model = 'res.partner', target_source_id, null) as source_customer_id,
    source_user_id,
    cast(created_at as date) as created_date,
    deadline_date,
    done_date,
    is_done,
    feedback is not null as has_feedback,
    updated_at
from {{ ref("stg_odoo__activity") }}
