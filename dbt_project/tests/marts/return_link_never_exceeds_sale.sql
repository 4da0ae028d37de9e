-- A sale line never takes back more than it sold.
select link.sale_order_line_id
from {{ ref("int_return_link") }} as link
inner join {{ ref("fct_order_line") }} as sale on link.sale_order_line_id = sale.order_line_id
group by link.sale_order_line_id, sale.quantity
having sum(link.returned_quantity) > sale.quantity
