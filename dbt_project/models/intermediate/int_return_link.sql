-- What each return line takes back: the sale that its source names, else the customer's latest open sale of
-- the product before it. A return that no single sale covers is split over several, one row each; one that
-- all of them together do not cover has no row. No sale line takes back more than it sold.
with
    line as (
        select
            order_line_id,
            order_id,
            product_id,
            line_kind,
            ordered_at as happened_at,
            order_date,
            cast(abs(quantity) as decimal(18, 3)) as quantity,
            original_order_id,
            coalesce(customer_id, customer_source_name || ':' || source_customer_id) as customer_key
        from {{ ref("int_order_line_customer") }}
        where item_kind = 'product' and product_id is not null and quantity <> 0
    ),
    return_line as (from line where line_kind = 'return'),
    sale_line as (from line semi join return_line using (product_id) where line_kind = 'sale'),
    returned_by_order as (
        select *, {order_id:original_order_id, product_id:product_id} as key
        from return_line
        where original_order_id is not null
    ),
    sold_by_order as (select *, {order_id:order_id, product_id:product_id} as key from sale_line),
    linked_by_order as (
        from
            {{
                return_matching(
                    "returned_by_order", "sold_by_order", "happened_at, order_line_id", any_sale
                )
            }}
    ),
    returned_by_customer as (
        select *, {customer_key:customer_key, product_id:product_id} as key
        from return_line
        anti join linked_by_order on order_line_id = return_order_line_id
        where customer_key is not null
    ),
    sold_by_customer as (
        select
            sale_line.* exclude (quantity),
            cast(sale_line.quantity - coalesce(used.quantity, 0) as decimal(18, 3)) as quantity,
            {customer_key:customer_key, product_id:product_id} as key
        from sale_line
        left join
            (
                select sale_order_line_id, sum(quantity) as quantity
                from linked_by_order
                group by sale_order_line_id
            ) as used
            on sale_line.order_line_id = used.sale_order_line_id
        where customer_key is not null
    ),
    linked_by_customer as (
        from
            {{
                return_matching(
                    "returned_by_customer",
                    "sold_by_customer",
                    "happened_at desc, order_line_id desc",
                    earlier_sale_of_another_order,
                )
            }}
    ),
    linked as (
        select *, true as is_named
        from linked_by_order
        union all
        select *, false as is_named
        from linked_by_customer
    )
select
    linked.return_order_line_id,
    linked.sale_order_line_id,
    case
        when not linked.is_named
        then 'customer'
        when returned.order_id = sale.order_id
        then 'order'
        else 'receipt'
    end as link_kind,
    returned.order_date as return_date,
    sale.order_date as sale_date,
    cast(returned.order_date - sale.order_date as integer) as days_to_return,
    cast(linked.quantity as decimal(18, 3)) as returned_quantity
from linked
inner join return_line as returned on linked.return_order_line_id = returned.order_line_id
inner join sale_line as sale on linked.sale_order_line_id = sale.order_line_id
