-- What vendors offer, in the product's own unit, one row an offer and product: an offer of a template is one
-- of each of its products.
with
    offer as (
        select
            offer.source_name || ':' || offer.id || ':' || product.source_product_id as supplier_term_id,
            offer.source_name,
            company.brand,
            offer.source_name || ':' || offer.partner_id as supplier_id,
            {{ text_or_null("partner.ref") }} as supplier_no,
            product.product_id,
            offer.sequence,
            {{ odoo_units_in("unit", "offer.product_uom_id", "product_unit", "template.uom_id") }}
            as vendor_unit_qty,
            offer.min_qty,
            offer.delay as lead_time_days,
            nullif(offer.price, 0) * (1 - coalesce(offer.discount, 0) / 100) as vendor_unit_price,
            currency.name as currency_code,
            offer.date_start as valid_from_date,
            offer.date_end as valid_to_date
        from {{ source("raw_odoo", "product_supplierinfo") }} as offer
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        inner join
            {{ ref("stg_odoo__product_product") }} as product
            on product.source_name = offer.source_name
            and product.source_template_id = cast(offer.product_tmpl_id as varchar)
            and (offer.product_id is null or product.source_product_id = cast(offer.product_id as varchar))
        inner join
            {{ source("raw_odoo", "product_template") }} as template
            on template.source_name = offer.source_name
            and template.id = offer.product_tmpl_id
        left join
            {{ source("raw_odoo", "res_partner") }} as partner
            on partner.source_name = offer.source_name
            and partner.id = offer.partner_id
        left join
            {{ source("raw_odoo", "res_currency") }} as currency
            on currency.source_name = offer.source_name
            and currency.id = offer.currency_id
        left join
            {{ ref("stg_odoo__company") }} as company
            on company.source_name = offer.source_name
            and company.source_company_id = cast(offer.company_id as varchar)
        left join
            {{ ref("stg_odoo__unit") }} as unit
            on unit.source_name = offer.source_name
            and unit.source_unit_id = cast(offer.product_uom_id as varchar)
        left join
            {{ ref("stg_odoo__unit") }} as product_unit
            on product_unit.source_name = offer.source_name
            and product_unit.source_unit_id = cast(template.uom_id as varchar)
        where product.is_active and partner.active is distinct from false
    )
select
    supplier_term_id,
    source_name,
    brand,
    supplier_id,
    supplier_no,
    product_id,
    sequence,
    cast(vendor_unit_qty as decimal(18, 3)) as vendor_unit_qty,
    cast(min_qty * vendor_unit_qty as decimal(18, 3)) as minimum_order_qty,
    cast(lead_time_days as integer) as lead_time_days,
    cast(vendor_unit_price / vendor_unit_qty as decimal(18, 4)) as unit_cost_amount,
    currency_code,
    valid_from_date,
    valid_to_date
from offer
