"""Training of the return model: will a sale line come back, and how much of it. Cuts by time, test, final model, card.

Labels are what came back within the brand's window, no rule. Lines are cut by order date so that the windows of each
part were over before the next part began:

    train, window over by V | validation, 28 days from V, window over by T | test, 28 days from T, window over by as_of

Validation chooses the shape and number of trees (`search`) and calibrates; the test is scored once, for the card. The
model that scores is trained again on all lines whose window is over, and calibrated on validation and test, both out of
time. Returned lines are few: all of them are kept, of the others a seeded sample that stands for all by its weight.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from optuna.distributions import FloatDistribution, IntDistribution

from models import boosting, metrics
from models.calibration import calibrated, fit_calibration
from models.features import Encoding, date_span, encode, fit_encoding
from models.registry import Comparison, FeatureNote, ModelCard, SavedModel, SegmentMetrics, compare, rows_hash
from models.returns.features import FEATURES
from models.search import search

PARAMS = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.6,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "cat_smooth": 50,
}
SPACE = {
    "num_leaves": IntDistribution(7, 31, log=True),
    "feature_fraction": FloatDistribution(0.4, 0.9),
    "min_data_in_leaf": IntDistribution(50, 400, log=True),
    "lambda_l2": FloatDistribution(1.0, 30.0, log=True),
}
TRIALS = 5
SHARE_PARAMS = {**PARAMS, "objective": "cross_entropy", "min_data_in_leaf": 40}
SHARE_ROUNDS = 60
MAX_ROUNDS = 200
PATIENCE = 20
MAX_KEPT_LINES = 200_000
# With all returned lines, so many others tell shapes apart as well as all do, at a tenth of the time.
MAX_SEARCHED_LINES = 40_000
PART_DAYS = 28
MIN_RETURNED_LINES = 30

LIMITS = (
    "A return that the links miss counts as not returned: probabilities are of returns with a known sale.",
    "A line sold shortly before the return counts with its whole probability, so recent buyers look less unusual.",
    "Improbability says how unusual a return is, not whether it is wrong. A person decides.",
    "The customer's own past returns are a feature: who has always returned much is expected to go on.",
)


@dataclass(frozen=True)
class Cut:
    """Lines whose window is over, cut by time."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame


def ended(lines: pl.DataFrame, window_days: int, as_of: date) -> pl.DataFrame:
    return lines.filter(pl.col("returned").is_not_null(), pl.col("order_date") + timedelta(days=window_days) <= as_of)


def cut_by_time(labelled: pl.DataFrame, window_days: int) -> Cut | None:
    """Lines of `ended` as train, validation and test; None where a part has too few of either outcome."""
    _, last = date_span(labelled, "order_date")
    if last is None:
        return None
    test_from = last - timedelta(days=PART_DAYS - 1)
    validation_to = test_from - timedelta(days=window_days)
    validation_from = validation_to - timedelta(days=PART_DAYS - 1)
    train_to = validation_from - timedelta(days=window_days)
    order_date = pl.col("order_date")
    cut = Cut(
        train=labelled.filter(order_date <= train_to),
        validation=labelled.filter(order_date.is_between(validation_from, validation_to)),
        test=labelled.filter(order_date >= test_from),
    )
    enough = all(
        min(part["returned"].sum(), part.height - part["returned"].sum()) >= MIN_RETURNED_LINES
        for part in (cut.train, cut.validation, cut.test)
    )
    return cut if enough else None


