"""The measures of a forecast as the demand benchmarks report them, and the baselines of statsforecast.

Actual and forecast values are series × periods. RMSSE, MASE and the scaled pinball loss are each a series' own error
over its own scale, and then the unweighted mean of the series whose scale is above 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from statsforecast.models import (
    TSB,
    AutoETS,
    CrostonSBA,
    Naive,
    SeasonalNaive,
    SimpleExponentialSmoothingOptimized,
    WindowAverage,
)

from benchmarks.report import report
from models import metrics

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Forecast:
    """Mean and ends of the 80 % range, series × periods, and quantiles, levels × series × periods."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    quantiles: np.ndarray

    @classmethod
    def of(cls, weeks: pl.DataFrame, products: list[str], periods: int) -> "Forecast":
        """From `forecast_weeks`, in the order of the products; 0 for one that has no forecast."""
        row = weeks["product_id"].replace_strict({one: at for at, one in enumerate(products)}, default=None)
        known = weeks.filter(row.is_not_null())
        at = row.drop_nulls().to_numpy(), known["horizon"].to_numpy() - 1
        mean, low, high = np.zeros((3, len(products), periods))
        quantiles = np.zeros((len(QUANTILES), len(products), periods))
        for name, values in (("forecast_qty", mean), ("forecast_low_qty", low), ("forecast_high_qty", high)):
            values[at] = known[name].to_numpy()
        quantiles[:, *at] = np.array(known["quantile_qty"].to_list()).T
        return cls(mean, low, high, quantiles)


def scaled_mean(error: np.ndarray, scale: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean over series of error over scale, those with scale 0 or unknown left out."""
    has_scale = np.isfinite(scale) & (scale > 0) & np.isfinite(error)
    return float(np.average(error[has_scale] / scale[has_scale], weights=None if weight is None else weight[has_scale]))


def rmsse(history: np.ndarray, actual: np.ndarray, forecast: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Root of the mean squared error over the history's mean squared first difference."""
    scale = np.nanmean(np.diff(history, axis=1) ** 2, axis=1)
    return scaled_mean(np.sqrt(np.nanmean((actual - forecast) ** 2, axis=1)), np.sqrt(scale), weight)


def mase(history: np.ndarray, actual: np.ndarray, forecast: np.ndarray, season: int = 1) -> float:
    """Mean absolute error over the history's mean absolute difference of a season."""
    scale = np.nanmean(np.abs(history[:, season:] - history[:, :-season]), axis=1)
    return scaled_mean(np.nanmean(np.abs(actual - forecast), axis=1), scale)


def wspl(history: np.ndarray, actual: np.ndarray, quantiles: np.ndarray) -> float:
    """Pinball loss over the history's mean absolute first difference; quantiles: levels × series × periods."""
    level = np.array(QUANTILES)[:, None, None]
    error = actual[None] - quantiles
    loss = np.nanmean(np.maximum(level * error, (level - 1) * error), axis=(0, 2))
    return scaled_mean(loss, np.nanmean(np.abs(np.diff(history, axis=1)), axis=1))


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share of actual values within the range, ends included."""
    is_known = np.isfinite(actual)
    return float(np.mean(((actual >= low) & (actual <= high))[is_known]))


Model = Callable[[], object]


def models(season: int | None) -> dict[str, Model]:
    """statsforecast's models; the seasonal naive where a season of the data is known."""
    found: dict[str, Model] = {
        "AutoETS": lambda: AutoETS(season_length=1),
        "SES": SimpleExponentialSmoothingOptimized,
        "Croston SBA": CrostonSBA,
        "TSB": lambda: TSB(alpha_d=0.1, alpha_p=0.1),
        "naive": Naive,
        "MA(13)": lambda: WindowAverage(window_size=13),
    }
    if season:
        found["seasonal naive"] = lambda: SeasonalNaive(season_length=season)
    return found


def forecast(history: Sequence[np.ndarray], periods: int, model: Model) -> np.ndarray:
    """A model's mean forecast: series × periods. A series is its values in order of time."""
    return np.array([model().forecast(one, periods)["mean"] for one in history])  # type: ignore[attr-defined]


def forecasts(history: Sequence[np.ndarray], periods: int, season: int | None = None) -> Mapping[str, np.ndarray]:
    """Each baseline's mean forecast."""
    return {name: forecast(history, periods, model) for name, model in models(season).items()}


def residual_quantiles(history: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """The range of a baseline that has none: its forecast moved by the history's own quantiles about their mean."""
    spread = np.nanquantile(history - np.nanmean(history, axis=1, keepdims=True), QUANTILES, axis=1)
    return np.maximum(forecast[None] + spread[:, :, None], 0)


def report_means(
    case: str,
    history: np.ndarray,
    actual: np.ndarray,
    own: np.ndarray,
    baselines: Mapping[str, np.ndarray],
    weight: np.ndarray | None = None,
) -> None:
    """RMSSE and its kin of the mean forecast beside the baseline with the least RMSSE; RMSSE and bias of each."""
    errors = {name: rmsse(history, actual, one) for name, one in baselines.items()}
    best = min(errors, key=lambda name: errors[name])
    report("demand", case, "rmsse", round(rmsse(history, actual, own), 4), "", best, round(errors[best], 4))
    report("demand", case, "best_baseline_rmsse", round(errors[best], 4), "", best)
    kin: dict[str, Callable[[np.ndarray], float | None]] = {
        "mase": lambda one: mase(history, actual, one),
        "wape": lambda one: metrics.wape(*_known(actual, one)),
        "bias": lambda one: metrics.bias(*_known(actual, one)),
    }
    if weight is not None:
        kin["wrmsse"] = lambda one: rmsse(history, actual, one, weight)
    for name, measure in kin.items():
        value, beside = measure(own), measure(baselines[best])
        if value is not None and beside is not None:
            report("demand", case, name, round(value, 4), "", best, round(beside, 4))
    for name, one in baselines.items():
        report("demand", case, "baseline_rmsse", round(errors[name], 4), "", name)
        bias = metrics.bias(*_known(actual, one))
        if bias is not None:
            report("demand", case, "baseline_bias", round(bias, 4), "", name)


def report_ranges(
    case: str, history: np.ndarray, actual: np.ndarray, own: Forecast, baselines: Mapping[str, np.ndarray]
) -> None:
    """Scaled pinball loss of the quantiles beside the best baseline's, and how often the range holds what was sold."""
    losses = {name: wspl(history, actual, residual_quantiles(history, one)) for name, one in baselines.items()}
    best = min(losses, key=lambda name: losses[name])
    report("demand", case, "wspl", round(wspl(history, actual, own.quantiles), 4), "", best, round(losses[best], 4))
    report("demand", case, "best_baseline_wspl", round(losses[best], 4), "", best)
    report("demand", case, "coverage_80", round(coverage(actual, own.low, own.high), 4), "share", "aimed at", 0.8)
    for name, loss in losses.items():
        report("demand", case, "baseline_wspl", round(loss, 4), "", name)


def _known(actual: np.ndarray, forecast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    is_known = np.isfinite(actual)
    return actual[is_known], forecast[is_known]
