"""A run over what changed leaves what a run over everything leaves: ids, golden records, households, links, events."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.identity import IdentityConfig, IdentitySummary, create_tables, store, update
from tests.identity.judgements import human, some_of_many
from tests.identity.records import FAMILY_NAMES, GIVEN_NAMES, customer, frame, retailer

CONFIG = IdentityConfig(random_pairs=50_000)
FIRST_DAY = date(2017, 12, 1)
BATCHES = 5
TABLES = (
    "identity_xref",
    "identity_link",
    "identity_golden",
    "identity_golden_source",
    "identity_household",
    "identity_event",
)

Rows = dict[str, dict[str, Any]]


def run(con: duckdb.DuckDBPyConnection, rows: Rows, day: date, decisions: pl.DataFrame) -> IdentitySummary:
    con.register("_records", frame(*rows.values()).to_arrow())
    con.execute("create or replace table customer_record as from _records")
    with update(
        con, "customer_record", day, seed=1, config=CONFIG, run_id=f"run-{day}", human=human(decisions)
    ) as computed:
        computed.write()
        return computed.summary()


def opened() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:", config={"threads": 1})
    create_tables(con)
    return con


def table(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    return con.sql(f"select * from {name} order by all").pl()


def first_rows() -> Rows:
    persons, _ = retailer(households=200)
    firms = [
        customer(f"firm{no}", full_name=f"{FAMILY_NAMES[no % 7]} Ltd", record_kind="organisation", city="Leeds")
        for no in range(12)
    ]
    return {row["source_customer_id"]: row for row in [*persons.to_dicts(), *firms]}


def changed(rows: Rows, batch: int) -> Rows:
    """The rows of the next day, in another order: some gone, some changed in one field, some new, and in turn a value
    that too many share, one that no longer is, an account that makes a card number the brand's, a birth date that is a
    placeholder, a person who is a firm."""
    rng = random.Random(batch)
    keys = list(rows)
    rng.shuffle(keys)
    now = {key: dict(rows[key]) for key in keys}
    for key in rng.sample(keys, 12):
        del now[key]
    left = [key for key in now if not key.startswith("firm")]
    for key in rng.sample(left, 25):
        other = now[rng.choice(left)]
        column = rng.choice(("first_name", "last_name", "email", "phone", "street", "birth_date", "updated_at"))
        now[key][column] = datetime(2017, 12, batch) if column == "updated_at" else other[column]
    for no in range(20):
        like = now[rng.choice(left)]
        row = dict(like) if rng.random() < 0.6 else customer("", last_name=rng.choice(FAMILY_NAMES), **_address(like))
        row |= {"source_customer_id": f"b{batch}-{no}", "source_name": rng.choice(("till", "shop", "odoo"))}
        if rng.random() < 0.5:
            row |= {"first_name": rng.choice(GIVEN_NAMES), "birth_date": None}
        now[row["source_customer_id"]] = row
    for key in rng.sample(left, 3):
        now[key]["has_marketing_consent"] = rng.random() < 0.5
    shared = {1: (0, 9), 3: (0, 4), 4: (0, 0)}.get(batch)
    if shared:
        for no in range(9):
            now.pop(f"shared{no}", None)
        for no in range(*shared):
            row = customer(f"shared{no}", first_name=GIVEN_NAMES[no], last_name=FAMILY_NAMES[no * 3])
            now[f"shared{no}"] = row | {"email": "desk@shop.example", "birth_date": date(1980, 5, 17)}
        for key in rng.sample(left, 2):
            now[key]["email"] = "desk@shop.example"
    if batch == 2:
        cards = [key for key in left if rng.random() < 0.1]
        for key in cards:
            now[key]["loyalty_number"] = f"L{key}"
        for key in cards[::2]:
            now[f"L{key}"] = dict(now[key]) | {"source_customer_id": f"L{key}", "source_name": "loyalty"}
        for no in range(14):
            now[f"born{no}"] = customer(
                f"born{no}", first_name=GIVEN_NAMES[no], last_name=FAMILY_NAMES[-no], birth_date=date(1961, 2, 3)
            )
    if batch == 3:
        for key in [key for key in now if key.startswith("L")][::2]:
            del now[key]
        now[left[0]]["record_kind"] = "organisation"
        now[left[1]]["birth_date"] = FIRST_DAY + timedelta(days=4)
    if batch == 5:
        for no in range(6):
            now.pop(f"born{no}", None)
    return now


def _address(row: dict[str, Any]) -> dict[str, Any]:
    return {column: row[column] for column in ("street", "city", "postcode", "phone")}


@pytest.fixture(scope="module")
def days() -> Iterator[list[dict[str, Any]]]:
    """Each day's tables after a run over what changed and after one over everything, from one model."""
    rows = first_rows()
    with closing(opened()) as some, closing(opened()) as all_:
        found = []
        before: Rows = {}
        for batch in range(BATCHES + 1):
            day = FIRST_DAY + timedelta(days=batch)
            before |= rows
            rows = changed(rows, batch) if batch else rows
            gone = [key for key in before if key not in rows][:30:3]
            decisions = some_of_many(before | rows, gone, batch)
            summary = run(some, rows, day, decisions)
            store.forget(all_)
            run(all_, dict(reversed(rows.items())), day, decisions.reverse())
            found.append(
                {
                    "rows": rows,
                    "summary": summary,
                    "some": {name: table(some, name) for name in TABLES},
                    "all": {name: table(all_, name) for name in TABLES},
                    "store": {
                        name: some.sql(query).pl()
                        for name, query in {
                            "record": "select source_name, source_customer_id from identity_store.record",
                            "lost": """
                                select record_no from (select record_no from identity_store.key
                                    union all select left_no from identity_store.edge
                                    union all select right_no from identity_store.edge
                                    union all select record_no from identity_store.membership)
                                anti join identity_store.record using (record_no)""",
                        }.items()
                    },
                }
            )
        yield found


@pytest.mark.parametrize("name", TABLES)
def test_a_run_over_what_changed_leaves_what_a_run_over_everything_leaves(
    days: list[dict[str, Any]], name: str
) -> None:
    for day in days:
        some, every = day["some"][name], day["all"][name]
        if name == "identity_event":
            # What had changed is not known to a run that knows no yesterday.
            some, every = (events.with_columns(pl.col("cause").str.split(":").list.first()) for events in (some, every))
        assert_frame_equal(some, every, check_exact=True)


def test_only_what_changed_is_judged(days: list[dict[str, Any]]) -> None:
    """And the days are no easy ones: customers merge, split, begin and end."""
    for day in days[1:]:
        assert day["summary"].records_due < 0.35 * day["summary"].records
        assert day["summary"].estimated == {}
        assert day["summary"].kinds[0].method == "kept model"
    kinds = set(days[-1]["some"]["identity_event"].filter(pl.col("as_of_date") > FIRST_DAY)["kind"])
    assert kinds == {"new", "merged", "split", "retired"}
    causes = days[-1]["some"]["identity_event"].filter(pl.col("cause").str.starts_with("decision "))
    assert set(causes["kind"]) == {"merged", "split"}
