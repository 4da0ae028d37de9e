"""What a customer is worth: expected net amount of the next 12 months.

Purchases to come × amount of a purchase × share that is kept. Purchases come from BG/NBD, or from LightGBM that learns
by how much BG/NBD is wrong for whom, whichever was closer out of time; the amount comes from Gamma-Gamma. LightGBM
learns from spans as long as the data give, from each past snapshot to now; who is early after a snapshot need not be
so a year later.

A brand without a model takes the rate of the last year (`rate_value`): what was bought over the days that the customer
is known, drawn towards the brand's mean as if every customer had been seen for `PRIOR_DAYS` more days at it.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import polars as pl

from models import boosting
from models.churn.features import FEATURES
from models.churn.purchases import AmountModel, PurchaseHistory, PurchaseModel, fit_amounts, fit_purchases
from models.features import Encoding, encode
from models.registry import SavedModel

PRIOR_DAYS = 84
YEAR_DAYS = 365
ROUNDS = 150
PARAMS = {
    "objective": "poisson",
    "learning_rate": 0.03,
    "num_leaves": 7,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
}
# What raises the risk to lapse need not lower what BG/NBD leaves to be explained.
CORRECTION_FEATURES = tuple(replace(feature, monotone=0) for feature in FEATURES)
ROLE = "purchases"


@dataclass(frozen=True)
class ValueModel:
    """correction: LightGBM's text, its raw score the logarithm of a factor on BG/NBD; None for BG/NBD alone."""

    purchases: PurchaseModel
    amounts: AmountModel
    correction: str | None

    @property
    def parameters(self) -> dict[str, float]:
        return {f"purchases_{name}": value for name, value in asdict(self.purchases).items()} | {
            f"amounts_{name}": value for name, value in asdict(self.amounts).items()
        }

    @property
    def uncorrected(self) -> "ValueModel":
        return replace(self, correction=None)

    @classmethod
    def of(cls, saved: SavedModel) -> "ValueModel":
        def part(prefix: str) -> dict[str, float]:
            return {k.removeprefix(prefix): v for k, v in saved.parameters.items() if k.startswith(prefix)}

        return cls(PurchaseModel(**part("purchases_")), AmountModel(**part("amounts_")), saved.model_texts.get(ROLE))

    def expected_purchases(self, rows: pl.DataFrame, values: np.ndarray, days: int) -> np.ndarray:
        """Purchase days of the next `days`; values: the rows encoded."""
        expected = self.purchases.expected_purchases(history(rows), days / 7)
        if self.correction is None:
            return expected
        booster = boosting.from_text(self.correction, CORRECTION_FEATURES)
        return expected * np.exp(boosting.predict(booster, values, raw=True))

    def expected_value(self, rows: pl.DataFrame, values: np.ndarray, days: int = YEAR_DAYS) -> np.ndarray:
        """Net amount of the next `days`, at least 0."""
        purchases, mean_amount = _amounts(rows)
        kept = 1 - rows["return_share_365"].fill_null(0).clip(0, 1).to_numpy()
        amount = self.amounts.expected_amount(purchases, mean_amount) * kept
        return np.maximum(self.expected_purchases(rows, values, days) * amount, 0)


def fit_value(
    today: pl.DataFrame, past: pl.DataFrame, encoding: Encoding, count: str, days: pl.Expr, seed: int
) -> ValueModel:
    """Both parts and the correction. today: one brand's latest snapshot.

    past: earlier snapshots, whose column `count` says on how many of the `days` after it the customer bought.
    """
    purchases = fit_purchases(history(today))
    weeks = past.with_columns(weeks=days.cast(pl.Float64) / 7)["weeks"].to_numpy()
    booster = boosting.train(
        encode(past, FEATURES, encoding).values,
        past[count].cast(pl.Float64).to_numpy(),
        CORRECTION_FEATURES,
        PARAMS,
        ROUNDS,
        seed,
        offset=np.log(purchases.expected_purchases(history(past), weeks)),
    )
    return ValueModel(purchases, fit_amounts(*_amounts(today)), boosting.text(booster))


def history(rows: pl.DataFrame) -> PurchaseHistory:
    """What BG/NBD sees of the rows."""
    tenure = rows["tenure_days"].cast(pl.Float64).to_numpy()
    return PurchaseHistory(
        repeats=rows["purchase_day_count"].cast(pl.Float64).to_numpy() - 1,
        last_week=(tenure - rows["recency_days"].cast(pl.Float64).to_numpy()) / 7,
        age_weeks=tenure / 7,
    )


def _amounts(rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Purchase days of the last year and their mean amount."""
    days = rows["active_days_count"].cast(pl.Float64).to_numpy()
    amount = rows["net_amount_365"].clip(lower_bound=0).to_numpy()
    return days, amount / np.maximum(days, 1)


def rate_value(rows: pl.DataFrame, brand_rows: pl.DataFrame) -> pl.Series:
    """Expected amount of 12 months for each of `rows`, at least 0; the mean rate is that of `brand_rows`."""
    known_days = pl.min_horizontal(pl.col("tenure_days") + 1, pl.lit(YEAR_DAYS)).cast(pl.Float64)
    if not brand_rows.height:
        return pl.Series("expected_value", [], dtype=pl.Float64)
    kept = pl.col("net_amount_365") * (1 - pl.col("return_share_365").fill_null(0).clip(0, 1))
    mean_rate = brand_rows.select(kept.sum() / known_days.sum()).item()
    rate = (kept + mean_rate * PRIOR_DAYS) / (known_days + PRIOR_DAYS)
    return rows.select(expected_value=(rate * YEAR_DAYS).clip(lower_bound=0).round(4)).to_series()
