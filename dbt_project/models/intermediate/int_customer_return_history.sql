-- Orders and quantities of a source's customer and brand up to and with each day on which a run first knew
-- of more.
with
    day as (
        select
            customer_source_name,
            source_customer_id,
            brand,
            known_date,
            count(distinct order_id) filter (where sale_line_count > 0) as order_count,
            count(distinct order_id) filter (where return_line_count > 0) as return_order_count,
            sum(sale_quantity) as sold_quantity,
            sum(return_quantity) as returned_quantity,
            sum(sale_net_amount) as sold_amount,
            sum(return_net_amount) as returned_amount,
            min(order_date) filter (where sale_line_count > 0) as first_order_date,
            max(order_date) filter (where sale_line_count > 0) as last_order_date
        from {{ ref("int_customer_order") }}
        group by customer_source_name, source_customer_id, brand, known_date
    )
select
    customer_source_name,
    source_customer_id,
    brand,
    known_date,
    cast(sum(order_count) over days as bigint) as order_count,
    cast(sum(return_order_count) over days as bigint) as return_order_count,
    cast(sum(sold_quantity) over days as decimal(18, 3)) as sold_quantity,
    cast(sum(returned_quantity) over days as decimal(18, 3)) as returned_quantity,
    cast(sum(sold_amount) over days as decimal(18, 4)) as sold_amount,
    cast(sum(returned_amount) over days as decimal(18, 4)) as returned_amount,
    min(first_order_date) over days as first_order_date,
    max(last_order_date) over days as last_order_date
from day
window
    days as (
        partition by customer_source_name, source_customer_id, brand
        order by known_date
        rows unbounded preceding
    )
