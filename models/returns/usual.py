"""How common a trait is on a receipt like this one, learnt from the receipts of others.

A receipt of thirty lines has a line beyond its sale more easily than a receipt of one, and what a new customer brings
back more often has no known sale, because its sale is older than the data. A small LightGBM for each trait learns that
from the circumstances of a receipt: its size and time, and how long and well its customer is known. Its value is no
circumstance: what is dear is no excuse. Each receipt is judged by trees that saw no receipt of its customer. They learn
what is common, never what is abuse.

Belongs here: the circumstances, the cross-fitting. Does not belong here: traits (`evidence`).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from models import boosting
from models.features import Feature, encode, fit_encoding

FOLDS = 5
# Below either, what is usual in the brand stands for all its receipts.
MIN_RECEIPTS = 500
MIN_RECEIPTS_WITH_TRAIT = 20
# As many of the others' receipts as trees learn from at most.
MAX_TAUGHT_RECEIPTS = 20_000
ROUNDS = 40
PARAMS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 4,
    "min_data_in_leaf": 60,
    # Most traits are rare: what a split explains by chance is no circumstance.
    "min_gain_to_split": 2.0,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "cat_smooth": 50,
}
OF_CUSTOMER = {
    "customer_tenure_days": "Days since the customer's first known order",
    "customer_days_since_order": "Days since the customer's last known order",
    "customer_past_order_count": "Customer's known orders before",
}
CIRCUMSTANCES = (
    Feature("channel", "category", "receipt", "Channel of the return"),
    Feature("returned_line_count", "integer", "receipt", "Lines of the receipt"),
    Feature("days_ago", "integer", "time", "Days before the last receipt: what is old has less known before it"),
    Feature("has_customer", "flag", "customer", "The customer is known"),
    *(Feature(name, "integer", "customer", meaning, "learn") for name, meaning in OF_CUSTOMER.items()),
)


def usual_shares(rows: pl.DataFrame, traits: Sequence[str], seed: int) -> dict[str, np.ndarray]:
    """For each trait, a flag column of `rows`, the share of receipts like each that have it."""
    shares = {name: np.full(rows.height, (int(rows[name].sum()) + 1) / (rows.height + 2)) for name in traits}
    if rows.height < MIN_RECEIPTS:
        return shares
    # To have bought nothing that is known is no excuse for bringing something back: such receipts teach nothing, and
    # are judged as those of a customer whom the brand has known as long as most.
    is_explained = pl.col("customer_id").is_null() | pl.col("customer_tenure_days").is_not_null()
    frame = rows.with_columns(
        days_ago=(pl.col("return_date").max() - pl.col("return_date")).dt.total_days(),
        has_customer=pl.col("customer_id").is_not_null(),
        **{
            name: pl.when(is_explained).then(name).otherwise(pl.col(name).median().round(0).cast(pl.Int64))
            for name in OF_CUSTOMER
        },
    )
    values = encode(frame, CIRCUMSTANCES, fit_encoding(frame, CIRCUMSTANCES)).values
    teaches = rows.select(is_explained).to_series().to_numpy()
    who = pl.coalesce("customer_id", "return_order_id").rank("dense").cast(pl.Int64)
    fold = rows.select(who % FOLDS).to_series().to_numpy()
    for name in traits:
        label = rows[name].cast(pl.Float64).to_numpy()
        if min(label[teaches].sum(), (1 - label[teaches]).sum()) < MIN_RECEIPTS_WITH_TRAIT:
            continue
        for number in range(FOLDS):
            others = np.flatnonzero(teaches & (fold != number))
            others = others[:: -(-len(others) // MAX_TAUGHT_RECEIPTS)]
            booster = boosting.train(values[others], label[others], CIRCUMSTANCES, PARAMS, ROUNDS, seed)
            shares[name][fold == number] = boosting.predict(booster, values[fold == number])
    return {name: np.round(share, 9) for name, share in shares.items()}
