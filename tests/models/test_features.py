"""Features by name, with declared types and a rule for what is missing (cases B20 and B21)."""

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from models import boosting
from models.features import Feature, FeatureError, FeatureTable, check_null_share, encode, fit_encoding

FEATURES = (
    Feature("recency_days", "integer", "recency", "Days since the last purchase", "leave_out"),
    Feature("order_count", "integer", "frequency", "Orders"),
    Feature("gap_days", "number", "rhythm", "Gap", "learn"),
    Feature("points", "number", "loyalty", "Points", "impute", fill=0.0),
    Feature("channel", "category", "channel", "Channel", "learn"),
)
TABLE = FeatureTable(keys={"customer_id": "text"}, features=FEATURES, labels={"lapsed": "flag"})


def training() -> pl.DataFrame:
    """Recency 1 to 400 without a null, as in B21; lapsed is who did not buy for 200 days."""
    recency = list(range(1, 401))
    return pl.DataFrame(
        {
            "customer_id": [f"C{k}" for k in recency],
            "recency_days": recency,
            "order_count": [1 + k % 5 for k in recency],
            "gap_days": [float(k % 30 + 1) for k in recency],
            "points": [float(k) if k % 2 else None for k in recency],
            "channel": [("store", "web")[k % 2] for k in recency],
            "lapsed": [k > 200 for k in recency],
        }
    )


def one(**values: object) -> pl.DataFrame:
    row = {
        "customer_id": "X", "recency_days": 10, "order_count": 2, "gap_days": 5.0, "points": 1.0, "channel": "web",
        "lapsed": None,
    }  # fmt: skip
    return pl.DataFrame([{**row, **values}], schema=training().schema)


@pytest.fixture(scope="module")
def booster() -> lgb.Booster:
    rows = training()
    values = encode(rows, FEATURES, fit_encoding(rows, FEATURES)).values
    label = rows["lapsed"].cast(pl.Float64).to_numpy()
    return boosting.train(values, label, FEATURES, {"objective": "binary", "min_data_in_leaf": 5}, 40, seed=1)


def test_column_order_does_not_matter(booster):
    rows = training()
    encoding = fit_encoding(rows, FEATURES)
    shuffled = rows.select(sorted(rows.columns, reverse=True))
    TABLE.check(shuffled)
    first, second = (boosting.predict(booster, encode(f, FEATURES, encoding).values) for f in (rows, shuffled))
    assert np.array_equal(first, second)
    assert first[0] < 0.1
    assert first[-1] > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop("gap_days"), "missing: gap_days"),
        (lambda f: f.with_columns(extra=1), "not declared: extra"),
        (lambda f: f.with_columns(pl.col("gap_days").cast(pl.Decimal(18, 3))), "another type: gap_days"),
        (lambda f: f.with_columns(pl.col("order_count").cast(pl.Float64)), "another type: order_count"),
        (lambda f: pl.concat([f, f]), "more than one row a key"),
        (lambda f: f.with_columns(customer_id=pl.lit(None, pl.String)), "null in key columns"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(change, message):
    with pytest.raises(FeatureError, match=message):
        TABLE.check(change(training()))


def test_saved_model_of_other_features_is_refused(booster):
    with pytest.raises(FeatureError, match="other features"):
        boosting.from_text(boosting.text(booster), FEATURES[::-1])


def test_a_customer_without_a_purchase_is_left_out_not_loyal():
    assert TABLE.population(one(recency_days=None)).height == 0


def test_a_failed_feed_stops():
    feed = one(recency_days=None, order_count=None, gap_days=None, points=None, channel=None)
    with pytest.raises(FeatureError, match="order_count"):
        TABLE.population(feed)


def test_missing_where_training_had_none_takes_the_median_and_is_counted():
    encoding = fit_encoding(training(), FEATURES)
    matrix = encode(one(gap_days=None), FEATURES, encoding)
    assert matrix.values[0, 2] == training()["gap_days"].median()
    assert matrix.imputed == {"gap_days": 1}


def test_imputed_value_is_the_declared_one():
    matrix = encode(one(points=None), FEATURES, fit_encoding(training(), FEATURES))
    assert matrix.values[0, 3] == 0.0
    assert matrix.counts == {"imputed_points": 1}


def test_missing_that_training_knew_stays_missing():
    rows = training().with_columns(gap_days=pl.when(pl.col("recency_days") % 2 == 0).then("gap_days"))
    matrix = encode(one(gap_days=None), FEATURES, fit_encoding(rows, FEATURES))
    assert np.isnan(matrix.values[0, 2])
    assert matrix.imputed == {}


def test_unseen_category_is_counted_and_scores(booster):
    matrix = encode(one(channel="phone"), FEATURES, fit_encoding(training(), FEATURES))
    assert matrix.unseen == {"channel": 1}
    assert np.isfinite(boosting.predict(booster, matrix.values)).all()


def test_null_share_far_above_training_is_a_broken_feed():
    encoding = fit_encoding(training(), FEATURES)
    rows = training()
    check_null_share(rows, FEATURES, encoding)
    few = rows.with_columns(gap_days=pl.when(pl.col("recency_days") > 20).then("gap_days"))
    check_null_share(few, FEATURES, encoding)
    many = rows.with_columns(gap_days=pl.when(pl.col("recency_days") > 200).then("gap_days"))
    with pytest.raises(FeatureError, match="gap_days"):
        check_null_share(many, FEATURES, encoding)


def test_one_row_without_a_value_is_no_broken_feed():
    check_null_share(one(gap_days=None), FEATURES, fit_encoding(training(), FEATURES))


def test_contributions_by_group_sum_to_the_raw_score(booster):
    values = encode(training(), FEATURES, fit_encoding(training(), FEATURES)).values
    groups = ("recency", "frequency", "rhythm", "loyalty", "channel")
    sums = boosting.group_contributions(booster, values, FEATURES, groups).sum(axis=1)
    base = boosting.predict(booster, values, raw=True) - sums
    assert np.allclose(base, base[0])
