"""Returns files of a carrier or warehouse, which often name no sale.

Belongs here: the shape of a returns file.
"""

from pipelines.sources.contract import Column, Entity, System

RETURNS = Entity(
    name="returns",
    description="Goods that came back, with the amount credited.",
    files="returns_*.csv",
    event_time="returned_at",
    is_transactional=True,
    key=("receipt_no", "line_no"),
    amount="credited_amount",
    columns=(
        Column("receipt_no", "VARCHAR", "Number of the return receipt.", required=True),
        Column("line_no", "INTEGER", "Position on the receipt.", required=True),
        Column("customer_no", "VARCHAR", "The shop's customer id, if known."),
        Column("country_code", "VARCHAR", "Country of the sender, ISO 3166 alpha-2, if known."),
        Column("sku", "VARCHAR", "Product's SKU or the shop's code for postage and the like.", required=True),
        Column("description", "VARCHAR", "Text on the line."),
        Column("quantity", "DECIMAL(18,3)", "Quantity that came back, positive.", required=True),
        Column("unit_price", "DECIMAL(18,4)", "Amount credited a unit.", required=True),
        Column("credited_amount", "DECIMAL(18,4)", "quantity times unit_price.", required=True),
        Column("returned_at", "TIMESTAMP", "Local time of receipt.", required=True),
        Column("reason", "VARCHAR", "Reason as written, if any."),
    ),
)

SYSTEM = System("carrier", "Returns files of carriers and warehouses.", (RETURNS,))
