"""The analysts' seven questions on a published file of a small handmade retailer, with answers worked out by hand.

Brand a has store 1 (North) and 2 (South), brand b store 9 (West). All amounts are dollars.

| product | price | cost |
|---|---|---|
| pen | 2 | 1 |
| ink | 3 | 1 |
| pad | 5 | 2 |
| cup | 4 | 1 |
| tea, milk | 1 | 0.50 |
| jar (brand b) | 10 | 4 |
"""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.catalog import dbt_tables
from pipelines.freshness import write_freshness
from pipelines.publishing import publish
from pipelines.settings import PROJECT_DIR, read_settings
from tests.marts.warehouse import Rows, Warehouse

QUESTIONS = PROJECT_DIR / "docs" / "analyst" / "questions"
AS_OF = date(2017, 7, 2)
PROMOTED_WEEK = date(2017, 6, 19)
PRICE = {"pen": 2, "ink": 3, "pad": 5, "cup": 4, "tea": 1, "milk": 1, "jar": 10}
COST = {"pen": 1, "ink": 1, "pad": 2, "cup": 1, "tea": 0.5, "milk": 0.5, "jar": 4}

RETAIL = """
retailer: Test
reporting_currency: USD
start_date: 2017-01-01
landing_dir: landing
companies: {c: {name: C, country_code: US, currency_code: USD}}
brands:
  a: &brand
    name: A
    company: c
    time_zone: America/New_York
    churn: {horizon_days: 28, active_days: 84}
    returns: {window_days: 60}
  b: {<<: *brand, name: B}
sources:
  till_a: {system: pos, brand: a, code_space: a, customer_source: card_a, history_until: 2017-12-31}
  till_b: {system: pos, brand: b, code_space: b, customer_source: card_b, history_until: 2017-12-31}
  card_a: {system: loyalty, brand: a, history_until: 2017-12-31}
  card_b: {system: loyalty, brand: b, history_until: 2017-12-31}
  tool_a: {system: campaign, brand: a, code_space: a, customer_source: card_a, history_until: 2017-12-31}
  office_a: {system: headoffice, brand: a, code_space: a, history_until: 2017-12-31}
  office_b: {system: headoffice, brand: b, code_space: b, history_until: 2017-12-31}
"""


