"""Quality of an identity resolution where the truth is known: for tests and benchmarks, never used to resolve.

Belongs here: figures that compare clusters with true persons.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Quality:
    """Pairwise figures over all true pairs (those no blocking key proposed included), and per-record B-cubed ones.

    overmerged_share: clusters of several records that hold more than one person.
    """

    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    overmerged_share: float
    largest_cluster: int
    largest_person: int


def evaluate(resolved: pl.DataFrame) -> Quality:
    """`resolved` has one row a record with `cluster` and `person`, any type."""
    cells = resolved.group_by("cluster", "person").agg(pl.len().alias("both"))
    clusters = resolved.group_by("cluster").agg(pl.len().alias("in_cluster"))
    persons = resolved.group_by("person").agg(pl.len().alias("of_person"))
    right = _pair_count(cells["both"])
    precision = _ratio(right, _pair_count(clusters["in_cluster"]))
    recall = _ratio(right, _pair_count(persons["of_person"]))
    sized = cells.join(clusters, on="cluster").join(persons, on="person")
    squared = pl.col("both") * pl.col("both")
    b3_precision, b3_recall = (
        float(sized.select((squared / pl.col(size)).sum()).item()) / max(resolved.height, 1)
        for size in ("in_cluster", "of_person")
    )
    several = clusters.filter(pl.col("in_cluster") > 1)
    mixed = several.join(cells.group_by("cluster").agg(pl.len().alias("persons")), on="cluster")
    return Quality(
        precision,
        recall,
        _harmonic(precision, recall),
        b3_precision,
        b3_recall,
        _harmonic(b3_precision, b3_recall),
        _ratio(mixed.filter(pl.col("persons") > 1).height, several.height, empty=0.0),
        clusters.select(pl.col("in_cluster").max().fill_null(0)).item(),
        persons.select(pl.col("of_person").max().fill_null(0)).item(),
    )


def _pair_count(sizes: pl.Series) -> int:
    return int((sizes.cast(pl.Int64()) * (sizes.cast(pl.Int64()) - 1)).sum()) // 2


def _ratio(part: int, whole: int, empty: float = 1.0) -> float:
    return part / whole if whole else empty


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
