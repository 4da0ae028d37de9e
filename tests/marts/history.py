"""Thirty days of a handmade retailer, loaded day by day: what comes late, is corrected, withdrawn or moved is in it.

Belongs here: the files that each day brings, the settings and the cross-reference of that day, and building on them.
Does not belong here: what must come out (`test_incremental.py`, `benchmarks/warehouse_growth.py`).
"""

import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import yaml

from pipelines.dbt import AS_OF_VARIABLE, DBT_DIR, WAREHOUSE_VARIABLE
from pipelines.loading import FileLoader
from pipelines.settings import CONFIG_VARIABLE, STATE_VARIABLE, load_settings
from pipelines.sources import SYSTEMS
from pipelines.state import prepare_state
from pipelines.warehouse import connect, writer_lock

FIRST_DAY = date(2017, 3, 1)
DAYS = 30
SKUS = ("pen", "ink", "cup", "bag", "hat")
CARDS = ("41", "42", "43", "44", "45", "46")

Record = Mapping[str, object]


def _settings(day: int) -> dict[str, object]:
    """On day 22 the west till goes, on day 24 loyalty files count as known later."""
    till = {"system": "pos", "brand": "b", "code_space": "b", "customer_source": "card", "known_after_hours": 6}
    history = {"history_until": date(2017, 3, 10)}
    return {
        "retailer": "Test",
        "reporting_currency": "USD",
        "start_date": FIRST_DAY,
        "landing_dir": "landing",
        "companies": {"c": {"name": "C", "country_code": "GB", "currency_code": "GBP"}},
        "brands": {
            "b": {
                "name": "B",
                "company": "c",
                "time_zone": "Europe/London",
                "churn": {"horizon_days": 28, "active_days": 84},
                "returns": {"window_days": 60},
            }
        },
        "sources": {
            "till_east": till | history,
            "till_west": till | history | {"enabled": day < 22},
            "card": {"system": "loyalty", "brand": "b", "known_after_hours": 6 if day < 24 else 9} | history,
            "office": {"system": "headoffice", "brand": "b", "code_space": "b", "known_after_hours": 6} | history,
            "shop": {"system": "shopify", "brand": "b", "code_space": "b", "known_after_hours": 1} | history,
            "post": {
                "system": "carrier", "brand": "b", "code_space": "b", "customer_source": "shop", "known_after_hours": 6,
            } | history,
            "mail": {
                "system": "campaign", "brand": "b", "code_space": "b", "customer_source": "card",
                "known_after_hours": 0,
            } | history,
        },
    }  # fmt: skip


