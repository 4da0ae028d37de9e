-- What each return line takes back: the sale that its source names, else the customer's latest open sale of
-- the product before it. A return that no single sale covers is split over several, one row each; one that
-- all of them together do not cover has no row. No sale line takes back more than it sold.
{{ config(materialized="view") }}

with
    link as (
        select *
        from {{ ref("int_return_link_named") }}
        union all by name
        select *
        from {{ ref("int_return_link_customer") }}
    )
select
    return_order_line_id,
    sale_order_line_id,
    link_kind,
    return_date,
    sale_date,
    cast(return_date - sale_date as integer) as days_to_return,
    returned_quantity
from link
