"""Returns: expectation at order time, exact tails, anomalies by customer and by store, fallbacks."""

import itertools
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

from models.features import FeatureError
from models.returns import ReturnsBrand, fit_and_score
from models.returns.tail import improbability, upper_tails
from models.returns.train import cut_by_time, ended
from tests.models.frames import AS_OF, line_frame, receipt_frame

BRANDS = {"gifts": ReturnsBrand(window_days=30)}
SEED = 7


def receipt(order: str, customer: str | None, days_ago: int, lines: int) -> dict[str, object]:
    return {
        "return_order_id": order,
        "customer_id": customer,
        "return_date": AS_OF - timedelta(days_ago),
        "returned_line_count": lines,
    }


def receipts(**changes: object) -> pl.DataFrame:
    """Receipts of three customers: one line back, forty lines back, and a stranger; and an old receipt."""
    return receipt_frame(
        [
            receipt("R1", "C0001", 5, 1),
            receipt("R2", "C0002", 0, 40) | {"linked_line_count": 30, "returned_qty": 80.0, "returned_amount": 300.0},
            receipt("R3", None, 9, 1),
            receipt("R4", "C0001", 100, 2),
        ]
    ).with_columns(**changes)


@pytest.fixture(scope="module")
def lines() -> pl.DataFrame:
    return line_frame()


@pytest.fixture(scope="module")
def result(lines):
    return fit_and_score(lines, receipts(), BRANDS, AS_OF, SEED)


def brute_force(probabilities: list[float], count: int, extra: float) -> float:
    """P(X >= count) by going through all outcomes."""
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(probabilities)):
        chance = float(np.prod([p if o else 1 - p for p, o in zip(probabilities, outcome, strict=True)]))
        total += chance * stats.poisson.sf(count - sum(outcome) - 1, extra)
    return total


def test_tails_against_all_outcomes():
    rng = np.random.default_rng(1)
    sizes = [0, 1, 3, 6, 8, 5]
    counts = np.array([1, 1, 2, 5, 0, 7])
    extra = np.array([0.2, 0.0, 0.1, 0.0, 0.3, 0.05])
    chances = [rng.uniform(0, 0.9, size).tolist() for size in sizes]
    group = np.repeat(np.arange(len(sizes)), sizes)
    found = upper_tails(group, np.concatenate([np.array(c) for c in chances]), counts, extra)
    expected = [brute_force(c, k, e) for c, k, e in zip(chances, counts, extra, strict=True)]
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def test_tail_of_equal_chances_is_binomial_even_far_out():
    n, p, k = 400, 0.01, 60
    found = upper_tails(np.zeros(n, dtype=int), np.full(n, p), np.array([k]), np.array([0.0]))
    assert found[0] == pytest.approx(stats.binom.sf(k - 1, n, p), rel=1e-9)
    assert found[0] < 1e-40


def test_more_returned_than_bought_is_as_improbable_as_a_number_can_say():
    tail = upper_tails(np.zeros(2, dtype=int), np.array([0.5, 0.5]), np.array([3]), np.array([0.0]))
    assert improbability(tail).tolist() == [300.0]
    assert improbability(np.array([1.0])).tolist() == [0.0]


def test_receipts_of_the_stretch_are_scored(result):
    scores, models = result
    assert scores["return_order_id"].to_list() == ["R1", "R2", "R3"]
    assert scores["model_version"].unique().to_list() == [models[0].version]
    assert not scores["is_fallback"].any()


def test_the_odd_one_stands_out(result):
    level = dict(zip(result[0]["return_order_id"], result[0]["anomaly_level"], strict=True))
    assert level == {"R1": "low", "R2": "high", "R3": "low"}
    odd = result[0].row(1, named=True)
    assert odd["reasons"][0].startswith("40 lines returned in 180 days, of ")
    assert odd["reasons"][1] == "No known sale for 10 of 40 lines on this receipt"
    assert odd["reasons"][2] == "80 units for 300.00 GBP on this receipt"
    assert "a person decides" in odd["suggested_action"]


def test_reasons_count_the_customers_own_lines(lines, result):
    bought = lines.filter(
        pl.col("customer_id") == "C0001",
        pl.col("order_date") <= AS_OF - timedelta(5),
        pl.col("order_date") > AS_OF - timedelta(185),
    ).height
    # R4 lies in the stretch of R1: its two lines count.
    assert result[0]["reasons"][0][0].startswith(f"3 lines returned in 180 days, of {bought} bought; ")


def test_expectation_is_about_what_happens(lines, result):
    card = result[1][0].card
    assert card.metrics["auc"] > 0.75
    # Ten bins of about 48 lines: chance alone is good for about .03.
    assert card.metrics["ece"] < 0.06
    ended_lines = lines.filter(pl.col("returned").is_not_null())
    rate = ended_lines["returned"].mean()
    assert result[0]["return_probability"][0] == pytest.approx(rate, abs=0.03)
    assert result[0]["expected_return_qty"][0] > 1


def test_card_tells_how_good_it_is_for_whom(lines: pl.DataFrame) -> None:
    # Half of the lines are of another channel and country, and of customers known for 30 days or for 400.
    parted = lines.with_row_index("k").with_columns(
        channel=pl.when(pl.col("k") % 2 == 0).then(pl.lit("web")).otherwise(pl.lit("store")),
        country_code=pl.when(pl.col("k") % 2 == 0).then(pl.lit("GB")).otherwise(None),
        customer_tenure_days=pl.when(pl.col("k") % 4 == 0).then(30).otherwise(pl.lit(400)).cast(pl.Int64),
    )
    _, [model] = fit_and_score(parted.drop("k"), receipts().clear(), BRANDS, AS_OF, SEED)
    card = model.card
    found = {(part.dimension, part.value): part for part in card.segments}
    assert {dimension: sorted(v for d, v in found if d == dimension) for dimension, _ in found} == {
        "brand": ["gifts"], "channel": ["store", "web"], "country": ["GB", "not known"],
        "tenure": ["365 days and more", "under 90 days"],
    }  # fmt: skip
    assert found["brand", "gifts"].rows == card.test_rows
    assert found["brand", "gifts"].metrics["auc"] == card.metrics["auc"]
    assert found["brand", "gifts"].metrics["ece"] == card.metrics["ece"]
    for dimension in ("channel", "country", "tenure"):
        parts = [part for (name, _), part in found.items() if name == dimension]
        assert sum(part.rows for part in parts) == card.test_rows
        returned = sum(part.rows * (part.metrics["returned_share"] or 0) for part in parts)
        assert returned == pytest.approx(card.test_rows * card.metrics["returned_share"], abs=1)


def test_unseen_categories_and_missing_values_are_counted_and_a_broken_feed_stops(lines: pl.DataFrame) -> None:
    recent = pl.col("order_date") > AS_OF - timedelta(days=25)
    new = lines.with_columns(channel=pl.when(recent).then(pl.lit("kiosk")).otherwise("channel"))
    _, [model] = fit_and_score(new, receipts(), BRANDS, AS_OF, SEED)
    # A return of nobody known is judged beside all lines of its store.
    assert model.card.counts["unseen_channel"] == new.filter(recent).height > 0
    # A feature that had no missing value in training and has none now but for a tenth of the lines.
    holes = lines.with_columns(
        discount_share=pl.when(recent & (pl.int_range(pl.len()) % 10 == 0)).then(None).otherwise("discount_share")
    )
    scores, [model] = fit_and_score(holes, receipts(), BRANDS, AS_OF, SEED)
    assert model.card.counts["imputed_discount_share"] > 0
    assert scores["improbability"].is_finite().all()
    late = pl.col("order_date") > AS_OF - timedelta(days=150)
    broken = lines.with_columns(
        pl.when(late).then(None).otherwise(name).alias(name) for name in ("discount_share", "returned")
    )
    with pytest.raises(FeatureError, match="discount_share"):
        fit_and_score(broken, receipts(), BRANDS, AS_OF, SEED)


def test_same_input_same_scores_in_any_order(lines, result):
    shuffled = lines.sample(fraction=1, shuffle=True, seed=3).select(sorted(lines.columns))
    scores, models = fit_and_score(shuffled, receipts().reverse(), BRANDS, AS_OF, SEED)
    assert_frame_equal(scores, result[0], abs_tol=1e-6)
    assert models[0].version == result[1][0].version


def test_windows_of_each_part_were_over_before_the_next(lines):
    window = timedelta(days=30)
    cut = cut_by_time(ended(lines, 30, AS_OF), 30)
    assert cut.train["order_date"].max() + window <= cut.validation["order_date"].min()
    assert cut.validation["order_date"].max() + window <= cut.test["order_date"].min()
    assert cut.test["order_date"].max() + window <= AS_OF


