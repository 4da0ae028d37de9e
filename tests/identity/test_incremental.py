"""A run over what changed leaves what a run over everything leaves: ids, golden records, households, links, events."""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.identity import IdentityConfig, IdentitySummary, create_tables, store, summarise, update
from models.identity.decisions import HumanInput
from models.identity.settings import PERSON
from models.identity.summary import sizes
from tests.identity.judgements import human, some_of_many
from tests.identity.records import FAMILY_NAMES, GIVEN_NAMES, customer, frame, retailer

CONFIG = IdentityConfig(random_pairs=20_000, common_birth_date_factor=6)
FIRST_DAY = date(2017, 12, 1)
BATCHES = 5
NO_DECISION = HumanInput.none().decisions
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
        return summarise(computed)


def opened() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:", config={"threads": 1})
    create_tables(con)
    return con


def table(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    return con.sql(f"select * from {name} order by all").pl()


def first_rows() -> Rows:
    persons, _ = retailer(households=150)
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
    if batch == 1:
        for no, key in enumerate(rng.sample(left, 9)):
            now[key]["email"] = "desk@shop.example"
            like = customer(f"desk{no}", **_address(now[key]), email="desk@shop.example")
            now[f"desk{no}"] = like | {"first_name": now[key]["first_name"], "last_name": now[key]["last_name"]}
    if batch == 3:
        holders = [key for key in now if now[key]["email"] == "desk@shop.example"]
        for key in holders[4:]:
            now[key]["email"] = None
    if batch == 2:
        cards = [key for key in left if rng.random() < 0.1]
        for key in cards:
            now[key]["loyalty_number"] = f"L{key}"
        for key in cards[::2]:
            now[f"L{key}"] = dict(now[key]) | {"source_customer_id": f"L{key}", "source_name": "loyalty"}
        for no in range(14):
            like = now[rng.choice(left)]
            now[f"born{no}"] = like | {"source_customer_id": f"born{no}", "birth_date": date(1961, 2, 3)}
    if batch == 3:
        for key in [key for key in now if key.startswith("L")][::2]:
            del now[key]
        firm, unborn, *_ = (key for key in left if key in now)
        now[firm]["record_kind"] = "organisation"
        now[unborn]["birth_date"] = FIRST_DAY + timedelta(days=4)
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
                            "record": "select source_name, source_customer_id from identity_store.record order by all",
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
    """And the days are no easy ones: customers begin, merge, split and end, values come to stand for many and stop."""
    for day in days[1:]:
        assert day["summary"].records_due < 0.4 * day["summary"].records
        assert day["summary"].estimated == {}
        assert day["summary"].kinds[0].method == "kept model"
    events = days[-1]["some"]["identity_event"].filter(pl.col("as_of_date") > FIRST_DAY)
    assert set(events["kind"]) == {"new", "merged", "split", "retired"}
    decided = events.filter(pl.col("cause").str.starts_with("decision "))
    assert set(decided["kind"]) == {"merged", "split"}
    nulled = [{one.column for one in day["summary"].nulled_values if one.reason == "shared"} for day in days]
    assert nulled == [set(), {"email"}, {"email", "birth_date"}, {"birth_date"}, {"birth_date"}, set()]


def test_an_event_says_what_changed_and_the_strongest_pair(days: list[dict[str, Any]]) -> None:
    events = days[-1]["some"]["identity_event"]
    told = events.filter(pl.col("kind").is_in(["merged", "split"]) & ~pl.col("cause").str.starts_with("decision "))
    # Where a decision is withdrawn, or only a neighbour's record changed, none of theirs did.
    changes = told["cause"].str.split(": ").list.get(1, null_on_oob=True).drop_nulls()
    assert {"records came", "records changed"} <= set(changes)
    assert told.filter(pl.col("kind") == "merged")["evidence"].str.contains(r"^\+\d+\.\d bits: \w").all()
    assert events["run_id"].to_list() == [f"run-{day}" for day in events["as_of_date"]]


def open_rows(xref: pl.DataFrame, day: date) -> pl.DataFrame:
    """Which customer each record was on a day."""
    is_valid = (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))
    return xref.filter(is_valid).select("source_name", "source_customer_id", "customer_id")


