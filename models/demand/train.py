"""Training of the demand model: cuts by time, out-of-time test against simple forecasts, range, final model, card.

All series of a brand in one model: a Tweedie one for the mean of a week, the weeks ahead being a feature, and two
quantile ones for the sum of four weeks. Rows are cut by when their target weeks were over:

    train, target over by V | validation: origin V, its 4 weeks over by T | test: origin T, its 4 weeks over by as_of

Validation chooses the number of trees and scales the range; the test is scored once, for the card. The model that
forecasts is trained again on all rows with a label, its range scaled on validation and test together.
A week in which the brand sold nothing at all has no label: the feed was silent or the shop closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import lightgbm as lgb
import numpy as np
import polars as pl

from models import boosting, metrics
from models.demand.distribution import range_scale, scaled_range
from models.demand.features import FEATURES, HORIZON_WEEKS, PERIOD_FACTS, PERIOD_FEATURES
from models.demand.settings import DemandConfig
from models.features import Encoding, Feature, date_span, encode, fit_encoding
from models.registry import Comparison, FeatureNote, ModelCard, SavedModel, compare, rows_hash

COMMON = {
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "cat_smooth": 50,
}
MAX_ROUNDS = 250
PATIENCE = 20
# Enough for 10 times the demo's series with several origins each; the newest origins are kept.
MAX_TRAIN_ROWS = 1_000_000
MIN_TRAIN_ROWS = 400
MIN_TEST_SERIES = 20

LIMITS = (
    "Sales, not demand: weeks without stock are learnt as they are, not corrected.",
    "Only series with enough sale days have a forecast; new products have none.",
    "The chance of a stock-out takes what is on hand and no delivery.",
    "The calendar beyond holidays and Christmas is known only through a year-ago week.",
    "The series of the test are those with enough sale days up to as_of, which favours series that lived on.",
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


def has_all_weeks() -> pl.Expr:
    return pl.col("horizon").n_unique().over("origin_date") == HORIZON_WEEKS


def cut_by_time(labelled: pl.DataFrame) -> Cut | None:
    """Rows of `observed` as train, validation and test; None where there are too few."""
    week_end = pl.col("week_start_date") + timedelta(days=6)
    whole = labelled.filter(has_all_weeks())
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
    series = min(part.height // HORIZON_WEEKS for part in (cut.validation, cut.test))
    return cut if cut.train.height >= MIN_TRAIN_ROWS and series >= MIN_TEST_SERIES else None


@dataclass(frozen=True)
class Rows:
    """Encoded weeks and four-week periods of the same rows, with what was sold in each."""

    weeks: np.ndarray
    week_units: np.ndarray
    periods: np.ndarray
    period_units: np.ndarray
    period_scale: np.ndarray

    def of(self, role: str) -> tuple[np.ndarray, np.ndarray]:
        """What a booster learns from: the mean from weeks, the quantiles from periods in units of their scale."""
        if role == "mean":
            return self.weeks, self.week_units
        return self.periods, self.period_units / self.period_scale


def fit(
    labelled: pl.DataFrame,
    cut: Cut,
    brand: str,
    config: DemandConfig,
    as_of: date,
    seed: int,
    champion: SavedModel | None = None,
) -> SavedModel:
    """The brand's model with its card, judged beside the champion."""
    encoding = _encoding(cut.train)
    training, validation, test = (_encoded(part, encoding) for part in (cut.train, cut.validation, cut.test))
    evaluation = _boosters(training, config, seed, validation=validation)
    rounds = {role: max(booster.best_iteration, 1) for role, booster in evaluation.items()}
    validation_forecast, test_forecast = (
        forecast(evaluation, p.weeks, p.periods, p.period_scale) for p in (validation, test)
    )
    outside = 1 - config.upper
    scale = range_scale(validation.period_units, *validation_forecast, outside)
    test_range = scaled_range(*test_forecast, scale)

    rows = _newest(labelled)
    final_encoding = _encoding(rows)
    learnt = _encoded(rows, final_encoding)
    final = _boosters(learnt, config, seed, rounds=rounds)
    mean, low, high = (np.concatenate(pair) for pair in zip(validation_forecast, test_forecast, strict=True))
    sold = np.concatenate([validation.period_units, test.period_units])
    card = _card(
        cut, rows, final_encoding, boosting.predict(evaluation["mean"], test.weeks), test_range, rounds, brand, config,
        as_of, seed,
    )  # fmt: skip
    standing = {
        "train_hash": rows_hash(learnt.weeks, learnt.week_units),
        "test_hash": rows_hash(test.weeks, test.week_units),
        "comparison": None if champion is None else _compared(champion, cut.test, test_forecast[0]),
    }
    return SavedModel(
        task="demand",
        brand=brand,
        model_texts={role: boosting.text(booster) for role, booster in final.items()},
        encoding=final_encoding,
        calibration=range_scale(sold, mean, low, high, outside),
        card=card.model_copy(update=standing),
    )


