"""Web shops in Shopify's order shape, as bulk exports of one order a line.

Belongs here: the parts of Shopify's order, product, customer and checkout objects that the warehouse uses.
Nested parts stay JSON in the raw table and are unnested in staging.
"""

from pipelines.sources.contract import Column, Entity, FileFormat, System

ORDERS = Entity(
    name="orders",
    description="Orders as Shopify's Admin API writes them; amounts are text in the shop's currency.",
    files="orders_*.jsonl",
    format=FileFormat.JSONL,
    event_time="updated_at",
    is_transactional=True,
    key=("id",),
    amount="total_price",
    columns=(
        Column("id", "VARCHAR", "Shopify's order id.", required=True),
        Column("name", "VARCHAR", "Order number as the customer sees it."),
        Column("created_at", "TIMESTAMPTZ", "When the order was placed, with offset.", required=True),
        Column("updated_at", "TIMESTAMPTZ", "Last change."),
        Column("cancelled_at", "TIMESTAMPTZ", "When it was cancelled, if so."),
        Column("test", "BOOLEAN", "Test orders are no sales."),
        Column("currency", "VARCHAR", "Shop's currency, ISO 4217.", required=True),
        Column("taxes_included", "BOOLEAN", "Whether line prices contain tax."),
        Column("financial_status", "VARCHAR", "paid, refunded, pending ..."),
        Column("sales_channel", "VARCHAR", "web, pos, marketplace.", field="source_name"),
        Column("subtotal_price", "DECIMAL(18,4)", "Sum of lines after discounts."),
        Column("total_discounts", "DECIMAL(18,4)", "Discounts on the order."),
        Column("total_tax", "DECIMAL(18,4)", "Tax on the order."),
        Column("total_price", "DECIMAL(18,4)", "What the customer pays.", required=True),
        Column("email", "VARCHAR", "Buyer's e-mail.", personal=True),
        Column("phone", "VARCHAR", "Buyer's phone.", personal=True),
        Column("customer", "JSON", "Customer object, null for a guest without account.", personal=True),
        Column("billing_address", "JSON", "Address object.", personal=True),
        Column("shipping_address", "JSON", "Address object.", personal=True),
        Column("line_items", "JSON", "id, sku, title, quantity, unit price, discounts, tax, duties, gift_card."),
        Column("shipping_lines", "JSON", "id, title, code, price."),
        Column("transactions", "JSON", "id, kind, status, gateway, amount, currency, created_at."),
        Column("refunds", "JSON", "id, created_at, refund_line_items, order_adjustments, transactions.", personal=True),
        Column("returns", "JSON", "id, created_at, exchange_line_items: what was taken in exchange.", personal=True),
        Column(
            "cash_rounding", "JSON", "What rounding to coins added.", field="total_cash_rounding_payment_adjustment_set"
        ),
    ),
)

ABANDONED_CHECKOUTS = Entity(
    name="abandoned_checkouts",
    description="Checkouts that were begun and not paid, as Shopify's Admin API writes them; again when paid later.",
    files="abandoned_checkouts_*.jsonl",
    format=FileFormat.JSONL,
    event_time="updated_at",
    key=("id",),
    columns=(
        Column("id", "VARCHAR", "Shopify's checkout id.", required=True),
        Column("created_at", "TIMESTAMPTZ", "When the checkout was begun, with offset.", required=True),
        Column("updated_at", "TIMESTAMPTZ", "Last change."),
        Column("completed_at", "TIMESTAMPTZ", "When it was paid after all, if so."),
        Column("currency", "VARCHAR", "Shop's currency, ISO 4217.", required=True),
        Column("subtotal_price", "DECIMAL(18,4)", "Sum of lines after discounts.", required=True),
        Column("customer", "JSON", "Customer object, null for a guest without account.", personal=True),
        Column("line_items", "JSON", "sku, title, quantity, unit price."),
    ),
)

SYSTEM = System("shopify", "Web shops with Shopify's exports.", (ORDERS, ABANDONED_CHECKOUTS))
