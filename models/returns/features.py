"""What the return model sees of a sale line, `feat_return__expected`, what is known of a return receipt,
`feat_return__actual`, and what an excess is looked for in.

Belongs here: declaration. Does not belong here: how features are computed (dbt) or learnt from (train).
"""

from models.features import Feature, FeatureTable

LINES = FeatureTable(
    keys={"order_line_id": "text"},
    context={
        "order_id": "text",
        "brand": "text",
        "order_date": "date",
        "product_id": "text",
        "store_id": "text",
        "customer_id": "text",
        "currency_code": "text",
        # Known at order time too, but with little more than a year of sales it would name the period, not the season.
        "month": "integer",
        # Sale lines that this one stands for: more than 1 where a brand's lines are a sample, 0 for a line of a
        # customer with returns that is no part of the sample.
        "line_weight": "integer",
    },
    features=(
        Feature("channel", "category", "order", "Channel of the sale"),
        Feature("country_code", "category", "order", "Country of the store", "learn"),
        Feature("department", "category", "product", "Department of the product", "learn"),
        Feature("category", "category", "product", "Category of the product", "learn"),
        Feature("unit_of_measure", "category", "product", "Unit that the product is sold in", "learn"),
        Feature("quantity", "number", "quantity", "Quantity of the line"),
        Feature("unit_price", "number", "price", "Net price of a unit"),
        Feature("net_amount", "number", "price", "Net amount of the line"),
        Feature("discount_share", "number", "price", "Discount over list value", "learn"),
        Feature("hour_of_day", "integer", "time", "Local hour of the sale"),
        Feature("iso_weekday", "integer", "time", "Weekday of the sale, Monday is 1"),
        Feature("order_line_count", "integer", "order", "Lines of the order"),
        Feature("order_quantity", "number", "order", "Units of the order"),
        Feature("order_net_amount", "number", "order", "Net amount of the order"),
        Feature("has_customer", "flag", "customer", "The customer is known"),
        Feature("product_past_sold_lines", "integer", "product", "Lines sold of the product before"),
        Feature("product_past_return_line_share", "number", "product", "Lines returned of those", "learn"),
        Feature("product_past_return_share", "number", "product", "Quantity returned of that sold before", "learn"),
        Feature("category_past_return_line_share", "number", "product", "Category's lines returned before", "learn"),
        Feature("category_past_return_share", "number", "product", "Category's quantity returned before", "learn"),
        Feature("customer_past_order_count", "integer", "customer", "Customer's orders before", "learn"),
        Feature("customer_past_return_order_share", "number", "customer", "Return orders over orders before", "learn"),
        Feature("customer_past_return_share", "number", "customer", "Customer's quantity returned before", "learn"),
        Feature("customer_tenure_days", "integer", "customer", "Days since the customer's first order", "learn"),
        Feature("customer_days_since_order", "integer", "customer", "Days since the customer's last order", "learn"),
    ),
    labels={"returned": "flag", "returned_qty": "number"},
)
FEATURES = LINES.features

# Lines sold lately, and what came back of them so far.
SOLD = FeatureTable(
    keys=LINES.keys,
    context={name: kind for name, kind in LINES.context.items() if name != "line_weight"} | {"lot_no": "text"},
    features=FEATURES,
    labels={"came_back": "flag", "return_reason": "text", "returned_amount": "money"},
)
# Groups with enough buyers to be looked at.
TESTED = FeatureTable(keys={"brand": "text", "dimension": "text"}, features=(), context={"group_count": "integer"})
# Returned lines by how long it took; a return without a reason has an empty one.
DELAYS = FeatureTable(
    keys={"brand": "text", "days_to_return": "integer", "return_reason": "text"},
    features=(),
    context={"line_count": "integer"},
)

RECEIPTS = FeatureTable(
    keys={"return_order_id": "text"},
    context={
        "brand": "text",
        "source_name": "text",
        "channel": "text",
        "store_id": "text",
        "terminal_no": "text",
        "cashier_no": "text",
        "customer_id": "text",
        "return_date": "date",
        "returned_at": "timestamp",
        "currency_code": "text",
        "returned_line_count": "integer",
        "returned_product_count": "integer",
        "returned_qty": "number",
        "returned_amount": "money",
        "max_line_amount": "money",
        "linked_line_count": "integer",
        "linked_share": "number",
        "days_to_return_mean": "number",
        "no_receipt_share": "number",
        "no_reason_share": "number",
        "beyond_sale_line_count": "integer",
        "over_price_amount": "money",
        "whole_order_count": "integer",
        "has_other_tender": "flag",
        "customer_past_order_count": "integer",
        "customer_past_return_order_count": "integer",
        "customer_past_sold_qty": "number",
        "customer_past_returned_qty": "number",
        "customer_past_return_amount_share": "number",
        "customer_tenure_days": "integer",
        "customer_days_since_order": "integer",
    },
    features=(),
)
