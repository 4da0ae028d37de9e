"""What identity resolution costs where there are many records: a first run, and a run over what changed.

Cases: `persons_1m`, records of made-up people from normalising to golden records, by an estimate of their own; and
`incremental_1pct`, the day after: one in a hundred of the records is new, one in a thousand changed, one in a thousand
gone. Both compute and write, into a database on disk. `cost_ratio` is against a full run with the same model over the
same records in the same process; `clusters_equal` is 1 where both end with the same customers.
"""

import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.processes import MemorySampler
from benchmarks.report import report
from models.identity import create_tables, store, update
from models.identity.normalise import INPUT_SCHEMA

# Records where the command names no number.
SCALE_CASES = {"persons_1m": 1_000_000, "incremental_1pct": 100_000}
SEED = 20_260_417
RECORDS_PER_ENTITY = 2.5
FIRST_DAY, SECOND_DAY = date(2026, 1, 1), date(2026, 1, 2)
THREADS = 2


def person_records(rows: int) -> pl.DataFrame:
    """About so many records of people in four sources, as rows of stg_customer_record, in a seeded order."""
    from demo.persons import make_persons

    _, records = make_persons(round(rows / RECORDS_PER_ENTITY), SEED)
    fixed = {"brand": "benchmark", "record_kind": "person"}
    contract = records.select(
        (pl.col(name) if name in records.columns else pl.lit(fixed.get(name))).cast(kind).alias(name)
        for name, kind in INPUT_SCHEMA.items()
    )
    return contract.sample(fraction=1.0, shuffle=True, seed=SEED)


def next_day(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records of two days: the first in order are new on the second, then some are gone, then some changed."""
    new, few = records.height // 100, records.height // 1_000
    changed = records.slice(new + few, few)
    moved = changed.with_columns(pl.col("street", "postcode", "city").gather((pl.int_range(pl.len()) + 1) % pl.len()))
    return records[new:], pl.concat([records[:new], moved, records[new + 2 * few :]])


def run(con: duckdb.DuckDBPyConnection, records: pl.DataFrame, day: date) -> float:
    """Seconds of a run over the records, written."""
    con.register("_records", records.to_arrow())
    con.execute("create or replace table customer_record as from _records")
    con.unregister("_records")
    begin = time.perf_counter()
    with update(con, "customer_record", day, seed=1) as computed:
        con.execute("begin")
        computed.write()
        con.execute("commit")
        return time.perf_counter() - begin


def customers(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return con.sql(
        "select source_name, source_customer_id, customer_id from identity_xref where valid_to is null order by all"
    ).pl()


def measure_scale(case: str, rows: int) -> None:
    records = person_records(rows)
    before, after = next_day(records)

    def say(metric: str, value: float, unit: str) -> None:
        report("identity", case, metric, value, unit, rows=str(records.height))

    with (
        tempfile.TemporaryDirectory() as folder,
        closing(duckdb.connect(str(Path(folder) / "warehouse.duckdb"), config={"threads": THREADS})) as con,
    ):
        create_tables(con)
        if case == "persons_1m":
            with MemorySampler() as memory:
                started_at = time.time()
                seconds = run(con, records, FIRST_DAY)
                ended_at = time.time()
            say("seconds", round(seconds, 1), "s")
            say("peak_mb", round(memory.peak_mb(started_at, ended_at)), "MB")
            return
        run(con, before, FIRST_DAY)
        seconds = run(con, after, SECOND_DAY)
        found = customers(con)
        store.forget(con)
        full_seconds = run(con, after, SECOND_DAY)
        say("seconds", round(seconds, 2), "s")
        say("full_seconds", round(full_seconds, 2), "s")
        say("cost_ratio", round(seconds / full_seconds, 4), "share")
        say("clusters_equal", int(found.equals(customers(con))), "share")
