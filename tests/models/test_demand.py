"""Demand forecasts: the past only, a range that holds, cover and stock-out from what is on hand, fallbacks."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

from models.demand import QUANTILES, fit_and_score, forecast_weeks
from models.demand.backtest import SCHEMA, segments, table
from models.demand.distribution import Turnout, chance_above, likely_range, spread_about
from models.demand.features import FEATURES, TABLE, prepared
from models.demand.train import cut_by_time, observed
from models.features import FeatureError
from tests.models.frames import AS_OF, demand_frame, stock_frame

SEED = 7


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return demand_frame()


@pytest.fixture(scope="module")
def result(frame):
    return fit_and_score(frame, stock_frame(frame), AS_OF, SEED)


def test_one_row_a_series_with_a_range_around_the_forecast(frame, result):
    scores, models = result
    assert scores.height == 40
    assert not scores["is_fallback"].any()
    assert (scores["forecast_low_qty"] <= scores["forecast_qty"]).all()
    assert (scores["forecast_qty"] <= scores["forecast_high_qty"]).all()
    assert (scores["forecast_low_qty"] >= 0).all()
    assert scores["model_version"].unique().to_list() == [models[0].version]
    assert set(models[0].model_texts) == {"mean"}


def test_forecast_follows_the_level(frame, result):
    last = frame.filter(pl.col("origin_date") == AS_OF, pl.col("horizon") == 1)
    joined = result[0].join(last, on=["product_id", "store_id"])
    assert joined.select(pl.corr("forecast_qty", "units_mean_26")).item() > 0.9
    assert result[1][0].card.metrics["wape"] < result[1][0].card.baseline_metrics["naive_wape"]


def test_same_input_same_forecast_in_any_order(frame, result):
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3).select(sorted(frame.columns))
    scores, models = fit_and_score(shuffled, stock_frame(frame), AS_OF, SEED)
    assert_frame_equal(scores, result[0], check_row_order=False, abs_tol=1e-6)
    assert models[0].version == result[1][0].version


def test_target_weeks_of_each_part_were_over_before_the_next(frame):
    cut = cut_by_time(observed(frame, AS_OF), 4)
    last_day = {
        name: getattr(cut, name)["week_start_date"].max() + timedelta(days=6)
        for name in ("train", "validation", "test")
    }
    assert last_day["train"] <= cut.validation["origin_date"].min()
    assert last_day["validation"] <= cut.test["origin_date"].min()
    assert last_day["test"] <= AS_OF
    assert cut.test["origin_date"].unique().to_list() == [AS_OF - timedelta(days=28)]


def test_labels_of_the_future_are_not_learnt(frame, result):
    told = frame.with_columns(units=pl.col("units").fill_null(999.0))
    scores, _ = fit_and_score(told, stock_frame(frame), AS_OF, SEED)
    assert_frame_equal(scores, result[0])


def test_cover_and_stock_out(result):
    row = result[0].row(0, named=True)
    assert row["cover_days"] == pytest.approx(5 / (row["forecast_qty"] / 28), abs=0.06)
    by_forecast = result[0].sort("forecast_qty")["stock_out_probability"]
    assert by_forecast[0] < by_forecast[-1]
    assert "5 on hand" in row["reasons"][-1]


def test_unknown_and_old_stock_is_null_never_zero(frame):
    stock = stock_frame(frame)
    old = stock.with_columns(stock_date=pl.lit(AS_OF - timedelta(days=15))).head(10)
    scores, models = fit_and_score(frame, pl.concat([old, stock.slice(10, 10)]), AS_OF, SEED)
    unknown = scores.filter(pl.col("on_hand_qty").is_null())
    assert unknown.height == 30
    assert unknown["cover_days"].null_count() == unknown["stock_out_probability"].null_count() == 30
    assert models[0].card.counts["series_with_stock"] == 10
    assert not any("on hand" in reason for reasons in unknown["reasons"] for reason in reasons)


def test_nothing_on_hand_is_no_cover(frame):
    scores, _ = fit_and_score(frame, stock_frame(frame, on_hand=-2), AS_OF, SEED)
    assert (scores["cover_days"] == 0).all()
    assert (scores["stock_out_probability"] > 0.5).all()


def test_reasons_carry_the_series_own_numbers(frame, result):
    last = frame.filter(pl.col("origin_date") == AS_OF, pl.col("horizon") == 1)
    own = {row["product_id"]: row for row in last.iter_rows(named=True)}
    levels = [
        (product, reason)
        for product, reasons in result[0].select("product_id", "reasons").iter_rows()
        for reason in reasons
        if reason.startswith("Sold ") and "last week" in reason
    ]
    assert len(levels) > 20
    for product, reason in levels:
        assert reason.startswith(f"Sold {own[product]['units_lag_1']:.0f} last week")


def test_brand_with_too_little_history_takes_the_mean_of_13_weeks():
    young = demand_frame("young", series=3, origins=2)
    scores, models = fit_and_score(young, stock_frame(young), AS_OF, SEED)
    last = young.filter(pl.col("origin_date") == AS_OF, pl.col("horizon") == 1)
    joined = scores.join(last, on=["product_id", "store_id"])
    assert scores["is_fallback"].all()
    assert models[0].card.is_fallback
    assert joined["forecast_qty"].to_list() == pytest.approx((joined["units_mean_13"] * 4).to_list(), abs=1e-5)
    reach = joined.select((pl.col("forecast_high_qty") - pl.col("forecast_qty")) / pl.col("forecast_std_qty"))
    assert reach.to_series().round(4).to_list() == [
        0.8416 if low == 0 else 1.2816 for low in joined["forecast_low_qty"]
    ]
    assert all("Too little history" in reasons[0] for reasons in scores["reasons"])


def test_a_gap_in_the_brands_data_is_not_taken_for_no_demand(frame):
    at_last = pl.col("origin_date") == AS_OF
    gap = frame.with_columns(units_lag_1=pl.when(at_last).then(None).otherwise("units_lag_1"))
    scores, models = fit_and_score(gap, stock_frame(frame), AS_OF, SEED)
    assert scores["is_fallback"].all()
    assert "No sales of the brand known in week 1 before" in scores["reasons"][0][0]
    assert models[0].card.counts["gap_weeks"] == 1


def test_series_that_never_sold_has_a_forecast_and_no_endless_cover():
    dead = demand_frame("young", series=1, origins=1).with_columns(
        units_mean_13=pl.lit(0.0), units_std_13=pl.lit(0.0), units_lag_1=pl.lit(0.0)
    )
    scores, _ = fit_and_score(dead, stock_frame(dead), AS_OF, SEED)
    assert scores["forecast_qty"].to_list() == [0.0]
    assert scores["cover_days"].to_list() == [None]


def test_empty_frame_gives_typed_nothing(frame):
    scores, models = fit_and_score(frame.clear(), stock_frame(frame).clear(), AS_OF, SEED)
    assert scores.height == 0
    assert models == []
    assert scores.schema["reasons"] == pl.List(pl.String)


def test_wrong_input_stops(frame):
    with pytest.raises(FeatureError, match="not declared: surprise"):
        fit_and_score(frame.with_columns(surprise=1), stock_frame(frame), AS_OF, SEED)
    with pytest.raises(FeatureError, match="more than one row"):
        fit_and_score(frame, pl.concat([stock_frame(frame)] * 2), AS_OF, SEED)
    with pytest.raises(FeatureError, match="does not have its 4 weeks"):
        fit_and_score(frame.filter(pl.col("horizon") < 4), stock_frame(frame), AS_OF, SEED)
    with pytest.raises(FeatureError, match="holiday_count"):
        fit_and_score(frame.with_columns(holiday_count=pl.lit(None, pl.Int64)), stock_frame(frame), AS_OF, SEED)
    assert "holiday_count" in TABLE.columns


def test_quantiles_leave_their_share_below():
    rng = np.random.default_rng(1)
    mean, spread = rng.uniform(5, 50, 40_000), rng.uniform(0, 1, 40_000)
    # Half of the series are Poisson, the others, told by their spread, vary twice as much.
    sold = np.where(spread > 0.5, np.maximum(mean + 2 * (rng.poisson(mean) - mean), 0), rng.poisson(mean))
    past, later = slice(0, 20_000), slice(20_000, None)
    turnout = Turnout.fit(mean[past], spread[past], sold[past].astype(float))
    turnout = Turnout.of(turnout.numbers("week"), "week")
    quantiles = turnout.quantiles(mean[later], spread[later])
    for wide in (False, True):
        rows = (spread[later] > 0.5) == wide
        for level, quantile in zip(QUANTILES, quantiles, strict=True):
            below = np.mean(sold[later][rows] < quantile[rows])
            at = np.mean(sold[later][rows] <= quantile[rows])
            assert below - 0.07 <= level <= at + 0.07


def test_the_range_leaves_out_two_in_ten():
    """Deciles of three series: never 0, 0 two times in ten, nearly always 0."""
    mean = np.array([5.0, 2.0, 0.3])
    quantiles = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 0, 1, 1, 2, 2, 3, 4, 6], [0] * 9], dtype=float).T
    low, high = likely_range(mean, quantiles)
    # A tenth on either side; where none can lie below, two tenths above; at least up to the mean.
    assert low.tolist() == [1, 0, 0]
    assert high.tolist() == [9, 4, 0.3]
    # The chance of a stock-out keeps to the 90 % quantile: (9 - 5) / 1.2816, (6 - 2) / 1.2816, none.
    assert spread_about(mean, quantiles[-1]).tolist() == pytest.approx([3.121099, 3.121099, 0], abs=1e-6)


def test_the_range_of_what_seldom_sells_holds_eight_in_ten():
    rng = np.random.default_rng(2)
    mean, spread = rng.uniform(0.3, 6, 40_000), np.ones(40_000)
    sold = rng.poisson(mean).astype(float)
    quantiles = Turnout.fit(mean[:20_000], spread[:20_000], sold[:20_000]).quantiles(mean[20_000:], spread[20_000:])
    low, high = likely_range(mean[20_000:], quantiles)
    is_held = (sold[20_000:] >= low) & (sold[20_000:] <= high)
    assert ((low == 0).mean(), (low > 0).mean()) > (0.2, 0.2)
    assert is_held[low == 0].mean() == pytest.approx(0.8, abs=0.03)
    assert is_held[low > 0].mean() == pytest.approx(0.8, abs=0.03)


def test_weeks_of_a_forecast_add_up_to_the_score(frame, result):
    scores, models = result
    weeks = forecast_weeks(models[0], frame)
    assert weeks["week_start_date"].min() == AS_OF + timedelta(days=1)
    summed = weeks.group_by("product_id").agg(pl.len(), pl.col("forecast_qty").sum()).sort("product_id")
    assert summed["len"].to_list() == [4] * 40
    assert summed["forecast_qty"].to_list() == pytest.approx(scores.sort("product_id")["forecast_qty"], abs=1e-4)
    assert weeks.filter(pl.col("quantile_qty").list.diff().list.min() < 0).height == 0
    assert weeks.filter(pl.col("forecast_qty").is_between("forecast_low_qty", "forecast_high_qty")).height == 160


def test_a_new_series_starts_from_its_like(frame):
    # 3 weeks of 8 units with 2 weeks' worth of its like's 3: (3 x 8 + 2 x 3) / 5 = 6; an old one keeps its own level.
    rows = frame.head(2).with_columns(
        units_level=pl.lit(8.0), like_units_mean_13=pl.lit(3.0), weeks_since_first_sale=pl.Series([3, 40])
    )
    assert prepared(rows)["level"].to_list() == pytest.approx([6.05, 8.05])


def test_trees_see_nothing_that_names_the_origin_or_the_group(frame):
    # In autumn the weeks to Christmas fall from origin to origin: up to 4 they tell of Christmas, beyond of the origin.
    rows = frame.head(3).with_columns(
        weeks_to_christmas=pl.Series([0, 4, 11]), weeks_since_first_sale=pl.Series([2, 13, 60])
    )
    seen = prepared(rows)
    assert seen["weeks_to_christmas_capped"].to_list() == [0, 4, 4]
    assert seen["weeks_since_first_sale_capped"].to_list() == [2, 13, 13]
    names = {feature.name for feature in FEATURES}
    assert {"weeks_to_christmas_capped", "weeks_since_first_sale_capped"} <= names
    assert names.isdisjoint({"weeks_to_christmas", "weeks_since_first_sale", "department", "category", "family"})


def test_days_at_the_start_of_a_month():
    # 30 Oct to 5 Nov has 1 to 5 November; the week before the origin, 23 to 29 Oct, none; 4 to 10 Dec has 4 to 7.
    rows = demand_frame("young", series=1, origins=1).head(2)
    rows = rows.with_columns(
        origin_date=pl.Series([date(2017, 10, 29), date(2017, 11, 5)]),
        week_start_date=pl.Series([date(2017, 10, 30), date(2017, 12, 4)]),
    )
    seen = prepared(rows)
    assert seen["month_start_days"].to_list() == [5, 4]
    assert seen["month_start_days_lag_1"].to_list() == [0, 5]


def test_backtest_measures_by_hand(frame):
    """Ten series alike sold 2 and 4 where 3 was forecast, the last week 1: errors 1 and 1, of the naive 1 and 3."""
    series = frame.head(10).with_columns(
        units_lag_1=pl.lit(1.0),
        units_mean_13=pl.lit(3.0),
        units_std_52=pl.lit(0.5**0.5),
        department=pl.Series(["bakery"] * 9 + ["deli"]),
        weeks_since_sale=pl.lit(9, pl.Int64),
    )
    sold, mean = np.tile([2.0, 4.0], (10, 1)), np.full((10, 2), 3.0)
    # All deciles at 3 but the first, at 2: of the two weeks the one of 2 lies in the range.
    quantiles = np.concatenate([np.full((1, 10, 2), 2.0), np.full((8, 10, 2), 3.0)])
    found = {(segment.dimension, segment.value): segment for segment in segments(series, sold, mean, quantiles)}
    # Nine series of a department are too few to tell of.
    assert set(found) == {("all", "all"), ("store", "grocer:1"), ("activity", "ending")}
    measured = found["all", "all"].metrics
    assert measured["rmsse"] == pytest.approx(1.0)
    assert measured["naive_rmsse"] == pytest.approx(5**0.5, abs=1e-6)
    assert measured["skill_over_naive_share"] == pytest.approx(1 - 5**-0.5, abs=1e-6)
    assert measured["wape"] == pytest.approx(2 / 6, abs=1e-6)
    assert (measured["bias"], measured["coverage_share"]) == (0.0, 0.5)
    # A week of 4: the first decile misses by 2 x 0.1, the others by 1 x (0.2 + .. + 0.9) = 4.4. A week of 2: nothing
    # and 1 x (0.8 + .. + 0.1) = 3.6.
    assert measured["scaled_pinball_loss"] == pytest.approx((0.2 + 4.4 + 3.6) / 18, abs=1e-6)


def test_the_backtest_of_a_run_is_of_the_newest_origin_that_is_over(result):
    rows = table(result[1], AS_OF)
    assert rows.schema == SCHEMA
    assert rows["origin_date"].unique().to_list() == [AS_OF - timedelta(days=28)]
    every = rows.row(by_predicate=pl.col("group_kind") == "all", named=True)
    assert every["series_count"] == 40
    assert every["skill_over_naive_share"] > 0.1


def test_chance_above_is_poisson_where_the_spread_is_no_wider():
    chance = chance_above(np.array([3.9, -1.0]), np.array([2.0, 2.0]), np.array([1.0, 1.0]))
    assert chance.tolist() == pytest.approx([stats.poisson.sf(3, 2), 1 - np.exp(-2)])


def test_chance_above_of_a_wide_spread_has_its_mean_and_variance():
    # Mean 4 and deviation 4: the tail sums give the mean back.
    quantity = np.arange(400.0)
    chance = chance_above(quantity, np.full(400, 4.0), np.full(400, 4.0))
    assert chance.sum() == pytest.approx(4, abs=1e-6)
    assert (2 * quantity + 1) @ chance - 16 == pytest.approx(16, abs=1e-4)
