-- What an order is decided from, one row a product and store that has stock or a demand series: on hand, on
-- order, reserved, price, cost, class of sales, supplier, lead times and Odoo's terms, as known by the end of
-- `as_of`. What nobody told is null, never zero. What is sold counts where its goods stand
-- (`int_stock_store`).
{% set as_of = marts_as_of() %}

with
    level as (
        select
            stock.product_id,
            coalesce(place.stock_store_id, stock.store_id) as store_id,
            min(stock.brand) as brand,
            max(stock.stock_date) as stock_date,
            cast({{ as_of }} - min(stock.stock_date) as bigint) as stocked_days,
            arg_max(stock.on_hand_qty, (stock.stock_date, stock.source_name)) as on_hand_qty,
            -- Odoo writes a level when it changes: an old one still stands.
            arg_max(source.system <> 'odoo', (stock.stock_date, stock.source_name)) as is_counted_daily
        from {{ ref("fct_stock_level") }} as stock
        inner join {{ ref("stg_ops__source") }} as source on stock.source_name = source.source_name
        left join {{ ref("int_stock_store") }} as place on stock.store_id = place.store_id
        where stock.stock_date <= {{ as_of }} and stock.known_date <= {{ as_of }}
        group by stock.product_id, coalesce(place.stock_store_id, stock.store_id)
    ),
    series as (
        select
            demand.product_id,
            coalesce(place.stock_store_id, demand.store_id) as store_id,
            min(demand.brand) as brand
        from {{ ref("feat_sku_store__demand") }} as demand
        left join {{ ref("int_stock_store") }} as place on demand.store_id = place.store_id
        group by demand.product_id, coalesce(place.stock_store_id, demand.store_id)
    ),
    commitment as (
        select
            open.product_id,
            coalesce(place.stock_store_id, open.store_id) as store_id,
            sum(open.on_order_qty) as on_order_qty,
            sum(open.reserved_qty) as reserved_qty
        from {{ ref("int_stock_commitment") }} as open
        left join {{ ref("int_stock_store") }} as place on open.store_id = place.store_id
        group by open.product_id, coalesce(place.stock_store_id, open.store_id)
    ),
    position as (
        select
            product_id,
            store_id,
            coalesce(level.brand, series.brand) as brand,
            level.stock_date,
            level.stocked_days,
            level.on_hand_qty,
            coalesce(level.is_counted_daily, false) as is_counted_daily,
            case
                when level.is_counted_daily = false then coalesce(commitment.on_order_qty, 0)
            end as on_order_qty,
            case
                when level.is_counted_daily = false then coalesce(commitment.reserved_qty, 0)
            end as reserved_qty
        from level
        full join series using (product_id, store_id)
        left join commitment using (product_id, store_id)
    ),

    -- Sales of 13 weeks
    sale as (
        select
            brand,
            product_id,
            coalesce(place.stock_store_id, order_line.store_id) as store_id,
            sum(quantity) as sold_qty,
            sum(net_amount) as net_amount,
            sum(net_amount_reporting) as net_amount_reporting
        from {{ ref("fct_order_line") }} as order_line
        left join {{ ref("int_stock_store") }} as place on order_line.store_id = place.store_id
        where
            line_kind = 'sale'
            and item_kind = 'product'
            and quantity > 0
            and product_id is not null
            and order_date > {{ as_of }} - 91
            and order_date <= {{ as_of }}
            and known_date <= {{ as_of }}
        group by brand, product_id, coalesce(place.stock_store_id, order_line.store_id)
    ),
    product_sale as (
        select
            brand,
            product_id,
            sum(net_amount) / sum(sold_qty) as unit_price_amount,
            coalesce(sum(net_amount_reporting), 0) as net_amount_reporting
        from sale
        group by brand, product_id
    ),
    -- The class of a product is that of the first unit of money that it adds to those which sell more
    classed as (
        select
            brand,
            product_id,
            unit_price_amount,
            (
                sum(net_amount_reporting) over (
                    partition by brand order by net_amount_reporting desc, product_id rows unbounded preceding
                )
                - net_amount_reporting
            )
            / nullif(sum(net_amount_reporting) over (partition by brand), 0) as share_of_larger
        from product_sale
    ),

    -- Suppliers and their lead times: a delivery is what came of one order on one day
    receipt as (
        select
            line.brand,
            line.product_id,
            line.store_id,
            line.source_name || ':' || line.source_supplier_id as supplier_id,
            line.source_supplier_id as supplier_no,
            line.source_purchase_order_id,
            line.purchase_line_id,
            line.received_date,
            line.lead_time_days,
            line.unit_cost_amount,
            line.currency_code,
            product.category
        from {{ ref("fct_purchase_line") }} as line
        left join {{ ref("dim_product") }} as product on line.product_id = product.product_id
        where line.known_date <= {{ as_of }} and line.received_date <= {{ as_of }}
    ),
    store_supplier as (
        select product_id, store_id, supplier_id, supplier_no
        from receipt
        qualify
            row_number() over (
                partition by product_id, store_id order by received_date desc, purchase_line_id desc
            )
            = 1
    ),
    last_receipt as (
        select brand, product_id, supplier_id, supplier_no
        from receipt
        qualify
            row_number() over (
                partition by brand, product_id order by received_date desc, purchase_line_id desc
            )
            = 1
    ),
    delivery as (
        select distinct brand, supplier_id, source_purchase_order_id, received_date, lead_time_days
        from receipt
        where received_date > {{ as_of }} - 365 and lead_time_days >= 0
    ),
    supplier_lead_time as (
        select
            brand,
            supplier_id,
            count(*) as delivery_count,
            {{ marts_ratio("sum(lead_time_days)", "count(*)") }} as lead_time_days,
            {{ marts_standard_deviation("lead_time_days", "count(*)") }} as lead_time_std_days
        from delivery
        group by brand, supplier_id
    ),
    category_delivery as (
        select distinct brand, category, supplier_id, source_purchase_order_id, received_date, lead_time_days
        from receipt
        where received_date > {{ as_of }} - 365 and lead_time_days >= 0 and category is not null
    ),
    category_lead_time as (
        select
            brand,
            category,
            count(*) as delivery_count,
            {{ marts_ratio("sum(lead_time_days)", "count(*)") }} as lead_time_days,
            {{ marts_standard_deviation("lead_time_days", "count(*)") }} as lead_time_std_days
        from category_delivery
        group by brand, category
    ),
    -- Terms by Odoo's vendor lists: those of the vendor whose reference is the number of the supplier that
    -- delivered last, else of the first
    term as (
        select position.product_id, position.store_id, term.* exclude (brand, product_id)
        from position
        inner join
            {{ ref("int_supplier_term") }} as term
            on position.brand = term.brand
            and position.product_id = term.product_id
        left join
            store_supplier
            on position.product_id = store_supplier.product_id
            and position.store_id = store_supplier.store_id
        left join
            last_receipt
            on position.brand = last_receipt.brand
            and position.product_id = last_receipt.product_id
        qualify
            row_number() over (
                partition by position.product_id, position.store_id
                order by
                    coalesce(
                        term.supplier_no = coalesce(store_supplier.supplier_no, last_receipt.supplier_no),
                        false
                    ) desc,
                    term.supplier_rank
            )
            = 1
    ),
    ordering_multiple as (
        select rule.product_id, coalesce(place.stock_store_id, rule.store_id) as store_id, rule.multiple_qty
        from {{ ref("stg_odoo__orderpoint") }} as rule
        left join {{ ref("int_stock_store") }} as place on rule.store_id = place.store_id
        where rule.is_active and rule.multiple_qty > 1 and rule.multiple_qty = floor(rule.multiple_qty)
        qualify
            row_number() over (
                partition by rule.product_id, coalesce(place.stock_store_id, rule.store_id)
                order by rule.is_at_stock_location desc, rule.orderpoint_id
            )
            = 1
    ),
    shelf_life as (
        select product_id, min(shelf_life_days) as shelf_life_days
        from {{ ref("stg_odoo__product_product") }}
        where is_active
        group by product_id
    ),
    -- A cost of nothing is no cost, and one in a currency that is not the brand's is not known
    cost as (
        select product_id, currency_code, unit_cost_amount
        from {{ ref("int_unit_cost") }}
        where
            unit_cost_amount > 0
            and valid_from_date <= {{ as_of }}
            and (valid_to_date is null or valid_to_date > {{ as_of }})
    ),
    receipt_cost as (
        select brand, product_id, currency_code, unit_cost_amount
        from receipt
        where unit_cost_amount > 0
        qualify
            row_number() over (
                partition by brand, product_id, currency_code
                order by received_date desc, purchase_line_id desc
            )
            = 1
    )

