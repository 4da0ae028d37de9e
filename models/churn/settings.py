"""What a brand decides about churn: its horizon and the cuts of the levels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChurnBrand:
    """A customer has lapsed who does not buy for `horizon_days`. A level begins at the probability named after it."""

    horizon_days: int
    high_probability: float = 0.6
    medium_probability: float = 0.3
