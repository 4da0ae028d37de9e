"""Training of the demand model: cuts by time, out-of-time test against simple forecasts, range, final model, card.

All series of a brand in one Tweedie model of a week's units relative to the series' level, the weeks ahead being a
feature. Rows are cut by when their target weeks were over:

    train, target over by V | validation: origin V, its weeks over by T | test: origin T, its weeks over by as_of

Validation chooses the number of trees, and how its forecasts turned out gives the test its quantiles; the test is
scored once, for the card. The model that forecasts is trained again on all rows with a label, with the quantiles of
validation and test together.
A week in which the brand sold nothing at all has no label: the feed was silent or the shop closed.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import lightgbm as lgb
import numpy as np
import polars as pl

from models import boosting, metrics
from models.demand.backtest import segments
from models.demand.distribution import QUANTILES, Turnout, likely_range
from models.demand.features import FEATURES, PERIOD_FACTS, TABLE
from models.features import Encoding, date_span, encode, fit_encoding
from models.registry import CalibrationBin, Comparison, FeatureNote, ModelCard, SavedModel, compare, rows_hash

PARAMS = {
    "objective": "tweedie",
    "tweedie_variance_power": 1.3,
    "learning_rate": 0.06,
    "num_leaves": 63,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.25,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
}
MAX_ROUNDS = 150
PATIENCE = 20
# More rows made the forecasts no better, only later; the newest origins are kept.
MAX_TRAIN_ROWS = 150_000
MIN_TRAIN_ROWS = 400
MIN_TEST_SERIES = 20

LIMITS = (
    "Of a week without stock its days in stock count; what a customer took instead of it counts as demand of its own.",
    "Only series with enough sale days have a forecast, new ones with as many for their age; unsold ones have none.",
    "The chance of a stock-out takes what is on hand and no delivery.",
    "The calendar beyond holidays and Christmas is known only through a year-ago week.",
    "A price that changes in the coming weeks is not known, but for what goes with a planned promotion.",
)


@dataclass(frozen=True)
class Cut:
    """Labelled rows cut by time."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame


