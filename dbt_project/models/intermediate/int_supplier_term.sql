-- On what terms a vendor sells a product to a brand, by the vendor lists of Odoo on `as_of`: one row a brand,
-- product and vendor, from its offer of the least quantity. Vendors rank as in Odoo: by sequence, then by
-- price. Odoo keeps no history of its lists: a past day is told of those that stand now.
{% set as_of = marts_as_of() %}

with
    least_offer as (
        select brand.brand, term.* exclude (brand)
        from {{ ref("stg_odoo__supplier_term") }} as term
        inner join
            {{ source("ops", "ops_brand") }} as brand on coalesce(term.brand, brand.brand) = brand.brand
        where
            (term.valid_from_date is null or term.valid_from_date <= {{ as_of }})
            and (term.valid_to_date is null or term.valid_to_date >= {{ as_of }})
        qualify
            row_number() over (
                partition by brand.brand, term.product_id, term.supplier_id
                order by
                    term.minimum_order_qty nulls last,
                    term.sequence,
                    term.unit_cost_amount nulls last,
                    term.supplier_term_id
            )
            = 1
    )
select
    offer.brand,
    offer.product_id,
    offer.supplier_id,
    offer.supplier_no,
    cast(
        row_number() over (
            partition by offer.brand, offer.product_id
            order by offer.sequence, offer.unit_cost_amount nulls last, offer.supplier_id
        ) as integer
    ) as supplier_rank,
    offer.lead_time_days,
    -- Odoo says 0 where nobody named a quantity.
    nullif(offer.minimum_order_qty, 0) as minimum_order_qty,
    -- A vendor who sells single units may still be one of packages, by the product's own list of them.
    case
        when offer.vendor_unit_qty > 1 and offer.vendor_unit_qty = floor(offer.vendor_unit_qty)
        then offer.vendor_unit_qty
        else packaging.contained_qty
    end as pack_qty,
    offer.unit_cost_amount,
    offer.currency_code
from least_offer as offer
left join {{ ref("stg_odoo__packaging") }} as packaging on offer.product_id = packaging.product_id
