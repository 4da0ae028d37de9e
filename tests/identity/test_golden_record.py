"""Which record's value a customer is shown with, and how the tables say so."""

from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl
import pytest

from models.identity import IdentityConfig, PreviousIdentity, normalise, resolve
from models.identity.golden_record import GoldenRecords, golden_records
from models.identity.normalise import INPUT_SCHEMA, OPTIONAL_COLUMNS
from models.identity.settings import GOLDEN_RULES, GoldenRule
from tests.identity.records import customer, frame

OLD, MIDDLE, NEW = datetime(2015, 1, 1), datetime(2016, 1, 1), datetime(2017, 1, 1)
AS_OF = date(2017, 12, 31)


def golden_of(
    assigned: dict[str, str], *rows: dict[str, Any], config: IdentityConfig | None = None, only: set[str] | None = None
) -> GoldenRecords:
    """Golden records where `assigned` says whose each record is, of `only` some of the customers."""
    config = config or IdentityConfig()
    records = pl.DataFrame(list(rows), schema=INPUT_SCHEMA | OPTIONAL_COLUMNS)
    with closing(duckdb.connect(":memory:")) as con:
        normalise.normalise(con, records, AS_OF, config)
        keys = records.select(
            "source_name",
            "source_customer_id",
            pl.col("source_customer_id").replace_strict(assigned).alias("customer_id"),
        )
        kept = keys if only is None else keys.filter(pl.col("customer_id").is_in(only))
        return golden_records(con, kept, config)


def golden(*rows: dict[str, Any], config: IdentityConfig | None = None) -> dict[str, Any]:
    """The one customer that all rows are, with `sources`: by field the record and the rule."""
    found = golden_of({row["source_customer_id"]: "C1" for row in rows}, *rows, config=config)
    sources = {row["field"]: (row["source_customer_id"], row["rule"]) for row in found.sources.iter_rows(named=True)}
    return found.records.row(0, named=True) | {"sources": sources}


def test_the_loyalty_account_names_the_customer_and_the_newest_value_reaches_them() -> None:
    best = golden(
        customer("77", "loyalty", first_name="Ann", last_name="Lee", loyalty_number="77", updated_at=OLD),
        customer("1", "shop", first_name="ANN", last_name="LEE", phone="07700 900123", updated_at=NEW),
    )
    assert (best["first_name"], best["last_name"], best["full_name"]) == ("Ann", "Lee", "Ann Lee")
    assert best["phone"] == "07700 900123"
    assert (best["record_count"], best["source_count"]) == (2, 2)
    # ANN LEE is no other name: nothing had to be decided.
    assert best["sources"] == {
        "name": ("77", "only_value"), "phone": ("1", "only_value"), "address": ("1", "only_value"),
    }  # fmt: skip


# Three records, oldest first: each rule would have another of them.
NAMES = [
    customer("1", "till", first_name="Ann", last_name="Lee", updated_at=OLD),
    customer("2", "till", first_name="Ann", last_name="Lee", updated_at=OLD),
    customer("3", "shop", first_name="Annabella", last_name="Lee", updated_at=MIDDLE),
    customer("4", "odoo", first_name="A", last_name="Lee", updated_at=NEW),
    customer("5", "app", first_name="Anne", last_name="Lee", updated_at=OLD, verified_fields=["name"]),
]


@pytest.mark.parametrize(
    ("rules", "shown", "record"),
    [
        (["most_recent"], "A", "4"),
        (["longest"], "Annabella", "3"),
        (["most_frequent"], "Ann", "1"),
        (["verified"], "Anne", "5"),
        (["most_trusted"], "Ann", "1"),
    ],
)
def test_each_rule_chooses_its_record_and_is_named(rules: list[GoldenRule], shown: str, record: str) -> None:
    config = IdentityConfig(trusted_sources=("till", "odoo"), golden={**GOLDEN_RULES, "name": tuple(rules)})
    best = golden(*NAMES, config=config)
    assert (best["first_name"], best["sources"]["name"]) == (shown, (record, rules[0]))


def test_a_tie_falls_to_the_next_rule_and_the_last_to_the_newest_record() -> None:
    """All but an initial are complete names, and a tie is told by the rule that ends it."""
    complete = replace(IdentityConfig(), golden={**GOLDEN_RULES, "name": ("complete",)})
    assert golden(*NAMES, config=complete)["sources"]["name"] == ("3", "most_recent")
    then_longest = replace(complete, golden={**GOLDEN_RULES, "name": ("complete", "longest")})
    assert golden(*NAMES, config=then_longest)["sources"]["name"] == ("3", "longest")
    assert golden(NAMES[0], NAMES[3], config=complete)["sources"]["name"] == ("1", "complete")


def test_configured_trust_comes_before_recency() -> None:
    rows = [
        customer("1", "till", first_name="Ann", last_name="Lee", updated_at=OLD),
        customer("2", "shop", first_name="Anne", last_name="Lee", updated_at=NEW),
    ]
    assert golden(*rows)["first_name"] == "Anne"
    assert golden(*rows, config=IdentityConfig(trusted_sources=("till",)))["first_name"] == "Ann"


def test_an_address_is_never_put_together_from_two_records() -> None:
    best = golden(
        customer("1", full_name="Ann Lee", street="4 Oak Street", city="Leeds", postcode="LS1 4AB", updated_at=OLD),
        customer("2", full_name="Ann Lee", city="York", updated_at=NEW),
    )
    assert (best["street"], best["city"], best["postcode"]) == ("4 Oak Street", "Leeds", "LS1 4AB")
    assert best["sources"]["address"] == ("1", "complete")


def test_an_initial_gives_way_to_a_name_and_a_placeholder_to_any_value() -> None:
    best = golden(
        customer("1", first_name="Ann", last_name="Lee", phone="07700 900123", updated_at=OLD),
        customer("2", first_name="A", last_name="Lee", phone="0000000000", updated_at=NEW),
    )
    assert (best["first_name"], best["phone"]) == ("Ann", "07700 900123")


def test_one_refusal_is_a_refusal_and_silence_is_none() -> None:
    yes = customer("1", full_name="Ann Lee", has_marketing_consent=True)
    no = customer("2", full_name="Ann Lee", has_marketing_consent=False, updated_at=OLD)
    silent = customer("3", full_name="Ann Lee")
    refused = golden(yes, no, silent)
    assert refused["has_marketing_consent"] is False
    assert refused["sources"]["has_marketing_consent"] == ("2", "strictest")
    assert golden(yes, silent)["has_marketing_consent"] is True
    assert golden(silent)["has_marketing_consent"] is None
    assert "has_marketing_consent" not in golden(silent)["sources"]


def test_some_customers_alone_are_as_they_are_among_all() -> None:
    assigned = {"1": "C1", "2": "C2", "3": "C1", "4": "C2", "5": "C3"}
    rows = [row | {"email": f"{row['first_name']}@x.example"} for row in NAMES]
    every = golden_of(assigned, *rows)
    some = golden_of(assigned, *rows, only={"C2"})
    assert some.records.equals(every.records.filter(pl.col("customer_id") == "C2"))
    assert some.sources.equals(every.sources.filter(pl.col("customer_id") == "C2"))


def test_a_run_keeps_which_record_each_value_is_from() -> None:
    result = resolve(frame(customer("1", full_name="Ann Lee")), PreviousIdentity.none(), AS_OF, seed=1)
    (customer_id,) = result.identity_golden["customer_id"]
    assert result.identity_golden_source.rows() == [
        (customer_id, "address", "shop", "1", "only_value"),
        (customer_id, "name", "shop", "1", "only_value"),
    ]
