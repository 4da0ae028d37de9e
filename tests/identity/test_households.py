"""Who lives together: groups of customers, which part no person and join none."""

from datetime import date

import duckdb
import polars as pl

from models.identity import IdentityConfig, IdentityResult, PreviousIdentity, resolve
from models.identity.households import assign, group
from tests.identity.records import customer, frame

HOME = {"street": "4 Oak Street", "city": "Leeds", "postcode": "LS1 4AB"}


def grouped(customer_of: list[int], *pairs: tuple[int, int, float]) -> list[int]:
    """The household of each record."""
    schema = {"left_no": pl.Int64(), "right_no": pl.Int64(), "household_weight": pl.Float64()}
    members = pl.DataFrame({"record_no": range(len(customer_of)), "customer_no": customer_of})
    with duckdb.connect(":memory:") as con:
        con.register("identity_record", members.to_arrow())
        con.register("edge_given", pl.DataFrame(pairs, schema=schema, orient="row").to_arrow())
        household_of, _ = group(con, "edge_given", "identity_record", max(customer_of) + 1, IdentityConfig())
    return [int(household_of[customer]) for customer in customer_of]


def test_weight_between_two_customers_is_the_mean_over_their_records() -> None:
    # Records 0 and 1 are one customer: (6 - 4) / 2 = 1 joins it with 2, (6 - 8) / 2 = -1 does not.
    assert grouped([0, 0, 1], (0, 2, 6.0), (1, 2, -4.0)) == [0, 0, 0]
    assert grouped([0, 0, 1], (0, 2, 6.0), (1, 2, -8.0)) == [0, 0, 1]


def test_a_household_parts_no_person() -> None:
    # Nothing says that records 0 and 1 live together, but they are one person.
    assert grouped([0, 0, 1], (0, 1, -9.0), (1, 2, 5.0)) == [0, 0, 0]


def household_of(result: IdentityResult) -> dict[str, tuple[str, int]]:
    """Household and its number of customers by source_customer_id."""
    rows = result.identity_xref.join(result.identity_household, on="customer_id")
    return {key: (household, count) for key, household, count in rows.select(
        "source_customer_id", "household_id", "customer_count"
    ).rows()}  # fmt: skip


def test_a_family_is_several_persons_of_one_household() -> None:
    lee = {"last_name": "Lee", "phone": "07700 900123", **HOME}
    records = frame(
        customer("ann", first_name="Ann", **lee),
        customer("ann2", first_name="Ann", email="ann@mail.example.com", **lee),
        customer("bob", first_name="Bob", **lee),
        customer("cy", first_name="Cy", last_name="Dunn", street="9 Elm Road", city="York", postcode="YO1 7HH"),
    )
    found = household_of(resolve(records, PreviousIdentity.none(), date(2017, 12, 31), seed=1))
    assert found["ann"] == found["ann2"] == found["bob"] != found["cy"]
    assert (found["ann"][1], found["cy"][1]) == (2, 1)


def test_a_household_keeps_the_id_that_held_most_of_its_customers() -> None:
    """Of Ca, Cb and Cc the last two stay together, with the id that was named after Ca. Ca alone is another household,
    and by no id that ever was; Cd, known to nobody, is named after itself."""
    before = pl.DataFrame({"customer_id": ["Ca", "Cb", "Cc"], "household_id": ["Ha"] * 3, "customer_count": [3] * 3})
    now = pl.DataFrame({"customer_id": ["Ca", "Cb", "Cc", "Cd"], "household": [0, 1, 1, 2]})
    found = assign(now, before, lambda wanted: {"Ha"} & set(wanted))
    ids = dict(found.select("customer_id", "household_id").rows())
    assert (ids["Cb"], ids["Cc"], ids["Cd"]) == ("Ha", "Ha", "Hd")
    assert ids["Ca"] not in ("Ha", "Hd")
    assert found["customer_count"].to_list() == [1, 2, 2, 1]
