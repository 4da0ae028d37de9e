"""What an order is decided from: the columns of `feat_sku_store__order` and of the forecast.

Belongs here: declaration. Does not belong here: how they are computed (dbt) or what follows from them (score).
"""

from models.features import FeatureTable

POSITIONS = FeatureTable(
    keys={"product_id": "text", "store_id": "text"},
    features=(),
    context={
        "brand": "text",
        "as_of_date": "date",
        "category": "category",
        "currency_code": "text",
        "sales_class": "text",
        "stock_date": "date",
        "is_counted_daily": "flag",
        "stocked_days": "integer",
        "on_hand_qty": "number",
        "on_order_qty": "number",
        "reserved_qty": "number",
        "sold_qty_91": "number",
        "unit_price_amount": "money",
        "unit_cost_amount": "money",
        "supplier_id": "text",
        "supplier_delivery_count": "integer",
        "supplier_lead_time_days": "number",
        "supplier_lead_time_std_days": "number",
        "category_delivery_count": "integer",
        "category_lead_time_days": "number",
        "category_lead_time_std_days": "number",
        "odoo_lead_time_days": "number",
        "odoo_pack_qty": "number",
        "odoo_minimum_order_qty": "number",
        "odoo_shelf_life_days": "number",
    },
)
FORECAST_COLUMNS = (
    "product_id", "store_id", "brand", "model_version", "horizon_weeks", "forecast_qty", "forecast_std_qty",
    "is_fallback",
)  # fmt: skip
SOLD_DAYS = 91
