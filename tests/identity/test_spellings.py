"""What people do to names, and what Odoo does to contacts: who is one person all the same, and who is not."""

from datetime import date, timedelta
from typing import Any

import pytest

from models.identity import IdentityResult, PreviousIdentity, resolve
from tests.identity.records import current_ids, customer, frame, groups

AS_OF = date(2017, 12, 31)
# One name written in two ways.
ONE_PERSON: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "initial": ({"first_name": "A", "last_name": "Leebrook"}, {"first_name": "Ann", "last_name": "Leebrook"}),
    "order": ({"first_name": "Harford", "last_name": "Brian"}, {"first_name": "Brian", "last_name": "Harford"}),
    "family name in front": ({"full_name": "Dunley, Carla"}, {"full_name": "Carla Dunley"}),
    "one of two surnames": ({"full_name": "Pablo Garcia Lopez"}, {"full_name": "Pablo Garcia"}),
    "hyphen": ({"last_name": "Smith-Jones", "first_name": "Emma"}, {"full_name": "Emma Smith Jones"}),
    "particle": ({"first_name": "Jan", "last_name": "van den Berg"}, {"full_name": "Jan van den Berg"}),
    "particle in one word": ({"first_name": "Piet", "last_name": "Vandermeer"}, {"full_name": "Piet van der Meer"}),
    "diacritics": ({"full_name": "Zoë Núñez"}, {"full_name": "Zoe Nunez"}),
    "umlaut": ({"full_name": "Jürgen Müller"}, {"full_name": "Juergen Mueller"}),
    "other letters": ({"full_name": "Иван Петров"}, {"full_name": "Ivan Petrov"}),
    "nickname": ({"first_name": "Robert", "last_name": "Clayton"}, {"first_name": "Bob", "last_name": "Clayton"}),
    "title and suffix": ({"full_name": "Dr. Grace Hartwell MBE"}, {"full_name": "Grace Hartwell"}),
    "slip": ({"full_name": "Katherine Ivershaw"}, {"full_name": "Katherine Ivershwa"}),
}
# Of one house, and yet two.
TWO_PERSONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sister and brother": (
        {"full_name": "Irene Goodley", "birth_date": date(1990, 2, 3)},
        {"full_name": "Trevor Goodley", "birth_date": date(1993, 8, 21)},
    ),
    "father and son": (
        {"full_name": "Hugo Eastwell", "birth_date": date(1951, 6, 30)},
        {"full_name": "Hugo Eastwell", "birth_date": date(1979, 11, 12)},
    ),
}
EVERY_CASE = ONE_PERSON | TWO_PERSONS


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    """customer_id by record; each case has a house and a birth date of its own."""
    rows = [
        customer(
            f"{name}-{side}",
            street=f"{at + 1} Oak Street",
            city="Leeds",
            postcode=f"LS{at + 1} 4AB",
            **{"birth_date": date(1960, 3, 14) + timedelta(days=97 * at), **values},
        )
        for at, (name, pair) in enumerate(EVERY_CASE.items())
        for side, values in zip("ab", pair, strict=True)
    ]
    return current_ids(resolve(frame(*rows), PreviousIdentity.none(), AS_OF, seed=1))


@pytest.mark.parametrize("case", EVERY_CASE)
def test_spellings_of_a_name(ids: dict[str, str], case: str) -> None:
    assert (ids[f"{case}-a"] == ids[f"{case}-b"]) == (case in ONE_PERSON)


def resolved(*rows: dict[str, Any]) -> IdentityResult:
    return resolve(frame(*rows), PreviousIdentity.none(), AS_OF, seed=1)


def test_a_contact_of_a_company_is_not_the_company_nor_its_other_contact() -> None:
    """Odoo gives a child contact its parent's tax id, and often address, phone and e-mail."""
    shared = {
        "email": "office@firm.example", "phone": "0113 496 0000", "street": "1 High Street", "city": "Leeds",
        "postcode": "LS1 1AA", "tax_id": "GB980780684",
    }  # fmt: skip
    result = resolved(
        customer("firm", "odoo", full_name="Lee Ltd", record_kind="organisation", **shared),
        customer("ann", "odoo", full_name="Ann Lee", parent_source_customer_id="firm", **shared),
        customer("bo", "odoo", full_name="Bo Marsh", parent_source_customer_id="firm", **shared),
        # The shop knows Ann as well.
        customer("shop ann", "shop", full_name="Ann Lee", email="office@firm.example", postcode="LS1 1AA"),
    )
    assert groups(result) == {frozenset({"firm"}), frozenset({"ann", "shop ann"}), frozenset({"bo"})}
    kinds = dict(result.identity_golden.select("full_name", "record_kind").rows())
    assert kinds == {"Lee Ltd": "organisation", "Ann Lee": "person", "Bo Marsh": "person"}


def test_an_address_of_a_person_in_odoo_is_the_person() -> None:
    """A delivery address is a child of its own, with the person's name or none."""
    ann = {"email": "ann@x.example", "phone": "07700 900123"}
    result = resolved(
        customer("1", "odoo", full_name="Ann Lee", street="4 Oak Street", postcode="LS1 4AB", **ann),
        customer("2", "odoo", full_name="Ann Lee", parent_source_customer_id="1", street="9 Mill Road", **ann),
    )
    assert groups(result) == {frozenset({"1", "2"})}


def test_values_as_odoo_leaves_them_empty_link_nobody() -> None:
    """cases.md B19: an empty string and False both come for a value that is not set."""
    result = resolved(
        customer("1", "odoo", full_name="Ada North", email="", phone="False"),
        customer("2", "odoo", full_name="Ben South", email="False", phone=""),
        customer("3", "odoo", full_name="Cy East", email="false", phone="False"),
    )
    assert result.summary.customers == 3
    nulled = {(value.column, value.reason): value.record_count for value in result.summary.nulled_values}
    assert nulled == {("email", "placeholder"): 3, ("phone", "placeholder"): 3}
