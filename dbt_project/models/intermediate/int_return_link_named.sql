-- Returns whose source names the order of the sale, linked to its lines.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed('sale_order_id', changed_named_orders(), named=named_by_return_link_named()) }}",
        post_hook="{{ remember_build([], 'sale_order_id', named=named_by_return_link_named()) }}",
    )
}}

with
    returned as (
        select
            *,
            {{ customer_key() }} as customer_key,
            {order_id:original_order_id, product_id:product_id} as key
        from ({{ returnable_line(only_changed(ref("int_order_line"), "original_order_id"), "return") }})
        where original_order_id is not null
    ),
    sold as (
        select *, {{ customer_key() }} as customer_key, {order_id:order_id, product_id:product_id} as key
        from ({{ returnable_line(only_changed(ref("int_order_line"), "order_id"), "sale") }}) as line
        semi join returned on line.order_id = returned.original_order_id
    ),
    linked as (from {{ return_matching("returned", "sold", "happened_at, order_line_id", any_sale) }})
select
    linked.return_order_line_id,
    linked.sale_order_line_id,
    returned.order_id as return_order_id,
    sold.order_id as sale_order_id,
    returned.customer_key as return_customer_key,
    sold.customer_key as sale_customer_key,
    if(returned.order_id = sold.order_id, 'order', 'receipt') as link_kind,
    returned.order_date as return_date,
    sold.order_date as sale_date,
    cast(linked.quantity as decimal(18, 3)) as returned_quantity
from linked
inner join returned on linked.return_order_line_id = returned.order_line_id
inner join sold on linked.sale_order_line_id = sold.order_line_id