class Till:
    """Receipt lines as the till's file has them, a receipt each unless it is named."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def line(
        self, store_no: str, day: date, sku: str, quantity: int, discount: int = 0, receipt: str = "", **more: str
    ) -> None:
        number = len(self.rows) + 1
        gross = quantity * PRICE[sku]
        self.rows.append(
            {
                "source_name": "till_a", "line_type": "sale", "store_no": store_no,
                "receipt_no": receipt or f"R{number}", "line_no": number, "sold_at": f"{day} 10:00:00", "sku": sku,
                "quantity": quantity, "unit_of_measure": "piece", "gross_amount": gross,
                "retail_discount_amount": discount, "net_amount": gross - discount, **more,
            }
        )  # fmt: skip


def receipt_lines() -> list[dict[str, Any]]:
    till = Till()
    for weeks_before in range(1, 7):
        monday = PROMOTED_WEEK - timedelta(weeks=weeks_before)
        for store_no, sku, quantity in [("1", "pen", 10), ("1", "ink", 4), ("1", "pad", 2), ("2", "pen", 10)]:
            till.line(store_no, monday, sku, quantity)
    till.line("1", PROMOTED_WEEK, "pen", 30, discount=6)
    till.line("1", PROMOTED_WEEK, "ink", 4, discount=4)
    till.line("1", PROMOTED_WEEK, "pad", 4, discount=16)
    till.line("2", PROMOTED_WEEK, "pen", 10, discount=2)

    # C1 comes every ten days and stays away from 21 March on; C2 comes every thirty; C3 knows one brand alone.
    for card, days in {
        "C1": [date(2017, 3, 1), date(2017, 3, 21)],
        "C2": [date(2017, 5, 1), date(2017, 6, 30)],
        "C3": [date(2017, 2, 1), date(2017, 2, 11), date(2017, 2, 21)],
    }.items():
        for day in days:
            till.line("1", day, "cup", 1, loyalty_number=card)
    for card, day in {"C1": date(2017, 3, 11), "C2": date(2017, 5, 31)}.items():
        till.line("9", day, "jar", 1, source_name="till_b", loyalty_number=card)

    # 12 baskets with both, 8 with tea alone, 12 with milk alone, one of them for a whole party.
    for basket in range(32):
        if basket < 20:
            till.line("1", AS_OF, "tea", 1, receipt=f"B{basket}")
        if basket < 12 or basket >= 20:
            till.line("1", AS_OF, "milk", 46 if basket == 31 else 1, receipt=f"B{basket}")

    till.line("2", AS_OF, "pen", 3, line_type="return", return_reason="leaks")
    till.line("1", AS_OF, "cup", 1, line_type="return", return_reason="broken", loyalty_number="C3")
    return till.rows


def stock_levels() -> list[dict[str, Any]]:
    """Store 1 knows its pens in the promoted week alone, store 2 those of the eight weeks to the run."""
    days = [AS_OF - timedelta(days=back) for back in range(56)]
    store_1_out = {date(2017, 6, 24), date(2017, 6, 25)}
    store_2_out = {date(2017, 6, 24), *(day for day in days if day >= date(2017, 6, 26))}
    return [
        {"source_name": "office_a", "store_no": store_no, "sku": "pen", "stock_date": str(day),
         "on_hand_qty": 0 if day in out else 5}
        for store_no, out, known in [
            ("1", store_1_out, [PROMOTED_WEEK + timedelta(days=ahead) for ahead in range(7)]),
            ("2", store_2_out, days),
        ]
        for day in known
    ]  # fmt: skip


def raw_rows() -> dict[str, list[dict[str, Any]]]:
    office = {sku: "office_b" if sku == "jar" else "office_a" for sku in PRICE}
    return {
        "raw_pos.receipt_lines": receipt_lines(),
        "raw_headoffice.stores": [
            {"source_name": source, "store_no": store_no, "name": f"Store {store_no}", "region": region}
            for source, store_no, region in [
                ("office_a", "1", "North"), ("office_a", "2", "South"), ("office_b", "9", "West"),
            ]
        ],
        "raw_headoffice.products": [
            {"source_name": office[sku], "sku": sku, "name": sku.title(), "category": sku, "unit_of_measure": "piece",
             "updated_at": "2017-01-01 00:00:00+00"}
            for sku in PRICE
        ],
        "raw_headoffice.product_costs": [
            {"source_name": office[sku], "sku": sku, "valid_from_date": "2016-01-01", "unit_cost_amount": cost,
             "currency_code": "USD"}
            for sku, cost in COST.items()
        ],
        "raw_headoffice.stock_levels": stock_levels(),
        "raw_campaign.promotions": [
            {"source_name": "tool_a", "store_no": store_no, "sku": sku, "week_start_date": str(PROMOTED_WEEK),
             "display_location": "1"}
            for store_no, sku in [("1", "pen"), ("1", "ink"), ("1", "pad"), ("2", "pen")]
        ],
        "raw_loyalty.events": [
            {"source_name": "card_a", "event_id": str(number), "loyalty_number": card, "kind": kind, "points": points,
             "occurred_at": "2017-03-01 12:00:00+00"}
            for number, (card, kind, points) in enumerate(
                [("C1", "earn", 500), ("C1", "redeem", -200), ("C2", "earn", 100), ("C2", "expire", -40),
                 ("C3", "earn", 100)]
            )
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The analysts' file of the handmade retailer."""
    warehouse = Warehouse.make(tmp_path_factory.mktemp("questions"), RETAIL)
    with duckdb.connect(str(warehouse.path)) as connection:
        for table, rows in raw_rows().items():
            file = warehouse.folder / "rows.json"
            file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
            connection.execute(
                f"""insert into {table} by name
                select *, 'rows' as _file, row_number() over () as _file_line, timestamp '2018-01-01' as _loaded_at,
                    true as _is_history
                from read_json('{file}', format = 'newline_delimited')"""
            )
        connection.execute(
            """insert into identity_xref
            select source_name, customer_id, customer_id, 1, date '1900-01-01', null
            from (select unnest(['card_a', 'card_b']) as source_name),
                (select unnest(['C1', 'C2', 'C3']) as customer_id)"""
        )
    warehouse.dbt("run", "--exclude", "path:models/features", as_of=AS_OF)
    target = warehouse.folder / "published" / "retail.duckdb"
    tables = dbt_tables(warehouse.folder / "target" / "manifest.json")
    with duckdb.connect(str(warehouse.path)) as connection:
        write_freshness(connection, read_settings(warehouse.folder / "retail.yaml").sources, AS_OF)
        publish(connection, target, tables, with_personal=False, as_of=AS_OF)
    return target


