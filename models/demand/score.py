"""Forecast rows from a saved model, or from the mean of 13 weeks: four weeks' sum, range, cover, stock-out, reasons.

Belongs here: what a score row says. Does not belong here: training.
"""

from datetime import date

import numpy as np
import polars as pl

from models import boosting
from models.demand.distribution import (
    UPPER_FROM_ZERO_IN_DEVIATIONS,
    UPPER_IN_DEVIATIONS,
    chance_above,
    likely_range,
    spread_about,
)
from models.demand.features import FEATURES, GROUPS, SENTENCES
from models.demand.settings import DemandConfig
from models.demand.train import by_series, forecast
from models.reasons import percent, short, top_reasons, whole
from models.registry import SavedModel

SCHEMA = pl.Schema(
    {
        "product_id": pl.String(),
        "store_id": pl.String(),
        "brand": pl.String(),
        "as_of_date": pl.Date(),
        "model_version": pl.String(),
        "horizon_weeks": pl.Int32(),
        "forecast_qty": pl.Float64(),
        "forecast_low_qty": pl.Float64(),
        "forecast_high_qty": pl.Float64(),
        "forecast_std_qty": pl.Float64(),
        "on_hand_qty": pl.Float64(),
        "cover_days": pl.Float64(),
        "stock_out_probability": pl.Float64(),
        "reasons": pl.List(pl.String()),
        "is_fallback": pl.Boolean(),
    }
)
# The first trees hold most of what a group adds, and reasons ask for the order of groups alone.
REASON_TREES = 50
STOCK_SENTENCE = pl.format(
    "{} on hand, {} days of the forecast; {} % chance to sell out in 4 weeks",
    short("on_hand_qty"),
    whole("cover_days"),
    percent("stock_out_probability"),
)


def model_forecast(
    model: SavedModel, rows: pl.DataFrame, weeks: np.ndarray, series: pl.DataFrame, config: DemandConfig
) -> pl.DataFrame:
    """Mean, range and reasons of series from their prepared rows (sorted by series and horizon) and their encoding."""
    booster = boosting.from_text(model.model_texts["mean"], FEATURES)
    found = forecast(model, rows, booster)
    # The week that is least like the level says why.
    change = np.abs(np.log(np.maximum(found.weeks, 1e-6) / by_series(rows["level"].to_numpy(), rows)))
    told = np.arange(len(change)) * config.weeks_ahead + change.argmax(axis=1)
    size = np.abs(boosting.group_contributions(booster, weeks[told], FEATURES, GROUPS, REASON_TREES))
    low, high = likely_range(found.period, found.period_quantiles)
    return pl.DataFrame(
        {
            "mean": found.period,
            "low": low,
            "high": high,
            "std": spread_about(found.period, found.period_quantiles[-1]),
            "reasons": top_reasons(series, size, GROUPS, SENTENCES, default=SENTENCES["level"]),
        }
    )


def rule_forecast(series: pl.DataFrame, why: str, config: DemandConfig) -> pl.DataFrame:
    """Mean of the last 13 weeks that have data, with a range of the series' own spread."""
    mean = series["units_mean_13"].fill_null(0).to_numpy() * config.weeks_ahead
    deviation = np.sqrt(np.maximum(series["units_std_13"].to_numpy() ** 2 * config.weeks_ahead, mean))
    low = np.maximum(mean - deviation * UPPER_IN_DEVIATIONS, 0)
    reach = np.where(low > 0, UPPER_IN_DEVIATIONS, UPPER_FROM_ZERO_IN_DEVIATIONS)
    return pl.DataFrame(
        {
            "mean": mean,
            "low": low,
            "high": mean + deviation * reach,
            "std": deviation,
            "reasons": series.select(
                pl.concat_list(pl.lit(f"{why}: mean of the last 13 weeks"), SENTENCES["level"]).list.drop_nulls()
            ).to_series(),
        }
    )


def scores(
    series: pl.DataFrame,
    forecasts: pl.DataFrame,
    stock: pl.DataFrame,
    model: SavedModel,
    as_of: date,
    config: DemandConfig,
) -> pl.DataFrame:
    """Score rows of one brand's series. stock: product_id, store_id, on_hand_qty as DOUBLE, of recent date."""
    rows = (
        pl.concat([series.select("product_id", "store_id", "brand"), forecasts], how="horizontal")
        .join(stock, on=["product_id", "store_id"], how="left", maintain_order="left")
        .with_columns(
            as_of_date=pl.lit(as_of),
            model_version=pl.lit(model.version),
            horizon_weeks=pl.lit(config.weeks_ahead),
            forecast_qty=pl.col("mean").round(6),
            forecast_low_qty=pl.col("low").round(6),
            forecast_high_qty=pl.col("high").round(6),
            forecast_std_qty=pl.col("std").round(6),
            is_fallback=pl.lit(model.card.is_fallback),
        )
    )
    daily = pl.col("mean") / (7 * config.weeks_ahead)
    chance = chance_above(*(rows[name].fill_null(0).to_numpy() for name in ("on_hand_qty", "mean", "std")))
    rows = rows.with_columns(
        # A forecast of nothing has no days of cover: null, not an endless number.
        cover_days=pl.when(pl.col("mean") > 0).then((pl.col("on_hand_qty").clip(lower_bound=0) / daily).round(1)),
        stock_out_probability=pl.when(pl.col("on_hand_qty").is_not_null()).then(pl.Series(np.round(chance, 6))),
    )
    with_stock = pl.concat_list("reasons", pl.concat_list(STOCK_SENTENCE).list.drop_nulls())
    return rows.with_columns(reasons=with_stock).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
