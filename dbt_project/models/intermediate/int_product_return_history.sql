-- Quantities of a product, and of its category, sold and returned up to and with each day on which a run
-- first knew of more: what an order of a later day may look at.
with
    movement as (
        select
            order_line.product_id,
            product.code_space || ':' || product.category as category_key,
            order_line.known_date,
            sum(order_line.quantity) filter (where order_line.line_kind = 'sale') as sold_quantity,
            - sum(order_line.quantity) filter (where order_line.line_kind = 'return') as returned_quantity,
            count(*) filter (where order_line.line_kind = 'sale') as sold_lines,
            count(*) filter (where order_line.line_kind = 'return') as returned_lines
        from {{ ref("fct_order_line") }} as order_line
        left join {{ ref("dim_product") }} as product using (product_id)
        where order_line.item_kind = 'product' and order_line.product_id is not null
        group by all
    ),
    keyed as (
        select 'product' as key_kind, product_id as key, * exclude (product_id, category_key)
        from movement
        union all
        select 'category' as key_kind, category_key as key, * exclude (product_id, category_key)
        from movement
        where category_key is not null
    ),
    day as (
        select
            key_kind,
            key,
            known_date,
            sum(sold_quantity) as sold_quantity,
            sum(returned_quantity) as returned_quantity,
            sum(sold_lines) as sold_lines,
            sum(returned_lines) as returned_lines
        from keyed
        group by key_kind, key, known_date
    )
select
    key_kind,
    key,
    known_date,
    cast(coalesce(sum(sold_quantity) over days, 0) as decimal(18, 3)) as sold_quantity,
    cast(coalesce(sum(returned_quantity) over days, 0) as decimal(18, 3)) as returned_quantity,
    cast(sum(sold_lines) over days as bigint) as sold_lines,
    cast(sum(returned_lines) over days as bigint) as returned_lines
from day
window days as (partition by key_kind, key order by known_date rows unbounded preceding)
