-- Products of all systems: the head office describes a product where it knows it, else Odoo, else the
-- shop; within a system the newest record. Products that only stand on order lines or in stock have a
-- member too.
with
    master as (
        select 1 as priority, *
        from {{ ref("stg_headoffice__product") }}
        union all by name
        select 2 as priority, *
        from {{ ref("stg_odoo__product") }}
        union all by name
        select 3 as priority, *
        from {{ ref("stg_shopify__product") }}
    ),
    described as (
        select *, true as is_described
        from master
        qualify
            row_number() over (
                partition by product_id order by priority, updated_at desc nulls last, source_name
            )
            = 1
    ),
    seen as (
        select
            product_id,
            max(source_sku) as sku,
            max(product_name) as product_name,
            max(unit_of_measure) as unit_of_measure
        from ({{ marts_union_all(marts_order_line_models()) }})
        where product_id is not null
        group by product_id
        union all by name
        select distinct product_id
        from ({{ marts_union_all(marts_stock_facts()) }})
        where product_id is not null
    ),
    undescribed as (
        select
            product_id,
            false as is_described,
            split_part(product_id, ':', 1) as code_space,
            coalesce(max(sku), substr(product_id, instr(product_id, ':') + 1)) as sku,
            max(product_name) as product_name,
            coalesce(max(unit_of_measure), 'piece') as unit_of_measure
        from seen
        anti join described using (product_id)
        group by product_id
    ),
    product as (
        from described
        union all by name
        from undescribed
    )
select
    product_id,
    code_space,
    sku,
    barcode,
    product_name,
    department,
    category,
    family,
    product_brand,
    package_size,
    unit_of_measure,
    is_described,
    updated_at
from product
