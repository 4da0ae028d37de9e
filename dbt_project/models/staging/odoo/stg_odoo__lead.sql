select
    lead.source_name || ':' || lead.id as lead_id,
    lead.source_name,
    cast(lead.id as varchar) as source_lead_id,
    cast(lead.partner_id as varchar) as source_customer_id,
    lead.type as lead_kind,
    cast(lead.stage_id as varchar) as source_stage_id,
    lead.expected_revenue as expected_revenue_amount,
    coalesce(lead.active, true) as is_active,
    lead.create_date as created_at,
    lead.write_date as updated_at,
    {{ known_at("lead.create_date", version="lead") }} as known_at
from {{ source("raw_odoo", "crm_lead") }} as lead
inner join {{ ref("stg_ops__source") }} as source using (source_name)
