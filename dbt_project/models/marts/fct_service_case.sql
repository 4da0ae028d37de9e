-- Customers' requests that people work on in Odoo. Tasks that the pipeline makes are in fct_task_outcome.
with
    service_case as (
        select
            lead.lead_id as service_case_id,
            lead.source_name,
            source.brand,
            lead.source_lead_id as source_case_id,
            lead.lead_kind as case_kind,
            case
                when lead.source_customer_id is null then null else lead.source_name
            end as customer_source_name,
            lead.source_customer_id,
            lead.source_stage_id,
            lead.is_active as is_open,
            lead.expected_revenue_amount,
            source.currency_code,
            lead.created_at,
            {{ local_date("lead.created_at", "source.time_zone") }} as created_date,
            lead.updated_at,
            lead.known_at
        from {{ ref("stg_odoo__lead") }} as lead
        inner join {{ ref("stg_ops__source") }} as source on source.source_name = lead.source_name
    )
select
    service_case_id,
    source_name,
    brand,
    source_case_id,
    case_kind,
    customer_source_name,
    source_customer_id,
    source_stage_id,
    is_open,
    expected_revenue_amount,
    currency_code,
    created_at,
    created_date,
    updated_at,
    known_at,
    known_date
from {{ marts_with_known_date("service_case") }}
