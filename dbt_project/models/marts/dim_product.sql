-- Products of all systems: the head office describes a product where it knows it, else Odoo, else the
-- shop; what the first leaves open the next fills in. Products that only stand on order lines or in stock
-- have a member too.
{%- set own_attributes = ["product_name", "barcode", "product_brand", "package_size", "unit_of_measure"] %}
with
    master as (
        select 1 as priority, *
        from {{ ref("stg_headoffice__product") }}
        union all
        select 2 as priority, *
        from {{ ref("stg_odoo__product") }}
        union all
        select 3 as priority, *
        from {{ ref("stg_shopify__product") }}
    ),
    ranked as (
        select
            *,
            row_number() over (
                partition by product_id order by priority, updated_at desc nulls last, source_name
            ) as description_rank
        from master
    ),
    filled as (
        select
            product_id,
            {%- for attribute in own_attributes %}
                min_by({{ attribute }}, description_rank) filter (
                    where {{ attribute }} is not null
                ) as {{ attribute }},
            {%- endfor %}
            -- Levels of two systems make no tree: the hierarchy comes whole from one.
            min(description_rank) filter (
                where coalesce(department, category, family) is not null
            ) as hierarchy_rank
        from ranked
        group by product_id
    ),
    described as (
        select
            filled.product_id,
            first_record.code_space,
            first_record.sku,
            filled.barcode,
            filled.product_name,
            hierarchy.department,
            hierarchy.category,
            hierarchy.family,
            filled.product_brand,
            filled.package_size,
            filled.unit_of_measure,
            true as is_described,
            first_record.source_name as described_by_source_name,
            first_record.updated_at
        from filled
        inner join
            ranked as first_record
            on filled.product_id = first_record.product_id
            and first_record.description_rank = 1
        left join
            ranked as hierarchy
            on filled.product_id = hierarchy.product_id
            and filled.hierarchy_rank = hierarchy.description_rank
    ),
    seen as (
        select product_id, is_named_only, sku, product_name, unit_of_measure
        from {{ ref("int_product_seen") }}
        union all
        select distinct product_id, false, null, null, null
        from ({{ marts_union_all(marts_stock_facts(), columns="product_id") }})
        where product_id is not null
    ),
    undescribed as (
        select
            seen.product_id,
            split_part(seen.product_id, ':', 1) as code_space,
            if(
                bool_or(coalesce(seen.is_named_only, false)),
                null,
                coalesce(max(seen.sku), substr(seen.product_id, instr(seen.product_id, ':') + 1))
            ) as sku,
            null as barcode,
            max(seen.product_name) as product_name,
            null as department,
            null as category,
            null as family,
            null as product_brand,
            null as package_size,
            coalesce(max(seen.unit_of_measure), 'piece') as unit_of_measure,
            false as is_described,
            null as described_by_source_name,
            null as updated_at
        from seen
        left join described on seen.product_id = described.product_id
        where described.product_id is null
        group by seen.product_id
    ),
    product as (
        select *
        from described
        union all
        select *
        from undescribed
    ),
    known as (
        select product_id, count(distinct source_name) as source_count
        from {{ ref("dim_product_xref") }}
        group by product_id
    ),
    numbered as (
        select distinct product_id, barcode, gtin from {{ ref("dim_product_xref") }} where gtin is not null
    )
select
    product.product_id,
    product.code_space,
    product.sku,
    product.barcode,
    numbered.gtin,
    product.product_name,
    product.department,
    product.category,
    product.family,
    product.product_brand,
    product.package_size,
    product.unit_of_measure,
    product.is_described,
    product.described_by_source_name,
    coalesce(known.source_count, 0) as source_count,
    product.updated_at
from product
left join known on product.product_id = known.product_id
left join numbered on product.product_id = numbered.product_id and product.barcode = numbered.barcode
