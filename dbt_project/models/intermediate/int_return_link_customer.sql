-- Returns that name no sale that could take them, linked to the customer's latest open sales of the product
-- before.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('customer_key', changed_return_customers(), named={'return_order_id': 'return_order_id'}) }}",
        post_hook="{{ remember_build([], 'customer_key', named={'return_order_id': 'return_order_id'}) }}",
    )
}}

with
    customer as (
        select source_name as customer_source_name, source_customer_id, customer_id as customer_key
        from {{ only_changed(ref("int_customer_xref"), "customer_id") }}
        where valid_to is null
    ),
    -- A source's customer whom identity does not know is one too.
    returned_line as (
        select
            line.* exclude (customer_source_name, source_customer_id),
            customer_source_name,
            source_customer_id,
            coalesce(customer.customer_key, {{ customer_key() }}) as customer_key
        from ({{ returnable_line(ref("int_order_line"), "return") }}) as line
        left join customer using (customer_source_name, source_customer_id)
        where source_customer_id is not null
    ),
    returned as (
        select
            * exclude (customer_source_name, source_customer_id),
            {customer_key:customer_key, product_id:product_id} as key
        from returned_line
        anti join
            {{ ref("int_return_link_named") }} as named
            on returned_line.order_line_id = named.return_order_line_id
        where {{ is_changed("customer_key") }}
    ),
    returning_customer as (
        select customer_source_name, source_customer_id, customer_key
        from customer
        semi join returned using (customer_key)
        union
        select customer_source_name, source_customer_id, customer_key
        from returned_line
        semi join returned using (customer_key)
    ),
    sold as (
        select
            line.* exclude (quantity),
            returning_customer.customer_key,
            cast(line.quantity - coalesce(used.quantity, 0) as decimal(18, 3)) as quantity,
            {customer_key:returning_customer.customer_key, product_id:line.product_id} as key
        from ({{ returnable_line(ref("int_order_line"), "sale") }}) as line
        inner join returning_customer using (customer_source_name, source_customer_id)
        left join
            (
                select sale_order_line_id, sum(returned_quantity) as quantity
                from {{ ref("int_return_link_named") }}
                group by sale_order_line_id
            ) as used
            on line.order_line_id = used.sale_order_line_id
    ),
    linked as (
        from
            {{
                return_matching(
                    "returned",
                    "sold",
                    "happened_at desc, order_line_id desc",
                    earlier_sale_of_another_order,
                )
            }}
    )
select
    linked.return_order_line_id,
    linked.sale_order_line_id,
    returned.order_id as return_order_id,
    returned.customer_key,
    'customer' as link_kind,
    returned.order_date as return_date,
    sold.order_date as sale_date,
    cast(linked.quantity as decimal(18, 3)) as returned_quantity
from linked
inner join returned on linked.return_order_line_id = returned.order_line_id
inner join sold on linked.sale_order_line_id = sold.order_line_id
