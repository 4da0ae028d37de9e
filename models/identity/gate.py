"""Whether a resolution is fit to be kept and published, or too much of a surprise.

Belongs here: the figures by which it is judged, and what they say against it. None needs a true answer.
Does not belong here: what is done about it (pipelines), quality where the truth is known (evaluation).
"""

from dataclasses import dataclass

import polars as pl

# Where reviewers' answers correct the model: what they say of one bin says little of another.
PROBABILITY_BINS = (0.5, 0.9, 0.99)


@dataclass(frozen=True)
class GateLimits:
    """min_precision: estimated share of links that are right. max_records_per_customer: the largest customer.
    max_changed_share: of the records known before, those with another customer_id now. min_answers: reviewers' answers
    about links of like probability that weigh more than the model's word.
    """

    min_precision: float = 0.95
    max_records_per_customer: int = 50
    max_changed_share: float = 0.05
    min_answers: int = 30


@dataclass(frozen=True)
class GateFindings:
    """`reasons` against the resolution, none where it may pass. `precision`: null where nothing is linked."""

    precision: float | None
    answered_share: float
    largest_customer: int
    changed_share: float
    reasons: tuple[str, ...]


def judge(
    accepted: pl.DataFrame, largest_customer: int, changed: int, known: int, answers: pl.DataFrame, limits: GateLimits
) -> GateFindings:
    """Judges a resolution.

    `accepted`: links between two records of one customer (match_probability, links: how many have it). `changed`: of
    the `known` records before, those with another customer_id. `answers`: a row a reviewed pair (match_probability,
    is_same).
    """
    precision, answered_share = _precision(accepted, answers, limits)
    changed_share = changed / known if known else 0.0
    reasons = []
    if precision is not None and precision < limits.min_precision:
        reasons.append(
            f"estimated precision of the links is {precision:.4f}, below {limits.min_precision} (identity.gate"
            ".min_precision)"
        )
    if largest_customer > limits.max_records_per_customer:
        reasons.append(
            f"a customer has {largest_customer} records, more than {limits.max_records_per_customer} (identity.gate"
            ".max_records_per_customer)"
        )
    if changed_share > limits.max_changed_share:
        reasons.append(
            f"{changed} of {known} records have another customer_id than before, a share of {changed_share:.4f},"
            f" more than {limits.max_changed_share} (identity.gate.max_changed_share)"
        )
    return GateFindings(precision, answered_share, largest_customer, changed_share, tuple(reasons))


def _precision(accepted: pl.DataFrame, answers: pl.DataFrame, limits: GateLimits) -> tuple[float | None, float]:
    """The mean probability of the links, and the share of them whose bin the reviewers' answers speak for.

    Reviewers see the doubtful pairs: their answers stand for links of like probability, not for all.
    """
    total = int(accepted["links"].sum())
    if not total:
        return None, 0.0
    by_bin = (
        _binned(accepted)
        .group_by("bin")
        .agg(pl.col("links").sum(), (pl.col("match_probability") * pl.col("links")).sum().alias("expected"))
        .sort("bin")
    )
    answered = (
        _binned(answers)
        .group_by("bin")
        .agg(pl.len().alias("answers"), pl.col("is_same").mean().alias("right_share"))
        .filter(pl.col("answers") >= limits.min_answers)
    )
    known = by_bin.join(answered, on="bin", how="left", maintain_order="left")
    right = known.select(pl.coalesce(pl.col("links") * pl.col("right_share"), pl.col("expected")).sum()).item()
    spoken_for = int(known.filter(pl.col("right_share").is_not_null())["links"].sum())
    return round(right / total, 6), spoken_for / total


def _binned(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.sum_horizontal(pl.col("match_probability") >= edge for edge in PROBABILITY_BINS).alias("bin")
    )
