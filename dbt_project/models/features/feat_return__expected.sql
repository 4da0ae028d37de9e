-- One row a product sale line of the last 485 days to `as_of` in brands that take returns: what was known
-- when the order was placed, and whether and how much of it came back within the brand's return window.
-- Point in time: past rates use rows with `known_date < order_date`; the customer is that of the identity
-- of the order's day. Only the labels look ahead, to what was known by `as_of`.
{% set as_of = marts_as_of() %}

with
    known_line as not materialized(
        from {{ ref("fct_order_line") }}
        where item_kind = 'product' and order_date <= {{ as_of }} and known_date <= {{ as_of }}
    ),
    sale_line as not materialized(
        select line.*, brand.return_window_days, brand.country_code, brand.time_zone
        from known_line as line
        inner join {{ source("ops", "ops_brand") }} as brand on line.brand = brand.brand
        where
            line.line_kind = 'sale'
            and line.quantity > 0
            and line.product_id is not null
            and line.order_date > {{ as_of }} - 485
            and line.brand in (select brand from known_line where line_kind = 'return')
    ),
    basket as (
        select
            order_id,
            -- Lines of an order share their instant: convert it once.
            cast(hour(convert_timezone('UTC', min(time_zone), min(ordered_at))) as integer) as hour_of_day,
            count(*) as order_line_count,
            coalesce(sum(quantity) filter (where unit_of_measure = 'piece'), 0) as order_quantity,
            sum(net_amount) as order_net_amount
        from sale_line
        group by order_id
    ),
    returned as (
        select link.sale_order_line_id as order_line_id, sum(link.returned_quantity) as returned_quantity
        from {{ ref("int_return_link") }} as link
        inner join known_line on link.return_order_line_id = known_line.order_line_id
        inner join {{ source("ops", "ops_brand") }} as brand on known_line.brand = brand.brand
        where link.days_to_return <= brand.return_window_days
        group by link.sale_order_line_id
    ),
    product_history as (from {{ ref("int_product_return_history") }} where key_kind = 'product'),
    category_history as (from {{ ref("int_product_return_history") }} where key_kind = 'category'),
    product_day as (
        select day.product_id, day.order_date, past.* exclude (key_kind, key, known_date)
        from (select distinct product_id, order_date from sale_line) as day
        asof left join
            product_history as past on day.product_id = past.key and day.order_date > past.known_date
    ),
    category_day as (
        select day.category_key, day.order_date, past.* exclude (key_kind, key, known_date)
        from
            (
                select distinct
                    product.code_space || ':' || product.category as category_key, product_day.order_date
                from product_day
                inner join {{ ref("dim_product") }} as product using (product_id)
            ) as day
        asof left join
            category_history as past on day.category_key = past.key and day.order_date > past.known_date
    )

select
    line.order_line_id,
    line.order_id,
    line.brand,
    line.order_date,
    line.product_id,
    line.store_id,
    customer.customer_id,
    line.currency_code,
    line.channel,
    coalesce(store.country_code, line.country_code) as country_code,
    product.department,
    product.category,
    line.unit_of_measure,
    {{ marts_double("line.quantity") }} as quantity,
    {{ marts_ratio("line.net_amount", "line.quantity") }} as unit_price,
    {{ marts_double("line.net_amount") }} as net_amount,
    {{ marts_ratio("line.discount_amount", "line.gross_amount") }} as discount_share,
    basket.hour_of_day,
    cast(isodow(line.order_date) as integer) as iso_weekday,
    cast(month(line.order_date) as integer) as month,
    basket.order_line_count,
    {{ marts_double("basket.order_quantity") }} as order_quantity,
    {{ marts_double("basket.order_net_amount") }} as order_net_amount,
    line.customer_source_name is not null as has_customer,
    coalesce(product_day.sold_lines, 0) as product_past_sold_lines,
    {{ marts_ratio("product_day.returned_lines", "product_day.sold_lines") }}
    as product_past_return_line_share,
    {{ marts_ratio("product_day.returned_quantity", "product_day.sold_quantity") }}
    as product_past_return_share,
    {{ marts_ratio("category_day.returned_lines", "category_day.sold_lines") }}
    as category_past_return_line_share,
    {{ marts_ratio("category_day.returned_quantity", "category_day.sold_quantity") }}
    as category_past_return_share,
    customer.past_order_count as customer_past_order_count,
    {{ marts_ratio("customer.past_return_order_count", "customer.past_order_count") }}
    as customer_past_return_order_share,
    {{ marts_ratio("customer.past_returned_quantity", "customer.past_sold_quantity") }}
    as customer_past_return_share,
    customer.tenure_days as customer_tenure_days,
    customer.days_since_order as customer_days_since_order,
    case
        when line.order_date + line.return_window_days <= {{ as_of }} then returned.order_line_id is not null
    end as returned,
    case
        when line.order_date + line.return_window_days <= {{ as_of }}
        then {{ marts_double("coalesce(returned.returned_quantity, 0)") }}
    end as returned_qty
from sale_line as line
inner join basket on line.order_id = basket.order_id
left join returned on line.order_line_id = returned.order_line_id
left join {{ ref("dim_product") }} as product on line.product_id = product.product_id
left join {{ ref("dim_store") }} as store on line.store_id = store.store_id
left join product_day on line.product_id = product_day.product_id and line.order_date = product_day.order_date
left join
    category_day
    on product.code_space || ':' || product.category = category_day.category_key
    and line.order_date = category_day.order_date
left join
    {{ ref("int_order_customer_history") }} as customer
    on line.order_id = customer.order_id
    and line.customer_source_name = customer.customer_source_name
    and line.source_customer_id = customer.source_customer_id
