-- Which records were a customer from when to when: a row a period in which they did not change. Ids only.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('customer_id', [changed_upstream('int_customer_xref', 'customer_id')]) }}",
        post_hook="{{ remember_build() }}",
    )
}}

with
    record as (
        select
            customer_id,
            source_name,
            source_name || ':' || source_customer_id as record_key,
            valid_from as valid_from_date,
            valid_to as valid_to_date
        from {{ only_changed(ref("int_customer_xref"), "customer_id") }}
    ),
    change_day as (
        select customer_id, valid_from_date as change_date
        from record
        union
        select customer_id, valid_to_date as change_date
        from record
        where valid_to_date is not null
    ),
    period as (
        select
            customer_id,
            change_date as valid_from_date,
            lead(change_date) over (partition by customer_id order by change_date) as valid_to_date
        from change_day
    ),
    -- A day on which the last record left begins a period without any, which is none.
    membership as (
        select
            period.customer_id,
            period.valid_from_date,
            period.valid_to_date,
            count(*) as record_count,
            count(distinct record.source_name) as source_count,
            list_sort(list(record.record_key)) as record_keys
        from period
        inner join
            record
            on period.customer_id = record.customer_id
            and record.valid_from_date <= period.valid_from_date
            and (record.valid_to_date is null or record.valid_to_date > period.valid_from_date)
        group by period.customer_id, period.valid_from_date, period.valid_to_date
    ),
    -- An event about two customers is told from the side of each.
    told as (
        select
            customer_id,
            as_of_date,
            case
                kind when 'merged' then 'merged_into' when 'split' then 'gave_records_to' else kind
            end as event_kind,
            other_customer_id
        from {{ source("identity", "identity_event") }}
        union
        select
            other_customer_id as customer_id,
            as_of_date,
            case kind when 'merged' then 'took_in' else 'got_records_from' end as event_kind,
            customer_id as other_customer_id
        from {{ source("identity", "identity_event") }}
        where other_customer_id is not null
    ),
    event as (
        select
            customer_id,
            as_of_date,
            list_sort(list(distinct event_kind)) as event_kinds,
            list_sort(
                list(distinct other_customer_id) filter (where other_customer_id is not null)
            ) as other_customer_ids,
            max(other_customer_id) filter (where event_kind = 'merged_into') as merged_into_customer_id
        from told
        group by customer_id, as_of_date
    ),
    placed as (
        select
            *,
            row_number() over (partition by customer_id order by valid_from_date) as period_no,
            row_number() over (partition by customer_id order by valid_from_date desc) = 1 as is_last
        from membership
    )
select
    placed.customer_id,
    placed.valid_from_date,
    placed.valid_to_date,
    placed.is_last and placed.valid_to_date is null as is_current,
    placed.record_count,
    placed.source_count,
    placed.record_keys,
    coalesce(
        opened.event_kinds, if(placed.period_no = 1, ['new'], ['records_changed'])
    ) as opened_by_event_kinds,
    coalesce(opened.other_customer_ids, cast([] as varchar[])) as other_customer_ids,
    if(placed.is_last, closed.merged_into_customer_id, null) as merged_into_customer_id
from placed
left join
    event as opened on placed.customer_id = opened.customer_id and placed.valid_from_date = opened.as_of_date
left join
    event as closed on placed.customer_id = closed.customer_id and placed.valid_to_date = closed.as_of_date
