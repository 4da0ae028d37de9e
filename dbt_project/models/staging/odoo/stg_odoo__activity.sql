-- Activities that the pipeline made, for what people did with them.
select
    activity.source_name || ':' || activity.id as activity_id,
    activity.source_name,
    cast(activity.id as varchar) as source_activity_id,
    activity.res_model as target_model,
    cast(activity.res_id as varchar) as target_source_id,
    cast(activity.user_id as varchar) as source_user_id,
    activity.date_deadline as deadline_date,
    activity.date_done as done_date,
    {{ text_or_null("activity.feedback") }} as feedback,
    activity.date_done is not null or not coalesce(activity.active, true) as is_done,
    activity.create_date as created_at,
    activity.write_date as updated_at
from {{ source("raw_odoo", "mail_activity") }} as activity
inner join {{ ref("stg_ops__source") }} as source using (source_name)
