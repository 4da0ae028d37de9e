"""The warehouse at size: a full build, one more day, and thirty days against a full refresh.

Belongs here: raw files of any number of order lines, made by DuckDB from row numbers, and the dbt project over
them.
Does not belong here: how a run loads files or resolves identity; both are given.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import duckdb
import yaml

from benchmarks.processes import MemorySampler
from benchmarks.report import report
from pipelines.dbt import AS_OF_VARIABLE, DBT_DIR, WAREHOUSE_VARIABLE
from pipelines.settings import CONFIG_VARIABLE, PROJECT_DIR, STATE_VARIABLE, load_settings
from pipelines.state import prepare_state
from pipelines.warehouse import CONFIG, writer_lock

FIRST_DAY = date(2021, 1, 1)
DAYS = 1095
# Five receipts take 40 lines; a receipt that is a return takes back an earlier one of the same size.
RECEIPT_ENDS = (1, 4, 10, 20, 40)
STORES = 200
# The first stores belong to brand b, the others to c; each brand has a till, a head office and a mailing of its own.
STORES_OF_B = 140
PRODUCTS = 20_000
PROMOTED_PRODUCTS = 200
PROMOTED_WEEKS = 26
CUSTOMERS = 5_000_000
ROWS_OF_FULL_SIZE = 100_000_000
# Of DuckDB; dbt and what DuckDB does not count come on top.
MEMORY_LIMIT = "8GB"


@dataclass(frozen=True)
class Size:
    """Everything else follows the number of order lines."""

    rows: int

    @property
    def receipts(self) -> int:
        return self.rows // 40 * 5

    @property
    def customers(self) -> int:
        return max(1000, CUSTOMERS * self.rows // ROWS_OF_FULL_SIZE)

    @property
    def receipts_a_day(self) -> int:
        """A multiple of five, so that a day holds whole blocks."""
        return max(5, self.receipts // DAYS // 5 * 5)

    @property
    def name(self) -> str:
        return f"{self.rows // 1_000_000}m"


def _pick(values: int, *parts: str) -> str:
    """SQL for a whole number below `values` that follows from `parts` alone."""
    return f"cast(hash({', '.join(parts)}) % {values} as integer)"


def _source(system: str, store: str) -> str:
    """SQL for the source of that system that has the store."""
    return f"if({store} < {STORES_OF_B}, '{system}_b', '{system}_c')"


def _settings(folder: Path) -> None:
    known = {"known_after_hours": 6, "history_until": FIRST_DAY + timedelta(DAYS - 1)}
    settings = {
        "retailer": "Benchmark",
        "reporting_currency": "USD",
        "start_date": FIRST_DAY,
        "landing_dir": "landing",
        "companies": {"c": {"name": "C", "country_code": "GB", "currency_code": "GBP"}},
        "brands": {
            brand: {
                "name": brand,
                "company": "c",
                "time_zone": "Europe/London",
                "churn": {"horizon_days": 28, "active_days": 84},
                "returns": {"window_days": 60},
            }
            for brand in ("b", "c")
        },
        "sources": {"card": known | {"system": "loyalty", "brand": "b", "code_space": "b"}}
        | {
            f"{name}_{brand}": known | {"system": system, "brand": brand, "code_space": brand} | customers
            for brand in ("b", "c")
            for name, system, customers in (
                ("till", "pos", {"customer_source": "card"}),
                ("office", "headoffice", {}),
                ("mail", "campaign", {"customer_source": "card"}),
            )
        },
    }
    (folder / "retail.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


class Warehouse:
    """A folder with raw Parquet files, and a warehouse whose raw tables are views of them."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder = folder
        self.size = size
        self.raw = folder / "raw"
        self.path = folder / "var" / "warehouse.duckdb"

    def prepare(self) -> None:
        """Make the raw files of the history, and a warehouse with nothing built."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _settings(self.folder)
        os.environ |= {CONFIG_VARIABLE: str(self.folder / "retail.yaml"), STATE_VARIABLE: str(self.folder / "var")}
        shutil.rmtree(self.folder / "var", ignore_errors=True)
        load_settings.cache_clear()
        prepare_state(load_settings())
        writer_lock.release()
        finished = self.folder / "raw_is_made"
        if not finished.exists():
            shutil.rmtree(self.raw, ignore_errors=True)
            self._make_days(0, DAYS, loaded_at="2024-01-01", is_history=True)
            self._make_masters()
            finished.touch()
        for later in self.raw.glob("*/day_*.parquet"):
            later.unlink()
        with duckdb.connect(str(self.path), config=CONFIG) as connection:
            for table in self.raw.iterdir():
                _read_from(connection, table)
            customers = f"from range({self.size.customers}) as customer (number)"
            connection.execute(
                f"""insert into identity_xref
                select 'card', number::varchar, 'C' || number, 1.0, date '1900-01-01', null {customers}"""
            )
            connection.execute(
                f"""insert into identity_golden by name
                select 'C' || number as customer_id, 'person' as record_kind, true as has_marketing_consent,
                    1 as record_count, 1 as source_count {customers}"""
            )

    def add_day(self) -> None:
        self._make_days(DAYS, DAYS + 1, loaded_at="2024-01-02", is_history=False)

    def build(self, day: int) -> None:
        """Build all that is public as of a day, with what it needs, by the project's own models."""
        as_of = FIRST_DAY + timedelta(day - 1)
        run = subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", "run", "--select", "+path:models/marts",
                "--no-use-colors", "--project-dir", str(DBT_DIR),
                "--profiles-dir", str(DBT_DIR), "--target-path", str(self.folder / "target"),
                "--log-path", str(self.folder / "logs"),
            ],
            env=os.environ
            | {WAREHOUSE_VARIABLE: str(self.path), AS_OF_VARIABLE: str(as_of), "REKNIT_MEMORY_LIMIT": MEMORY_LIMIT},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        print(run.stdout, file=sys.stderr)
        if run.returncode != 0:
            raise RuntimeError("dbt failed; what it said stands above")

    def scan(self) -> None:
        """The least that any build does: read the order lines and add them up by day and store."""
        with duckdb.connect(config=CONFIG) as connection:
            connection.execute(
                f"""create table daily as
                select cast(sold_at as date) as order_date, store_no, count(*), sum(net_amount)
                from read_parquet('{self.raw}/raw_pos.receipt_lines/*.parquet') group by all"""
            )

    def answer(self, question: Path) -> None:
        with duckdb.connect(str(self.path), read_only=True, config=CONFIG) as connection:
            connection.execute(question.read_text(encoding="utf-8")).fetchall()

    def disk_mb(self) -> float:
        return self.path.stat().st_size / 1e6

    def _copy(self, table: str, name: str, query: str, loaded_at: str, is_history: bool) -> None:
        folder = self.raw / table
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(config=CONFIG) as connection:
            connection.execute(
                f"""copy (
                    select made.*, '{name}' as _file, 0::bigint as _file_line, timestamp '{loaded_at}' as _loaded_at,
                        {is_history} as _is_history
                    from ({query}) as made
                ) to '{folder}/{name}.parquet' (format parquet, compression zstd)"""
            )

    def _make_days(self, since: int, until: int, loaded_at: str, is_history: bool) -> None:
        """Receipts with their payments, stock levels and loyalty events of some days."""
        a_day = self.size.receipts_a_day
        ends = f"[0, {', '.join(str(end) for end in RECEIPT_ENDS)}]"
        receipt = f"""
            select
                number,
                -- Two of a hundred take back a receipt of up to 60 days before, from its store and customer.
                {_pick(100, "number", "'kind'")} < 2 and number > {a_day * 60} as is_return,
                if(is_return, number - 5 * (1 + {_pick(max(1, a_day * 12), "number", "'back'")}), number) as origin,
                timestamp '{FIRST_DAY}' + to_days(cast(number // {a_day} as integer))
                    + to_seconds(28800 + {_pick(43200, "number", "'time'")}) as sold_at,
                {_pick(STORES, "origin", "'store'")} as store,
                if({_pick(10, "origin", "'card'")} < 7,
                    cast({_pick(self.size.customers, "origin", "'customer'")} as varchar), '') as loyalty_number,
                unnest(range(({ends})[number % 5 + 1], ({ends})[number % 5 + 2])) - ({ends})[number % 5 + 1] as place
            from range({since * a_day}, {until * a_day}) as receipt (number)"""
        line = f"""
            select *,
                {_pick(1_000_000, "origin", "place", "'product'")} / 1e6 as popularity,
                cast(popularity * popularity * {PRODUCTS - 1} as integer) as product,
                1 + {_pick(3, "origin", "place", "'quantity'")} as quantity,
                cast(quantity * (0.5 + {_pick(2000, "product", "'price'")} / 100) as decimal(18, 4)) as gross_amount,
                {_pick(5, "origin", "place", "'offer'")} = 0 as is_offer,
                cast(if(is_offer, gross_amount / 5, 0) as decimal(18, 4)) as discount
            from ({receipt})"""
        name = "history" if is_history else f"day_{since}"
        self._copy(
            "raw_pos.receipt_lines",
            name,
            f"""select {_source("till", "store")} as source_name, cast(number as varchar) as receipt_no,
                cast(place + 1 as integer) as line_no,
                's' || store as store_no, '1' as terminal_no, 'k' || store as cashier_no, sold_at,
                if(is_return, 'return', 'sale') as line_type, loyalty_number, 'p' || product as sku,
                cast(quantity as decimal(18, 3)) as quantity, 'piece' as unit_of_measure, gross_amount,
                discount as retail_discount_amount, cast(0 as decimal(18, 4)) as coupon_discount_amount,
                cast(0 as decimal(18, 4)) as coupon_match_discount_amount,
                cast((gross_amount - discount) * if(is_return, -1, 1) as decimal(18, 4)) as net_amount,
                if(is_return and number % 2 = 0, cast(origin as varchar), '') as original_receipt_no,
                '' as return_reason
            from ({line})""",
            loaded_at,
            is_history,
        )
        self._copy(
            "raw_pos.payments",
            name,
            f"""select source_name, receipt_no, store_no, 1 as payment_no, min(sold_at) as paid_at, 'card' as tender,
                cast(sum(net_amount) as decimal(18, 4)) as amount
            from read_parquet('{self.raw}/raw_pos.receipt_lines/{name}.parquet') group by all order by paid_at""",
            loaded_at,
            is_history,
        )
        days = f"(select date '{FIRST_DAY}' + cast(day as integer) as day from range({since}, {until}) as day (day))"
        levels = max(10, self.size.rows // 10 // DAYS)
        self._copy(
            "raw_headoffice.stock_levels",
            name,
            f"""select {_source("office", f"number % {STORES}")} as source_name, 's' || number % {STORES} as store_no,
                'p' || number // {STORES} as sku,
                day as stock_date, cast({_pick(40, "number", "day")} as decimal(18, 3)) as on_hand_qty
            from {days}, range({levels}) as level (number)""",
            loaded_at,
            is_history,
        )
        events = max(10, self.size.rows // 20 // DAYS)
        self._copy(
            "raw_loyalty.events",
            name,
            f"""select 'card' as source_name, day || '-' || number as event_id,
                cast({_pick(self.size.customers, "day", "number")} as varchar) as loyalty_number,
                timezone('UTC', day + to_seconds({_pick(86400, "number", "day", "'time'")})) as occurred_at,
                'earn' as kind, {_pick(90, "day", "number", "'points'")} as points, '' as receipt_no
            from {days}, range({events}) as event (number)""",
            loaded_at,
            is_history,
        )
        self._copy(
            "raw_headoffice.currency_rates",
            name,
            f"""select 'office_b' as source_name, day as rate_date, 'GBP' as base_currency_code, 'USD' as currency_code,
                cast(1.2 + dayofyear(day) / 10000 as decimal(18, 8)) as rate from {days}""",
            loaded_at,
            is_history,
        )

    def _make_masters(self) -> None:
        """Stores, products, costs, and campaigns with their contacts."""
        last_day = FIRST_DAY + timedelta(DAYS - 1)
        last_monday = last_day - timedelta(last_day.weekday() + 7)
        queries = {
            "raw_headoffice.stores": f"""select {_source("office", "number")} as source_name, 's' || number as store_no,
                'Store ' || number as name, 'R' || number % 12 as region, 'City' as city, 'GB' as country_code,
                '' as time_zone, date '2010-01-01' as opened_date from range({STORES}) as store (number)""",
            "raw_headoffice.products": f"""select unnest(['office_b', 'office_c']) as source_name, 'p' || number as sku,
                '' as barcode, 'Product ' || number as name, 'D' || number % 9 as department,
                'C' || number % 90 as category, 'F' || number % 900 as family, 'P' as product_brand,
                '' as package_size, 'piece' as unit_of_measure, timestamptz '2020-01-01 00:00:00+00' as updated_at
            from range({PRODUCTS}) as product (number)""",
            "raw_headoffice.product_costs": f"""select unnest(['office_b', 'office_c']) as source_name,
                'p' || number as sku, date '2020-12-01' + cast(quarter * 91 as integer) as valid_from_date,
                cast((0.5 + {_pick(2000, "number", "'price'")} / 100) * (50 + quarter) / 100 as decimal(18, 4))
                as unit_cost_amount, 'GBP' as currency_code
            from range({PRODUCTS}) as product (number), range(12) as quarter (quarter)""",
            "raw_campaign.campaigns": f"""select unnest(['mail_b', 'mail_c']) as source_name,
                cast(number as varchar) as campaign_no, 'mail' as campaign_type,
                date '{FIRST_DAY}' + cast(number * 30 as integer) as start_date,
                date '{FIRST_DAY}' + cast(number * 30 + 20 as integer) as end_date
            from range(36) as campaign (number)""",
            "raw_campaign.contacts": f"""select if(number // 36 % 2 = 0, 'mail_b', 'mail_c') as source_name,
                cast(number % 36 as varchar) as campaign_no,
                cast(number // 36 as varchar) as loyalty_number,
                timezone('UTC', timestamp '{FIRST_DAY}' + to_days(cast(number % 36 * 30 as integer))) as sent_at
            from range({max(360, self.size.rows // 20)}) as contact (number)""",
            "raw_campaign.promotions": f"""select {_source("mail", "store")} as source_name, 's' || store as store_no,
                'p' || product as sku, date '{last_monday}' - cast(7 * week as integer) as week_start_date,
                if(store % 2 = 0, '1', '0') as display_location, 'A' as mailer_location
            from range({STORES}) as store (store), range({PROMOTED_PRODUCTS}) as product (product),
                range({PROMOTED_WEEKS}) as week (week)
            where {_pick(4, "store", "product", "week")} = 0""",
        }
        for table, query in queries.items():
            self._copy(table, "history", query, "2024-01-01", True)


def _read_from(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make a raw table a view of its Parquet files; a column that they lack is null."""
    files = f"read_parquet('{folder}/*.parquet')"
    made = {name for (name,) in connection.execute(f"select column_name from (describe from {files})").fetchall()}
    contract = connection.execute(f"select column_name, column_type from (describe {folder.name})").fetchall()
    values = ", ".join(f'"{name}"' if name in made else f'null::{kind} as "{name}"' for name, kind in contract)
    connection.execute(f"drop table {folder.name}")
    connection.execute(f"create view {folder.name} as select {values} from {files}")


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds and the highest memory in MB, of this process and all below it."""
    with MemorySampler() as memory:
        begin = time.time()
        work()
        end = time.time()
    return end - begin, memory.peak_mb(begin, end)


def build_and_one_more_day(folder: Path, rows: int) -> None:
    """A full build, one more day, and the seven questions on it."""
    warehouse = Warehouse(folder, Size(rows))
    warehouse.prepare()
    scanned, _ = _timed(warehouse.scan)
    full, peak = _timed(partial(warehouse.build, DAYS))
    case = f"build_{warehouse.size.name}"
    report("warehouse", case, "seconds", round(full, 1), "s")
    report("warehouse", case, "peak_mb", round(peak), "MB")
    report("warehouse", case, "disk_mb", round(warehouse.disk_mb()), "MB")
    report("warehouse", case, "ratio_to_scan", round(full / scanned, 1), "ratio", "scan_seconds", round(scanned, 1))
    warehouse.add_day()
    more, peak = _timed(partial(warehouse.build, DAYS + 1))
    case = f"one_more_day_{warehouse.size.name}"
    report("warehouse", case, "seconds", round(more, 1), "s")
    report("warehouse", case, "peak_mb", round(peak), "MB")
    report("warehouse", case, "share_of_full_build", round(more / full, 4), "ratio")

    for question in sorted((PROJECT_DIR / "docs" / "analyst" / "questions").glob("*.sql")):
        seconds, _ = _timed(partial(warehouse.answer, question))
        report("warehouse", f"question_{question.name[0]}", "seconds", round(seconds, 2), "s", size=warehouse.size.name)


def incremental_30_days(folder: Path, rows: int) -> None:
    """Tables that differ between thirty daily builds and a full refresh of the same rows, which are a handmade few."""
    from tests.line.line import checksums
    from tests.marts.history import DAYS as HISTORY_DAYS
    from tests.marts.history import History

    history = History(folder)
    for day in range(1, HISTORY_DAYS + 1):
        history.load(day)
        history.build(day)
    by_day = checksums(history.warehouse)
    history.build(HISTORY_DAYS, "--full-refresh")
    anew = checksums(history.warehouse)
    differing = sum(by_day[table] != anew[table] for table in anew)
    report("warehouse", "incremental_30_days", "tables_differing", differing, "tables")


class Case(Protocol):
    """Measures in a folder, over a number of order lines."""

    def __call__(self, folder: Path, rows: int) -> None: ...


CASES: dict[str, Case] = {
    "build_100m": build_and_one_more_day,
    "incremental_30_days": incremental_30_days,
}
