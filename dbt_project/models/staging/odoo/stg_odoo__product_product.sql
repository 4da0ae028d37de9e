-- Every product of Odoo by its own id, archived ones too, with the product that it is in the warehouse: by
-- its code, else by a barcode that one coded product has, else Odoo's own.
with
    product as (
        select
            product.source_name || ':' || product.id as odoo_product_id,
            product.source_name,
            source.brand,
            source.company,
            product.id as source_id,
            cast(product.product_tmpl_id as varchar) as source_template_id,
            coalesce(
                {{ text_or_null("product.default_code") }}, {{ text_or_null("template.default_code") }}
            ) as code,
            -- "grocer:1095275" names code space and SKU; a bare code is a SKU only where the settings say
            -- that Odoo shares a code space.
            case
                when contains(code, ':')
                then code
                when source.code_space <> product.source_name
                then {{ product_id("source.code_space", "code") }}
            end as coded_product_id,
            {{ product_id("product.source_name", "product.id") }} as own_product_id,
            {{ barcode_text("product.barcode") }} as barcode,
            {{ gtin(barcode_text("product.barcode")) }} as gtin,
            {{ text_or_null("template.name") }} as product_name,
            split_part(category.complete_name, ' / ', 1) as department,
            {{ text_or_null("category.complete_name") }} as category_path,
            {{ text_or_null("category.name") }} as category_name,
            coalesce(template.is_storable, false) as is_storable,
            case
                when template.use_expiration_date and template.expiration_time > 0
                then cast(template.expiration_time as integer)
            end as shelf_life_days,
            template.list_price as list_price_amount,
            product.standard_price as unit_cost_amount,
            coalesce(product.active, true) and coalesce(template.active, true) as is_active,
            greatest(product.write_date, template.write_date) as updated_at
        from {{ source("raw_odoo", "product_product") }} as product
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        left join
            {{ source("raw_odoo", "product_template") }} as template
            on template.source_name = product.source_name
            and template.id = product.product_tmpl_id
        left join
            {{ source("raw_odoo", "product_category") }} as category
            on category.source_name = template.source_name
            and category.id = template.categ_id
    ),

    -- A new product may take an archived one's barcode: then it is the new one's.
    barcode_holder as (
        select source_name, gtin, arg_max(odoo_product_id, is_active) as odoo_product_id
        from product
        where gtin is not null
        group by source_name, gtin
        having count(*) = 1 or count(*) filter (is_active) = 1
    ),

    coded as (
        select
            office.product_id,
            office.barcode,
            {{ gtin("office.barcode") }} as gtin,
            source.brand,
            source.company
        from {{ ref("stg_headoffice__product") }} as office
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        union
        select coded_product_id, barcode, gtin, brand, company
        from product
        where coded_product_id is not null
    ),

    same_barcode as (
        select
            product.odoo_product_id,
            coalesce(coded.brand = product.brand, false) as is_same_brand,
            coded.product_id
        from product
        inner join barcode_holder using (odoo_product_id)
        inner join coded on coded.gtin = product.gtin
        where
            product.coded_product_id is null
            -- Of two codes that lost their zeros neither confirms the other.
            and ({{ gtin_is_complete("product.barcode") }} or {{ gtin_is_complete("coded.barcode") }})
            and (not {{ gtin_is_own_number("product.gtin") }} or coded.company = product.company)
    ),

    -- Several chains may sell what has one barcode: then the source's own brand decides, or nothing does.
    by_barcode as (
        select
            odoo_product_id,
            case
                when count(distinct product_id) filter (is_same_brand) = 1
                then max(product_id) filter (is_same_brand)
                when count(distinct product_id) = 1
                then max(product_id)
            end as product_id
        from same_barcode
        group by odoo_product_id
    ),

    -- A product without code that several Odoos have is that of the first of them.
    peer as (
        select
            product.odoo_product_id,
            first_value(product.own_product_id) over (
                partition by product.gtin, if({{ gtin_is_own_number("product.gtin") }}, product.company, null)
                order by product.source_name
            ) as product_id
        from product
        inner join barcode_holder using (odoo_product_id)
        left join same_barcode using (odoo_product_id)
        where
            product.coded_product_id is null
            and same_barcode.product_id is null
            and {{ gtin_is_complete("product.barcode") }}
    )

select
    product.odoo_product_id,
    product.source_name,
    product.brand,
    cast(product.source_id as varchar) as source_product_id,
    product.source_template_id,
    coalesce(
        product.coded_product_id, by_barcode.product_id, peer.product_id, product.own_product_id
    ) as product_id,
    case
        when product.coded_product_id is not null
        then 'sku'
        when by_barcode.product_id is not null or peer.product_id <> product.own_product_id
        then 'barcode'
        else 'own'
    end as match_kind,
    product.code as default_code,
    product.barcode,
    product.product_name,
    product.department,
    product.category_path,
    -- The tree's second level, and below it the finest one.
    if(
        contains(product.category_path, ' / '),
        split_part(product.category_path, ' / ', 2),
        product.category_name
    ) as category,
    if(
        {{ text_or_null("split_part(product.category_path, ' / ', 3)") }} is null, null, product.category_name
    ) as family,
    product.is_storable,
    product.shelf_life_days,
    product.list_price_amount,
    product.unit_cost_amount,
    product.is_active,
    product.updated_at
from product
left join by_barcode using (odoo_product_id)
left join peer using (odoo_product_id)
