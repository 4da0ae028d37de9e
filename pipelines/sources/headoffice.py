"""Head office files: stores, products, costs, stock, purchase receipts, currency rates, finance entries.

Belongs here: the shape of the files in which a retailer's head office keeps what no till knows.
"""

from pipelines.sources.contract import Column, Entity, FileFormat, System

STORES = Entity(
    name="stores",
    description="Stores and warehouses.",
    files="stores_*.csv",
    event_time="opened_date",
    key=("store_no",),
    columns=(
        Column("store_no", "VARCHAR", "Number of the store.", required=True),
        Column("name", "VARCHAR", "Name.", required=True),
        Column("region", "VARCHAR", "Sales region."),
        Column("city", "VARCHAR", "City."),
        Column("country_code", "VARCHAR", "ISO 3166 alpha-2."),
        Column("time_zone", "VARCHAR", "IANA name of the store's time zone.", is_time_zone=True),
        Column("opened_date", "DATE", "First day of trade."),
    ),
)
PRODUCTS = Entity(
    name="products",
    description="Product master, one row a change.",
    files="products_*.csv",
    event_time="updated_at",
    key=("sku",),
    columns=(
        Column("sku", "VARCHAR", "Product's SKU.", required=True),
        Column("barcode", "VARCHAR", "GTIN as text."),
        Column("name", "VARCHAR", "Name.", required=True),
        Column("department", "VARCHAR", "Department."),
        Column("category", "VARCHAR", "Category."),
        Column("family", "VARCHAR", "Family, the finest group."),
        Column("product_brand", "VARCHAR", "Manufacturer's or private brand."),
        Column("package_size", "VARCHAR", "Size of the package as printed."),
        Column("unit_of_measure", "VARCHAR", "piece, weight, fuel or amount.", required=True),
        Column("updated_at", "TIMESTAMPTZ", "Last change.", required=True),
    ),
)
PRODUCT_COSTS = Entity(
    name="product_costs",
    description="Cost of a unit from a date on.",
    files="product_costs_*.csv",
    event_time="valid_from_date",
    key=("sku", "valid_from_date"),
    columns=(
        Column("sku", "VARCHAR", "Product.", required=True),
        Column("valid_from_date", "DATE", "First day at this cost.", required=True),
        Column("unit_cost_amount", "DECIMAL(18,4)", "Cost of one unit.", required=True),
        Column("currency_code", "VARCHAR", "ISO 4217.", required=True),
    ),
)
STOCK_LEVELS = Entity(
    name="stock_levels",
    description="On-hand at closing time by store and SKU.",
    files="stock_levels_*.parquet",
    format=FileFormat.PARQUET,
    event_time="stock_date",
    is_transactional=True,
    key=("store_no", "sku", "stock_date"),
    columns=(
        Column("store_no", "VARCHAR", "Store.", required=True),
        Column("sku", "VARCHAR", "Product.", required=True),
        Column("stock_date", "DATE", "Day.", required=True),
        Column("on_hand_qty", "DECIMAL(18,3)", "Quantity on hand at closing.", required=True),
    ),
)
STOCK_ADJUSTMENTS = Entity(
    name="stock_adjustments",
    description="Write-offs and corrections of stock.",
    files="stock_adjustments_*.csv",
    event_time="adjusted_at",
    key=("adjustment_no",),
    columns=(
        Column("adjustment_no", "VARCHAR", "Id.", required=True),
        Column("store_no", "VARCHAR", "Store or warehouse.", required=True),
        Column("sku", "VARCHAR", "Product.", required=True),
        Column("adjusted_at", "TIMESTAMP", "Local time.", required=True),
        Column("quantity", "DECIMAL(18,3)", "Change of stock, negative for a loss.", required=True),
        Column("reason", "VARCHAR", "Reason as written."),
    ),
)
PURCHASE_RECEIPTS = Entity(
    name="purchase_receipts",
    description="Goods received from suppliers.",
    files="purchase_receipts_*.csv",
    event_time="received_date",
    key=("purchase_order_no", "line_no"),
    columns=(
        Column("purchase_order_no", "VARCHAR", "Purchase order.", required=True),
        Column("line_no", "INTEGER", "Position.", required=True),
        Column("supplier_no", "VARCHAR", "Supplier.", required=True),
        Column("store_no", "VARCHAR", "Where it was received.", required=True),
        Column("sku", "VARCHAR", "Product.", required=True),
        Column("ordered_date", "DATE", "Day of the order.", required=True),
        Column("received_date", "DATE", "Day of the receipt.", required=True),
        Column("quantity", "DECIMAL(18,3)", "Quantity received.", required=True),
        Column("unit_cost_amount", "DECIMAL(18,4)", "Cost of one unit.", required=True),
        Column("currency_code", "VARCHAR", "ISO 4217.", required=True),
    ),
)
CURRENCY_RATES = Entity(
    name="currency_rates",
    description="Reference rates: units of the currency for one unit of the base currency.",
    files="currency_rates_*.csv",
    event_time="rate_date",
    is_transactional=True,
    key=("rate_date", "base_currency_code", "currency_code"),
    columns=(
        Column("rate_date", "DATE", "Day of the rate.", required=True),
        Column("base_currency_code", "VARCHAR", "ISO 4217.", required=True),
        Column("currency_code", "VARCHAR", "ISO 4217.", required=True),
        Column("rate", "DECIMAL(18,8)", "Units of currency for one unit of base.", required=True),
    ),
)
FINANCE_ENTRIES = Entity(
    name="finance_entries",
    description="Entries of the books that are no sale: bad debt, bank and market place fees, corrections.",
    files="finance_entries_*.csv",
    event_time="posted_at",
    key=("entry_no",),
    amount="amount",
    columns=(
        Column("entry_no", "VARCHAR", "Id.", required=True),
        Column("posted_at", "TIMESTAMP", "Local time.", required=True),
        Column("account_code", "VARCHAR", "Code of the entry's kind.", required=True),
        Column("description", "VARCHAR", "Text."),
        Column("amount", "DECIMAL(18,4)", "Amount, negative for a cost.", required=True),
        Column("currency_code", "VARCHAR", "ISO 4217.", required=True),
    ),
)

SYSTEM = System(
    "headoffice",
    "Files of the retailer's head office.",
    (
        STORES,
        PRODUCTS,
        PRODUCT_COSTS,
        STOCK_LEVELS,
        STOCK_ADJUSTMENTS,
        PURCHASE_RECEIPTS,
        CURRENCY_RATES,
        FINANCE_ENTRIES,
    ),
)
