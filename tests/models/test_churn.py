"""Churn scores: same input same scores, the past only, levels, value, reasons with the customer's own numbers."""

import re
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.churn import ChurnBrand, fit_and_score
from models.churn.features import SENTENCES, TABLE
from models.churn.score import model_probability
from models.churn.train import cut_by_time
from models.churn.value import rate_value
from models.features import FeatureError, encode
from models.registry import load, save
from tests.models.frames import AS_OF, churn_frame, typed

BRANDS = {"grocer": ChurnBrand(horizon_days=28)}
SEED = 7


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return churn_frame()


@pytest.fixture(scope="module")
def result(frame):
    return fit_and_score(frame, BRANDS, AS_OF, SEED)


def test_every_customer_of_the_snapshot_has_one_score(frame, result):
    scores, models = result
    today = frame.filter(pl.col("snapshot_date") == AS_OF)
    assert sorted(scores["customer_id"]) == sorted(today["customer_id"])
    assert not scores["is_fallback"].any()
    assert scores["churn_probability"].is_between(0, 1, closed="none").all()
    assert scores["model_version"].unique().to_list() == [models[0].version]
    assert models[0].card.counts["scored_rows"] == today.height


def test_same_input_same_scores_in_any_order_of_rows_and_columns(frame, result):
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3).select(sorted(frame.columns))
    scores, models = fit_and_score(shuffled, BRANDS, AS_OF, SEED)
    assert_frame_equal(scores, result[0], check_row_order=False, abs_tol=1e-6)
    assert models[0].version == result[1][0].version


def test_the_model_beats_the_rules_out_of_time_on_the_same_rows(result):
    card = result[1][0].card
    assert card.test_to == AS_OF - timedelta(days=28)
    assert card.metrics["auc"] > max(card.baseline_metrics["recency_auc"], card.baseline_metrics["frequency_auc"])
    assert sum(b.rows for b in card.calibration) == card.test_rows


def test_labels_of_each_part_were_known_before_the_next(frame):
    cut = cut_by_time(frame, 28, AS_OF)
    horizon = timedelta(days=28)
    assert cut.train["snapshot_date"].max() + horizon <= cut.validation["snapshot_date"].min()
    assert cut.validation["snapshot_date"].max() + horizon <= cut.test["snapshot_date"].min()
    assert cut.test["snapshot_date"].max() + horizon <= AS_OF


def test_rows_after_as_of_change_nothing(frame, result):
    later = frame.with_columns(snapshot_date=pl.col("snapshot_date") + timedelta(days=400), lapsed=pl.lit(True))
    scores, _ = fit_and_score(pl.concat([frame, later]), BRANDS, AS_OF, SEED)
    assert_frame_equal(scores, result[0])


def test_a_saved_model_scores_as_the_one_in_memory(frame, result, tmp_path):
    saved = result[1][0]
    loaded = load(save(saved, tmp_path), tmp_path)
    rows = frame.filter(pl.col("snapshot_date") == AS_OF).sort("customer_id")
    probability = model_probability(loaded, encode(rows, TABLE.features, loaded.encoding).values)
    assert np.allclose(probability, result[0].sort("customer_id")["churn_probability"], atol=1e-6)


def test_levels_follow_the_cuts(frame):
    scores, _ = fit_and_score(
        frame, {"grocer": ChurnBrand(28, high_probability=0.5, medium_probability=0.2)}, AS_OF, SEED
    )
    ranges = scores.group_by("churn_level").agg(
        low=pl.col("churn_probability").min(), high=pl.col("churn_probability").max()
    )
    found = {row["churn_level"]: (row["low"], row["high"]) for row in ranges.iter_rows(named=True)}
    assert found["high"][0] >= 0.5 > found["medium"][1]
    assert found["medium"][0] >= 0.2 > found["low"][1]


def test_value_at_risk_is_probability_times_value(result):
    rows = result[0].select(
        off=(
            pl.col("churn_probability") * pl.col("expected_value_amount").cast(pl.Float64)
            - pl.col("value_at_risk_amount").cast(pl.Float64)
        ).abs()
    )
    assert rows["off"].max() < 1e-3


