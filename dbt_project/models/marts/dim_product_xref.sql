-- What each source calls a product: the head office's SKUs, Odoo's ids, and the codes on order lines.
with
    record as (
        select source_name, sku as source_product_id, sku, barcode, product_id, 'sku' as match_kind
        from {{ ref("stg_headoffice__product") }}
        union all
        select source_name, source_product_id, default_code as sku, barcode, product_id, match_kind
        from {{ ref("stg_odoo__product_product") }}
        union all
        select
            seen.source_name,
            if(seen.is_named_only, seen.product_name, seen.sku) as source_product_id,
            if(seen.is_named_only, cast(null as varchar), seen.sku) as sku,
            cast(null as varchar) as barcode,
            seen.product_id,
            if(seen.is_named_only, 'name', 'sku') as match_kind
        from {{ ref("int_product_seen") }} as seen
        inner join {{ ref("stg_ops__source") }} as source on seen.source_name = source.source_name
        -- Odoo's lines name its products by id, and those stand above.
        where source.system <> 'odoo'
    ),
    numbered as (select *, {{ gtin("barcode") }} as gtin from record),
    complete as (
        select gtin
        from numbered
        where gtin is not null and {{ gtin_is_complete("barcode") }}
        group by gtin
        having count(distinct product_id) = 1
    ),
    judged as (
        select
            numbered.*,
            case
                when numbered.barcode is null
                then null
                when numbered.gtin is not null and {{ gtin_is_complete("numbered.barcode") }}
                then 'gtin'
                -- Zeros in front are lost, and the whole code of one product says so.
                when complete.gtin is not null
                then 'repaired'
                -- 4.00638E+12: the digits are gone.
                when regexp_matches(numbered.barcode, '^[0-9.,]+[eE][+]?[0-9]+$')
                then 'damaged'
                else 'other'
            end as barcode_kind
        from numbered
        left join complete on numbered.gtin = complete.gtin
    )
select
    source_name,
    source_product_id,
    sku,
    barcode,
    if(barcode_kind in ('gtin', 'repaired'), gtin, null) as gtin,
    barcode_kind,
    product_id,
    match_kind
from judged