select
    position.product_id,
    position.store_id,
    position.brand,
    {{ as_of }} as as_of_date,
    product.category,
    brand.currency_code,
    case
        when classed.share_of_larger < 0.8 then 'a' when classed.share_of_larger < 0.95 then 'b' else 'c'
    end as sales_class,
    position.stock_date,
    position.is_counted_daily,
    position.stocked_days,
    {{ marts_double("position.on_hand_qty") }} as on_hand_qty,
    {{ marts_double("position.on_order_qty") }} as on_order_qty,
    {{ marts_double("position.reserved_qty") }} as reserved_qty,
    {{ marts_double("coalesce(sale.sold_qty, 0)") }} as sold_qty_91,
    {{ marts_money("classed.unit_price_amount") }} as unit_price_amount,
    coalesce(
        cost.unit_cost_amount,
        receipt_cost.unit_cost_amount,
        case when term.currency_code = brand.currency_code then term.unit_cost_amount end
    ) as unit_cost_amount,
    coalesce(store_supplier.supplier_id, last_receipt.supplier_id, term.supplier_id) as supplier_id,
    coalesce(supplier_lead_time.delivery_count, 0) as supplier_delivery_count,
    supplier_lead_time.lead_time_days as supplier_lead_time_days,
    supplier_lead_time.lead_time_std_days as supplier_lead_time_std_days,
    coalesce(category_lead_time.delivery_count, 0) as category_delivery_count,
    category_lead_time.lead_time_days as category_lead_time_days,
    category_lead_time.lead_time_std_days as category_lead_time_std_days,
    {{ marts_double("term.lead_time_days") }} as odoo_lead_time_days,
    {{ marts_double("coalesce(ordering_multiple.multiple_qty, term.pack_qty)") }} as odoo_pack_qty,
    {{ marts_double("ceil(term.minimum_order_qty)") }} as odoo_minimum_order_qty,
    {{ marts_double("shelf_life.shelf_life_days") }} as odoo_shelf_life_days