def test_value_of_a_brand_without_a_model_by_hand():
    rows = typed(
        TABLE,
        {
            "customer_id": ["A", "B"],
            "tenure_days": [363, 27],
            "net_amount_365": [364.0, 280.0],
            "return_share_365": [0.0, 0.5],
        },
        2,
    )
    # Kept 364 in 364 days and 140 in 28 days: the brand's rate is 504 / 392 a day; 84 days of it are 108.
    # A: (364 + 108) / 448 · 365 = 384.5536; B: (140 + 108) / 112 · 365 = 808.2143.
    assert rate_value(rows, rows).to_list() == pytest.approx([384.5536, 808.2143])


def test_every_number_in_a_reason_is_the_customers_own(frame, result):
    rows = frame.filter(pl.col("snapshot_date") == AS_OF)
    own = {row["customer_id"]: row for row in rows.iter_rows(named=True)}
    facts = [
        (r"No purchase for (\d+) days?; usual gap (\d+) days?", ("recency_days", "gap_mean_days")),
        (r"Last purchase (\d+) days? ago; usual gap (\d+) days?", ("recency_days", "gap_mean_days")),
        (
            r"(\d+) orders? in the last 28 days, (\d+) in the 28 days before, (\d+) in a year",
            ("order_count_28", "order_count_28_before", "order_count_365"),
        ),
        (r"Last gap between purchases (\d+) days?; usual gap (\d+) days?", ("gap_last_days", "gap_mean_days")),
        (r"Bought for (\d+) USD in the last 28 days, (\d+) in the last 84", ("net_amount_28", "net_amount_84")),
        (r"An order is (\d+) USD on average", ("basket_amount_mean",)),
        (r"First purchase (\d+) days? ago", ("tenure_days",)),
        (r"Last year (\d+) days? with a purchase in the weeks now ahead", ("purchase_day_count_year_ago",)),
        (r"(\d+) orders? of others of the household in the last 84 days", ("household_order_count_84",)),
    ]
    seen = 0
    for customer, reasons in result[0].select("customer_id", "reasons").iter_rows():
        assert 1 <= len(reasons) <= 3
        for reason in reasons:
            matches = [(m, names) for pattern, names in facts if (m := re.fullmatch(pattern, reason))]
            assert matches, f"no fact stands behind: {reason}"
            match, names = matches[0]
            for number, name in zip(match.groups(), names, strict=True):
                assert abs(float(number) - own[customer][name]) <= 0.5
                seen += 1
    assert seen > 200


def test_each_group_says_its_fact_or_nothing():
    facts = {
        "customer_id": ["A", "B"], "currency_code": ["USD", "USD"], "recency_days": [40, 3],
        "gap_mean_days": [12.4, None], "order_count_28": [0, 1], "order_count_28_before": [1, 0],
        "order_count_365": [9, 1], "gap_last_days": [30, None], "net_amount_28": [0.0, 12.5],
        "net_amount_84": [80.4, 12.5], "basket_amount_mean": [26.8, 12.5], "category_count_84": [1, 4],
        "discount_share_84": [0.125, 0.0], "web_share_84": [0.5, 1.0], "return_share_365": [0.1, 0.001],
        "service_case_count_365": [2, 0], "loyalty_points_balance": [1, None], "campaign_contact_count_84": [3, 0],
        "campaign_redemption_count_84": [1, 0], "tenure_days": [400, 3], "purchase_day_count_year_ago": [2, None],
        "household_customer_count": [2, 1], "household_order_count_84": [5, 0],
    }  # fmt: skip
    rows = typed(TABLE, facts, 2).with_columns(
        pl.Series(name, facts[name], dtype=pl.Int64)
        for name in ("loyalty_points_balance", "purchase_day_count_year_ago")
    )
    said = rows.select(sentence.alias(group) for group, sentence in SENTENCES.items()).to_dicts()
    assert said[0] == {
        "recency": "No purchase for 40 days; usual gap 12 days",
        "frequency": "0 orders in the last 28 days, 1 in the 28 days before, 9 in a year",
        "rhythm": "Last gap between purchases 30 days; usual gap 12 days",
        "value": "Bought for 0 USD in the last 28 days, 80 in the last 84",
        "basket": "An order is 27 USD on average",
        "breadth": "Bought from 1 category in the last 84 days",
        "discount": "13 % of the value of the last 84 days was discount",
        "channel": "50 % of the orders of the last 84 days on line",
        "returns": "10 % of the amount bought in a year was returned",
        "service": "2 service cases in a year",
        "loyalty": "1 point on the loyalty account",
        "campaign": "3 campaign sends in the last 84 days, 1 coupon redeemed",
        "season": "Last year 2 days with a purchase in the weeks now ahead",
        "household": "5 orders of others of the household in the last 84 days",
        "relation": "First purchase 400 days ago",
    }
    assert said[1]["recency"] == "Last purchase 3 days ago; no second one yet"
    nothing = {group for group, sentence in said[1].items() if sentence is None}
    assert nothing == {"rhythm", "returns", "service", "loyalty", "season", "household"}