def fit(
    labelled: pl.DataFrame,
    cut: Cut,
    brand: str,
    window_days: int,
    as_of: date,
    seed: int,
    champion: SavedModel | None = None,
) -> SavedModel:
    """The brand's model with its card, judged beside the champion. labelled: sorted by order_line_id."""
    searched, searched_weight = _sample(cut.train, seed, MAX_SEARCHED_LINES)
    sample, weight = _sample(cut.train, seed, MAX_KEPT_LINES)
    encoding = fit_encoding(cut.train, FEATURES)
    validation, test = (encode(part, FEATURES, encoding).values for part in (cut.validation, cut.test))
    validated = (validation, _returned(cut.validation))
    params, _ = search(
        encode(searched, FEATURES, encoding).values,
        _returned(searched),
        FEATURES,
        PARAMS,
        SPACE,
        TRIALS,
        MAX_ROUNDS,
        seed,
        validated,
        searched_weight,
        PATIENCE,
    )
    booster = boosting.train(
        encode(sample, FEATURES, encoding).values,
        _returned(sample),
        FEATURES,
        params,
        MAX_ROUNDS,
        seed,
        weight,
        validated,
        PATIENCE,
    )
    rounds = max(booster.best_iteration, 1)
    raw_validation, raw_test = (boosting.predict(booster, values, raw=True) for values in (validation, test))
    probability = calibrated(raw_test, fit_calibration(raw_validation, _returned(cut.validation)))
    share = boosting.train(*_shares(cut.train, encoding), FEATURES, SHARE_PARAMS, SHARE_ROUNDS, seed)
    quantity = np.minimum(cut.test["quantity"].to_numpy(), _largest_returned_line(cut.train))
    expected_qty = probability * boosting.predict(share, test) * quantity

    final_sample, final_weight = _sample(labelled, seed, MAX_KEPT_LINES)
    final_encoding = fit_encoding(labelled, FEATURES)
    learnt = encode(final_sample, FEATURES, final_encoding).values
    final = boosting.train(
        learnt,
        _returned(final_sample),
        FEATURES,
        params,
        rounds,
        seed,
        weight=final_weight,
    )
    final_share = boosting.train(*_shares(labelled, final_encoding), FEATURES, SHARE_PARAMS, SHARE_ROUNDS, seed)
    method = (
        f"LightGBM, {rounds} trees of {params['num_leaves']} leaves (chosen on validation in {TRIALS} trials), "
        f"Platt calibration; {SHARE_ROUNDS} more trees for the share of a line that comes back. "
        f"Returned: within {window_days} days of the sale."
    )
    card = _card(cut, labelled, probability, expected_qty, final_encoding, method, brand, as_of, seed)
    standing = {
        "train_hash": rows_hash(learnt, _returned(final_sample)),
        "test_hash": rows_hash(test, _returned(cut.test)),
        "comparison": None if champion is None else _compared(champion, cut.test, probability),
    }
    return SavedModel(
        task="returns",
        brand=brand,
        model_texts={"returned": boosting.text(final), "share": boosting.text(final_share)},
        encoding=final_encoding,
        calibration={
            **fit_calibration(
                np.concatenate([raw_validation, raw_test]),
                np.concatenate([_returned(cut.validation), _returned(cut.test)]),
            ),
            "largest_returned_line": _largest_returned_line(labelled),
        },
        card=card.model_copy(update=standing),
    )


def _compared(champion: SavedModel, lines: pl.DataFrame, probability: np.ndarray) -> Comparison | None:
    """On the test lines sold since the champion was trained; None where there are none."""
    unseen = champion.has_not_seen(lines["order_date"])
    if champion.encoding is None or not unseen.any():
        return None
    rows = lines.filter(unseen)
    values = encode(rows, FEATURES, champion.encoding).values
    of_champion, _ = expectation(champion, values, rows["quantity"].to_numpy())
    happened = _returned(rows)
    losses = metrics.log_losses(happened, probability[unseen.to_numpy()])
    return compare("log loss", champion, metrics.log_losses(happened, of_champion), losses)