def test_receipt_without_customer_is_judged_by_store_and_day(lines, result):
    many = pl.concat([receipts(), receipt_frame([receipt(f"S{k}", None, 9, 3) for k in range(10)])])
    scores, _ = fit_and_score(lines, many, BRANDS, AS_OF, SEED)
    quiet = result[0].filter(pl.col("return_order_id") == "R3").row(0, named=True)
    busy = scores.filter(pl.col("return_order_id") == "R3").row(0, named=True)
    assert quiet["improbability"] == 0
    assert busy["anomaly_level"] == "high"
    assert busy["reasons"][0].startswith("No customer on the receipt; 31 lines returned so in the store that day")
    assert "store's returns of that day" in busy["suggested_action"]


def test_sample_stands_for_all_and_every_line_of_a_returning_customer_counts():
    lines = line_frame(lines=300)
    whole_scores, [whole_model] = fit_and_score(lines, receipts(), BRANDS, AS_OF, SEED)
    returning = receipts()["customer_id"].drop_nulls().unique()
    is_drawn = pl.int_range(pl.len()) % 2 == 0
    sample = lines.with_columns(line_weight=pl.when(is_drawn).then(2).otherwise(0)).filter(
        (pl.col("line_weight") > 0) | pl.col("customer_id").is_in(returning.implode())
    )
    scores, [model] = fit_and_score(sample, receipts(), BRANDS, AS_OF, SEED)
    assert model.card.train_rows == pytest.approx(whole_model.card.train_rows / 2, rel=0.02)
    for drawn, whole in zip(scores.iter_rows(named=True), whole_scores.iter_rows(named=True), strict=True):
        assert drawn["reasons"][0].partition(" bought")[0] == whole["reasons"][0].partition(" bought")[0]
        assert drawn["improbability"] == pytest.approx(whole["improbability"], rel=0.3, abs=0.3)


def test_customer_who_bought_nothing_has_no_probability_and_no_crash(lines):
    stranger = receipt_frame([receipt("R9", "C9999", 0, 2)])
    scores, _ = fit_and_score(lines, pl.concat([receipts(), stranger]), BRANDS, AS_OF, SEED)
    row = scores.filter(pl.col("return_order_id") == "R9").row(0, named=True)
    assert row["return_probability"] is None
    assert row["expected_return_qty"] == 0
    assert row["reasons"][0] == "2 lines returned in 180 days, and nothing bought"
    assert 0 < row["improbability"] <= 300


def test_brand_with_few_returns_falls_back_and_says_so(lines):
    few = lines.head(50)
    scores, models = fit_and_score(few, receipts(), BRANDS, AS_OF, SEED)
    assert scores["is_fallback"].all()
    assert models[0].card.is_fallback
    assert all(reasons[0].startswith("Too few returns") for reasons in scores["reasons"])
    assert scores["improbability"].is_finite().all()


def test_returns_without_any_known_sale_and_sales_without_a_return(lines):
    scores, models = fit_and_score(lines.clear(), receipts(), BRANDS, AS_OF, SEED)
    assert scores.height == 3
    assert models[0].card.is_fallback
    scores, models = fit_and_score(lines, receipts().clear(), BRANDS, AS_OF, SEED)
    assert scores.height == 0
    assert not models[0].card.is_fallback
    scores, models = fit_and_score(lines.clear(), receipts().clear(), BRANDS, AS_OF, SEED)
    assert scores.height == 0
    assert models == []


def test_wrong_input_stops(lines):
    with pytest.raises(FeatureError, match="missing: unit_price"):
        fit_and_score(lines.drop("unit_price"), receipts(), BRANDS, AS_OF, SEED)
    with pytest.raises(FeatureError, match="another type: returned_amount"):
        fit_and_score(lines, receipts(returned_amount=pl.lit(1.0)), BRANDS, AS_OF, SEED)
    with pytest.raises(FeatureError, match="without settings: gifts"):
        fit_and_score(lines, receipts(), {}, AS_OF, SEED)
    with pytest.raises(FeatureError, match="quantity"):
        fit_and_score(lines.with_columns(quantity=pl.lit(None, pl.Float64)), receipts(), BRANDS, AS_OF, SEED)
