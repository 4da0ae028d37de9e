"""What the model learns without labels, from counts worked out from known shares."""

from itertools import product

import numpy as np
import polars as pl
import pytest

from models.identity.linkage import (
    HOUSEHOLD,
    MATCH,
    RANDOM,
    SHARED_CONTACT,
    Parameters,
    _evidence,
    _train,
    _with_random,
)
from models.identity.settings import Comparison, IdentityConfig, Level, RecordKind, Refusal

RECORDS = 2_000
MATCHES = 3_000
# Share of agreement among matches and among pairs of different people.
AGREEMENT = {"name": (0.9, 0.01), "place": (0.8, 0.02), "birth_date": (0.95, 0.001)}


def comparison(name: str) -> Comparison:
    levels = (Level("same", "true", 0.7, 0.3, 0.2, 0.05), Level("different", "ELSE", 0.3, 0.7, 0.8, 0.95))
    return Comparison(name, "false", levels)


KIND = RecordKind("person", (), tuple(comparison(name) for name in AGREEMENT), ())


def starting(kind: RecordKind) -> Parameters:
    table = np.asarray([(0.3, 0.7, 0.8, 0.95), (0.7, 0.3, 0.2, 0.05)])
    all_pairs = RECORDS * (RECORDS - 1) / 2
    shares = np.asarray([500, 1, 1, all_pairs - 502]) / all_pairs
    return Parameters(shares, {one.name: table.copy() for one in kind.comparisons}, is_trained=False)


def test_shares_and_levels_are_learnt_and_random_pairs_rid_of_their_matches() -> None:
    """Counts of all eight patterns as they are expected; the sample of random pairs holds its share of matches."""
    all_pairs = RECORDS * (RECORDS - 1) // 2
    rows = []
    for pattern in product((0, 1), repeat=len(AGREEMENT)):
        chance = [
            np.prod(
                [
                    share[cls] if agrees else 1 - share[cls]
                    for agrees, share in zip(pattern, AGREEMENT.values(), strict=True)
                ]
            )
            for cls in (0, 1)
        ]
        rows.append((*pattern, round(MATCHES * chance[0] + (all_pairs - MATCHES) * chance[1])))
    patterns = pl.DataFrame(rows, schema=[*(f"gamma_{name}" for name in AGREEMENT), "pair_count"], orient="row")
    match_share = MATCHES / all_pairs
    seen = {}
    for name, (match, different) in AGREEMENT.items():
        same = match_share * match + (1 - match_share) * different
        seen[name] = np.asarray([1 - same, same])
    learnt = _train(KIND, starting(KIND), seen, patterns, RECORDS, IdentityConfig())
    assert learnt.shares[MATCH] * all_pairs == pytest.approx(MATCHES, rel=0.03)
    for name, (match, different) in AGREEMENT.items():
        assert learnt.levels[name][1, MATCH] == pytest.approx(match, abs=0.02)
        # The sample itself has 0.0024 for the birth date: 0.001, and 0.95 of the 0.0015 that are matches.
        assert learnt.levels[name][1, RANDOM] == pytest.approx(different, rel=0.1)


def test_evidence_is_against_the_class_that_explains_a_pattern_best() -> None:
    """Same name: 0.7 in matches against 0.3 in households, the most of the others. Nothing said: nothing."""
    one = RecordKind("person", (), (comparison("name"),), ())
    patterns = pl.DataFrame({"gamma_name": [1, 0, -1]})
    assert _evidence(one, starting(one), patterns) == pytest.approx([np.log2(0.7 / 0.3), np.log2(0.3 / 0.95), 0.0])


def test_strangers_and_households_show_a_persons_own_traits_as_random_pairs_do() -> None:
    """Same: 0.04 of random pairs. New surname: a tenth of random pairs, but in households the starting tenth of that.
    Households: what is left (0.99) is shared out as among random pairs, then two in a hundred are alike as a match."""
    levels = (
        Level("same", "true", 0.8, 0.02, 0.0, 0.04), Level("new_surname", "true", 0.1, 0.01, 0.0, 0.1),
        Level("different", "ELSE", 0.1, 0.97, 0.0, 0.86),
    )  # fmt: skip
    trait = Comparison(
        "rest", "false", levels, of_person=True, fixed_in_household=True, not_in_household=("new_surname",)
    )
    begin = np.asarray([(0.1, 0.97, 0.5, 0.5), (0.1, 0.01, 0.3, 0.3), (0.8, 0.02, 0.2, 0.2)])
    random = np.asarray([0.86, 0.1, 0.04])
    table = _with_random(trait, begin, random, begin, IdentityConfig(alike_in_household=0.02))
    assert table[:, SHARED_CONTACT] == pytest.approx(random)
    assert table[2, HOUSEHOLD] == pytest.approx(0.98 * 0.04 * 0.99 / 0.9 + 0.02 * 0.8)
    assert table[1, HOUSEHOLD] == pytest.approx(0.98 * 0.01 + 0.02 * 0.1)
    assert table[:, HOUSEHOLD].sum() == pytest.approx(1)


@pytest.mark.parametrize(("share", "is_refused"), [(0.01, True), (0.02, False)])
def test_a_disagreement_that_one_person_often_shows_refuses_nothing(share: float, is_refused: bool) -> None:
    refusals = (Refusal("names", "false", evidence=("name", "different")), Refusal("numbers", "false"))
    kind = RecordKind("person", (), (comparison("name"),), refusals)
    table = np.asarray([(share, 0.7, 0.8, 0.95), (1 - share, 0.3, 0.2, 0.05)])
    known = Parameters(np.asarray([0.1, 0.1, 0.1, 0.7]), {"name": table}, is_trained=True)
    kept = [refusal.name for refusal in known.refusals(kind, IdentityConfig(refusal_share=0.01))]
    assert kept == (["names", "numbers"] if is_refused else ["numbers"])
