"""What is decided about demand: the range, and how old a stock level may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemandConfig:
    """lower, upper: quantiles of the range. stock_max_age_days: an older stock level counts as unknown."""

    lower: float = 0.1
    upper: float = 0.9
    stock_max_age_days: int = 14