class History:
    """The retailer's folder: landing files, settings and warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.landing = folder / "landing"

    def load(self, day: int) -> None:
        """What a run of that day (1 to DAYS) loads, identity included."""
        self._write_files(day)
        config = self.folder / "retail.yaml"
        config.write_text(yaml.safe_dump(_settings(day)), encoding="utf-8")
        before = {name: os.environ.get(name) for name in (CONFIG_VARIABLE, STATE_VARIABLE)}
        os.environ |= {CONFIG_VARIABLE: str(config), STATE_VARIABLE: str(self.folder / "var")}
        load_settings.cache_clear()
        try:
            settings = load_settings()
            prepare_state(settings)
            with connect() as connection:
                for system in SYSTEMS.values():
                    for name, source in settings.sources_of(system.name).items():
                        loader = FileLoader(connection, system, name, source, self.landing / name, f"day-{day}")
                        for entity in system.entities:
                            if entity.files:
                                loader.load(entity)
                _identify(connection, day)
        finally:
            writer_lock.release()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
            load_settings.cache_clear()

    @property
    def warehouse(self) -> Path:
        return self.folder / "var" / "warehouse.duckdb"

    def build(self, day: int, *arguments: str) -> None:
        """All tables but features, as of that day."""
        self.dbt(day, "run", "--exclude", "path:models/features", *arguments)

    def dbt(self, day: int, command: str, *arguments: str) -> None:
        as_of = FIRST_DAY + timedelta(day - 1)
        run = subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", command, *arguments,
                "--no-use-colors", "--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR),
                "--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs"),
            ],
            env=os.environ | {WAREHOUSE_VARIABLE: str(self.warehouse), AS_OF_VARIABLE: str(as_of)},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout[-6000:]

    def _write_files(self, day: int) -> None:
        today = FIRST_DAY + timedelta(day - 1)
        for till in ("till_east", "till_west"):
            self._write_till(till, day, today, f"{today}")
        if day == 1:
            # Receipts of the quarter before.
            self._write_till("till_east", 200, FIRST_DAY - timedelta(80), f"{today}_earlier")
        if day == 5:
            # Receipts of day 2 that a till had kept.
            self._write_till("till_east", 105, FIRST_DAY + timedelta(1), f"{today}_late")
        if day == 8:
            # A receipt of day 3 is corrected, and was of day 4.
            self._correct_till("till_east", 3, FIRST_DAY + timedelta(3), f"{today}_corrected")
        if day == 12:
            # The file of day 6 comes again, with a receipt less.
            self._write_till("till_west", 6, FIRST_DAY + timedelta(5), f"{FIRST_DAY + timedelta(5)}", receipts=4)
        self._write_office(day, today)
        self._write_shop(day, today)
        self._write_loyalty(day, today)

    def _write_till(self, till: str, day: int, sold: date, name: str, receipts: int = 5) -> None:
        lines, payments = [], []
        for number in range(receipts):
            chance = random.Random(f"{till} {day} {number}")
            receipt_no, store_no = f"{day}{number:02}", "7" if till == "till_east" else "8"
            sold_at = datetime.combine(sold, datetime.min.time()) + timedelta(hours=9, minutes=chance.randrange(890))
            card = chance.choice([*CARDS, ""])
            is_return = number == 4 and day > 1
            chosen = chance.sample(SKUS, 1 + chance.randrange(3))
            paid = 0.0
            for line_no, sku in enumerate(chosen, start=1):
                gross, discount = chance.randrange(100, 900) / 100, chance.randrange(90) / 100
                net = round(gross - discount, 2) * (-1 if is_return else 1)
                paid += net
                lines.append(
                    {
                        "receipt_no": receipt_no, "line_no": line_no, "store_no": store_no, "terminal_no": "1",
                        "cashier_no": "9", "sold_at": sold_at, "line_type": "return" if is_return else "sale",
                        "loyalty_number": card, "sku": sku, "quantity": 1, "unit_of_measure": "piece",
                        "gross_amount": gross, "retail_discount_amount": discount, "coupon_discount_amount": 0,
                        "coupon_match_discount_amount": 0, "net_amount": net,
                        "original_receipt_no": f"{day - 1}00" if is_return else "", "return_reason": "",
                    }
                )  # fmt: skip
            payments.append(
                {
                    "receipt_no": receipt_no, "store_no": store_no, "payment_no": 1, "paid_at": sold_at,
                    "tender": "cash", "amount": round(paid, 2),
                }
            )  # fmt: skip
        self._csv(till, f"receipts_{name}.csv", lines)
        self._csv(till, f"payments_{name}.csv", payments)

    def _correct_till(self, till: str, day: int, sold: date, name: str) -> None:
        with (self.landing / till / f"receipts_{FIRST_DAY + timedelta(day - 1)}.csv").open(encoding="utf-8") as file:
            lines = [line for line in csv.DictReader(file) if line["receipt_no"] == f"{day}01"]
        corrected = [
            line | {"sold_at": f"{sold} 12:00:00", "net_amount": 9.5, "gross_amount": 9.5, "retail_discount_amount": 0}
            for line in lines
        ]
        self._csv(till, f"receipts_{name}.csv", corrected)

    def _write_office(self, day: int, today: date) -> None:
        if day in (1, 14):
            # On day 14 the east store turns out to lie in another time zone.
            stores = [
                {
                    "store_no": no, "name": f"Store {no}", "region": "R", "city": "C", "country_code": "GB",
                    "time_zone": "Europe/Athens" if (no, day) == ("7", 14) else "", "opened_date": "2010-01-01",
                }
                for no in ("7", "8")
            ]  # fmt: skip
            self._csv("office", f"stores_{today}.csv", stores)
        if day in (1, 16):
            # On day 16 the master says that bags are sold by weight, and describes hats for the first time.
            products = [
                {
                    "sku": sku, "barcode": "", "name": sku.title(), "department": "D", "category": sku[0],
                    "family": "F", "product_brand": "P", "package_size": "",
                    "unit_of_measure": "weight" if (sku, day) == ("bag", 16) else "piece",
                    "updated_at": f"{today}T12:00:00Z",
                }
                for sku in (SKUS[:4] if day == 1 else SKUS)
            ]  # fmt: skip
            self._csv("office", f"products_{today}.csv", products)
        costs = {1: ("2017-01-01", 1.2), 15: ("2017-03-09", 1.4), 18: ("2017-03-09", 1.5)}
        if day in costs:
            since, cost = costs[day]
            self._csv(
                "office",
                f"product_costs_{today}.csv",
                [
                    {"sku": sku, "valid_from_date": since, "unit_cost_amount": cost, "currency_code": "GBP"}
                    for sku in SKUS[: 5 if day == 1 else 2]
                ],
            )
        # The rate of day 6 comes on day 10; none comes between days 19 and 27.
        quoted = [today] if day not in (6, *range(19, 28)) else []
        if day == 10:
            quoted.append(FIRST_DAY + timedelta(5))
        if quoted:
            self._csv(
                "office",
                f"currency_rates_{today}.csv",
                [
                    {"rate_date": of, "base_currency_code": "GBP", "currency_code": "USD", "rate": 1.2 + of.day / 100}
                    for of in quoted
                ],
            )
        levels = [("7", sku, today, random.Random(f"stock {day} {sku}").randrange(20)) for sku in SKUS]
        if day == 9:
            levels.append(("7", "pen", FIRST_DAY + timedelta(4), 99))
        self._parquet("office", f"stock_levels_{today}.parquet", levels)

    def _write_shop(self, day: int, today: date) -> None:
        orders = [self._order(day, number, today) for number in range(3)]
        if day > 4:
            # An order of four days ago is cancelled, another loses its SKU and its second line.
            before = FIRST_DAY + timedelta(day - 5)
            cancelled = self._order(day - 4, 0, before) | {"cancelled_at": f"{today}T10:00:00Z"}
            edited = self._order(day - 4, 1, before)
            items = edited["line_items"]
            assert isinstance(items, list)
            edited |= {"line_items": [items[0] | {"sku": None}]}
            orders += [order | {"updated_at": f"{today}T11:00:00Z"} for order in (cancelled, edited)]
        self._text("shop", f"orders_{today}.jsonl", "\n".join(json.dumps(order) for order in orders) + "\n")
        if day % 3 == 0:
            self._csv(
                "post",
                f"returns_{today}.csv",
                [
                    {
                        "receipt_no": f"R{day}", "line_no": 1, "customer_no": "c1", "country_code": "GB", "sku": sku,
                        "description": "", "quantity": 1, "unit_price": 2, "credited_amount": 2,
                        "returned_at": f"{today} 08:00:00", "reason": "",
                    }
                    for sku in ("bag",)
                ],
            )  # fmt: skip

    @staticmethod
    def _order(day: int, number: int, today: date) -> dict[str, object]:
        chance = random.Random(f"shop {day} {number}")
        items = [
            {
                "id": day * 1000 + number * 10 + place, "sku": sku, "title": sku, "name": sku, "quantity": 1,
                "price": f"{chance.randrange(100, 900) / 100}", "total_discount": "0.00", "gift_card": False,
                "discount_allocations": [], "tax_lines": [],
            }
            for place, sku in enumerate(chance.sample(SKUS, 2))
        ]  # fmt: skip
        total = f"{sum(float(str(item['price'])) for item in items):.2f}"
        customer = f"c{chance.randrange(4)}"
        return {
            "id": day * 100 + number, "name": f"#{day}{number}", "created_at": f"{today}T21:{10 + number}:00Z",
            "updated_at": f"{today}T21:{10 + number}:00Z", "cancelled_at": None, "test": False, "source_name": "web",
            "currency": "GBP", "taxes_included": False, "financial_status": "paid", "subtotal_price": total,
            "total_discounts": "0.00", "total_tax": "0.00", "total_price": total,
            "customer": {"id": customer, "first_name": "A", "last_name": customer, "email": f"{customer}@example.org"},
            "line_items": items, "shipping_lines": [],
            "transactions": [
                {
                    "id": day * 100 + number, "kind": "sale", "status": "success", "gateway": "card", "amount": total,
                    "currency": "GBP", "processed_at": f"{today}T21:{20 + number}:00Z",
                }
            ],
        }  # fmt: skip

    def _write_loyalty(self, day: int, today: date) -> None:
        if day == 1:
            self._csv(
                "card",
                f"accounts_{today}.csv",
                [
                    {
                        "loyalty_number": card, "first_name": "A", "last_name": f"B{card}",
                        "joined_at": "2016-01-01T00:00:00Z", "has_marketing_consent": "true",
                        "updated_at": "2016-01-01T00:00:00Z",
                    }
                    for card in CARDS
                ],
            )  # fmt: skip
        events = [
            (f"{day}-{card}", card, f"{today}T{int(card) % 10 + 17}:00:00Z", "earn", 10 + day, f"{day}00")
            for card in CARDS
        ]
        if day == 11:
            events.append(("7-42", "42", "2017-03-06T23:30:00Z", "earn", 99, "700"))
        names = ("event_id", "loyalty_number", "occurred_at", "kind", "points", "receipt_no")
        self._csv("card", f"events_{today}.csv", [dict(zip(names, event, strict=True)) for event in events])
        if day in (2, 13):
            # Campaign 1 turns out to last longer.
            ends = today + timedelta(10)
            self._csv(
                "mail",
                f"campaigns_{today}.csv",
                [{"campaign_no": "1", "campaign_type": "mail", "start_date": FIRST_DAY, "end_date": ends}],
            )
        if day % 4 == 2:
            cards = CARDS[: 2 + day % 5]
            self._csv(
                "mail",
                f"contacts_{today}.csv",
                [{"campaign_no": "1", "loyalty_number": card, "sent_at": f"{today}T09:00:00Z"} for card in cards],
            )
        if day % 5 == 0:
            self._csv(
                "mail",
                f"redemptions_{today}.csv",
                [
                    {
                        "redemption_no": f"{day}", "campaign_no": "1", "coupon_no": "10", "loyalty_number": CARDS[-1],
                        "redeemed_date": today,
                    }
                ],
            )  # fmt: skip

    def _csv(self, source: str, name: str, records: Sequence[Record]) -> None:
        path = self._path(source, name)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(records[0]))
            writer.writeheader()
            writer.writerows(records)

    def _text(self, source: str, name: str, text: str) -> None:
        self._path(source, name).write_text(text, encoding="utf-8")

    def _parquet(self, source: str, name: str, levels: Iterable[tuple[str, str, date, int]]) -> None:
        rows = ", ".join(f"('{store}', '{sku}', date '{of}', {quantity})" for store, sku, of, quantity in levels)
        with duckdb.connect() as connection:
            connection.execute(
                f"""copy (from (values {rows}) as level (store_no, sku, stock_date, on_hand_qty))
                to '{self._path(source, name)}' (format parquet)"""
            )

    def _path(self, source: str, name: str) -> Path:
        folder = self.landing / source
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name


def _identify(connection: duckdb.DuckDBPyConnection, day: int) -> None:
    """Each card and shop account is a customer; on day 20 cards 41 and 42 turn out to be one."""
    connection.execute("delete from identity_xref")
    connection.execute("delete from identity_golden")
    connection.execute(
        """insert into identity_xref
        select 'card', number, if($day >= 20 and number = '42', 'C41', 'C' || number), 1.0, date '1900-01-01', null
        from (select unnest($cards) as number)
        union all
        select 'shop', 'c' || number, 'S' || number, 1.0, date '1900-01-01', null from range(4) as account (number)""",
        {"day": day, "cards": list(CARDS)},
    )
    connection.execute(
        """insert into identity_golden by name
        select customer_id, 'person' as record_kind, count(*) as record_count, 1 as source_count
        from identity_xref group by customer_id"""
    )
