"""SQL reads the common values as the libraries do, and the libraries read what it leaves."""

from contextlib import closing
from datetime import date
from typing import Any

import duckdb
import phonenumbers
import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from nameparser import HumanName

from demo.persons import make_persons
from models.identity import IdentityConfig, libraries, normalise
from models.identity.normalise import INPUT_SCHEMA, OPTIONAL_COLUMNS
from models.identity.settings import OwnContact
from tests.identity.records import customer, frame

AS_OF = date(2017, 12, 31)
# No value is nulled for being shared: here every one is looked at.
READ_ALL = IdentityConfig(shared_value_limit=1_000_000)


def normalised(records: pl.DataFrame, config: IdentityConfig = READ_ALL) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Normalised records in the order of their keys; what the libraries were asked and what was nulled."""
    with closing(duckdb.connect(":memory:")) as con:
        nulled = normalise.normalise(con, records, AS_OF, config)
        rows = con.sql(f"select * from {normalise.RECORDS} order by record_no").pl().to_dicts()
        shares = {share.field: share for share in libraries.shares(con)}
    counts = {(value.column, value.reason): value.record_count for value in nulled}
    return rows, {"shares": shares, "nulled": counts}


@pytest.fixture(scope="module")
def people() -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]:
    """Some thousand records of the demo's people as written, as SQL reads them, and how many a library was asked."""
    _, records = make_persons(1_200, seed=5)
    names = {"brand": "b", "record_kind": "person"}
    whole = records.select(
        (pl.col(name) if name in records.columns else pl.lit(names.get(name))).cast(kind).alias(name)
        for name, kind in INPUT_SCHEMA.items()
    ).sort("source_name", "source_customer_id")
    rows, found = normalised(whole)
    return whole.to_dicts(), rows, found


def test_sql_alone_reads_the_demos_values(people: tuple[Any, ...]) -> None:
    *_, found = people
    shares = found["shares"]
    assert shares["phone"].value_count > 1_500
    assert (shares["phone"].asked_count, shares["country_code"].asked_count, shares["letters"].asked_count) == (0, 0, 0)
    assert shares["email"].asked_count / shares["email"].value_count < 0.01


def test_phones_are_what_phonenumbers_makes_of_them(people: tuple[Any, ...]) -> None:
    written, rows, _ = people
    phones = {(row["phone"], row["country_code"]): own["phone"] for row, own in zip(written, rows, strict=True)}
    expected = {}
    for text, country in phones:
        if text is not None:
            number = phonenumbers.parse(text, country)
            expected[text, country] = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    assert {key: value for key, value in phones.items() if key[0] is not None} == expected


