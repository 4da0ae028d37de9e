"""What is decided about demand: how far ahead, the range, and how old a stock level may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemandConfig:
    """weeks_ahead: weeks of a forecast. lower, upper: quantiles of its range, of those that the model has.

    stock_max_age_days: an older stock level counts as unknown.
    """

    weeks_ahead: int = 4
    lower: float = 0.1
    upper: float = 0.9
    stock_max_age_days: int = 14
