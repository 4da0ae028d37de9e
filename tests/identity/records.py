"""Customer records for tests: a few fields given, the rest null; and a seeded retailer large enough to train on."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from models.identity import IdentityResult
from models.identity.normalise import INPUT_SCHEMA

GIVEN_NAMES = (
    "Ann", "Brian", "Carla", "Derek", "Emma", "Farid", "Grace", "Hugo", "Irene", "Jonas", "Karin", "Louis", "Maria",
    "Nigel", "Olga", "Pablo", "Queenie", "Rahul", "Sofia", "Trevor", "Ursula", "Viktor", "Wendy", "Xavier", "Yvonne",
)  # fmt: skip
FAMILY_NAMES = tuple(f"{start}{end}" for start in (
    "Ander", "Black", "Clay", "Dun", "East", "Farring", "Good", "Hart", "Iver", "Kings",
) for end in ("brook", "combe", "dale", "ford", "ham", "ley", "mont", "shaw", "ton", "well"))  # fmt: skip
STREETS = tuple(
    f"{name} {kind}" for name in ("Oak", "Mill", "Church", "Station", "Park") for kind in ("Street", "Road")
)


def customer(source_customer_id: str, source_name: str = "shop", **values: Any) -> dict[str, Any]:
    """One row of stg_customer_record."""
    row: dict[str, Any] = dict.fromkeys(INPUT_SCHEMA)
    return row | {
        "source_name": source_name,
        "source_customer_id": source_customer_id,
        "brand": "grocer",
        "record_kind": "person",
        "country_code": "GB",
        "updated_at": datetime(2017, 1, 1),
        **values,
    }


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=INPUT_SCHEMA)


def groups(result: IdentityResult) -> set[frozenset[str]]:
    """The current customers as sets of source_customer_id."""
    current = result.identity_xref.filter(pl.col("valid_to").is_null())
    members = current.group_by("customer_id").agg("source_customer_id")["source_customer_id"].to_list()
    return {frozenset(ids) for ids in members}


def current_ids(result: IdentityResult) -> dict[str, str]:
    """customer_id by source_customer_id."""
    current = result.identity_xref.filter(pl.col("valid_to").is_null())
    return dict(current.select("source_customer_id", "customer_id").rows())


def retailer(households: int = 300, seed: int = 7) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Households of one to three people who share an address and often an e-mail or phone; and who each record is."""
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    persons: list[tuple[str, int]] = []
    for household in range(households):
        family = rng.choice(FAMILY_NAMES)
        address = {
            "street": f"{rng.randint(1, 90)} {rng.choice(STREETS)}",
            "city": rng.choice(("Leeds", "York", "Hull")),
            "postcode": f"LS{rng.randint(1, 29)} {rng.randint(1, 9)}AB",
        }
        shared = {
            "email": f"{family.lower()}{household}@mail.example.com",
            "phone": f"07{rng.randint(10**8, 10**9 - 1)}",
        }
        for given in rng.sample(GIVEN_NAMES, rng.choice((1, 1, 2, 3))):
            person = len({who for _, who in persons})
            own = {
                "email": f"{given.lower()}.{family.lower()}{person}@mail.example.com",
                "phone": f"07{rng.randint(10**8, 10**9 - 1)}",
            }
            contact = {key: shared[key] if rng.random() < 0.3 else own[key] for key in own}
            born = date(1940, 1, 1) + timedelta(days=rng.randint(0, 20_000))
            for copy in range(rng.choice((1, 2, 3))):
                typed = family if rng.random() < 0.9 else family[:-1]
                row = {"first_name": given, "last_name": typed, **address, **contact, "birth_date": born}
                for column in ("email", "phone", "street", "birth_date"):
                    if rng.random() < 0.2:
                        row[column] = None
                key = f"{person}-{copy}"
                rows.append(customer(key, source_name=("till", "shop", "odoo")[copy], **row))
                persons.append((key, person))
    truth = pl.DataFrame(persons, schema={"source_customer_id": pl.String(), "person": pl.Int64()}, orient="row")
    return frame(*rows), truth
