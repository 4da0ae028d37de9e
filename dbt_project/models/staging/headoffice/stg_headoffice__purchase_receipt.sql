select
    version.source_name || ':' || version.purchase_order_no || ':' || version.line_no as purchase_receipt_id,
    version.source_name,
    source.brand,
    version.purchase_order_no as source_purchase_order_id,
    version.supplier_no as source_supplier_id,
    {{ office_store_id("version.store_no") }} as store_id,
    {{ product_id("source.code_space", "version.sku") }} as product_id,
    version.ordered_date,
    version.received_date,
    version.received_date - version.ordered_date as lead_time_days,
    version.quantity,
    version.unit_cost_amount,
    version.currency_code,
    {{ known_at(end_of_day("version.received_date", "source.time_zone")) }} as known_at
from
    {{ newest_version(source("raw_headoffice", "purchase_receipts"), ["purchase_order_no", "line_no"]) }}
    as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
