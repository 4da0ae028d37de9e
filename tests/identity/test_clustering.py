"""Clusters from hand-made weights, and the figures that judge them."""

import duckdb
import polars as pl
import pytest

from models.identity.clustering import cluster
from models.identity.evaluation import evaluate
from models.identity.settings import ORGANISATION, PERSON, IdentityConfig, Refusal

APART = (Refusal("apart", "mark_l <> mark_r"),)


def clustered(
    *pairs: tuple[int, int, float],
    record_count: int,
    marks: tuple[int | None, ...] | None = None,
    config: IdentityConfig | None = None,
    evidence: float = 0.0,
) -> list[int]:
    frame = pl.DataFrame(
        [(left, right, 0.9, weight, evidence) for left, right, weight in pairs],
        schema={
            "left_no": pl.Int64(),
            "right_no": pl.Int64(),
            "match_probability": pl.Float64(),
            "match_weight": pl.Float64(),
            "evidence": pl.Float64(),
        },
        orient="row",
    )
    with duckdb.connect(":memory:") as con:
        records = pl.DataFrame(
            {"record_no": list(range(record_count)), "mark": list(marks or [None] * record_count)},
            schema={"record_no": pl.Int64(), "mark": pl.Int64()},
        )
        con.register("identity_record", records.to_arrow())
        return cluster(con, APART, frame, record_count, config or IdentityConfig()).cluster_of.tolist()


def test_records_that_all_agree_are_one_cluster_unless_a_pair_is_impossible() -> None:
    pairs = [(0, 1, 3.0), (0, 2, 2.0), (1, 2, 1.0)]
    assert clustered(*pairs, (3, 4, 5.0), record_count=6) == [0, 0, 0, 3, 3, 5]
    assert clustered(*pairs, (3, 4, 5.0), record_count=6, marks=(None, 1, 2, None, None, None)) == [0, 0, 2, 3, 3, 5]


def test_a_weak_bridge_does_not_join_two_strong_groups() -> None:
    # {0,1} and {2,3} hang together by one pair of 1 bit; three pairs unseen at -0.5 make the mean -0.125.
    assert clustered((0, 1, 10.0), (2, 3, 10.0), (1, 2, 1.0), record_count=4) == [0, 0, 2, 2]


def test_a_strong_bridge_does() -> None:
    # (12 - 0.5 - 0.5 - 0.5) / 4 = 2.6.
    assert clustered((0, 1, 12.0), (2, 3, 12.0), (1, 2, 12.0), record_count=4) == [0, 0, 0, 0]


def test_a_pair_that_lacks_evidence_counts_as_one_that_was_not_proposed() -> None:
    # Matches are rare, so that 0 and 2 are at -11 bits though nothing speaks against them: (8 - 0.5) / 2 = 3.75.
    assert clustered((0, 1, 10.0), (1, 2, 8.0), (0, 2, -11.0), record_count=3, evidence=1.0) == [0, 0, 0]


def test_a_pair_with_evidence_against_counts_for_what_it_says() -> None:
    # (8 - 9) / 2 = -0.5.
    assert clustered((0, 1, 10.0), (1, 2, 8.0), (0, 2, -11.0), record_count=3, evidence=-9.0) == [0, 0, 2]


def test_impossible_unions_are_refused_however_strong() -> None:
    assert clustered((0, 1, 9.0), (1, 2, 12.0), (0, 2, 12.0), record_count=3, marks=(1, 2, None)) == [0, 1, 0]


def test_ties_fall_to_the_smaller_numbers() -> None:
    assert clustered((1, 2, 3.0), (0, 1, 3.0), record_count=3, marks=(1, None, 2)) == [0, 0, 2]


def test_clusters_do_not_grow_past_the_limit() -> None:
    pairs = [(left, right, 10.0) for left in range(4) for right in range(left + 1, 4)]
    assert clustered(*pairs, record_count=4, config=IdentityConfig(cluster_size_limit=3)) == [0, 0, 0, 3]


def test_a_component_too_large_is_cut_at_its_weak_links() -> None:
    pairs = [(0, 1, 9.0), (1, 2, 1.0), (2, 3, 9.0)]
    assert clustered(*pairs, record_count=4, config=IdentityConfig(component_size_limit=3)) == [0, 0, 2, 2]


def test_starting_probabilities_of_a_comparison_sum_to_one() -> None:
    for comparison in (*PERSON.comparisons, *ORGANISATION.comparisons):
        for column in ("match", "household", "shared_contact", "random"):
            total = sum(getattr(level, column) for level in comparison.levels)
            assert total == pytest.approx(1, abs=0.02), (comparison.name, column)


def test_quality_by_hand() -> None:
    # Clusters {1,2,3} and {4}; persons {1,2}, {3,4}: one of three cluster pairs is right, one of two true pairs found.
    frame = pl.DataFrame({"cluster": ["a", "a", "a", "b"], "person": [1, 1, 2, 2]})
    quality = evaluate(frame)
    assert quality.precision == pytest.approx(1 / 3)
    assert quality.recall == pytest.approx(1 / 2)
    assert quality.f1 == pytest.approx(0.4)
    # B-cubed precision: (2/3 + 2/3 + 1/3 + 1) / 4; recall: (1 + 1 + 1/2 + 1/2) / 4.
    assert quality.b3_precision == pytest.approx(2 / 3)
    assert quality.b3_recall == pytest.approx(3 / 4)
    assert (quality.overmerged_share, quality.largest_cluster, quality.largest_person) == (1.0, 3, 2)