def test_emails_are_what_email_validator_makes_of_them(people: tuple[Any, ...]) -> None:
    """But for an address with two points in a row, which is none. It is kept: a typing error names its person still."""
    written, rows, _ = people
    emails = {row["email"]: own["email"] for row, own in zip(written, rows, strict=True) if row["email"] is not None}
    differing = set()
    for text, own in emails.items():
        try:
            valid = validate_email(text.strip(), check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            valid = None
        if valid != own:
            differing.add(text)
    assert all(".." in text for text in differing)
    assert len(differing) <= 0.01 * len(emails)


def test_whole_names_are_what_nameparser_makes_of_them(people: tuple[Any, ...]) -> None:
    """Given and family name of first and last names written as one."""
    written, _, _ = people
    names = sorted(
        {f"{row['first_name']} {row['last_name']}" for row in written if row["first_name"] and row["last_name"]}
    )
    rows, _ = normalised(frame(*(customer(f"{at:05}", full_name=name) for at, name in enumerate(names))))
    differing = []
    for name, row in zip(names, rows, strict=True):
        parsed = HumanName(name)
        expected = one_word(parsed.first), one_word(parsed.last)
        if (row["given_name"], row["family_name"]) != expected:
            differing.append((name, row["given_name"], row["family_name"], *expected))
    assert differing == []


def one_word(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


# What is written, and what of it is compared.
HARD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # The zero of an Italian number belongs to it, the six of a Hungarian and the eight of a Russian do not.
    ({"phone": "06 1234 5678", "country_code": "IT"}, {"phone": "390612345678"}),
    ({"phone": "06 1 234 5678", "country_code": "HU"}, {"phone": "3612345678"}),
    ({"phone": "8 (912) 345-67-89", "country_code": "RU"}, {"phone": "79123456789"}),
    ({"phone": "+44 07700 900123", "country_code": "US"}, {"phone": "447700900123"}),
    ({"phone": "07700 900123 ext. 12"}, {"phone": "447700900123"}),
    ({"phone": "07700 900123 / 0113 496 0000"}, {"phone": "447700900123"}),
    ({"phone": "1-800-FLOWERS", "country_code": "US"}, {"phone": "18003569377"}),
    ({"phone": "07700 900123", "country_code": "United Kingdom"}, {"phone": "447700900123", "country_code": "GB"}),
    ({"phone": "030 123456", "country_code": "Deutschland"}, {"phone": "4930123456", "country_code": "DE"}),
    # No number at all: left as SQL reads it, which asks for seven digits.
    ({"phone": "12345"}, {"phone": None}),
    ({"email": "Ann Lee <Ann.Lee@x.example>"}, {"email": "ann.lee@x.example"}),
    ({"email": "ann@x.example; office@x.example"}, {"email": "ann@x.example"}),
    ({"email": "ann@münchen.example"}, {"email": "ann@xn--mnchen-3ya.example"}),
    ({"email": "ann@x.example."}, {"email": "ann@x.example"}),
    ({"email": "mailto:ann@x.example"}, {"email": "ann@x.example"}),
    ({"email": "ann.lee+news@gmail.com"}, {"email": "annlee@gmail.com"}),
    ({"email": "ann.lee@proton.me"}, {"email": "annlee@proton.me"}),
    ({"email": "ann@hotmial.com"}, {"email": "ann@hotmail.com"}),
    ({"email": "ann at x.example"}, {"email": None}),
    ({"full_name": "Ludwig van Beethoven"}, {"given_name": "ludwig", "family_name": "vanbeethoven"}),
    ({"full_name": "Juan Carlos de la Vega"}, {"given_name": "juan", "family_name": "delavega"}),
    ({"full_name": 'Robert "Bob" Smith'}, {"given_name": "robert", "family_name": "smith", "middle_names": ["bob"]}),
    ({"full_name": "Lee, Ann, Jr."}, {"given_name": "ann", "family_name": "lee"}),
    ({"full_name": "Dr. Jan van den Berg"}, {"given_name": "jan", "family_name": "vandenberg"}),
    ({"full_name": "Ann Lee MBE"}, {"given_name": "ann", "family_name": "lee"}),
    ({"full_name": "Zoë Müller"}, {"given_name": "zoe", "family_name": "muller"}),
    ({"full_name": "Иван Петров"}, {"given_name": "ivan", "family_name": "petrov"}),
    ({"full_name": "Γιώργος Παπάς"}, {"given_name": "giorgos", "family_name": "papas"}),
    ({"first_name": "Иван", "last_name": "Петров"}, {"given_name": "ivan", "family_name": "petrov"}),
    ({"street": "ул. Ленина 4", "city": "Москва"}, {"house_number": "4", "city": "moskva"}),
    ({"tax_id": "980 7806 84"}, {"tax_id": "GB980780684"}),
    ({"tax_id": "gb980780684", "country_code": None}, {"tax_id": "GB980780684"}),
    ({"tax_id": "DE 136,695 976"}, {"tax_id": "DE136695976"}),
    # The last digit is wrong; of an American number no check digit is known.
    ({"tax_id": "DE136695978"}, {"tax_id": None}),
    ({"tax_id": "12-3456789", "country_code": "US"}, {"tax_id": "123456789"}),
    ({"country_code": "gb"}, {"country_code": "GB"}),
    ({"country_code": "GBR"}, {"country_code": "GB"}),
    ({"country_code": "UK"}, {"country_code": "GB"}),
    ({"country_code": "Narnia"}, {"country_code": "NARNIA"}),
    ({"birth_place": "São Paulo"}, {"birth_place": "saopaulo"}),
]


@pytest.fixture(scope="module")
def hard_rows() -> list[dict[str, Any]]:
    rows = [customer(f"{at:02}", **written) for at, (written, _) in enumerate(HARD)]
    found, _ = normalised(pl.DataFrame(rows, schema=INPUT_SCHEMA | OPTIONAL_COLUMNS))
    return found


@pytest.mark.parametrize("at", range(len(HARD)), ids=lambda at: "-".join(map(str, HARD[at][0].values())))
def test_hard_values(hard_rows: list[dict[str, Any]], at: int) -> None:
    _, expected = HARD[at]
    assert {column: hard_rows[at][column] for column in expected} == expected


def test_what_a_library_was_asked_is_counted_by_distinct_value() -> None:
    rows = [customer(str(at), phone="06 1234 5678", country_code="IT") for at in range(3)]
    _, found = normalised(frame(*rows, customer("9", phone="07700 900123", tax_id="DE136695978")))
    phone, tax = found["shares"]["phone"], found["shares"]["tax_id"]
    assert (phone.value_count, phone.asked_count, phone.rewritten_count) == (2, 1, 1)
    assert (tax.asked_count, tax.rewritten_count) == (1, 1)
    assert found["nulled"] == {("tax_id", "invalid"): 1}


def test_the_shops_own_contacts_are_no_customers() -> None:
    """However they are spelt; a neighbour's address and another number are customers'."""
    own = OwnContact("info@shop.example", "0113 496 0000", "1 High St", "LS1 1AA", "GB")
    rows, found = normalised(
        frame(
            customer(
                "1", email="Info@shop.example ", phone="+44 (0)113 496 0000", street="1 High Street", postcode="ls11aa"
            ),
            customer("2", email="ann@shop.example", phone="0113 496 0001", street="2 High Street", postcode="LS1 1AA"),
        ),
        IdentityConfig(own_contacts=(own,)),
    )
    kept = [(row["email"], row["phone"], row["postcode"], row["house_number"]) for row in rows]
    assert kept == [(None, None, None, None), ("ann@shop.example", "441134960001", "LS11AA", "2")]
    assert found["nulled"] == {("email", "own"): 1, ("phone", "own"): 1, ("postcode", "own"): 1}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 North Main Avenue", "12 N. Main Ave"),
        ("4 St. James Court, Flat 2", "flat 2, 4 saint james ct"),
        ("221B Baker Street", "221b Baker St"),
        ("7 Rue de l'Église", "7, rue de l’Eglise"),
    ],
)
def test_one_address_abbreviated(one: str, other: str) -> None:
    rows, _ = normalised(frame(customer("1", street=one), customer("2", street=other)))
    assert rows[0]["house_number"] == rows[1]["house_number"]
    assert rows[0]["street_name"] == rows[1]["street_name"]
