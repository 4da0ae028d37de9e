"""Seed files of a retailer that fits on a page."""

from datetime import datetime
from pathlib import Path

import polars as pl

PARTNERS = [
    ("t_company", "Tea Rooms", "office@example.org", True, None),
    ("t_ada", "Ada Moor", "ada@example.org", False, "t_company"),
    ("t_ben", "Ben Hill", None, False, None),
]
PRODUCTS = [
    ("t_milk", "grocer:101", "0012345678905", "Milk", 2.45, 1.25, "Dairy", 159),
    ("t_mug", "gifts:85123A", "2106053110508", "Mug", 12.12, None, "Gifts", 40),
    ("t_gone", "grocer:102", None, "Bread", 3.0, 2.0, "Bakery", 0),
]
SHELVES = [("367", "t_milk", 4), ("367", "t_gone", 0)]
MORNING, NIGHT = datetime(2017, 7, 1, 14, 30), datetime(2017, 12, 31, 3, 15)
POS_LINES = [
    ("t_pos_1", None, "t_milk", 3.0, 2.45, MORNING),
    ("t_pos_1", None, "t_gone", 1.0, 3.0, MORNING),
    ("t_pos_2", "t_ada", "t_milk", 1.0, 2.45, NIGHT),
]
# Ada brings the milk back.
POS_RETURNS = [("t_pos_return", "t_ada", "t_milk", -1.0, 2.45, NIGHT, "t_pos_2")]
SALE_LINES = [
    ("t_sale_1", "t_ada", "t_mug", 2.0, 12.12, MORNING),
    ("t_sale_1", "t_ada", "t_milk", 1.0, 2.40, MORNING),
    ("t_sale_2", "t_ben", "t_mug", 1.0, 12.12, NIGHT),
]
_LINE_COLUMNS = ["external_id", "partner_external_id", "product_external_id", "quantity", "price_unit", "ordered_at"]


def write_seed_files(folder: Path) -> None:
    partners = pl.DataFrame(
        PARTNERS, ["external_id", "name", "email", "is_company", "parent_external_id"], orient="row"
    ).with_columns(
        phone=pl.lit("+1 212-555-0149"), street=pl.lit("9 Mill Lane"), city=pl.lit("York"), zip=pl.lit("01234"),
        country_code=pl.lit("US"), person_id=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    products = ["external_id", "default_code", "barcode", "name", "price", "cost", "category", "stock_qty"]
    frames = {
        "partners": partners,
        "products": pl.DataFrame(PRODUCTS, products, orient="row"),
        "shelves": pl.DataFrame(SHELVES, ["store_no", "product_external_id", "stock_qty"], orient="row"),
        "pos_orders": pl.DataFrame(POS_LINES, _LINE_COLUMNS, orient="row"),
        "pos_returns": pl.DataFrame(POS_RETURNS, [*_LINE_COLUMNS, "returned_external_id"], orient="row"),
        "sale_orders": pl.DataFrame(SALE_LINES, _LINE_COLUMNS, orient="row"),
    }
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
