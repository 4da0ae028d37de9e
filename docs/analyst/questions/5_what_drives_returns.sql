-- Which product, lot, reason or store combinations drive returns?
--
-- Assumes: the 365 days to the last run. A combination drives returns by the amount that came back above what the
-- brand's goods come back for the same reason on the whole. A lot stands where the source names one, as Odoo's tills do.
select
    returns.brand,
    product.product_name,
    returns.product_id,
    returns.lot_no,
    returns.store_id,
    returns.return_reason,
    returns.returned_qty,
    returns.sold_qty,
    returns.return_share,
    returns.brand_return_share,
    round(returns.returns_amount_reporting * returns.excess_return_qty / returns.returned_qty, 2)
    as excess_returns_amount_reporting
from mart_returns as returns
left join dim_product as product on returns.product_id = product.product_id
where returns.excess_return_qty > 0 and returns.returned_qty > 0
order by
    excess_returns_amount_reporting desc nulls last,
    returns.product_id,
    returns.lot_no,
    returns.store_id,
    returns.return_reason,
    returns.currency_code
limit 100;
