with
    receipt as (
        select *, {{ marts_money("quantity * unit_cost_amount") }} as cost_amount
        from {{ ref("stg_headoffice__purchase_receipt") }}
    ),

    line as (
        select
            receipt.purchase_receipt_id as purchase_line_id,
            receipt.source_name,
            receipt.brand,
            receipt.source_purchase_order_id,
            receipt.source_supplier_id,
            receipt.store_id,
            receipt.product_id,
            receipt.ordered_date,
            receipt.received_date,
            cast(receipt.lead_time_days as integer) as lead_time_days,
            receipt.quantity as received_qty,
            receipt.unit_cost_amount,
            receipt.cost_amount,
            receipt.currency_code,
            '{{ var("reporting_currency") }}' as reporting_currency_code,
            {{
                marts_money(
                    "receipt.cost_amount * "
                    ~ marts_rate_to_reporting("receipt.currency_code", "rate.exchange_rate")
                )
            }} as cost_amount_reporting,
            receipt.known_at
        from receipt
        left join {{ marts_exchange_rate("rate", "receipt.currency_code", "receipt.received_date") }}
    )
select
    purchase_line_id,
    source_name,
    brand,
    source_purchase_order_id,
    source_supplier_id,
    store_id,
    product_id,
    ordered_date,
    received_date,
    lead_time_days,
    received_qty,
    unit_cost_amount,
    cost_amount,
    currency_code,
    reporting_currency_code,
    cost_amount_reporting,
    known_at,
    known_date
from {{ marts_with_known_date("line") }}
