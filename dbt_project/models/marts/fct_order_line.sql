-- Sale and return lines of all channels, those left out by a named reason apart.
{{ config(materialized="view") }}

select * exclude (product_name, excluded_reason)
from {{ ref("int_order_line") }}
where excluded_reason is null