ANSWERS: dict[str, Rows] = {
    # C1 bought for 4 + 10 + 4 = 18 every 10 days, the last time 103 days ago. C2 was there 2 days ago.
    "1_lapsing_in_both_brands": [("C1", 3, date(2017, 3, 21), 103, 10, 18, "USD")],
    # Pens: 30 + 10 for 60 - 6 + 20 - 2 = 72, cost 40: margin 32, where 10 + 10 at a margin of 1 were expected. Ink: 4
    # for 12 - 4, cost 4: 4, where 4 at 2 were. Pads: 4 for 20 - 16, cost 8: -4, where 2 at 3 were.
    "2_promotions_that_earned": [
        ("a:2017-06-19:a:pen", "a", "Pen", 40, 20, 1, 8, 32, 12, "earned margin"),
        ("a:2017-06-19:a:ink", "a", "Ink", 4, 4, 0, 4, 4, -4, "would have sold anyway"),
        ("a:2017-06-19:a:pad", "a", "Pad", 4, 2, 1, 16, -4, -10, "sold more for less margin"),
    ],
    # Store 1 sold 30 + 4 + 4 = 38 where 10 + 4 + 2 = 16 were expected: a response of 2.375, store 2 one of 10 / 10. Two
    # days without pens cost 10 * 2.375 * 2 / 7 = 6.8.
    "3_promoted_and_out_of_stock": [("a", "a:pen", "Pen", 1, 1, 2, 6.8)],
    # South: 10 + 10 + 10 + 0 pens where there were 40. No pens on 8 of 28 days, none of them before. A pen at (20 + 20
    # + 18) / 30 instead of 2. 10 of 30 were promoted. North sold more; West nothing in either period.
    "4_softer_demand_by_region": [("a", "South", 30, 40, -0.25, 0.2857, -0.0333, 0.3333, "stock")],
    # Brand a sold 90 + 70 pens, 28 ink, 16 pads, 7 cups and 20 + 69 tea and milk: 300. Leaks: 3 / 300 of 70 is 0.7, so
    # 2.3 of 3 pens for 6.00. Broken: 1 / 300 of 7 is 0.023, so 0.977 of 1 cup for 4.00.
    "5_what_drives_returns": [
        ("a", "Pen", "a:pen", None, "a:2", "leaks", 3, 70, 0.042857, 0.01, 4.6),
        ("a", "Cup", "a:cup", None, "a:1", "broken", 1, 7, 0.142857, 0.003333, 3.91),
    ],
    # Store 1 has 7 * 3 weekly receipts, 7 cups and 32 baskets: 60. Milk in 24, tea in 20, both in 12.
    "6_bought_together": [("a", "large", "a:milk", "Milk", "a:tea", "Tea", 12, 0.2, 0.5, 1.5)],
    # C1 redeemed 200 of 500 points and bought 2 cups. C2 and C3 have 100 - 40 + 100 points left, bought 2 + 3 cups and
    # brought one back: net 16, margin 12.
    "7_loyalty_points": [
        ("a", False, 2, 200, 0, 40, 0, 1.6, 2.5, 8, 6),
        ("a", True, 1, 500, 200, 0, 2, 3, 2, 8, 6),
    ],
}


def plain(rows: Rows) -> Rows:
    """Rows with every number as a float, however the query typed it."""
    return [
        tuple(
            float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value
            for value in row
        )
        for row in rows
    ]


def test_every_question_has_an_answer() -> None:
    assert sorted(path.stem for path in QUESTIONS.glob("*.sql")) == sorted(ANSWERS)


@pytest.mark.parametrize("question", sorted(ANSWERS))
def test_question_on_the_published_file(published: Path, question: str) -> None:
    query = (QUESTIONS / f"{question}.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(published), read_only=True) as connection:
        assert plain(connection.execute(query).fetchall()) == plain(ANSWERS[question])
