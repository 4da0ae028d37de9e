"""Range and distribution of the sum of four weeks.

Weekly ranges cannot be added, for weeks do not all go low together: the quantile models learn the sum itself. Their
half-widths around the mean are then scaled, below and above apart, by what leaves the wanted share of out-of-time sums
outside. A negative binomial with the forecast's mean and the upper half-width's spread (Poisson where that is not
wider) gives chances.
"""

import numpy as np
from scipy import stats

# Distance from the mean to the 90 % quantile in standard deviations.
UPPER_IN_DEVIATIONS = 1.2816
SMALLEST_MEAN = 1e-6


def half_widths(mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of the quantiles from the mean, at least that of a Poisson count's half deviation: no range is empty."""
    least = 0.5 * np.sqrt(np.maximum(mean, SMALLEST_MEAN))
    return np.maximum(mean - np.maximum(low, 0), least), np.maximum(high - mean, least)


def range_scale(
    actual: np.ndarray, mean: np.ndarray, low: np.ndarray, high: np.ndarray, outside: float
) -> dict[str, float]:
    """Factors of the half-widths that leave the share `outside` of the sums below, and as many above, the range."""
    below, above = half_widths(mean, low, high)
    return {
        "below": round(max(float(np.quantile((mean - actual) / below, 1 - outside)), 0.0), 9),
        "above": round(max(float(np.quantile((actual - mean) / above, 1 - outside)), 0.0), 9),
    }


def scaled_range(
    mean: np.ndarray, low: np.ndarray, high: np.ndarray, scale: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    below, above = half_widths(mean, low, high)
    return np.maximum(mean - scale["below"] * below, 0), mean + scale["above"] * above


def chance_above(quantity: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Probability that demand is above the quantity on hand; less than nothing on hand counts as nothing."""
    on_hand = np.floor(np.maximum(quantity, 0))
    mean = np.maximum(mean, SMALLEST_MEAN)
    variance = np.maximum(deviation**2, mean * (1 + 1e-6))
    size = mean**2 / (variance - mean)
    overdispersed = stats.nbinom.sf(on_hand, size, mean / variance)
    return np.where(deviation**2 > mean * (1 + 1e-6), overdispersed, stats.poisson.sf(on_hand, mean))
