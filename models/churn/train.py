"""Training of the churn model: cuts by time, out-of-time test, calibration, final model, card.

A customer has lapsed who does not buy in the brand's horizon after the snapshot. The label is what customers did, no
rule. Snapshots are cut so that at each one, all labels of the earlier part were already known:

    train snapshots, label windows over by V | validation V, label window over by T | test T, label window over by as_of

Validation chooses the shape and number of trees (`search`), tells whether LightGBM or BG/NBD alone foretells purchases
better, and calibrates; the test is scored once, for the card. The model that scores is trained again on all labelled
snapshots with what was chosen. Its calibration is fitted on the out-of-time predictions for validation and test, the
most recent ones there are.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from optuna.distributions import FloatDistribution, IntDistribution

from models import boosting, metrics
from models.calibration import calibrated, fit_calibration
from models.churn.features import FEATURES
from models.churn.score import model_probability
from models.churn.value import ROLE, ValueModel, fit_value
from models.features import Encoding, date_span, encode, fit_encoding
from models.registry import Comparison, FeatureNote, ModelCard, SavedModel, SegmentMetrics, compare, rows_hash
from models.search import search

PARAMS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 7,
    "feature_fraction": 0.3,
    "min_data_in_leaf": 60,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
}
SPACE = {
    "num_leaves": IntDistribution(4, 12, log=True),
    "feature_fraction": FloatDistribution(0.1, 0.5),
    "min_data_in_leaf": IntDistribution(30, 120, log=True),
    "lambda_l2": FloatDistribution(1.0, 30.0, log=True),
}
TRIALS = 5
MAX_ROUNDS = 600
MIN_TRAIN_ROWS = 200
MIN_OF_EACH_CLASS = 20

LIMITS = (
    "A score is of a customer who bought in the brand's active days; others have no score.",
    "Calibrated on the last labelled snapshots: a sudden change in how all customers buy shows only after the horizon.",
    "The calendar is not a feature; a season that training has not seen is not foreseen.",
    "Expected value takes purchases to go on as in the past year; it knows no growth and no season.",
)


@dataclass(frozen=True)
class Cut:
    """Labelled rows cut by time."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame


def cut_by_time(rows: pl.DataFrame, horizon_days: int, as_of: date) -> Cut | None:
    """Labelled rows as train, validation and test; None where there are too few of either outcome in any part."""
    horizon = timedelta(days=horizon_days)
    labelled = rows.filter(pl.col("lapsed").is_not_null(), pl.col("snapshot_date") + horizon <= as_of)
    _, test_date = date_span(labelled, "snapshot_date")
    if test_date is None:
        return None
    _, validation_date = date_span(labelled.filter(pl.col("snapshot_date") + horizon <= test_date), "snapshot_date")
    if validation_date is None:
        return None
    cut = Cut(
        train=labelled.filter(pl.col("snapshot_date") + horizon <= validation_date),
        validation=labelled.filter(pl.col("snapshot_date") == validation_date),
        test=labelled.filter(pl.col("snapshot_date") == test_date),
    )
    enough = cut.train.height >= MIN_TRAIN_ROWS and all(
        min(part["lapsed"].sum(), part.height - part["lapsed"].sum()) >= MIN_OF_EACH_CLASS
        for part in (cut.train, cut.validation, cut.test)
    )
    return cut if enough else None


