"""Which record's value a customer is shown with."""

from datetime import date, datetime
from typing import Any

from models.identity import IdentityConfig, PreviousIdentity, resolve
from tests.identity.records import customer, frame

OLD, NEW = datetime(2016, 1, 1), datetime(2017, 1, 1)
EMAIL = {"email": "ann.lee@mail.example.com"}


def golden(*rows: dict[str, Any], config: IdentityConfig | None = None) -> dict[str, Any]:
    result = resolve(frame(*rows), PreviousIdentity.none(), date(2017, 12, 31), seed=1, config=config)
    assert result.summary.customers == 1
    return result.identity_golden.row(0, named=True)


def test_the_loyalty_account_names_the_customer_and_the_newest_value_reaches_them() -> None:
    best = golden(
        customer("77", "loyalty", first_name="Ann", last_name="Lee", loyalty_number="77", updated_at=OLD, **EMAIL),
        customer("1", "shop", first_name="ANN", last_name="LEE", phone="07700 900123", updated_at=NEW, **EMAIL),
    )
    assert (best["first_name"], best["last_name"], best["full_name"]) == ("Ann", "Lee", "Ann Lee")
    assert best["phone"] == "07700 900123"
    assert (best["record_count"], best["source_count"]) == (2, 2)


def test_configured_trust_comes_before_recency() -> None:
    rows = [
        customer("1", "till", first_name="Ann", last_name="Lee", updated_at=OLD, **EMAIL),
        customer("2", "shop", first_name="Anne", last_name="Lee", updated_at=NEW, **EMAIL),
    ]
    assert golden(*rows)["first_name"] == "Anne"
    assert golden(*rows, config=IdentityConfig(trusted_sources=("till",)))["first_name"] == "Ann"


def test_an_address_is_never_put_together_from_two_records() -> None:
    best = golden(
        customer(
            "1", full_name="Ann Lee", street="4 Oak Street", city="Leeds", postcode="LS1 4AB", updated_at=OLD, **EMAIL
        ),
        customer("2", full_name="Ann Lee", city="York", updated_at=NEW, **EMAIL),
    )
    assert (best["street"], best["city"], best["postcode"]) == ("4 Oak Street", "Leeds", "LS1 4AB")


def test_an_initial_gives_way_to_a_name_and_a_placeholder_to_any_value() -> None:
    best = golden(
        customer("1", first_name="Ann", last_name="Lee", phone="07700 900123", updated_at=OLD, **EMAIL),
        customer("2", first_name="A", last_name="Lee", phone="0000000000", updated_at=NEW, **EMAIL),
    )
    assert (best["first_name"], best["phone"]) == ("Ann", "07700 900123")


def test_one_refusal_is_a_refusal_and_silence_is_none() -> None:
    yes = customer("1", full_name="Ann Lee", has_marketing_consent=True, **EMAIL)
    no = customer("2", full_name="Ann Lee", has_marketing_consent=False, **EMAIL)
    silent = customer("3", full_name="Ann Lee", **EMAIL)
    assert golden(yes, no, silent)["has_marketing_consent"] is False
    assert golden(yes, silent)["has_marketing_consent"] is True
    assert golden(silent)["has_marketing_consent"] is None
