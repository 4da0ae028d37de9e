"""Quantiles of a week's demand and of the sum of four weeks, from how forecasts of past origins turned out.

Weekly ranges cannot be added, for weeks do not all go low together: the sum has quantiles of its own. Both are learnt
the same way: forecasts of origins that the model had not seen are put in bins of like size and like spread of the
series, and a bin keeps the quantiles of what was sold over what was forecast. A negative binomial with the forecast's
mean and the spread of the upper quantile (Poisson where that is not wider) gives chances.

The range of a forecast holds 8 of 10 outcomes: one in ten lies below it and one above. Where one in ten or more is 0,
none lies below and two in ten above.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Distance from the mean to the 90 % and the 80 % quantile in standard deviations.
UPPER_IN_DEVIATIONS, UPPER_FROM_ZERO_IN_DEVIATIONS = 1.2816, 0.8416
SMALLEST_MEAN = 1e-6
# Bins: at most so many of forecast size, each split by spread in three, none with fewer rows.
SIZE_BINS, SPREAD_BINS, MIN_BIN_ROWS = 12, 3, 60


@dataclass(frozen=True)
class Turnout:
    """Bins of forecasts and the quantiles of sold over forecast in each.

    size_edges: inner edges of the forecast bins. spread_edges: of the spread within each. ratios: sizes × spreads ×
    QUANTILES.
    """

    size_edges: np.ndarray
    spread_edges: np.ndarray
    ratios: np.ndarray

    @classmethod
    def fit(cls, forecast: np.ndarray, spread: np.ndarray, actual: np.ndarray) -> "Turnout":
        sizes = int(np.clip(len(forecast) // (MIN_BIN_ROWS * SPREAD_BINS), 1, SIZE_BINS))
        size_edges = np.quantile(forecast, np.arange(1, sizes) / sizes).round(6)
        ratio = actual / np.maximum(forecast, SMALLEST_MEAN)
        of_size = np.searchsorted(size_edges, forecast)
        parts = np.arange(1, SPREAD_BINS) / SPREAD_BINS
        spread_edges = np.zeros((sizes, SPREAD_BINS - 1))
        ratios = np.zeros((sizes, SPREAD_BINS, len(QUANTILES)))
        for size in range(sizes):
            rows = of_size == size
            if not rows.any():
                ratios[size] = np.quantile(ratio, QUANTILES)
                continue
            spread_edges[size] = np.quantile(spread[rows], parts).round(6)
            of_spread = np.searchsorted(spread_edges[size], spread)
            for part in range(SPREAD_BINS):
                found = ratio[rows & (of_spread == part)]
                ratios[size, part] = np.quantile(found if len(found) >= MIN_BIN_ROWS else ratio[rows], QUANTILES)
        return cls(size_edges, spread_edges, ratios.round(6))

    def quantiles(self, forecast: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """QUANTILES × rows."""
        size = np.searchsorted(self.size_edges, forecast)
        part = (spread[:, None] > self.spread_edges[size]).sum(axis=1)
        return (self.ratios[size, part] * forecast[:, None]).T

    def numbers(self, name: str) -> dict[str, float]:
        """All that it is as named numbers, for a saved model."""
        arrays = {"size": self.size_edges, "spread": self.spread_edges, "ratio": self.ratios}
        return {
            f"{name}.{part}.{at:03d}": float(value) for part, a in arrays.items() for at, value in enumerate(a.ravel())
        }

    @classmethod
    def of(cls, numbers: dict[str, float], name: str) -> "Turnout":
        size, spread, ratio = (
            np.array([numbers[key] for key in sorted(numbers) if key.startswith(f"{name}.{part}.")])
            for part in ("size", "spread", "ratio")
        )
        return cls(size, spread.reshape(-1, SPREAD_BINS - 1), ratio.reshape(-1, SPREAD_BINS, len(QUANTILES)))


def likely_range(mean: np.ndarray, quantiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the range of 8 in 10 outcomes, the mean within. quantiles: QUANTILES × the shape of mean."""
    lowest, second_highest, highest = quantiles[0], quantiles[-2], quantiles[-1]
    return np.minimum(lowest, mean), np.maximum(np.where(lowest > 0, highest, second_highest), mean)


def spread_about(mean: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Standard deviation that a 90 % quantile tells of; 0 where it is not above the mean."""
    return np.maximum(upper - mean, 0) / UPPER_IN_DEVIATIONS


def chance_above(quantity: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Probability that demand is above the quantity on hand; less than nothing on hand counts as nothing."""
    on_hand = np.floor(np.maximum(quantity, 0))
    mean = np.maximum(mean, SMALLEST_MEAN)
    variance = np.maximum(deviation**2, mean * (1 + 1e-6))
    size = mean**2 / (variance - mean)
    overdispersed = stats.nbinom.sf(on_hand, size, mean / variance)
    return np.where(deviation**2 > mean * (1 + 1e-6), overdispersed, stats.poisson.sf(on_hand, mean))
