"""What is decided about demand: how far ahead, and how old a stock level may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemandConfig:
    """weeks_ahead: weeks of a forecast. stock_max_age_days: an older stock level counts as unknown."""

    weeks_ahead: int = 4
    stock_max_age_days: int = 14
