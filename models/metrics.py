"""How good predictions were: plain functions of what was predicted and what happened.

Belongs here: measures that more than one task reports. Does not belong here: which rows they are measured on.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from scipy.stats import rankdata

from models.registry import CalibrationBin, SegmentMetrics

SMALLEST = 1e-12


def auc(happened: np.ndarray, score: np.ndarray) -> float | None:
    """Chance that a row where it happened scores above one where it did not; ties count half. None without both."""
    positives = int(happened.sum())
    negatives = len(happened) - positives
    if not positives or not negatives:
        return None
    ranks = rankdata(score)
    return float((ranks[happened.astype(bool)].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def log_losses(happened: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Of each row."""
    clipped = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return -(happened * np.log(clipped) + (1 - happened) * np.log(1 - clipped))


def log_loss(happened: np.ndarray, probability: np.ndarray) -> float:
    return float(np.mean(log_losses(happened, probability)))


def calibration_bins(happened: np.ndarray, probability: np.ndarray, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Equal-count bins in the order of the prediction."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return tuple(
        CalibrationBin(
            rows=len(part),
            predicted=round(float(probability[part].mean()), 6),
            observed=round(float(happened[part].mean()), 6),
        )
        for part in parts
    )


def calibration_error(bins: tuple[CalibrationBin, ...]) -> float:
    """Expected calibration error: mean gap between predicted and observed, weighted by rows."""
    rows = sum(b.rows for b in bins)
    return sum(b.rows * abs(b.predicted - b.observed) for b in bins) / rows


def lift_top_decile(happened: np.ndarray, score: np.ndarray) -> float | None:
    """How many times as often it happened in the tenth that scored highest as in all. None where it never happened."""
    if not happened.any():
        return None
    size = max(len(score) // 10, 1)
    top = np.argsort(-score, kind="stable")[:size]
    return float(happened[top].mean() / happened.mean())


def correlation(actual: np.ndarray, predicted: np.ndarray) -> float | None:
    """Pearson's. None where one of them does not vary."""
    if np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return None
    return float(np.corrcoef(actual, predicted)[0, 1])


def wape(actual: np.ndarray, forecast: np.ndarray) -> float | None:
    """Sum of absolute errors over the sum of what was sold."""
    total = actual.sum()
    return float(np.abs(actual - forecast).sum() / total) if total > 0 else None


def bias(actual: np.ndarray, forecast: np.ndarray) -> float | None:
    """Share by which the sum of forecasts is above what was sold."""
    total = actual.sum()
    return float(forecast.sum() / total - 1) if total > 0 else None


def rmse(actual: np.ndarray, forecast: np.ndarray) -> float:
    return float(np.sqrt(np.mean((actual - forecast) ** 2)))


def pinball(actual: np.ndarray, forecast: np.ndarray, quantile: float) -> float:
    error = actual - forecast
    return float(np.mean(np.maximum(quantile * error, (quantile - 1) * error)))


def by_segment(
    rows: pl.DataFrame,
    dimensions: Mapping[str, pl.Expr],
    measure: Callable[[np.ndarray], Mapping[str, float | None]],
) -> tuple[SegmentMetrics, ...]:
    """Metrics of the rows of each value of each dimension. measure: of the rows that a mask names."""
    found = []
    for dimension, expression in dimensions.items():
        member = rows.select(expression).to_series()
        for value in sorted(member.drop_nulls().unique()):
            is_in = (member == value).fill_null(False).to_numpy()
            measured = rounded(dict(measure(is_in)))
            found.append(SegmentMetrics(dimension=dimension, value=value, rows=int(is_in.sum()), metrics=measured))
    return tuple(found)


def rounded(values: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 6) for name, value in values.items()}
