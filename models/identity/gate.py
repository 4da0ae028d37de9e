"""Whether a resolution is fit to be kept and published, or too much of a surprise.

Belongs here: the figures by which it is judged, and what they say against it. None needs a true answer.
Does not belong here: what is done about it (pipelines), quality where the truth is known (evaluation).
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class GateLimits:
    """min_precision: estimated share of links that are right. max_records_per_customer: the largest customer.
    max_changed_share: of the records known before, those with another customer_id now. min_changed_records: fewer of
    them are no surprise, whatever their share.
    """

    min_precision: float = 0.9
    max_records_per_customer: int = 50
    max_changed_share: float = 0.05
    min_changed_records: int = 10


@dataclass(frozen=True)
class GateFindings:
    """`reasons` against the resolution, none where it may pass. `precision`: null where nothing is linked."""

    precision: float | None
    largest_customer: int
    changed_share: float
    reasons: tuple[str, ...]


def judge(accepted: pl.DataFrame, largest_customer: int, changed: int, known: int, limits: GateLimits) -> GateFindings:
    """Judges a resolution.

    `accepted`: links between two records of one customer (match_probability, links: how many have it). The model's
    probabilities are honest (calibrated), so that their mean is the share of links to be expected right. `changed`: of
    the `known` records before, those with another customer_id.
    """
    links = int(accepted["links"].sum())
    right = accepted.select((pl.col("match_probability") * pl.col("links")).sum()).item()
    precision = round(right / links, 6) if links else None
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
    if changed_share > limits.max_changed_share and changed >= limits.min_changed_records:
        reasons.append(
            f"{changed} of {known} records have another customer_id than before, a share of {changed_share:.4f},"
            f" more than {limits.max_changed_share} (identity.gate.max_changed_share)"
        )
    return GateFindings(precision, largest_customer, changed_share, tuple(reasons))
