-- A product's description from day to day: a row a period in which it did not change.
{%- set attributes = product_attributes() %}
with
    -- Of several changes of one day the last holds.
    day_state as (
        select *
        from {{ ref("stg_headoffice__product_version") }}
        qualify
            row_number() over (
                partition by product_id, updated_date order by updated_at desc, source_name desc
            )
            = 1
    ),
    compared as (
        select
            *,
            {%- for attribute in attributes %}
                lag({{ attribute }}) over (versions) as previous_{{ attribute }},
            {%- endfor %}
            row_number() over (versions) as version_no
        from day_state
        window versions as (partition by product_id order by updated_date)
    ),
    changed as (
        select
            *,
            nullif(
                concat_ws(
                    ', '
                    {%- for attribute in attributes %}
                        ,
                        case
                            when {{ attribute }} is distinct from previous_{{ attribute }}
                            then '{{ attribute }}'
                        end
                    {%- endfor %}
                ),
                ''
            ) as changed_columns
        from compared
    ),
    -- The first state known holds from the beginning, so that every earlier sale finds one.
    master_period as (
        select
            product_id,
            if(version_no = 1, date '1900-01-01', updated_date) as valid_from_date,
            lead(updated_date) over (partition by product_id order by updated_date) as valid_to_date,
            source_name,
            {{ attributes | join(", ") }},
            if(version_no = 1, null, changed_columns) as changed_columns,
            updated_at
        from changed
        where version_no = 1 or changed_columns is not null
    )
select *
from master_period
union all
-- Other systems send a product as it is now, and no state before.
select
    product.product_id,
    date '1900-01-01' as valid_from_date,
    cast(null as date) as valid_to_date,
    product.described_by_source_name as source_name,
    {%- for attribute in attributes %} product.{{ attribute }}, {%- endfor %}
    cast(null as varchar) as changed_columns,
    product.updated_at
from {{ ref("dim_product") }} as product
left join
    (select distinct product_id from master_period) as described on product.product_id = described.product_id
where described.product_id is null