def observed(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Rows whose target week is over and has a label."""
    return rows.filter(pl.col("units").is_not_null(), pl.col("week_start_date") + timedelta(days=6) <= as_of)


def with_all_weeks(rows: pl.DataFrame, weeks_ahead: int) -> pl.DataFrame:
    """Rows of series that have every week ahead on their origin."""
    return rows.filter(pl.len().over("origin_date", "product_id", "store_id") == weeks_ahead)


def cut_by_time(labelled: pl.DataFrame, weeks_ahead: int) -> Cut | None:
    """Rows of `observed` as train, validation and test; None where there are too few."""
    week_end = pl.col("week_start_date") + timedelta(days=6)
    whole = with_all_weeks(labelled, weeks_ahead)
    _, test_date = date_span(whole, "origin_date")
    if test_date is None:
        return None
    over_by_test = whole.filter(week_end.max().over("origin_date") <= test_date)
    _, validation_date = date_span(over_by_test, "origin_date")
    if validation_date is None:
        return None
    cut = Cut(
        train=_newest(labelled.filter(week_end <= validation_date)),
        validation=whole.filter(pl.col("origin_date") == validation_date),
        test=whole.filter(pl.col("origin_date") == test_date),
    )
    series = min(part.height // weeks_ahead for part in (cut.validation, cut.test))
    return cut if cut.train.height >= MIN_TRAIN_ROWS and series >= MIN_TEST_SERIES else None


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of rows sorted by origin, series and horizon, all weeks there: means and quantiles by week and in sum.

    weeks: series × horizon. week_quantiles: levels × series × horizon. period_quantiles: levels × series.
    """

    weeks: np.ndarray
    week_quantiles: np.ndarray
    period_quantiles: np.ndarray

    @property
    def period(self) -> np.ndarray:
        return self.weeks.sum(axis=1)


def fit(
    labelled: pl.DataFrame,
    cut: Cut,
    brand: str,
    as_of: date,
    seed: int,
    champion: SavedModel | None = None,
) -> SavedModel:
    """The brand's model with its card, judged beside the champion."""
    encoding = fit_encoding(cut.train, FEATURES)
    tested = _booster(cut.train, encode(cut.train, FEATURES, encoding).values, seed, (cut.validation, encoding))
    rounds = max(tested.best_iteration, 1)
    validation, test = (by_series(_mean(tested, part, encoding), part) for part in (cut.validation, cut.test))
    first = _calibration([(cut.validation, validation)])
    test_forecasts = calibrated(test, cut.test, first)

    rows = _newest(labelled)
    final_encoding = fit_encoding(rows, FEATURES)
    learnt = encode(rows, FEATURES, final_encoding).values
    final = _booster(rows, learnt, seed, rounds=rounds)
    card = _card(cut, rows, final_encoding, test_forecasts, rounds, brand, as_of, seed)
    standing = {
        "train_hash": rows_hash(learnt, units(rows)),
        "test_hash": rows_hash(encode(cut.test, FEATURES, encoding).values, units(cut.test)),
        "comparison": None if champion is None else _compared(champion, cut.test, test_forecasts.period),
    }
    return SavedModel(
        task="demand",
        brand=brand,
        model_texts={"mean": boosting.text(final)},
        encoding=final_encoding,
        calibration=_calibration([(cut.validation, validation), (cut.test, test)]),
        card=card.model_copy(update=standing),
    )


def _compared(champion: SavedModel, rows: pl.DataFrame, mean: np.ndarray) -> Comparison | None:
    """On the test origins since the champion was trained; None where there are none. mean: of all weeks ahead."""
    unseen = champion.has_not_seen(period_rows(rows)["origin_date"]).to_numpy()
    if champion.encoding is None or not unseen.any():
        return None
    of_champion = forecast(champion, rows, boosting.from_text(champion.model_texts["mean"], FEATURES)).period
    sold = by_series(units(rows), rows).sum(axis=1)
    errors = [np.abs(sold - of)[unseen] for of in (of_champion, mean)]
    return compare("absolute error", champion, *errors)


def forecast(model: SavedModel, rows: pl.DataFrame, booster: lgb.Booster) -> Forecasts:
    """Forecasts of prepared rows, all weeks of each series there."""
    assert model.encoding is not None, "a rule has no forecast of its own"
    return calibrated(by_series(_mean(booster, rows, model.encoding), rows), rows, model.calibration)


def weekly_mean(model: SavedModel, rows: pl.DataFrame, booster: lgb.Booster) -> np.ndarray:
    """Mean of each prepared row, whatever weeks are there."""
    assert model.encoding is not None, "a rule has no forecast of its own"
    return _mean(booster, rows, model.encoding)


def calibrated(weeks: np.ndarray, rows: pl.DataFrame, calibration: dict[str, float]) -> Forecasts:
    """Means with the quantiles that past forecasts of their like had."""
    spread = by_series(_spread(rows), rows)
    week_quantiles = Turnout.of(calibration, "week").quantiles(weeks.ravel(), spread.ravel())
    return Forecasts(
        weeks=weeks,
        week_quantiles=week_quantiles.reshape(-1, *weeks.shape),
        period_quantiles=Turnout.of(calibration, "period").quantiles(weeks.sum(axis=1), spread[:, 0]),
    )


def by_series(values: np.ndarray, rows: pl.DataFrame) -> np.ndarray:
    """Values of rows sorted by series and horizon, all weeks there, as series × weeks."""
    return values.reshape(-1, rows["horizon"].n_unique())


def _mean(booster: lgb.Booster, rows: pl.DataFrame, encoding: Encoding) -> np.ndarray:
    return rows["level"].to_numpy() * np.exp(
        boosting.predict(booster, encode(rows, FEATURES, encoding).values, raw=True)
    )


def _spread(rows: pl.DataFrame) -> np.ndarray:
    """Spread of the series' weeks over its level."""
    return (rows["units_std_52"] / rows["level"]).to_numpy()


def _calibration(past: list[tuple[pl.DataFrame, np.ndarray]]) -> dict[str, float]:
    """How past forecasts turned out: from rows of past origins and the weeks that were forecast for them."""
    sold = np.concatenate([by_series(units(rows), rows) for rows, _ in past])
    weeks = np.concatenate([forecast for _, forecast in past])
    spread = np.concatenate([by_series(_spread(rows), rows) for rows, _ in past])
    return {
        **Turnout.fit(weeks.ravel(), spread.ravel(), sold.ravel()).numbers("week"),
        **Turnout.fit(weeks.sum(axis=1), spread[:, 0], sold.sum(axis=1)).numbers("period"),
    }


def _booster(
    rows: pl.DataFrame,
    values: np.ndarray,
    seed: int,
    validation: tuple[pl.DataFrame, Encoding] | None = None,
    rounds: int = MAX_ROUNDS,
) -> lgb.Booster:
    """The trees of the mean: of the rounds given, or of the best number by validation rows."""
    level = rows["level"].to_numpy()
    checked, checked_offset = None, None
    if validation is not None:
        later, encoding = validation
        checked = (encode(later, FEATURES, encoding).values, units(later))
        checked_offset = np.log(later["level"].to_numpy())
    return boosting.train(
        values,
        units(rows),
        FEATURES,
        PARAMS,
        rounds,
        seed,
        validation=checked,
        patience=PATIENCE,
        offset=np.log(level),
        validation_offset=checked_offset,
    )


def period_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a series and origin, in the order of `rows` (sorted by origin, series, horizon), all four weeks there."""
    return rows.group_by("origin_date", "product_id", "store_id", maintain_order=True).agg(
        pl.all().exclude("origin_date", "product_id", "store_id", "units").first(),
        pl.col("units").clip(lower_bound=0).sum(),
        **PERIOD_FACTS,
    )


def units(rows: pl.DataFrame) -> np.ndarray:
    # Returns netted into a week can leave less than nothing; demand cannot.
    return rows["units"].clip(lower_bound=0).to_numpy()


def rule_card(rows: pl.DataFrame, brand: str, as_of: date, seed: int, reason: str) -> ModelCard:
    """The card of the 13-week mean, for a brand whose history does not bear a model."""
    data_from, data_to = date_span(rows, "origin_date")
    return ModelCard(
        task="demand",
        brand=brand,
        as_of=as_of,
        method=f"Mean of the last 13 weeks, no model. {reason}. Range by the series' own spread.",
        is_fallback=True,
        data_from=data_from,
        data_to=data_to,
        train_rows=0,
        test_from=None,
        test_to=None,
        test_rows=0,
        features=tuple(FeatureNote.of(f, None) for f in TABLE.features if f.name in ("units_mean_13", "units_std_13")),
        metrics={},
        baseline_name="mean of 13 weeks",
        baseline_metrics={},
        calibration=(),
        counts={},
        seed=seed,
        limits=("Knows no season, promotion, price or neighbour.",),
    )


def _newest(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.height <= MAX_TRAIN_ROWS:
        return rows
    sizes = rows.group_by("origin_date").len().sort("origin_date", descending=True)
    kept = sizes.filter(pl.col("len").cum_sum() <= MAX_TRAIN_ROWS)["origin_date"]
    return rows.filter(pl.col("origin_date").is_in(kept.implode()))


def _card(
    cut: Cut,
    training: pl.DataFrame,
    encoding: Encoding,
    forecasts: Forecasts,
    rounds: int,
    brand: str,
    as_of: date,
    seed: int,
) -> ModelCard:
    actual = units(cut.test)
    weekly_mean = forecasts.weeks.ravel()
    actual_total, total = by_series(actual, cut.test).sum(axis=1), forecasts.period
    low, high = likely_range(total, forecasts.period_quantiles)
    rules = {
        "mean13": cut.test["units_mean_13"].fill_null(0).to_numpy(),
        "naive": cut.test["units_lag_1"].fill_null(0).to_numpy(),
    }
    data_from, data_to = date_span(training, "origin_date")
    test_date, _ = date_span(cut.test, "origin_date")
    return ModelCard(
        task="demand",
        brand=brand,
        as_of=as_of,
        method=f"LightGBM over all series, Tweedie mean ({rounds} trees) relative to each series' level; "
        "quantiles by how out-of-time forecasts of like size and spread turned out.",
        is_fallback=False,
        data_from=data_from,
        data_to=data_to,
        train_rows=training.height,
        test_from=test_date,
        test_to=test_date,
        test_rows=cut.test.height,
        features=tuple(FeatureNote.of(f, encoding) for f in FEATURES),
        metrics=metrics.rounded(
            {
                "wape": metrics.wape(actual, weekly_mean),
                "rmse": metrics.rmse(actual, weekly_mean),
                "bias": metrics.bias(actual, weekly_mean),
                "wape_4_weeks": metrics.wape(actual_total, total),
                "below_range_share": float(np.mean(actual_total < low)),
                "above_range_share": float(np.mean(actual_total > high)),
                "pinball_low": metrics.pinball(actual_total, forecasts.period_quantiles[0], QUANTILES[0]),
                "pinball_high": metrics.pinball(actual_total, forecasts.period_quantiles[-1], QUANTILES[-1]),
            }
        ),
        baseline_name="mean of 13 weeks, naive (last week again)",
        baseline_metrics=metrics.rounded(
            {
                f"{name}_{measure}": value
                for name, forecast in rules.items()
                for measure, value in (
                    ("wape", metrics.wape(actual, forecast)),
                    ("rmse", metrics.rmse(actual, forecast)),
                    ("bias", metrics.bias(actual, forecast)),
                    ("wape_4_weeks", metrics.wape(actual_total, by_series(forecast, cut.test).sum(axis=1))),
                )
            }
        ),
        # What share of the sums lay at or below each quantile.
        calibration=tuple(
            CalibrationBin(
                rows=len(total), predicted=level, observed=round(float(np.mean(actual_total <= quantile)), 6)
            )
            for level, quantile in zip(QUANTILES, forecasts.period_quantiles, strict=True)
        ),
        segments=segments(
            cut.test.group_by("product_id", "store_id", maintain_order=True).first(),
            by_series(actual, cut.test),
            forecasts.weeks,
            forecasts.week_quantiles,
        ),
        counts={"evaluation_train_rows": cut.train.height, "test_series": len(actual_total)},
        seed=seed,
        limits=LIMITS,
    )
