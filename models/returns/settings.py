"""What a brand decides about returns: its window, the stretch that is looked at, and the cuts of the levels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReturnsBrand:
    """window_days: goods may come back for so long. A return is judged over the customer's `lookback_days` before it.

    What kind of return it is counts over those of the same customer or cashier in `evidence_days` before and after.
    Return orders of the last `score_days` are scored. A level begins at the improbability named after it: 4 is a
    chance of one in ten thousand.
    """

    window_days: int
    lookback_days: int = 180
    evidence_days: int = 365
    score_days: int = 90
    medium_improbability: float = 3.0
    high_improbability: float = 5.0
