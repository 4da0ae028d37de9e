-- Returns of a product in a store by lot and reason over the 365 days to `as_of`, against what the store sold
-- of it and what the brand's goods come back for that reason on the whole.
{% set as_of = marts_as_of() %}

with
    -- Each use reads only the columns that it needs.
    line as not materialized(
        from {{ ref("fct_order_line") }}
        where
            item_kind = 'product'
            and product_id is not null
            and order_date > {{ as_of }} - 365
            and order_date <= {{ as_of }}
    ),
    returned as (
        select
            brand,
            store_id,
            product_id,
            lot_no,
            return_reason,
            currency_code,
            reporting_currency_code,
            count(*) as return_line_count,
            {{ measure_returned_product_quantity() }} as returned_qty,
            {{ measure_returns() }} as returns_amount,
            {{ measure_returns(is_reporting=true) }} as returns_amount_reporting
        from line
        where line_kind = 'return'
        group by brand, store_id, product_id, lot_no, return_reason, currency_code, reporting_currency_code
    ),
    returned_lot as (select distinct brand, store_id, product_id, lot_no from returned),
    -- Of a lot what was sold of it; where a return names none, of the product.
    sold as (
        select
            returned_lot.brand,
            returned_lot.store_id,
            returned_lot.product_id,
            returned_lot.lot_no,
            {{ measure_product_quantity() }} as sold_qty
        from returned_lot
        inner join
            line
            on line.brand = returned_lot.brand
            and line.store_id = returned_lot.store_id
            and line.product_id = returned_lot.product_id
            and (returned_lot.lot_no is null or line.lot_no = returned_lot.lot_no)
        group by returned_lot.brand, returned_lot.store_id, returned_lot.product_id, returned_lot.lot_no
    ),
    brand_sold as (select brand, {{ measure_units() }} as sold_qty from line group by brand),
    brand_returned as (
        select brand, return_reason, {{ measure_returned_units() }} as returned_qty
        from line
        group by brand, return_reason
    ),
    brand_rate as (
        select
            brand,
            brand_returned.return_reason,
            {{ marts_ratio("brand_returned.returned_qty", "brand_sold.sold_qty") }} as return_share
        from brand_returned
        inner join brand_sold using (brand)
    )
select
    returned.brand,
    returned.store_id,
    returned.product_id,
    returned.lot_no,
    returned.return_reason,
    {{ as_of }} as as_of_date,
    returned.return_line_count,
    returned.returned_qty,
    sold.sold_qty,
    {{ marts_ratio("returned.returned_qty", "sold.sold_qty") }} as return_share,
    brand_rate.return_share as brand_return_share,
    cast(sold.sold_qty * brand_rate.return_share as decimal(18, 3)) as expected_return_qty,
    cast(
        returned.returned_qty - sold.sold_qty * brand_rate.return_share as decimal(18, 3)
    ) as excess_return_qty,
    returned.currency_code,
    returned.returns_amount,
    returned.reporting_currency_code,
    returned.returns_amount_reporting
from returned
inner join
    sold
    on returned.brand = sold.brand
    and returned.store_id = sold.store_id
    and returned.product_id = sold.product_id
    and returned.lot_no is not distinct from sold.lot_no
inner join
    brand_rate
    on returned.brand = brand_rate.brand
    and returned.return_reason is not distinct from brand_rate.return_reason
