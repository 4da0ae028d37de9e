-- Weeks of a product in a store, one row a week and time between two Sundays in which the same was known of
-- it: a week whose lines came late, or came back, has several. Only products sold by the piece, as far back
-- as a forecast looks. Demand is not sales: what a customer brought back is taken from the week of the
-- sale, and a line counts at most what is usual for its product.
{% set as_of = marts_as_of() %}

with
    origin as (select min(origin_date) as first_date from {{ demand_origins() }}),
    sale_line as (
        select
            order_line_id,
            product_id,
            store_id,
            brand,
            order_date,
            known_date,
            quantity,
            net_amount,
            gross_amount
        from {{ ref("fct_order_line") }}
        where
            line_kind = 'sale'
            and item_kind = 'product'
            and unit_of_measure = 'piece'
            and quantity > 0
            and product_id is not null
            and store_id is not null
            and order_date <= {{ as_of }}
            and known_date <= {{ as_of }}
    ),
    -- What is usual is known from before the first origin: later lines cannot move it
    usual_line as (
        select product_id, quantile_disc(quantity, 0.95) as quantity
        from sale_line
        where known_date <= (select first_date from origin)
        group by product_id
    ),
    -- A year and the week of a year ago: what lies further back is nowhere looked at
    near_line as (from sale_line where order_date > (select first_date from origin) - 7 * 53),
    demand_line as (
        select
            line.product_id,
            line.store_id,
            line.brand,
            line.order_date,
            line.known_date,
            line.net_amount,
            line.gross_amount,
            line.quantity as sold_quantity,
            least(
                line.quantity, coalesce(greatest(20, 4 * usual.quantity), {{ var("demand_line_quantity") }})
            ) as quantity
        from near_line as line
        left join usual_line as usual using (product_id)
        union all
        select
            line.product_id,
            line.store_id,
            line.brand,
            line.order_date,
            greatest(given_back.known_date, line.known_date) as known_date,
            0 as net_amount,
            0 as gross_amount,
            0 as sold_quantity,
            - link.returned_quantity as quantity
        from {{ ref("int_return_link") }} as link
        inner join near_line as line on link.sale_order_line_id = line.order_line_id
        inner join
            {{ ref("fct_order_line") }} as given_back
            on link.return_order_line_id = given_back.order_line_id
            and given_back.known_date <= {{ as_of }}
    ),
    demand_day as (
        select
            product_id,
            store_id,
            brand,
            order_date,
            {{ demand_known_sunday("known_date") }} as known_from_date,
            sum(quantity) as units,
            sum(sold_quantity) as sold_units,
            sum(net_amount) as net_amount,
            sum(gross_amount) as gross_amount
        from demand_line
        group by all
    ),
    demand_week as (
        select
            product_id,
            store_id,
            brand,
            cast(date_trunc('week', order_date) as date) as week_start_date,
            known_from_date,
            sum(units) as units,
            sum(sold_units) as sold_units,
            sum(net_amount) as net_amount,
            sum(gross_amount) as gross_amount,
            count(*) filter (where sold_units > 0) as sale_days
        from demand_day
        group by all
    )

select
    product_id,
    store_id,
    brand,
    week_start_date,
    known_from_date,
    lead(known_from_date) over known as known_until_date,
    cast(greatest(sum(units) over known, 0) as decimal(18, 3)) as units,
    cast(sum(sold_units) over known as decimal(18, 3)) as sold_units,
    {{ marts_money("sum(net_amount) over known") }} as net_amount,
    {{ marts_money("sum(gross_amount) over known") }} as gross_amount,
    cast(sum(sale_days) over known as integer) as sale_days
from demand_week
window known as (partition by product_id, store_id, brand, week_start_date order by known_from_date)
