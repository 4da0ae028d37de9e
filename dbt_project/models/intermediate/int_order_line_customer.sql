-- Order lines with the customer that their key belongs to now. Features must not use it for the past: they
-- join `identity_xref` as of their own date.
{{ config(materialized="view") }}

select order_line.*, xref.customer_id
from {{ ref("fct_order_line") }} as order_line
left join
    {{ source("identity", "identity_xref") }} as xref
    on order_line.customer_source_name = xref.source_name
    and order_line.source_customer_id = xref.source_customer_id
    and xref.valid_to is null
