"""How good the forecast of a past origin was, by group of series, beside what repeats the past.

The origin is the newest whose weeks are all over; the model that forecast it knew nothing after it. With every run it
moves on, so the table of all runs is a backtest by rolling origins.

Belongs here: measures by group, and the table's rows. Does not belong here: training, the choice of the origin.
"""

from collections.abc import Iterable
from datetime import date

import numpy as np
import polars as pl

from models import metrics
from models.demand.distribution import QUANTILES, likely_range
from models.demand.features import YOUNG_WEEKS
from models.registry import SavedModel, SegmentMetrics

MIN_SERIES = 10
# A series that has not sold for so many weeks is ending; one that sells in fewer weeks than this share is intermittent.
ENDING_WEEKS, INTERMITTENT_SHARE = 8, 0.5

SCHEMA = pl.Schema(
    {
        "brand": pl.String(),
        "as_of_date": pl.Date(),
        "model_version": pl.String(),
        "origin_date": pl.Date(),
        "group_kind": pl.String(),
        "group_name": pl.String(),
        "series_count": pl.Int64(),
        "sold_qty": pl.Float64(),
        "forecast_qty": pl.Float64(),
        "wape": pl.Float64(),
        "bias": pl.Float64(),
        "rmsse": pl.Float64(),
        "revenue_weighted_rmsse": pl.Float64(),
        "scaled_pinball_loss": pl.Float64(),
        "coverage_share": pl.Float64(),
        "naive_rmsse": pl.Float64(),
        "mean13_rmsse": pl.Float64(),
        "skill_over_naive_share": pl.Float64(),
    }
)


def segments(
    series: pl.DataFrame, sold: np.ndarray, mean: np.ndarray, quantiles: np.ndarray
) -> tuple[SegmentMetrics, ...]:
    """Measures of all series, and of each group with MIN_SERIES or more.

    series: one row a series of the origin. sold, mean: series × weeks. quantiles: levels × series × weeks.
    """
    groups = series.select(
        pl.lit("all").alias("all"),
        "department",
        "category",
        store="store_id",
        activity=pl.when(pl.col("weeks_since_first_sale") < YOUNG_WEEKS)
        .then(pl.lit("new"))
        .when(pl.col("weeks_since_sale") >= ENDING_WEEKS)
        .then(pl.lit("ending"))
        .when(pl.col("selling_week_share_52") < INTERMITTENT_SHARE)
        .then(pl.lit("intermittent"))
        .otherwise(pl.lit("regular")),
    ).with_row_index("row")
    found = []
    for kind in groups.columns[1:]:
        for (name,), rows in groups.drop_nulls(kind).sort(kind, "row").group_by(kind, maintain_order=True):
            if rows.height >= MIN_SERIES:
                at = rows["row"].to_numpy()
                measured = _measures(series[at], sold[at], mean[at], quantiles[:, at])
                found.append(SegmentMetrics(dimension=kind, value=str(name), rows=rows.height, metrics=measured))
    return tuple(found)


def _measures(
    series: pl.DataFrame, sold: np.ndarray, mean: np.ndarray, quantiles: np.ndarray
) -> dict[str, float | None]:
    # Twice the variance of 52 weeks is the mean squared first difference of weeks that do not depend on each other.
    scale = np.sqrt(2) * series["units_std_52"].to_numpy()
    has_scale = scale > 0
    scale = np.where(has_scale, scale, 1)
    revenue = (series["unit_price"].fill_null(0) * series["units_mean_4"]).clip(lower_bound=0).to_numpy()

    def rmsse(forecast: np.ndarray, weight: np.ndarray) -> float | None:
        weight = weight * has_scale
        error = np.sqrt(np.mean((sold - forecast) ** 2, axis=1)) / scale
        return float(np.average(error, weights=weight)) if weight.sum() > 0 else None

    even = np.ones(len(scale))
    own = rmsse(mean, even)
    naive, mean13 = (
        rmsse(series[name].fill_null(0).to_numpy()[:, None], even) for name in ("units_lag_1", "units_mean_13")
    )
    level = np.array(QUANTILES)[:, None, None]
    low, high = likely_range(mean, quantiles)
    loss = np.maximum(level * (sold - quantiles), (level - 1) * (sold - quantiles)).mean(axis=(0, 2)) / scale
    return metrics.rounded(
        {
            "sold_qty": float(sold.sum()),
            "forecast_qty": float(mean.sum()),
            "wape": metrics.wape(sold, mean),
            "bias": metrics.bias(sold, mean),
            "rmsse": own,
            "revenue_weighted_rmsse": rmsse(mean, revenue),
            "scaled_pinball_loss": float(loss[has_scale].mean()) if has_scale.any() else None,
            "coverage_share": float(np.mean((sold >= low) & (sold <= high))),
            "naive_rmsse": naive,
            "mean13_rmsse": mean13,
            "skill_over_naive_share": None if own is None or not naive else 1 - own / naive,
        }
    )


def table(models: Iterable[SavedModel], as_of: date) -> pl.DataFrame:
    """Rows of `score_demand_backtest` of the models that a day trained; a plain mean has none."""
    rows = [
        {
            "brand": model.brand,
            "as_of_date": as_of,
            "model_version": model.version,
            "origin_date": model.card.test_from,
            "group_kind": segment.dimension,
            "group_name": segment.value,
            "series_count": segment.rows,
            **segment.metrics,
        }
        for model in models
        for segment in model.card.segments
    ]
    return pl.DataFrame(rows, schema=SCHEMA)
