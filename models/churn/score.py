"""Scores of customers from a saved model, or from the recency rule: probability, level, value, reasons, action.

Belongs here: what a score row says. Does not belong here: training.
"""

from datetime import date

import numpy as np
import polars as pl

from models import boosting
from models.calibration import calibrated
from models.churn.features import FEATURES, GROUPS, SENTENCES
from models.churn.settings import ChurnBrand
from models.churn.value import ValueModel, rate_value
from models.reasons import top_reasons
from models.registry import SavedModel

SCHEMA = pl.Schema(
    {
        "customer_id": pl.String(),
        "brand": pl.String(),
        "as_of_date": pl.Date(),
        "model_version": pl.String(),
        "churn_probability": pl.Float64(),
        "churn_level": pl.String(),
        "expected_value_amount": pl.Decimal(18, 4),
        "value_at_risk_amount": pl.Decimal(18, 4),
        "currency_code": pl.String(),
        "reasons": pl.List(pl.String()),
        "suggested_action": pl.String(),
        "is_fallback": pl.Boolean(),
    }
)
ACTIONS = {
    "high": "Contact the customer this week: ask what is missing and make an offer for the usual basket.",
    "medium": "Put the customer on the next campaign and look again in two weeks.",
    "low": "Nothing to do.",
}
FALLBACK_REASON = "Too little history of this brand for a model: judged by the days since the last purchase"


def model_probability(model: SavedModel, values: np.ndarray) -> np.ndarray:
    """Probability of lapse of encoded rows."""
    booster = boosting.from_text(model.model_texts["lapse"], FEATURES)
    return calibrated(boosting.predict(booster, values, raw=True), model.calibration)


def rule_probability(rows: pl.DataFrame, horizon_days: int) -> np.ndarray:
    """The recency rule: even odds when nothing was bought for the horizon, never 0 and never 1."""
    recency = rows["recency_days"].cast(pl.Float64).to_numpy() + 1
    return recency / (recency + horizon_days)


def scores(
    rows: pl.DataFrame, values: np.ndarray | None, model: SavedModel, settings: ChurnBrand, as_of: date
) -> pl.DataFrame:
    """Score rows of one brand's customers, all of one snapshot. values: the rows encoded; None for the rule."""
    if values is None:
        probability = rule_probability(rows, settings.horizon_days)
        value = rate_value(rows, rows)
        facts = rows.select(pl.concat_list(pl.lit(FALLBACK_REASON), SENTENCES["recency"])).to_series()
    else:
        probability = model_probability(model, values)
        booster = boosting.from_text(model.model_texts["lapse"], FEATURES)
        contributions = boosting.group_contributions(booster, values, FEATURES, GROUPS)
        value = pl.Series(np.round(ValueModel.of(model).expected_value(rows, values), 4), dtype=pl.Float64)
        # Reasons speak for the score: what raises the risk where it is high or above the usual, else what lowers it.
        is_risk = (probability >= settings.high_probability) | (contributions.sum(axis=1) > 0)
        direction = np.where(is_risk, 1.0, -1.0)
        facts = top_reasons(rows, contributions * direction[:, None], GROUPS, SENTENCES, default=SENTENCES["recency"])
    level = (
        pl.when(pl.col("churn_probability") >= settings.high_probability)
        .then(pl.lit("high"))
        .when(pl.col("churn_probability") >= settings.medium_probability)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )
    return (
        rows.select("customer_id", "brand", "currency_code")
        .with_columns(
            as_of_date=pl.lit(as_of),
            model_version=pl.lit(model.version),
            churn_probability=pl.Series(np.round(probability, 6), dtype=pl.Float64),
            expected_value_amount=value,
            reasons=facts,
            is_fallback=pl.lit(model.card.is_fallback),
        )
        .with_columns(
            churn_level=level,
            value_at_risk_amount=(pl.col("churn_probability") * pl.col("expected_value_amount")).round(4),
        )
        .with_columns(suggested_action=pl.col("churn_level").replace_strict(ACTIONS, return_dtype=pl.String))
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )
