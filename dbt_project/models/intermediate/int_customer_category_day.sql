-- Categories that a source's customer bought from by day, with the date it was known.
select distinct
    order_line.customer_source_name,
    order_line.source_customer_id,
    order_line.brand,
    order_line.order_date,
    order_line.known_date,
    product.department,
    product.category
from {{ ref("fct_order_line") }} as order_line
inner join {{ ref("dim_product") }} as product using (product_id)
where
    order_line.line_kind = 'sale'
    and order_line.item_kind = 'product'
    and order_line.source_customer_id is not null