def test_brand_with_too_little_history_falls_back_and_says_so():
    young = churn_frame("young", customers=5, snapshots=1)
    scores, models = fit_and_score(young, {"young": ChurnBrand(28)}, AS_OF, SEED)
    assert scores["is_fallback"].all()
    assert models[0].card.is_fallback
    assert models[0].model_texts == {}
    rows = scores.join(young.filter(pl.col("snapshot_date") == AS_OF), on="customer_id")
    # Rule: (recency + 1) / (recency + 1 + horizon).
    expected = (rows["recency_days"] + 1) / (rows["recency_days"] + 29)
    assert rows["churn_probability"].to_list() == pytest.approx(expected.to_list(), abs=1e-6)
    assert all(reasons[0].startswith("Too little history") for reasons in scores["reasons"])


def test_one_customer_who_bought_today_is_no_crash_and_no_zero():
    one = churn_frame("young", customers=1, snapshots=0).with_columns(
        recency_days=pl.lit(0, pl.Int64), gap_mean_days=pl.lit(None, pl.Float64)
    )
    scores, _ = fit_and_score(one, {"young": ChurnBrand(28)}, AS_OF, SEED)
    assert scores["churn_probability"].to_list() == pytest.approx([1 / 29], abs=1e-6)
    assert "no second one yet" in scores["reasons"][0][1]


def test_brand_without_rows_and_empty_frame_give_typed_nothing(frame):
    scores, models = fit_and_score(frame.clear(), BRANDS, AS_OF, SEED)
    assert scores.height == 0
    assert models == []
    assert scores.schema["value_at_risk_amount"] == pl.Decimal(18, 4)


def test_brands_are_scored_apart(frame, result):
    both = pl.concat([frame, churn_frame("gifts", seed=9)])
    scores, models = fit_and_score(both, {**BRANDS, "gifts": ChurnBrand(28)}, AS_OF, SEED)
    assert [m.brand for m in models] == ["gifts", "grocer"]
    assert_frame_equal(scores.filter(pl.col("brand") == "grocer"), result[0])


def test_customer_without_a_purchase_is_counted_not_scored(frame):
    first = pl.col("customer_id") == "C0000"
    holes = frame.with_columns(
        recency_days=pl.when(first & (pl.col("snapshot_date") == AS_OF)).then(None).otherwise("recency_days")
    )
    scores, models = fit_and_score(holes, BRANDS, AS_OF, SEED)
    assert "C0000" not in scores["customer_id"].to_list()
    assert models[0].card.counts["left_out_rows"] == 1


@pytest.mark.parametrize("column", ["recency_days", "order_count_84", "gap_mean_days"])
def test_a_broken_feed_stops_the_run(frame, column):
    broken = frame.with_columns(pl.when(pl.col("snapshot_date") < AS_OF).then(column).alias(column))
    with pytest.raises(FeatureError, match=column):
        fit_and_score(broken, BRANDS, AS_OF, SEED)


def test_unknown_brand_and_wrong_columns_stop_before_a_row(frame):
    with pytest.raises(FeatureError, match="without settings: grocer"):
        fit_and_score(frame, {}, AS_OF, SEED)
    with pytest.raises(FeatureError, match="missing: gap_std_days"):
        fit_and_score(frame.drop("gap_std_days"), BRANDS, AS_OF, SEED)
