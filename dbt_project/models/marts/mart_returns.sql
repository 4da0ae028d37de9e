-- Returns of a product in a store by reason over the 365 days to `as_of`, against what the store sold of it
-- and what the brand's goods come back for that reason on the whole. No source names the lot of a line.
{% set as_of = marts_as_of() %}

with
    -- Each use reads only the columns that it needs.
    line as not materialized (
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
            return_reason,
            currency_code,
            reporting_currency_code,
            count(*) as return_line_count,
            {{ measure_returned_product_quantity() }} as returned_qty,
            {{ measure_returns() }} as returns_amount,
            {{ measure_returns(is_reporting=true) }} as returns_amount_reporting
        from line
        where line_kind = 'return'
        group by brand, store_id, product_id, return_reason, currency_code, reporting_currency_code
    ),
    sold as (
        select brand, store_id, product_id, {{ measure_product_quantity() }} as sold_qty
        from line
        semi join returned using (brand, store_id, product_id)
        group by brand, store_id, product_id
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
    brand,
    store_id,
    product_id,
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
inner join sold using (brand, store_id, product_id)
inner join
    brand_rate
    on returned.brand = brand_rate.brand
    and returned.return_reason is not distinct from brand_rate.return_reason