def fit(
    rows: pl.DataFrame,
    cut: Cut,
    brand: str,
    horizon_days: int,
    as_of: date,
    seed: int,
    champion: SavedModel | None = None,
) -> SavedModel:
    """The brand's model with its card, judged beside the champion on test rows that neither has learnt from."""
    encoding = fit_encoding(cut.train, FEATURES)
    train, validation, test = (
        encode(part, FEATURES, encoding).values for part in (cut.train, cut.validation, cut.test)
    )
    happened = _label(cut.validation)
    params, booster = search(
        train, _label(cut.train), FEATURES, PARAMS, SPACE, TRIALS, MAX_ROUNDS, seed, (validation, happened)
    )
    rounds = max(booster.best_iteration, 1)
    raw_validation = boosting.predict(booster, validation, raw=True)
    raw_test = boosting.predict(booster, test, raw=True)
    test_calibration = fit_calibration(raw_validation, happened)
    test_probability = calibrated(raw_test, test_calibration)

    labelled = rows.filter(pl.col("lapsed").is_not_null(), pl.col("snapshot_date") + timedelta(horizon_days) <= as_of)
    final_encoding = fit_encoding(labelled, FEATURES)
    learnt = encode(labelled, FEATURES, final_encoding).values
    final = boosting.train(learnt, _label(labelled), FEATURES, params, rounds, seed)
    calibration = fit_calibration(
        np.concatenate([raw_validation, raw_test]), np.concatenate([happened, _label(cut.test)])
    )
    horizon = ("future_purchase_day_count", pl.lit(horizon_days))
    value = fit_value(cut.validation, cut.train, encoding, *horizon, seed)
    is_corrected = _is_closer(value, value.uncorrected, cut.validation, validation, horizon_days, as_of)
    value = fit_value(cut.test, pl.concat([cut.train, cut.validation]), encoding, *horizon, seed)
    plain_value_metrics = _value_metrics(value.uncorrected, cut.test, test, horizon_days)
    value_metrics = _value_metrics(value, cut.test, test, horizon_days) if is_corrected else plain_value_metrics
    past = rows.filter(pl.col("snapshot_date") < as_of)
    _, latest = date_span(rows, "snapshot_date")
    value = fit_value(
        rows.filter(pl.col("snapshot_date") == latest),
        past,
        final_encoding,
        "purchase_day_count_since",
        (pl.lit(as_of) - pl.col("snapshot_date")).dt.total_days(),
        seed,
    )
    if not is_corrected:
        value = value.uncorrected
    method = (
        f"LightGBM, {rounds} trees of {params['num_leaves']} leaves (chosen on validation in {TRIALS} trials), "
        f"Platt calibration on out-of-time predictions. Lapsed: no purchase in the {horizon_days} days after the "
        f"snapshot. Value: {'LightGBM on BG/NBD' if is_corrected else 'BG/NBD'} (chosen on validation) and Gamma-Gamma."
    )
    plain_value_metrics = {f"bg_nbd_{name}": metric for name, metric in plain_value_metrics.items()}
    card = _card(
        cut, labelled, test_probability, final_encoding, method, value_metrics, plain_value_metrics, brand, as_of, seed
    )
    judged = {
        "train_hash": rows_hash(learnt, _label(labelled)),
        "test_hash": rows_hash(test, _label(cut.test)),
        "comparison": None if champion is None else _compared(champion, cut.test, test_probability),
    }
    return SavedModel(
        task="churn",
        brand=brand,
        model_texts={"lapse": boosting.text(final)} | ({} if value.correction is None else {ROLE: value.correction}),
        encoding=final_encoding,
        calibration=calibration,
        parameters=value.parameters,
        card=card.model_copy(update=judged),
    )


def _compared(champion: SavedModel, rows: pl.DataFrame, probability: np.ndarray) -> Comparison | None:
    """None where the champion has learnt from what these customers did after the snapshot."""
    if champion.encoding is None or not champion.has_not_seen(rows["snapshot_date"]).all():
        return None
    of_champion = model_probability(champion, encode(rows, FEATURES, champion.encoding).values)
    happened = _label(rows)
    return compare(
        "log loss", champion, metrics.log_losses(happened, of_champion), metrics.log_losses(happened, probability)
    )


def rule_card(rows: pl.DataFrame, brand: str, as_of: date, seed: int, reason: str) -> ModelCard:
    """The card of the recency rule, for a brand whose history does not bear a model."""
    data_from, data_to = date_span(rows, "snapshot_date")
    return ModelCard(
        task="churn",
        brand=brand,
        as_of=as_of,
        method=f"Recency rule, no model: {reason}. Probability = (days since the last purchase + 1) over "
        "(that + the brand's horizon).",
        is_fallback=True,
        data_from=data_from,
        data_to=data_to,
        train_rows=0,
        test_from=None,
        test_to=None,
        test_rows=0,
        features=tuple(FeatureNote.of(f, None) for f in FEATURES if f.name == "recency_days"),
        metrics={},
        baseline_name="recency rule",
        baseline_metrics={},
        calibration=(),
        counts={},
        seed=seed,
        limits=("Ranks customers by recency alone; the probability is not calibrated.",),
    )


def _label(rows: pl.DataFrame) -> np.ndarray:
    return rows["lapsed"].cast(pl.Float64).to_numpy()


def _is_closer(
    value: ValueModel, other: ValueModel, rows: pl.DataFrame, values: np.ndarray, horizon_days: int, as_of: date
) -> bool:
    """Whether a model foretells purchases better than the other, in the horizon and over the longest span there is."""
    spans = {
        "future_purchase_day_count": horizon_days,
        "purchase_day_count_since": (as_of - rows["snapshot_date"][0]).days,
    }

    def error(of: ValueModel, count: str) -> float:
        actual = rows[count].cast(pl.Float64).to_numpy()
        return metrics.rmse(actual, of.expected_purchases(rows, values, spans[count]))

    return all(error(value, count) < error(other, count) for count in spans)