def expectation(model: SavedModel, values: np.ndarray, quantity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability that each encoded line comes back, and the quantity to be expected back of it."""
    booster, share = (boosting.from_text(model.model_texts[role], FEATURES) for role in ("returned", "share"))
    probability = calibrated(boosting.predict(booster, values, raw=True), model.calibration)
    bounded = np.minimum(quantity, model.calibration["largest_returned_line"])
    return probability, probability * boosting.predict(share, values) * bounded


def rule_card(lines: pl.DataFrame, brand: str, as_of: date, seed: int, rate: float) -> ModelCard:
    """The card of the brand's own rate, for a brand whose history does not bear a model."""
    data_from, data_to = date_span(lines, "order_date")
    return ModelCard(
        task="returns",
        brand=brand,
        as_of=as_of,
        method=f"The brand's own rate, no model: too few returned lines. A line comes back with probability {rate:g}.",
        is_fallback=True,
        data_from=data_from,
        data_to=data_to,
        train_rows=0,
        test_from=None,
        test_to=None,
        test_rows=0,
        features=(),
        metrics={},
        baseline_name="brand's rate",
        baseline_metrics={},
        calibration=(),
        counts={},
        seed=seed,
        limits=("Knows nothing of product, order or customer.",),
    )


def _returned(lines: pl.DataFrame) -> np.ndarray:
    return lines["returned"].cast(pl.Float64).to_numpy()


def _largest_returned_line(lines: pl.DataFrame) -> float:
    """Lines larger than any that ever came back (fuel, bulk) count as large as that: no tree knows better."""
    return float(lines.filter("returned").select(pl.col("quantity").max()).item())


def _sample(lines: pl.DataFrame, seed: int, kept_lines: int) -> tuple[pl.DataFrame, np.ndarray]:
    """All returned lines, and of the others at most `kept_lines` with the weight that makes them stand for all."""
    kept_share = min(1.0, kept_lines / max(int((~lines["returned"]).sum()), 1))
    drawn = pl.Series(np.random.default_rng(seed).random(lines.height) < kept_share)
    sample = lines.filter(pl.col("returned") | drawn)
    return sample, np.where(sample["returned"].to_numpy(), 1.0, 1.0 / kept_share)


def _shares(lines: pl.DataFrame, encoding: Encoding) -> tuple[np.ndarray, np.ndarray]:
    """Encoded returned lines and the share of their quantity that came back."""
    returned = lines.filter("returned")
    share = returned.select((pl.col("returned_qty") / pl.col("quantity")).clip(0, 1)).to_series().to_numpy()
    return encode(returned, FEATURES, encoding).values, share


def _segments(rows: pl.DataFrame, probability: np.ndarray) -> tuple[SegmentMetrics, ...]:
    """Metrics by brand, channel and country of the sale, and by how long the customer was known then."""
    tenure = pl.col("customer_tenure_days")
    dimensions = {
        "brand": pl.col("brand"),
        "channel": pl.col("channel"),
        "country": pl.col("country_code").fill_null("not known"),
        "tenure": pl.when(~pl.col("has_customer"))
        .then(pl.lit("nobody known"))
        .when(tenure.is_null())
        .then(pl.lit("first purchase"))
        .when(tenure < 90)
        .then(pl.lit("under 90 days"))
        .when(tenure < 365)
        .then(pl.lit("90 to 364 days"))
        .otherwise(pl.lit("365 days and more")),
    }
    happened = _returned(rows)
    return metrics.by_segment(
        rows,
        dimensions,
        lambda is_in: {
            "auc": metrics.auc(happened[is_in], probability[is_in]),
            "ece": metrics.calibration_error(metrics.calibration_bins(happened[is_in], probability[is_in])),
            "predicted_share": float(probability[is_in].mean()),
            "returned_share": float(happened[is_in].mean()),
        },
    )


def _card(
    cut: Cut,
    labelled: pl.DataFrame,
    probability: np.ndarray,
    expected_qty: np.ndarray,
    encoding: Encoding,
    method: str,
    brand: str,
    as_of: date,
    seed: int,
) -> ModelCard:
    happened = _returned(cut.test)
    bins = metrics.calibration_bins(happened, probability)
    rates = {
        "product_rate": cut.test["product_past_return_line_share"].fill_null(0).to_numpy(),
        "customer_rate": cut.test["customer_past_return_order_share"].fill_null(0).to_numpy(),
    }
    data_from, data_to = date_span(labelled, "order_date")
    test_from, test_to = date_span(cut.test, "order_date")
    returned_qty = float(cut.test["returned_qty"].sum())
    return ModelCard(
        task="returns",
        brand=brand,
        as_of=as_of,
        method=method,
        is_fallback=False,
        data_from=data_from,
        data_to=data_to,
        train_rows=labelled.height,
        test_from=test_from,
        test_to=test_to,
        test_rows=cut.test.height,
        features=tuple(FeatureNote.of(f, encoding) for f in FEATURES),
        metrics=metrics.rounded(
            {
                "auc": metrics.auc(happened, probability),
                "log_loss": metrics.log_loss(happened, probability),
                "ece": metrics.calibration_error(bins),
                "lift_decile": metrics.lift_top_decile(happened, probability),
                "returned_share": float(happened.mean()),
                "expected_to_returned_qty": float(expected_qty.sum()) / returned_qty if returned_qty > 0 else None,
            }
        ),
        baseline_name="product's and customer's past return rate",
        baseline_metrics=metrics.rounded(
            {
                **{f"{name}_auc": metrics.auc(happened, rate) for name, rate in rates.items()},
                **{f"{name}_lift_decile": metrics.lift_top_decile(happened, rate) for name, rate in rates.items()},
            }
        ),
        calibration=bins,
        segments=_segments(cut.test, probability),
        counts={
            "evaluation_train_lines": cut.train.height,
            "validation_lines": cut.validation.height,
            "returned_lines": int(labelled["returned"].sum()),
        },
        seed=seed,
        limits=LIMITS,
    )
