"""Who is one person: placeholders, guests, households, organisations, and what resolving must not depend on."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.identity import IdentityConfig, IdentityResult, PreviousIdentity, resolve
from models.identity.evaluation import evaluate
from tests.identity.records import customer, frame, groups, retailer

AS_OF = date(2017, 12, 31)
BORN = date(1980, 5, 17)
FEW_PAIRS = IdentityConfig(random_pairs=100_000)
HOME = {"street": "4 Oak Street", "city": "Leeds", "postcode": "LS1 4AB"}


def resolved(*rows: dict[str, object]) -> IdentityResult:
    return resolve(frame(*rows), PreviousIdentity.none(), AS_OF, seed=1)


def nulled(result: IdentityResult) -> dict[tuple[str, str], int]:
    return {(value.column, value.reason): value.record_count for value in result.summary.nulled_values}


def test_guest_with_a_new_id_is_the_customer_with_the_same_name_and_email() -> None:
    """cases.md B06: customers 11 and 12 are one, and why is on record; orders without a customer have no record."""
    result = resolved(
        customer("11", first_name="Ann", last_name="Lee", email="ann@x.example"),
        customer("12", first_name="Ann", last_name="Lee", email="Ann@X.example"),
    )
    assert groups(result) == {frozenset({"11", "12"})}
    link = result.identity_link.row(0, named=True)
    assert (link["left_source_customer_id"], link["right_source_customer_id"]) == ("11", "12")
    assert link["match_probability"] > 0.9


def test_records_that_carry_nothing_stay_alone() -> None:
    """cases.md B06: orders O1 and O4 are above all not one person together."""
    result = resolved(customer("O1", email=""), customer("O4"), customer("O5", email=""))
    assert groups(result) == {frozenset({"O1"}), frozenset({"O4"}), frozenset({"O5"})}
    assert result.summary.pairs_scored == 0


def test_blank_and_placeholder_values_link_nobody() -> None:
    """cases.md B19: eight persons."""
    result = resolved(
        customer("1", full_name="Ada North", email="", phone=""),
        customer("2", full_name="Ben South", email="", phone=""),
        customer("3", full_name="Cy East", email="", phone=""),
        customer("4", full_name="Dee West", email="guest@shop.example", phone="0000000000"),
        customer("5", full_name="Eve Hill", email="guest@shop.example", phone="0000000000"),
        customer("6", full_name="Fay Lake"),
        customer("7", full_name="Gus Moor"),
        customer("8", full_name="Hal Ford", email="n/a", phone="-"),
    )
    assert result.summary.customers == 8
    assert nulled(result) == {("email", "placeholder"): 6, ("phone", "placeholder"): 6}


def test_a_value_that_many_names_carry_is_no_evidence() -> None:
    names = ("Ada North", "Ben South", "Cy East", "Dee West", "Eve Hill", "Fay Lake", "Gus Moor")
    rows = [customer(name, full_name=name, email="till@shop.example.com") for name in names]
    rows.append(customer("Ann", full_name="Ann North", email="till@shop.example.com"))
    # Seven (initial, surname) pairs, A North twice: over the limit of six.
    result = resolved(*rows)
    assert nulled(result)["email", "shared"] == 8
    # The two Norths, for their name.
    assert (result.summary.pairs_scored, result.summary.customers) == (1, 8)
    kept = resolve(frame(*rows), PreviousIdentity.none(), AS_OF, seed=1, config=IdentityConfig(shared_value_limit=7))
    assert ("email", "shared") not in nulled(kept)


def test_two_people_of_a_household_share_email_phone_and_address() -> None:
    contact = {"email": "lee@mail.example.com", "phone": "07700 900123", **HOME}
    result = resolved(
        customer("ann", first_name="Ann", last_name="Lee", **contact),
        customer("ann2", first_name="Ann", last_name="Lee", **contact),
        customer("rob", first_name="Robert", last_name="Lee", **contact),
        customer("bob", first_name="Bob", last_name="Lee", **contact),
    )
    assert groups(result) == {frozenset({"ann", "ann2"}), frozenset({"rob", "bob"})}


def test_father_and_son_of_one_name_have_two_birth_dates() -> None:
    result = resolved(
        customer("father", first_name="John", last_name="Lee", birth_date=date(1950, 3, 9), **HOME),
        customer("son", first_name="John", last_name="Lee", birth_date=date(1981, 7, 21), **HOME),
    )
    assert result.summary.customers == 2


ANN = {"first_name": "Ann", "last_name": "Lee", "phone": "07700 900123", **HOME}


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        ({"first_name": "Beth", "last_name": "Hart"}, False),
        ({"first_name": "Carl", "last_name": "Dunwell"}, False),
        ({"first_name": "Ann", "last_name": "Hart"}, True),
    ],
    ids=["twins", "neighbours born on one day", "the same person"],
)
def test_a_small_shop_tells_apart_people_of_one_house_and_birth_date(other: dict[str, str], is_one: bool) -> None:
    """Too few records to learn from: the starting weights decide."""
    same = {
        "birth_date": date(1980, 5, 17), "street": "12 Oak Street", "city": "Leeds", "postcode": "AB1 2CD",
        "email": "hart@post.example" if other["last_name"] == "Hart" else None,
    }  # fmt: skip
    first = customer("1", first_name="Ann", last_name="Hart", **same)
    result = resolve(frame(first, customer("2", "till", **other, **same)), PreviousIdentity.none(), AS_OF, 1)
    assert (len(groups(result)) == 1) == is_one


def test_two_loyalty_numbers_of_one_scheme_are_two_people() -> None:
    one_scheme = resolved(customer("a", loyalty_number="100", **ANN), customer("b", loyalty_number="200", **ANN))
    two_brands = resolved(
        customer("a", loyalty_number="100", **ANN),
        customer("b", loyalty_number="200", **ANN | {"brand": "gifts"}),
    )
    assert (one_scheme.summary.customers, two_brands.summary.customers) == (2, 1)


def test_a_card_of_another_system_is_of_another_scheme_unless_it_has_an_accounts_number() -> None:
    account = customer("100", "loyalty", loyalty_number="100", **ANN)
    other_account = customer("200", "loyalty", loyalty_number="200", **ANN | {"first_name": "Bo", "phone": None})
    own_card = customer("7", "odoo", loyalty_number="044c-1", **ANN)
    same_card = customer("8", "odoo", loyalty_number="200", **ANN)
    assert frozenset({"100", "7"}) in groups(resolved(account, other_account, own_card))
    assert frozenset({"100"}) in groups(resolved(account, other_account, same_card))


def test_someone_who_registered_twice_is_one_person() -> None:
    twice = resolved(
        customer("a", loyalty_number="100", birth_date=BORN, **ANN),
        customer("b", loyalty_number="200", birth_date=BORN, **ANN),
    )
    assert twice.summary.customers == 1


def test_one_wrong_link_does_not_chain_a_family() -> None:
    """A record with an initial only fits both: it joins at most one of them, and they stay two."""
    contact = {"email": "lee@mail.example.com", **HOME}
    result = resolved(
        customer("ann", first_name="Anna", last_name="Lee", **contact),
        customer("any", first_name="A", last_name="Lee", **contact),
        customer("alf", first_name="Alfred", last_name="Lee", **contact),
    )
    assert not any({"ann", "alf"} <= group for group in groups(result))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "Ann.Lee+shop@googlemail.com"}, {"email": "annlee@gmail.com"}),
        ({"phone": "+44 7700 900123"}, {"phone": "07700900123"}),
        ({"phone": "+44 (0)7700 900123"}, {"phone": "07700-900123"}),
        ({"email": "ann@gmial.com"}, {"email": "ann@gmail.com"}),
        ({"street": "4 Oak Street", "postcode": "ls1 4ab"}, {"street": "4, oak st.", "postcode": "LS14AB"}),
    ],
)
def test_spellings_of_one_value_are_equal(one: dict[str, str], other: dict[str, str]) -> None:
    result = resolved(
        customer("a", first_name="Zoë", last_name="O’Neil-Lee", birth_date=BORN, **one),
        customer("b", full_name="Mrs. Zoe ONeil Lee", birth_date=BORN, **other),
    )
    assert result.summary.customers == 1


def test_a_name_is_a_set_of_tokens_and_one_surname_may_be_new() -> None:
    contact = {"email": "ann@mail.example.com", "phone": "07700 900123", **HOME}
    result = resolved(
        customer("before", first_name="Ann", last_name="Lee", **contact),
        customer("after", first_name="Ann", last_name="Harper", **contact),
        customer("whole", full_name="Harper Lee, Ann Marie", **contact),
    )
    assert result.summary.customers == 1


def test_a_slip_in_the_email_that_follows_the_name_is_no_evidence() -> None:
    """andrea.smith@ and andrew.smith@ differ by two letters, emma.lee@ and gemma.lee@ by one: as the names do."""
    result = resolved(
        customer("emma", first_name="Emma", last_name="Lee", email="emma.lee@mail.example.com", city="Leeds"),
        customer("gemma", first_name="Gemma", last_name="Lee", email="gemma.lee@mail.example.com", city="York"),
    )
    assert result.summary.customers == 2


def test_a_year_that_became_a_date_agrees_with_a_date_of_the_year() -> None:
    ann = {"first_name": "Ann", "last_name": "Lee", **HOME}
    same_year = resolved(
        customer("a", birth_date=date(1980, 1, 1), **ann), customer("b", birth_date=date(1980, 5, 17), **ann)
    )
    other_year = resolved(
        customer("a", birth_date=date(1949, 1, 1), **ann), customer("b", birth_date=date(1980, 5, 17), **ann)
    )
    assert (same_year.summary.customers, other_year.summary.customers) == (1, 2)


def test_an_organisation_is_never_a_person() -> None:
    contact = {"email": "lee@mail.example.com", "phone": "07700 900123", **HOME}
    result = resolved(
        customer("firm", full_name="Lee Ltd", record_kind="organisation", tax_id="GB 980 7806 84", **contact),
        customer("firm2", full_name="LEE LIMITED", record_kind="organisation", tax_id="980780684", **contact),
        customer("other", full_name="Lee Ltd", record_kind="organisation", tax_id="GB 434 0314 94", **contact),
        customer("ann", first_name="Ann", last_name="Lee", parent_source_customer_id="firm", **contact),
    )
    assert groups(result) == {frozenset({"firm", "firm2"}), frozenset({"other"}), frozenset({"ann"})}


def test_repeated_record_keys_are_refused_without_naming_them() -> None:
    """cases.md B19: they would double pairs and rows."""
    with pytest.raises(ValueError, match="2 customer records share"):
        resolved(customer("1", full_name="Ann Lee"), customer("1", full_name="Ann Lee"))


def test_no_record_and_one_record() -> None:
    nothing = resolve(frame(), PreviousIdentity.none(), AS_OF, seed=1)
    assert (nothing.summary.records, nothing.summary.customers, nothing.identity_xref.height) == (0, 0, 0)
    one = resolved(customer("1", full_name="Ann Lee"))
    row = one.identity_xref.row(0, named=True)
    assert (one.summary.customers, row["match_probability"], row["valid_from"]) == (1, 1.0, date(1900, 1, 1))
    assert one.summary.kinds[0].method == "no candidates"


def test_few_records_are_scored_with_the_starting_weights_and_the_summary_says_so() -> None:
    pair = [customer(key, full_name="Ann Lee", email="ann@x.example") for key in ("1", "2")]
    assert resolved(*pair).summary.kinds[0].method == "starting weights"


@pytest.fixture(scope="module")
def known_retailer() -> tuple[pl.DataFrame, pl.DataFrame, IdentityResult]:
    records, truth = retailer()
    return records, truth, resolve(records, PreviousIdentity.none(), AS_OF, seed=1, config=FEW_PAIRS, with_charts=True)


def test_households_are_learnt_without_labels(
    known_retailer: tuple[pl.DataFrame, pl.DataFrame, IdentityResult],
) -> None:
    _, truth, result = known_retailer
    quality = evaluate(result.identity_xref.join(truth, on="source_customer_id").rename({"customer_id": "cluster"}))
    assert result.summary.kinds[0].method == "trained"
    assert quality.precision >= 0.97
    assert quality.f1 >= 0.95


def test_result_does_not_depend_on_the_order_of_rows(
    known_retailer: tuple[pl.DataFrame, pl.DataFrame, IdentityResult],
) -> None:
    records, _, result = known_retailer
    mixed = records.sample(fraction=1, shuffle=True, seed=3)
    shuffled = resolve(mixed, PreviousIdentity.none(), AS_OF, seed=1, config=FEW_PAIRS)
    assert_frame_equal(result.identity_xref, shuffled.identity_xref, check_exact=True)
    assert_frame_equal(result.identity_link, shuffled.identity_link, check_exact=True)
    assert_frame_equal(result.identity_golden, shuffled.identity_golden, check_exact=True)
    assert_frame_equal(result.identity_event, shuffled.identity_event, check_exact=True)


def test_charts_hold_no_personal_value(
    known_retailer: tuple[pl.DataFrame, pl.DataFrame, IdentityResult],
) -> None:
    records, _, result = known_retailer
    names = ("match_weights", "thresholds", "unlinkables", "cluster_sizes")
    assert set(result.charts) == {f"person_{name}" for name in names}
    emails = records["email"].drop_nulls().to_list()
    for chart in result.charts.values():
        assert "<html" in chart.page.lower()
        assert not any(email in chart.page + chart.picture for email in emails)
