"""Point-of-sale exports: the files that a till's head office drops, one a day or one a store and day.

Belongs here: the shape of those files. Money is in the store's currency, times are the store's local time.
"""

from pipelines.sources.contract import Column, Entity, System

RECEIPT_LINES = Entity(
    name="receipt_lines",
    description="Lines of receipts, sales and returns. Discounts are positive; net = gross - discounts.",
    files="receipts_*.csv",
    event_time="sold_at",
    is_transactional=True,
    key=("store_no", "receipt_no", "line_no"),
    amount="net_amount",
    columns=(
        Column("receipt_no", "VARCHAR", "Number of the receipt, unique in its store.", required=True),
        Column("line_no", "INTEGER", "Position on the receipt.", required=True),
        Column("store_no", "VARCHAR", "Number of the store.", required=True),
        Column("terminal_no", "VARCHAR", "Terminal that printed the receipt."),
        Column("cashier_no", "VARCHAR", "Cashier's staff number."),
        Column("sold_at", "TIMESTAMP", "Store's local time of the receipt.", required=True),
        Column("line_type", "VARCHAR", "sale or return.", required=True),
        Column("loyalty_number", "VARCHAR", "Loyalty card shown at the till, empty when anonymous."),
        Column("item_kind", "VARCHAR", "product, gift_card, tip, shipping, deposit, rounding or fee; empty: product."),
        Column("is_voided", "BOOLEAN", "Whether the receipt was voided at the till."),
        Column("sku", "VARCHAR", "Product's SKU.", required=True),
        Column("quantity", "DECIMAL(18,3)", "Quantity in unit_of_measure; positive for returns too.", required=True),
        Column("unit_of_measure", "VARCHAR", "piece, weight, fuel or amount (codes that count money, not goods)."),
        Column("gross_amount", "DECIMAL(18,4)", "Shelf price times quantity.", required=True),
        Column("retail_discount_amount", "DECIMAL(18,4)", "Discount by the retailer's loyalty card."),
        Column("coupon_discount_amount", "DECIMAL(18,4)", "Coupon paid by the manufacturer: a tender, not a discount."),
        Column("coupon_match_discount_amount", "DECIMAL(18,4)", "The retailer's match of a manufacturer's coupon."),
        Column("net_amount", "DECIMAL(18,4)", "What the retailer receives; negative for returns.", required=True),
        Column("original_receipt_no", "VARCHAR", "For a return: the receipt of the sale, if shown."),
        Column("return_reason", "VARCHAR", "For a return: the reason the cashier chose."),
    ),
)

PAYMENTS = Entity(
    name="payments",
    description="Tenders of receipts; their sum is the receipt's net amount.",
    files="payments_*.csv",
    event_time="paid_at",
    is_transactional=True,
    key=("store_no", "receipt_no", "payment_no"),
    amount="amount",
    columns=(
        Column("receipt_no", "VARCHAR", "Number of the receipt.", required=True),
        Column("store_no", "VARCHAR", "Number of the store.", required=True),
        Column("payment_no", "INTEGER", "Position among the receipt's tenders.", required=True),
        Column("paid_at", "TIMESTAMP", "Store's local time.", required=True),
        Column("tender", "VARCHAR", "cash, card, manufacturer_coupon or gift_card.", required=True),
        Column("amount", "DECIMAL(18,4)", "Amount; negative when money goes back.", required=True),
    ),
)

SYSTEM = System("pos", "Tills that export CSV files.", (RECEIPT_LINES, PAYMENTS))
