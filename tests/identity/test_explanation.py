"""What is said of a pair of records: the parts of its weight, worked out by hand, and what the clustering refused."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from models.identity import IdentityConfig, PreviousIdentity, resolve
from models.identity.explanation import Explanation, RecordKey, explain, in_words
from models.identity.linkage import Parameters
from models.identity.model import KEY_SCHEMA, Model, load
from models.identity.normalise import FREQUENCY_SCHEMA
from models.identity.settings import PERSON, BlockingKey, Comparison, Level, RecordKind, Refusal
from models.identity.waterfall import waterfall
from tests.identity.records import customer, frame, retailer

AS_OF = date(2017, 12, 31)
A, B, C = ("shop", "a"), ("shop", "b"), ("shop", "c")


def comparison(column: str) -> Comparison:
    levels = (Level("same", f"{column}_l = {column}_r", 0, 0, 0, 0), Level("different", "ELSE", 0, 0, 0, 0))
    return Comparison(column, f"{column}_l is null or {column}_r is null", levels, columns=(column,))


KIND = RecordKind(
    "person",
    (BlockingKey("email", "[email]"), BlockingKey("phone", "[phone]")),
    tuple(comparison(column) for column in ("email", "phone", "given_name", "birth_date")),
    (Refusal("birth_dates", "birth_date_l <> birth_date_r"),),
)


def table(*same: float) -> np.ndarray[Any, Any]:
    return np.asarray([1 - np.asarray(same), same])


# Matches, households, strangers with a contact in common, random pairs.
PARAMETERS = Parameters(
    np.asarray([1 / 8, 1 / 8, 1 / 4, 1 / 2]),
    {
        "email": table(1 / 2, 1 / 8, 1 / 4, 1 / 16),
        "phone": table(3 / 4, 1 / 2, 1 / 2, 1 / 2),
        "given_name": table(1 / 2, 1 / 16, 1 / 32, 1 / 32),
        "birth_date": table(1 / 2, 1 / 2, 1 / 2, 1 / 2),
    },
    is_trained=True,
)
MODEL = Model(
    KIND, AS_OF, PARAMETERS, pl.DataFrame(schema=FREQUENCY_SCHEMA), pl.DataFrame(schema=KEY_SCHEMA), "made by hand"
)
ANN = {"first_name": "Ann", "email": "ann@x.example", "phone": "07700 900123"}
NEW_PHONE = ANN | {"phone": "07700 900456"}
NEW_EMAIL = NEW_PHONE | {"email": "lee@y.example"}
BORN, BORN_LATER = {"birth_date": date(1950, 3, 9)}, {"birth_date": date(1981, 7, 21)}


def explained(
    customer_of: Mapping[RecordKey, str], left: RecordKey, right: RecordKey, *rows: dict[str, Any]
) -> Explanation:
    return explain(frame(*rows), customer_of, [left], [right], MODEL, AS_OF)


def test_parts_of_a_weight_add_up_to_it() -> None:
    """Same e-mail, other phone, same name. One customer 1/8 x 1/2 x 1/4 x 1/2 = 1/128. Strangers with a contact in
    common 1/4 x 1/4 x 1/2 x 1/32 = 1/1024, the most of the others; household 1/8 x 1/8 x 1/2 x 1/16 and random
    1/2 x 1/16 x 1/2 x 1/32 half of that each. So 8 to 1 against the first, 8 to 2 against all: 2 bits, 4/5."""
    found = explained({A: "C1", B: "C1"}, B, A, customer("a", **ANN), customer("b", **NEW_PHONE))
    pair = found.pair
    assert (pair.left, pair.right, pair.keys) == (B, A, ("email",))
    assert pair.alternative == "two strangers with a contact in common"
    assert pair.starting_bits == pytest.approx(-1)
    assert {one.comparison: (one.agreement, one.bits) for one in pair.weighed} == {
        "email": ("same", pytest.approx(1)),
        "phone": ("different", pytest.approx(-1)),
        "given_name": ("same", pytest.approx(4)),
        "birth_date": ("unknown", 0),
    }
    assert pair.weighed[1].left_value == "447700900456"
    assert pair.remaining_bits == pytest.approx(-1)
    assert pair.total_bits == pytest.approx(2)
    assert pair.match_probability == pytest.approx(0.8)


def test_words_name_what_agrees_and_what_differs() -> None:
    found = explained({A: "C1", B: "C1"}, A, B, customer("a", **ANN), customer("b", **NEW_PHONE))
    assert in_words(found) == [
        "shop:a and shop:b are one customer, C1.",
        "Compared because they share: email.",
        "For one customer: email (same, +1.00), given name (same, +4.00).",
        "Against: phone (different, -1.00).",
        "Nothing to compare: birth date.",
        "Weight +2.00 bits, probability 0.8000, weighed against two strangers with a contact in common; it counts +2.00"
        " in the clustering.",
        "The customer has 2 records; the mean over their 1 pairs is +2.00 bits (0 of them that no key proposed).",
    ]


def test_what_the_clustering_refused_is_said() -> None:
    """Two birth dates weigh nothing in this model, but are impossible together. a to b and a to c are 2 bits each."""
    rows = (
        customer("a", **ANN, **BORN),
        customer("b", **NEW_PHONE, **BORN_LATER),
        customer("c", **NEW_PHONE, **BORN_LATER),
    )
    found = explain(frame(*rows), {A: "C1", B: "C2", C: "C2"}, [A], [B, C], MODEL, AS_OF)
    assert found.pair.refused_by == ("birth_dates",)
    assert (found.pair_count, found.refusals, found.mean_bits) == (2, {"birth_dates": 2}, 2.0)
    assert "shop:a and shop:b are two customers, C1 and C2." in in_words(found)
    assert "The clustering refused to join them, pairs of records by reason: birth dates (2)." in in_words(found)


def test_records_that_nothing_links_but_a_third() -> None:
    """a and b share an e-mail, 2 bits. b and c a phone: 48/2048 against 28/2048, 0.78 bits, 12 sixteenths. No key
    proposed a and c: -0.5. The mean is 0.75."""
    rows = (customer("a", **ANN), customer("b", **NEW_PHONE), customer("c", **NEW_EMAIL))
    found = explained({A: "C1", B: "C1", C: "C1"}, A, C, *rows)
    assert (found.pair.keys, found.pair.cluster_bits) == ((), -0.5)
    assert (found.go_between, found.mean_bits, found.unproposed_count) == ((B, 0.75), 0.75, 1)
    words = in_words(found)
    assert any(sentence.startswith("No key proposed the pair") for sentence in words)
    assert "shop:b links both best: +0.75 bits or more with each." in words


def test_picture_has_each_part_and_needs_nothing_else() -> None:
    found = explained({A: "C1", B: "C1"}, A, B, customer("a", **ANN), customer("b", **NEW_PHONE))
    picture = waterfall(found.pair)
    for label in ("starting odds", "email", "phone", "given name", "birth date", "other alternatives", "total"):
        assert f">{label}</text>" in picture
    assert "+2.00  probability 0.8000" in picture
    assert "same: ann@x.example | ann@x.example" in picture
    assert "href" not in picture


def test_kept_model_gives_the_weights_of_the_run_again() -> None:
    """The model is learnt, kept as text, and read: what is explained is what was predicted."""
    records, _ = retailer(households=120)
    config = IdentityConfig(random_pairs=30_000, training_minimum_records=100)
    result = resolve(records, PreviousIdentity.none(), AS_OF, seed=1, config=config)
    with duckdb.connect(":memory:") as con:
        con.register("identity_model", result.identity_model.to_arrow())
        kept = load(con, "identity_model", PERSON)
    assert isinstance(kept, Model)
    assert kept.is_trained
    known = {(source, key): who for source, key, who, *_ in result.identity_xref.rows()}
    # A weight of a probability that rounds to one is cut off; the least sure link, and one between.
    links = result.identity_link.filter(pl.col("match_weight") < 20).sort("match_weight")
    for row in (links.row(0), links.row(links.height // 2)):
        left, right = (row[0], row[1]), (row[2], row[3])
        customer_of = {key: who for key, who in known.items() if who in (known[left], known[right])}
        found = explain(records, customer_of, [left], [right], kept, AS_OF, config)
        assert found.pair.total_bits == pytest.approx(row[5], abs=1e-5)
        assert found.pair.match_probability == pytest.approx(row[4], abs=1e-9)


def test_a_model_of_other_comparisons_is_refused() -> None:
    with pytest.raises(ValueError, match="compares other things"):
        Parameters.from_json(PARAMETERS.to_json(KIND), PERSON)
