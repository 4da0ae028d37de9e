-- Return lines and the one sale line that each takes back: by the source's own link where it names the
-- order, else the customer's latest earlier sale of the product. A return is linked at most once, and a
-- sale line never takes back more than it sold: a round links each open return to its best sale with
-- enough left, and keeps, in order of time, what fits; what did not fit tries the next best sale in the
-- next round.
{% set rounds = 4 %}

with
    line as (
        select
            order_line_id,
            order_id,
            product_id,
            line_kind,
            ordered_at,
            order_date,
            abs(quantity) as quantity,
            original_order_id,
            coalesce(customer_id, customer_source_name || ':' || source_customer_id) as customer_key
        from {{ ref("int_order_line_customer") }}
        where item_kind = 'product' and product_id is not null and quantity <> 0
    ),
    return_line as (from line where line_kind = 'return'),
    sale_line as (from line semi join return_line using (product_id) where line_kind = 'sale'),
    candidate as (
        select
            returned.order_line_id as return_order_line_id,
            sale.order_line_id as sale_order_line_id,
            1 as priority,
            'receipt' as link_kind,
            returned.ordered_at as returned_at,
            sale.ordered_at as sold_at,
            returned.order_date as return_date,
            sale.order_date as sale_date,
            returned.quantity as return_quantity,
            sale.quantity as sale_quantity
        from return_line as returned
        inner join
            sale_line as sale
            on returned.original_order_id = sale.order_id
            and returned.product_id = sale.product_id
            and returned.quantity <= sale.quantity
        union all
        select
            returned.order_line_id,
            sale.order_line_id,
            2,
            'customer',
            returned.ordered_at,
            sale.ordered_at,
            returned.order_date,
            sale.order_date,
            returned.quantity,
            sale.quantity
        from return_line as returned
        inner join
            sale_line as sale
            on returned.customer_key = sale.customer_key
            and returned.product_id = sale.product_id
            and returned.ordered_at > sale.ordered_at
            and returned.quantity <= sale.quantity
    ),
    linked_0 as (from candidate where false)
    {%- for round in range(1, rounds + 1) %}
        ,
        best_{{ round }} as (
            select candidate.*, coalesce(used.quantity, 0) as used_quantity
            from candidate
            anti join linked_{{ round - 1 }} as linked using (return_order_line_id)
            left join
                (
                    select sale_order_line_id, sum(return_quantity) as quantity
                    from linked_{{ round - 1 }}
                    group by sale_order_line_id
                ) as used using (sale_order_line_id)
            where candidate.sale_quantity - coalesce(used.quantity, 0) >= candidate.return_quantity
            qualify
                row_number() over (
                    partition by return_order_line_id order by priority, sold_at desc, sale_order_line_id
                )
                = 1
        ),
        linked_{{ round }} as (
            from linked_{{ round - 1 }}
            union all
            select * exclude (used_quantity)
            from best_{{ round }}
            qualify
                used_quantity + sum(return_quantity) over (
                    partition by sale_order_line_id
                    order by returned_at, return_order_line_id
                    rows unbounded preceding
                )
                <= sale_quantity
        )
    {%- endfor %}
select
    return_order_line_id,
    sale_order_line_id,
    link_kind,
    return_date,
    sale_date,
    cast(return_date - sale_date as integer) as days_to_return,
    cast(return_quantity as decimal(18, 3)) as returned_quantity
from linked_{{ rounds }}
