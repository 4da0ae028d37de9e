"""What a value is once its spelling no longer matters, and that comparing two records has no left and right."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from models.identity import normalise, settings
from models.identity.settings import ORGANISATION, PERSON, IdentityConfig, RecordKind
from tests.identity.records import customer, frame, retailer

AS_OF = date(2017, 12, 31)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        yield connection


def normalised(con: duckdb.DuckDBPyConnection, **values: Any) -> dict[str, Any]:
    records = frame(customer("1", **values))
    normalise.normalise(con, records, AS_OF, IdentityConfig())
    return con.sql(f"select * from {normalise.RECORDS}").pl().row(0, named=True)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"full_name": "Dr. Zoë O’Neil"}, ("zoe", [], "oneil")),
        ({"full_name": "Lee, Ann Marie"}, ("ann", ["marie"], "lee")),
        ({"full_name": "Ann Marie Lee"}, ("ann", ["marie"], "lee")),
        ({"first_name": "Jan", "last_name": "van den Berg"}, ("jan", [], "vandenberg")),
        ({"first_name": "Bjørn", "last_name": "Strauß"}, ("bjorn", [], "strauss")),
        ({"first_name": "-", "last_name": "N/A"}, (None, [], None)),
        ({"full_name": "Madonna"}, (None, [], "madonna")),
    ],
)
def test_names(con: duckdb.DuckDBPyConnection, typed: dict[str, str], expected: tuple[Any, ...]) -> None:
    row = normalised(con, **typed)
    assert (row["given_name"], row["middle_names"], row["family_name"]) == expected


@pytest.mark.parametrize(
    ("column", "typed", "expected"),
    [
        ("email", " Ann.Lee+x@GoogleMail.com ", "annlee@gmail.com"),
        ("email", "ann.lee@x.example", "ann.lee@x.example"),
        ("email", "ann.lee", None),
        ("email", "noreply@shop.example", None),
        ("phone", "(0)7700 900123", "447700900123"),
        ("phone", "0044 7700 900123", "447700900123"),
        ("phone", "+1 212-555-0101", "12125550101"),
        ("phone", "12345", None),
        ("phone", "07777777777", None),
        ("postcode", "sw1a 1aa", "SW1A1AA"),
        ("postcode", "00000", None),
        ("birth_date", date(1900, 1, 1), None),
        ("birth_date", date(2018, 1, 1), None),
        ("birth_date", date(1980, 5, 17), date(1980, 5, 17)),
    ],
)
def test_values(con: duckdb.DuckDBPyConnection, column: str, typed: Any, expected: Any) -> None:
    assert normalised(con, **{column: typed})[column] == expected


def test_the_country_tells_how_a_phone_is_dialled(con: duckdb.DuckDBPyConnection) -> None:
    assert normalised(con, phone="(212) 555-0101", country_code="US")["phone"] == "12125550101"


@pytest.mark.parametrize("typed", ["4 Oak Street", "Flat 9, 4 Oak Street", "4 oak st.", "4 Oak St Apt 9"])
def test_streets(con: duckdb.DuckDBPyConnection, typed: str) -> None:
    row = normalised(con, street=typed)
    assert (row["house_number"], row["street_name"]) == ("4", "oakst")


def test_a_birth_date_that_far_too_many_have_is_a_placeholder(con: duckdb.DuckDBPyConnection) -> None:
    born = [date(1980, 1, 2)] * 12 + [date(1950, 1, day) for day in range(2, 30)]
    records = frame(*(customer(str(no), birth_date=day) for no, day in enumerate(born)))
    nulled = normalise.normalise(con, records, AS_OF, IdentityConfig(common_birth_date_factor=5))
    # 40 dates of 29 kinds: the mean is 1.4, and 12 is more than five times that.
    assert [(value.column, value.reason, value.record_count) for value in nulled] == [("birth_date", "shared", 12)]


@pytest.mark.parametrize("kind", [PERSON, ORGANISATION], ids=lambda kind: kind.name)
def test_comparisons_and_refusals_have_no_left_and_right(con: duckdb.DuckDBPyConnection, kind: RecordKind) -> None:
    records, _ = retailer(households=60)
    normalise.normalise(con, records, AS_OF, IdentityConfig())

    def swapped(condition: str) -> str:
        return re.sub(r"_([lr])\b", lambda found: "_r" if found[1] == "l" else "_l", condition)

    columns = [name for name, *_ in con.sql(f"describe {normalise.RECORDS}").fetchall()]
    pairs = ", ".join(f"a.{name} as {name}_l, b.{name} as {name}_r" for name in columns)
    conditions = [
        *(level.condition for comparison in kind.comparisons for level in comparison.levels[:-1]),
        *(comparison.null_condition for comparison in kind.comparisons),
        *(refusal.condition for refusal in kind.refusals),
    ]
    for condition in conditions:
        differing = con.sql(
            f"""
            with pair as (
                select {pairs} from {normalise.RECORDS} a join {normalise.RECORDS} b on a.record_no < b.record_no
            )
            select count(*) from pair
            where coalesce(({condition}), false) <> coalesce(({swapped(condition)}), false)
            """
        ).fetchall()
        assert differing == [(0,)], condition


def test_a_key_that_too_many_share_is_dropped(con: duckdb.DuckDBPyConnection) -> None:
    """Six Anns of Leeds, three of each birth date and e-mail: three or six share whatever they share, and only
    an e-mail may be shared by three."""
    rows = [
        customer(str(no), city="Leeds", first_name="Ann", birth_date=date(1980, 1, 2 + no % 2), email=f"{no % 2}@b.com")
        for no in range(6)
    ]
    config = IdentityConfig(key_size_limit=2, identifying_key_size_limit=3)
    normalise.normalise(con, frame(*rows), AS_OF, config)
    normalise.write_keys(con, settings.PERSON, normalise.RECORDS, "given_key")
    con.register("crowded", normalise.crowded_keys(con, settings.PERSON, "given_key", config).to_arrow())
    useful = con.sql("select key, count(*) as n from given_key anti join crowded using (key) group by key").fetchall()
    assert [(normalise.key_names(settings.PERSON, [key])[0], n) for key, n in useful] == [("email", 3), ("email", 3)]


def test_the_first_of_january_is_a_year_and_no_placeholder(con: duckdb.DuckDBPyConnection) -> None:
    born = [date(1980, 1, 1)] * 30 + [date(1950, 1, day) for day in range(2, 30)]
    records = frame(*(customer(str(no), birth_date=day) for no, day in enumerate(born)))
    assert normalise.normalise(con, records, AS_OF, IdentityConfig(common_birth_date_factor=5)) == []
    assert con.sql(f"select count(*) from {normalise.RECORDS} where is_year_only").fetchall() == [(30,)]


def test_tokens_of_a_name_by_how_few_have_them(con: duckdb.DuckDBPyConnection) -> None:
    """Four names: lee is in three of them, ann in two, the others in one."""
    names = ("Ann Lee", "Bo Lee", "Ann Cy Lee", "Di Ray")
    rows = [customer(str(no), full_name=name) for no, name in enumerate(names)]
    config = IdentityConfig(rare_name_share=0.3, uncommon_name_share=0.6, frequent_name_share=0.7)
    normalise.normalise(con, frame(*rows), AS_OF, config)
    found = con.sql(
        f"select tokens, rare_tokens, uncommon_tokens, infrequent_tokens from {normalise.RECORDS} order by record_no"
    ).fetchall()
    assert found[0] == (["ann", "lee"], [], ["ann"], ["ann"])
    assert found[2] == (["ann", "cy", "lee"], ["cy"], ["ann", "cy"], ["ann", "cy"])
    assert found[3] == (["di", "ray"],) + (["di", "ray"],) * 3
