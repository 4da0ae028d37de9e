-- What was known of an order's customer before the day of the order: the history of all keys that
-- identity, as of that day, gave to the same customer.
with
    customer_order as (
        select order_id, brand, customer_source_name, source_customer_id, min(order_date) as order_date
        from {{ ref("int_customer_order") }}
        group by order_id, brand, customer_source_name, source_customer_id
    ),
    identified as (
        select customer_order.*, xref.customer_id
        from customer_order
        inner join
            {{ source("identity", "identity_xref") }} as xref
            on customer_order.customer_source_name = xref.source_name
            and customer_order.source_customer_id = xref.source_customer_id
            and xref.valid_from <= customer_order.order_date
            and coalesce(xref.valid_to > customer_order.order_date, true)
    ),
    order_key as (
        select
            identified.*,
            xref.source_name as past_customer_source_name,
            xref.source_customer_id as past_source_customer_id
        from identified
        inner join
            {{ source("identity", "identity_xref") }} as xref
            on identified.customer_id = xref.customer_id
            and xref.valid_from <= identified.order_date
            and coalesce(xref.valid_to > identified.order_date, true)
    ),
    history as (
        select order_key.*, past.* exclude (brand, customer_source_name, source_customer_id)
        from order_key
        asof left join
            {{ ref("int_customer_return_history") }} as past
            on order_key.past_customer_source_name = past.customer_source_name
            and order_key.past_source_customer_id = past.source_customer_id
            and order_key.brand = past.brand
            and order_key.order_date > past.known_date
    )
select
    order_id,
    customer_source_name,
    source_customer_id,
    customer_id,
    cast(coalesce(sum(order_count), 0) as bigint) as past_order_count,
    cast(coalesce(sum(return_order_count), 0) as bigint) as past_return_order_count,
    cast(coalesce(sum(sold_quantity), 0) as decimal(18, 3)) as past_sold_quantity,
    cast(coalesce(sum(returned_quantity), 0) as decimal(18, 3)) as past_returned_quantity,
    cast(coalesce(sum(sold_amount), 0) as decimal(18, 4)) as past_sold_amount,
    cast(coalesce(sum(returned_amount), 0) as decimal(18, 4)) as past_returned_amount,
    cast(min(order_date) - min(first_order_date) as integer) as tenure_days,
    cast(min(order_date) - max(last_order_date) as integer) as days_since_order
from history
group by order_id, customer_source_name, source_customer_id, customer_id