from position
inner join {{ source("ops", "ops_brand") }} as brand on position.brand = brand.brand
left join {{ ref("dim_product") }} as product on position.product_id = product.product_id
left join
    sale
    on position.brand = sale.brand
    and position.product_id = sale.product_id
    and position.store_id = sale.store_id
left join classed on position.brand = classed.brand and position.product_id = classed.product_id
left join
    store_supplier
    on position.product_id = store_supplier.product_id
    and position.store_id = store_supplier.store_id
left join
    last_receipt on position.brand = last_receipt.brand and position.product_id = last_receipt.product_id
left join
    supplier_lead_time
    on position.brand = supplier_lead_time.brand
    and coalesce(store_supplier.supplier_id, last_receipt.supplier_id) = supplier_lead_time.supplier_id
left join
    category_lead_time
    on position.brand = category_lead_time.brand
    and product.category = category_lead_time.category
left join cost on position.product_id = cost.product_id and brand.currency_code = cost.currency_code
left join
    receipt_cost
    on position.brand = receipt_cost.brand
    and position.product_id = receipt_cost.product_id
    and brand.currency_code = receipt_cost.currency_code
left join term on position.product_id = term.product_id and position.store_id = term.store_id
left join
    ordering_multiple
    on position.product_id = ordering_multiple.product_id
    and position.store_id = ordering_multiple.store_id
left join shelf_life on position.product_id = shelf_life.product_id