def _purchases(rows: pl.DataFrame) -> np.ndarray:
    return rows["future_purchase_day_count"].cast(pl.Float64).to_numpy()


def _value_metrics(
    value: ValueModel, rows: pl.DataFrame, values: np.ndarray, horizon_days: int
) -> dict[str, float | None]:
    """How purchases and amounts of the horizon were foretold."""
    actual, expected = _purchases(rows), value.expected_purchases(rows, values, horizon_days)
    amount = rows["future_net_amount"].to_numpy()
    expected_amount = value.expected_value(rows, values, horizon_days)
    return {
        "purchases_correlation": metrics.correlation(actual, expected),
        "purchases_total_error": metrics.bias(actual, expected),
        "value_correlation": metrics.correlation(amount, expected_amount),
        "value_total_error": metrics.bias(amount, expected_amount),
    }


def _segments(rows: pl.DataFrame, probability: np.ndarray) -> tuple[SegmentMetrics, ...]:
    """Metrics by brand, by where the customer buys, by the brand's country, by how long the customer is known."""
    tenure, web_share = pl.col("tenure_days"), pl.col("web_share_84")
    dimensions = {
        "brand": pl.col("brand"),
        "country": pl.col("country_code"),
        "channel": pl.when(web_share.is_null())
        .then(pl.lit("nothing in 84 days"))
        .when(web_share > 0.5)
        .then(pl.lit("mostly on line"))
        .otherwise(pl.lit("mostly in stores")),
        "tenure": pl.when(tenure < 90)
        .then(pl.lit("under 90 days"))
        .when(tenure < 365)
        .then(pl.lit("90 to 364 days"))
        .otherwise(pl.lit("365 days and more")),
    }
    happened = _label(rows)
    return metrics.by_segment(
        rows,
        dimensions,
        lambda is_in: {
            "auc": metrics.auc(happened[is_in], probability[is_in]),
            "predicted_share": float(probability[is_in].mean()),
            "lapsed_share": float(happened[is_in].mean()),
        },
    )


def _card(
    cut: Cut,
    labelled: pl.DataFrame,
    probability: np.ndarray,
    encoding: Encoding,
    method: str,
    value_metrics: dict[str, float | None],
    plain_value_metrics: dict[str, float | None],
    brand: str,
    as_of: date,
    seed: int,
) -> ModelCard:
    happened = _label(cut.test)
    bins = metrics.calibration_bins(happened, probability)
    rules = {
        "recency rule": cut.test["recency_days"].cast(pl.Float64).to_numpy(),
        "frequency rule": -cut.test["order_count_84"].cast(pl.Float64).to_numpy(),
    }
    rule_auc = {name: metrics.auc(happened, score) for name, score in rules.items()}
    best_rule = max(sorted(rule_auc), key=lambda name: rule_auc[name] or 0)
    data_from, data_to = date_span(labelled, "snapshot_date")
    test_date, _ = date_span(cut.test, "snapshot_date")
    return ModelCard(
        task="churn",
        brand=brand,
        as_of=as_of,
        method=method,
        is_fallback=False,
        data_from=data_from,
        data_to=data_to,
        train_rows=labelled.height,
        test_from=test_date,
        test_to=test_date,
        test_rows=cut.test.height,
        features=tuple(FeatureNote.of(f, encoding) for f in FEATURES),
        metrics=metrics.rounded(
            {
                "auc": metrics.auc(happened, probability),
                "log_loss": metrics.log_loss(happened, probability),
                "ece": metrics.calibration_error(bins),
                "lift_decile": metrics.lift_top_decile(happened, probability),
                "lapsed_share": float(happened.mean()),
                **value_metrics,
            }
        ),
        baseline_name=best_rule,
        baseline_metrics=metrics.rounded(
            {
                **{f"{name.split()[0]}_auc": value for name, value in rule_auc.items()},
                **{f"{name.split()[0]}_lift_decile": metrics.lift_top_decile(happened, s) for name, s in rules.items()},
                **plain_value_metrics,
            }
        ),
        calibration=bins,
        segments=_segments(cut.test, probability),
        counts={
            "evaluation_train_rows": cut.train.height,
            "validation_rows": cut.validation.height,
            "test_rows": cut.test.height,
        },
        seed=seed,
        limits=LIMITS,
    )
