-- One row a return receipt of the last 485 days to `as_of`: what came back and how it compares with what
-- its customer had bought. Point in time: what was known of the customer before the day of the return; the
-- receipt itself by `as_of`.
{% set as_of = marts_as_of() %}

with
    return_line as (
        from {{ ref("fct_order_line") }}
        where
            line_kind = 'return'
            and item_kind = 'product'
            and order_date > {{ as_of }} - 485
            and order_date <= {{ as_of }}
            and known_date <= {{ as_of }}
    ),
    -- What each return line takes back of each sale, at the prices of both.
    part as (
        select
            link.return_order_line_id,
            link.returned_quantity,
            link.link_kind in ('order', 'receipt') as is_named,
            link.days_to_return * link.returned_quantity as weighted_days,
            sale.order_id as sale_order_id,
            -- More than a cent a unit above what was paid.
            greatest(
                link.returned_quantity * (
                    cast(line.net_amount as double) / cast(line.quantity as double)
                    - cast(sale.net_amount as double) / cast(sale.quantity as double)
                    - 0.01
                ),
                0
            ) as over_price_amount
        from {{ ref("int_return_link") }} as link
        inner join return_line as line on link.return_order_line_id = line.order_line_id
        inner join {{ ref("fct_order_line") }} as sale on link.sale_order_line_id = sale.order_line_id
    ),
    -- A return may take back several sales.
    link as (
        select
            return_order_line_id,
            sum(returned_quantity) as returned_quantity,
            sum(weighted_days) / sum(returned_quantity) as days_to_return,
            {{ marts_money("sum(over_price_amount)") }} as over_price_amount,
            bool_or(is_named) as is_named
        from part
        group by return_order_line_id
    ),
    sale_order as (
        select line.order_id as return_order_id, part.sale_order_id, sum(part.returned_quantity) as quantity
        from part
        inner join return_line as line on part.return_order_line_id = line.order_line_id
        group by line.order_id, part.sale_order_id
    ),
    sold as (
        select order_id as sale_order_id, sum(quantity) as quantity
        from {{ ref("fct_order_line") }}
        where
            line_kind = 'sale'
            and item_kind = 'product'
            and order_id in (select sale_order_id from sale_order)
        group by order_id
    ),
    tender as (
        select order_id, arg_max(tender, (abs(amount), tender)) as tender
        from {{ ref("fct_payment") }}
        where
            order_id in (select sale_order_id from sale_order)
            or order_id in (select order_id from return_line)
        group by order_id
    ),
    undone as (
        select
            sale_order.return_order_id,
            count(*) filter (where sale_order.quantity >= sold.quantity) as whole_order_count,
            bool_and(refund.tender <> paid.tender) as has_other_tender
        from sale_order
        inner join sold using (sale_order_id)
        left join tender as paid on sale_order.sale_order_id = paid.order_id
        left join tender as refund on sale_order.return_order_id = refund.order_id
        group by sale_order.return_order_id
    ),
    receipt as (
        select
            line.order_id as return_order_id,
            min(line.brand) as brand,
            min(line.source_name) as source_name,
            min(line.channel) as channel,
            min(line.store_id) as store_id,
            min(line.terminal_no) as terminal_no,
            min(line.cashier_no) as cashier_no,
            min(line.customer_source_name) as customer_source_name,
            min(line.source_customer_id) as source_customer_id,
            min(line.order_date) as return_date,
            min(line.currency_code) as currency_code,
            min(line.ordered_at) as returned_at,
            count(*) as returned_line_count,
            count(distinct line.product_id) as returned_product_count,
            - sum(line.quantity) as returned_quantity,
            - sum(line.net_amount) as returned_amount,
            max(- line.net_amount) as max_line_amount,
            count(link.return_order_line_id) as linked_line_count,
            sum(link.returned_quantity) as linked_quantity,
            sum(link.days_to_return) as linked_days,
            sum(link.over_price_amount) as over_price_amount,
            count(*) filter (
                where line.original_order_id is not null and not coalesce(link.is_named, false)
            ) as beyond_sale_line_count,
            count(*) filter (where line.original_order_id is null) as no_receipt_line_count,
            count(*) filter (where line.return_reason is null) as no_reason_line_count
        from return_line as line
        left join link on line.order_line_id = link.return_order_line_id
        group by line.order_id
    )

select
    receipt.return_order_id,
    receipt.brand,
    receipt.source_name,
    receipt.channel,
    receipt.store_id,
    receipt.terminal_no,
    receipt.cashier_no,
    customer.customer_id,
    receipt.return_date,
    receipt.returned_at,
    receipt.currency_code,
    receipt.returned_line_count,
    receipt.returned_product_count,
    {{ marts_double("receipt.returned_quantity") }} as returned_qty,
    {{ marts_money("receipt.returned_amount") }} as returned_amount,
    {{ marts_money("receipt.max_line_amount") }} as max_line_amount,
    receipt.linked_line_count,
    {{ marts_ratio("coalesce(receipt.linked_quantity, 0)", "receipt.returned_quantity") }} as linked_share,
    {{ marts_ratio("receipt.linked_days", "receipt.linked_line_count") }} as days_to_return_mean,
    {{ marts_ratio("receipt.no_receipt_line_count", "receipt.returned_line_count") }} as no_receipt_share,
    {{ marts_ratio("receipt.no_reason_line_count", "receipt.returned_line_count") }} as no_reason_share,
    receipt.beyond_sale_line_count,
    {{ marts_money("coalesce(receipt.over_price_amount, 0)") }} as over_price_amount,
    coalesce(undone.whole_order_count, 0) as whole_order_count,
    undone.has_other_tender,
    customer.past_order_count as customer_past_order_count,
    customer.past_return_order_count as customer_past_return_order_count,
    {{ marts_double("customer.past_sold_quantity") }} as customer_past_sold_qty,
    {{ marts_double("customer.past_returned_quantity") }} as customer_past_returned_qty,
    {{ marts_ratio("customer.past_returned_amount", "customer.past_sold_amount") }}
    as customer_past_return_amount_share,
    customer.tenure_days as customer_tenure_days,
    customer.days_since_order as customer_days_since_order
from receipt
left join undone using (return_order_id)
left join
    {{ ref("int_order_customer_history") }} as customer
    on receipt.return_order_id = customer.order_id
    and receipt.customer_source_name = customer.customer_source_name
    and receipt.source_customer_id = customer.source_customer_id