def _compared(champion: SavedModel, rows: pl.DataFrame, mean: np.ndarray) -> Comparison | None:
    """On the test origins since the champion was trained; None where there are none. mean: of the four weeks."""
    unseen = champion.has_not_seen(period_rows(rows.filter(has_all_weeks()))["origin_date"]).to_numpy()
    if champion.encoding is None or not unseen.any():
        return None
    encoded = _encoded(rows, champion.encoding)
    booster = boosting.from_text(champion.model_texts["mean"], FEATURES)
    of_champion = by_series(boosting.predict(booster, encoded.weeks)).sum(axis=1)
    sold = encoded.period_units
    errors = [np.abs(sold - of)[unseen] for of in (of_champion, mean)]
    return compare("absolute error", champion, *errors)


def period_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a series and origin, in the order of `rows` (sorted by origin, series, horizon), all four weeks there."""
    return rows.group_by("origin_date", "product_id", "store_id", maintain_order=True).agg(
        pl.all().exclude("origin_date", "product_id", "store_id", "units").first(),
        pl.col("units").clip(lower_bound=0).sum(),
        **PERIOD_FACTS,
    )


def forecast(
    boosters: Mapping[str, lgb.Booster], weeks: np.ndarray, periods: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, lower and upper quantile of the four weeks' sum; `weeks` has the rows of `periods` by horizon."""
    mean = by_series(boosting.predict(boosters["mean"], weeks)).sum(axis=1)
    return mean, boosting.predict(boosters["low"], periods) * scale, boosting.predict(boosters["high"], periods) * scale


def period_scale(periods: pl.DataFrame) -> np.ndarray:
    """What quantiles are relative to, so that large and small series share one model."""
    return periods["units_mean_13"].fill_null(0).to_numpy() * HORIZON_WEEKS + 1


def by_series(values: np.ndarray) -> np.ndarray:
    """Rows sorted by series and horizon as series × weeks."""
    return values.reshape(-1, HORIZON_WEEKS)


def _encoding(rows: pl.DataFrame) -> Encoding:
    """One encoding for weeks and periods; what both have is encoded as in weeks."""
    weeks = fit_encoding(rows, FEATURES)
    periods = fit_encoding(period_rows(rows.filter(has_all_weeks())), PERIOD_FEATURES)
    return weeks.model_copy(
        update={
            "null_share": {**periods.null_share, **weeks.null_share},
            "median": {**periods.median, **weeks.median},
        }
    )


def _encoded(rows: pl.DataFrame, encoding: Encoding) -> Rows:
    periods = period_rows(rows.filter(has_all_weeks()))
    return Rows(
        weeks=encode(rows, FEATURES, encoding).values,
        week_units=units(rows),
        periods=encode(periods, PERIOD_FEATURES, encoding).values,
        period_units=units(periods),
        period_scale=period_scale(periods),
    )


def _boosters(
    rows: Rows,
    config: DemandConfig,
    seed: int,
    validation: Rows | None = None,
    rounds: Mapping[str, int] | None = None,
) -> dict[str, lgb.Booster]:
    """The three boosters: of the rounds given, or of the best number by validation."""

    def train(role: str, features: tuple[Feature, ...], params: dict[str, object]) -> lgb.Booster:
        data, label = rows.of(role)
        return boosting.train(
            data,
            label,
            features,
            {**COMMON, **params},
            MAX_ROUNDS if rounds is None else rounds[role],
            seed,
            weight=None if role == "mean" else rows.period_scale,
            validation=None if validation is None else validation.of(role),
            patience=PATIENCE,
        )

    return {
        "mean": train("mean", FEATURES, {"objective": "tweedie", "tweedie_variance_power": 1.3}),
        "low": train("low", PERIOD_FEATURES, {"objective": "quantile", "alpha": config.lower}),
        "high": train("high", PERIOD_FEATURES, {"objective": "quantile", "alpha": config.upper}),
    }


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
        features=tuple(FeatureNote.of(f, None) for f in FEATURES if f.name in ("units_mean_13", "units_std_13")),
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
    weekly_mean: np.ndarray,
    total_range: tuple[np.ndarray, np.ndarray],
    rounds: dict[str, int],
    brand: str,
    config: DemandConfig,
    as_of: date,
    seed: int,
) -> ModelCard:
    actual = units(cut.test)
    actual_total, total = by_series(actual).sum(axis=1), by_series(weekly_mean).sum(axis=1)
    low, high = total_range
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
        method=f"LightGBM over all series, Tweedie mean ({rounds['mean']} trees) and quantiles {config.lower:g} "
        f"({rounds['low']}) and {config.upper:g} ({rounds['high']}); range of the sum scaled on out-of-time forecasts.",
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
                "pinball_low": metrics.pinball(actual_total, low, config.lower),
                "pinball_high": metrics.pinball(actual_total, high, config.upper),
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
                    ("wape_4_weeks", metrics.wape(actual_total, by_series(forecast).sum(axis=1))),
                )
            }
        ),
        calibration=(),
        counts={"evaluation_train_rows": cut.train.height, "test_series": len(actual_total)},
        seed=seed,
        limits=LIMITS,
    )
