"""Training of the churn model: cuts by time, out-of-time test, calibration, final model, card.

A customer has lapsed who does not buy in the brand's horizon after the snapshot. The label is what customers did, no
rule. Snapshots are cut so that at each one, all labels of the earlier part were already known:

    train snapshots, label windows over by V | validation V, label window over by T | test T, label window over by as_of

Validation chooses the number of trees and calibrates; the test is scored once, for the card. The model that scores is
trained again on all labelled snapshots with that number of trees. Its calibration is fitted on the out-of-time
predictions for validation and test, the most recent ones there are.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from models import boosting, metrics
from models.calibration import calibrated, fit_calibration
from models.churn.features import FEATURES
from models.churn.value import expected_value
from models.features import Encoding, date_span, encode, fit_encoding
from models.registry import FeatureNote, ModelCard, SavedModel

PARAMS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
}
MAX_ROUNDS = 600
MIN_TRAIN_ROWS = 200
MIN_OF_EACH_CLASS = 20

LIMITS = (
    "A score is of a customer who bought in the brand's active days; others have no score.",
    "Calibrated on the last labelled snapshots: a sudden change in how all customers buy shows only after the horizon.",
    "The calendar is not a feature; a season that training has not seen is not foreseen.",
    "Expected value is the customer's own rate of purchase, drawn to the brand's mean; it knows no growth.",
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
    rows: pl.DataFrame, cut: Cut, brand: str, horizon_days: int, as_of: date, seed: int
) -> tuple[SavedModel, Encoding]:
    """The brand's model with its card, and its encoding."""
    encoding = fit_encoding(cut.train, FEATURES)
    train, validation, test = (
        encode(part, FEATURES, encoding).values for part in (cut.train, cut.validation, cut.test)
    )
    booster = boosting.train(
        train, _label(cut.train), FEATURES, PARAMS, MAX_ROUNDS, seed, validation=(validation, _label(cut.validation))
    )
    rounds = max(booster.best_iteration, 1)
    raw_validation = boosting.predict(booster, validation, raw=True)
    raw_test = boosting.predict(booster, test, raw=True)
    test_calibration = fit_calibration(raw_validation, _label(cut.validation))
    test_probability = calibrated(raw_test, test_calibration)

    labelled = rows.filter(pl.col("lapsed").is_not_null(), pl.col("snapshot_date") + timedelta(horizon_days) <= as_of)
    final_encoding = fit_encoding(labelled, FEATURES)
    final = boosting.train(
        encode(labelled, FEATURES, final_encoding).values, _label(labelled), FEATURES, PARAMS, rounds, seed
    )
    calibration = fit_calibration(
        np.concatenate([raw_validation, raw_test]), np.concatenate([_label(cut.validation), _label(cut.test)])
    )
    card = _card(cut, labelled, test_probability, final_encoding, rounds, brand, horizon_days, as_of, seed)
    model = SavedModel(
        task="churn",
        brand=brand,
        model_texts={"lapse": boosting.text(final)},
        encoding=final_encoding,
        calibration=calibration,
        card=card,
    )
    return model, final_encoding


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


def _card(
    cut: Cut,
    labelled: pl.DataFrame,
    probability: np.ndarray,
    encoding: Encoding,
    rounds: int,
    brand: str,
    horizon_days: int,
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
    stayed = cut.test.filter(~pl.col("lapsed"))
    expected = float(expected_value(stayed, cut.test).sum()) * horizon_days / 365
    actual = float(stayed["future_net_amount"].sum())
    data_from, data_to = date_span(labelled, "snapshot_date")
    test_date, _ = date_span(cut.test, "snapshot_date")
    return ModelCard(
        task="churn",
        brand=brand,
        as_of=as_of,
        method=f"LightGBM, {rounds} trees (chosen on validation), Platt calibration on out-of-time predictions. "
        f"Lapsed: no purchase in the {horizon_days} days after the snapshot.",
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
                "value_total_ratio": expected / actual if actual > 0 else None,
            }
        ),
        baseline_name=best_rule,
        baseline_metrics=metrics.rounded(
            {
                **{f"{name.split()[0]}_auc": value for name, value in rule_auc.items()},
                **{f"{name.split()[0]}_lift_decile": metrics.lift_top_decile(happened, s) for name, s in rules.items()},
            }
        ),
        calibration=bins,
        counts={
            "evaluation_train_rows": cut.train.height,
            "validation_rows": cut.validation.height,
            "test_rows": cut.test.height,
        },
        seed=seed,
        limits=LIMITS,
    )