def test_every_past_day_can_be_told_from_the_last(days: list[dict[str, Any]]) -> None:
    """By the validity of rows which customer each record was; by events alone which customers there were."""
    last = days[-1]["some"]
    for at, then in enumerate(days):
        day = FIRST_DAY + timedelta(days=at)
        known = open_rows(last["identity_xref"], day)
        assert_frame_equal(known, open_rows(then["some"]["identity_xref"], day))
        # A partner who was merged in Odoo goes on with the survivor's customer.
        assert set(zip(known["source_name"], known["source_customer_id"], strict=True)) >= {
            (row["source_name"], row["source_customer_id"]) for row in then["rows"].values()
        }
        happened = last["identity_event"].filter(pl.col("as_of_date") <= day)
        begun = happened.filter(pl.col("kind") == "new")["customer_id"].to_list()
        begun += happened.filter(pl.col("kind") == "split")["other_customer_id"].to_list()
        ended = happened.filter(pl.col("kind").is_in(["merged", "retired"]))["customer_id"].to_list()
        assert set(known["customer_id"]) == set(begun) - set(ended)


def test_a_record_that_is_gone_leaves_no_ghost(days: list[dict[str, Any]]) -> None:
    for day in days:
        keys = {(row["source_name"], row["source_customer_id"]) for row in day["rows"].values()}
        tables = day["some"]
        assert set(day["store"]["record"].rows()) == keys
        assert day["store"]["lost"].is_empty()
        links = tables["identity_link"]
        for side in ("left", "right"):
            ends = links.select(f"{side}_source_name", f"{side}_source_customer_id")
            assert set(ends.rows()) <= keys
        living = set(tables["identity_xref"].filter(pl.col("valid_to").is_null())["customer_id"])
        assert set(tables["identity_golden"]["customer_id"]) == living
        assert set(tables["identity_household"]["customer_id"]) == living


def test_a_model_is_estimated_where_records_are_enough_and_again_where_asked_or_of_no_use() -> None:
    """Of 120 records nothing is learnt; of 500 it is. A run by other limits judges all records, by the same model."""
    rows = first_rows()
    few = dict(list(rows.items())[:120])
    with closing(opened()) as con:
        assert run(con, few, FIRST_DAY, NO_DECISION).kinds[0].method == "starting weights"
        learnt = run(con, rows, FIRST_DAY + timedelta(days=1), NO_DECISION)
        assert learnt.kinds[0].method == "trained"
        assert set(learnt.estimated) == {"person"}
        query = "select model_version, as_of_date, reason from identity_model where record_kind = 'person'"
        [kept] = con.sql(query).fetchall()
        assert kept[1:] == (FIRST_DAY + timedelta(days=1), "too few records to learn from before")
        day = FIRST_DAY + timedelta(days=2)
        with update(con, "customer_record", day, seed=1, config=replace(CONFIG, cluster_size_limit=2)) as computed:
            assert (computed.is_whole, computed.estimated.keys()) == (True, {"organisation"})
            computed.write()
            assert sizes(computed, PERSON)["records"].max() == 2
        assert con.sql(query).fetchall() == [kept]
        with update(con, "customer_record", day, seed=2, config=CONFIG, reestimate_because="asked") as computed:
            computed.write()
        assert [reason for *_, reason in con.sql(f"{query} order by as_of_date").fetchall()] == [kept[2], "asked"]
        con.execute(
            "update identity_model set parameters_json = replace(parameters_json::varchar, '\"phone\"', '\"fax\"')"
        )
        summary = run(con, rows, FIRST_DAY + timedelta(days=3), NO_DECISION)
    assert summary.estimated == {"person": "the model of the person records compares other things than this release"}
