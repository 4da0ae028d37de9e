"""Demand: units of a product in a store over the coming four weeks, with a range, cover and the chance to sell out.

`fit_and_score` is the whole of it: frames in, frames and models out. No files, no clock, no network.
"""

from datetime import date, timedelta

import polars as pl

from models import boosting
from models.demand import score, train
from models.demand.distribution import QUANTILES, likely_range
from models.demand.features import FEATURES, LAGS, TABLE, prepared
from models.demand.settings import DemandConfig
from models.features import FeatureError, check_null_share, encode
from models.registry import SavedModel, Standing

__all__ = ["QUANTILES", "DemandConfig", "fit_and_score", "forecast_weeks"]

STOCK_COLUMNS = ("product_id", "store_id", "stock_date", "on_hand_qty")


def fit_and_score(
    features: pl.DataFrame,
    stock: pl.DataFrame,
    as_of: date,
    seed: int,
    config: DemandConfig | None = None,
    standing: Standing = Standing(),  # noqa: B008
) -> tuple[pl.DataFrame, list[SavedModel]]:
    """Forecast every series at the last origin, each brand by a model of its own.

    features: `feat_sku_store__demand`, all origins. stock: the latest level of each product and store known by as_of
    (product_id, store_id, stock_date, on_hand_qty). A brand whose history does not bear a model, or that has a gap in
    its data, is forecast by the mean of 13 weeks and says so. Raises FeatureError where a frame does not fit.
    """
    config = config or DemandConfig()
    TABLE.check(features)
    levels = _recent_stock(stock, as_of, config)
    frames, models = [pl.DataFrame(schema=score.SCHEMA)], []
    for brand in sorted(features["brand"].unique().drop_nulls()):
        rows = features.filter(pl.col("brand") == brand).sort("origin_date", "product_id", "store_id", "horizon")
        model, scored = _brand(rows, levels, brand, config, as_of, seed, standing)
        models.append(model)
        frames.append(scored)
    return pl.concat(frames), models


def forecast_weeks(model: SavedModel, features: pl.DataFrame) -> pl.DataFrame:
    """Mean, range and QUANTILES of each week of the last origin's series, by a brand's saved model.

    Columns: product_id, store_id, origin_date, horizon, week_start_date, forecast_qty, forecast_low_qty,
    forecast_high_qty, and quantile_qty, a list.
    """
    rows = prepared(TABLE.population(features)).filter(pl.col("origin_date") == pl.col("origin_date").max())
    rows = rows.filter(pl.col("brand") == model.brand).sort("product_id", "store_id", "horizon")
    found = train.forecast(model, rows, boosting.from_text(model.model_texts["mean"], FEATURES))
    low, high = likely_range(found.weeks, found.week_quantiles)
    return rows.select("product_id", "store_id", "origin_date", "horizon", "week_start_date").with_columns(
        forecast_qty=pl.Series(found.weeks.ravel()).round(6),
        forecast_low_qty=pl.Series(low.ravel()).round(6),
        forecast_high_qty=pl.Series(high.ravel()).round(6),
        quantile_qty=pl.Series(found.week_quantiles.reshape(len(QUANTILES), -1).T.round(6), dtype=pl.List(pl.Float64)),
    )


def _brand(
    rows: pl.DataFrame,
    levels: pl.DataFrame,
    brand: str,
    config: DemandConfig,
    as_of: date,
    seed: int,
    standing: Standing,
) -> tuple[SavedModel, pl.DataFrame]:
    population = prepared(TABLE.population(rows))
    to_score = population.filter(pl.col("origin_date") == pl.col("origin_date").max())
    series = train.period_rows(to_score)
    if to_score.height != series.height * config.weeks_ahead:
        raise FeatureError(f"a series of the last origin does not have its {config.weeks_ahead} weeks")
    labelled = train.observed(population, as_of)
    cut = train.cut_by_time(labelled, config.weeks_ahead)
    gaps = _gap_weeks(series, labelled)
    with_stock = series.join(levels, on=["product_id", "store_id"], how="semi").height
    counts = {"scored_series": series.height, "series_with_stock": with_stock, "gap_weeks": len(gaps)}
    if cut is None or gaps:
        why = (
            f"No sales of the brand known in week {', '.join(map(str, gaps))} before, its feed may be silent"
            if gaps
            else "Too little history of this brand for a model"
        )
        card = train.rule_card(rows, brand, as_of, seed, why)
        rule = SavedModel(task="demand", brand=brand, model_texts={}, encoding=None, calibration={}, card=card)
        rule = rule.counting(**counts)
        return rule, score.scores(series, score.rule_forecast(series, why, config), levels, rule, as_of, config)
    champion = standing.champion(brand, FEATURES)
    model = train.fit(labelled, cut, brand, as_of, seed, champion)
    model, kept = standing.judge(model, champion)
    encoding = (kept or model).encoding
    assert encoding is not None
    check_null_share(to_score, FEATURES, encoding)
    weeks = encode(to_score, FEATURES, encoding)
    model = model.counting(**counts, **weeks.counts)
    forecasts = score.model_forecast(kept or model, to_score, weeks.values, series, config)
    return model, score.scores(series, forecasts, levels, kept or model, as_of, config)


def _gap_weeks(series: pl.DataFrame, labelled: pl.DataFrame) -> list[int]:
    """Weeks back for which the last origin has no units of any series though training had: gaps in the brand's data.

    A model that never saw such a gap would take it for weeks without demand.
    """
    return [
        lag
        for lag in LAGS
        if series[f"units_lag_{lag}"].null_count() == series.height
        and labelled[f"units_lag_{lag}"].null_count() < labelled.height
    ]


def _recent_stock(stock: pl.DataFrame, as_of: date, config: DemandConfig) -> pl.DataFrame:
    """Stock levels that are recent enough to mean anything, one a product and store."""
    missing = sorted(set(STOCK_COLUMNS) - set(stock.columns))
    if missing:
        raise FeatureError(f"stock: columns missing: {', '.join(missing)}")
    if stock.select("product_id", "store_id").is_duplicated().any():
        raise FeatureError("stock: more than one row a product and store")
    oldest = as_of - timedelta(days=config.stock_max_age_days)
    return stock.filter(pl.col("stock_date").is_between(oldest, as_of)).select(
        "product_id", "store_id", on_hand_qty=pl.col("on_hand_qty").cast(pl.Float64)
    )
