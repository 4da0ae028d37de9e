"""Measures, calibration and reasons, with values worked out by hand."""

import numpy as np
import polars as pl
import pytest

from models import metrics
from models.calibration import calibrated, fit_calibration
from models.reasons import counted, percent, short, top_reasons, whole


def test_auc_counts_ties_half():
    # Pairs: (.8, .2) won, (.8, .5) won, (.5, .2) won, (.5, .5) tie: 3.5 of 4.
    assert metrics.auc(np.array([1, 1, 0, 0]), np.array([0.8, 0.5, 0.5, 0.2])) == pytest.approx(0.875)
    assert metrics.auc(np.array([1, 1]), np.array([0.8, 0.5])) is None


def test_calibration_error():
    # Two bins: predicted .25 and .75, observed 0 and .5: mean gap .25.
    bins = metrics.calibration_bins(np.array([0, 0, 1, 0]), np.array([0.2, 0.3, 0.7, 0.8]), bins=2)
    assert metrics.calibration_error(bins) == pytest.approx(0.25)


def test_lift_of_the_top_tenth():
    happened = np.zeros(20)
    happened[[0, 1, 5, 9]] = 1
    # Top 2 of 20 both happened: rate 1 against 4 in 20.
    assert metrics.lift_top_decile(happened, -np.arange(20.0)) == pytest.approx(5)
    assert metrics.lift_top_decile(np.zeros(20), np.arange(20.0)) is None


def test_forecast_measures():
    actual, forecast = np.array([2.0, 0.0, 4.0]), np.array([1.0, 1.0, 4.0])
    assert metrics.wape(actual, forecast) == pytest.approx(2 / 6)
    assert metrics.bias(actual, forecast) == pytest.approx(0)
    assert metrics.rmse(actual, forecast) == pytest.approx((2 / 3) ** 0.5)
    # .9 quantile: under by 1 costs .9, over by 1 costs .1.
    assert metrics.pinball(actual, forecast, 0.9) == pytest.approx((0.9 + 0.1) / 3)
    assert metrics.wape(np.zeros(2), np.ones(2)) is None


def test_calibration_finds_the_scale_it_was_made_with():
    rng = np.random.default_rng(1)
    raw = rng.normal(size=20_000)
    happened = (rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * raw - 1)))).astype(float)
    found = fit_calibration(raw, happened)
    assert found["slope"] == pytest.approx(0.5, abs=0.06)
    assert found["intercept"] == pytest.approx(-1, abs=0.06)
    assert (np.diff(calibrated(np.sort(raw), found)) >= 0).all()


def test_calibration_never_turns_the_order_round():
    raw = np.arange(100.0)
    found = fit_calibration(raw, (raw < 50).astype(float))
    assert found["slope"] > 0


def test_numbers_as_text():
    rows = pl.DataFrame({"x": [1.0, 2.45, 9.96, 12.5, 0.0]})
    assert rows.select(whole("x")).to_series().to_list() == ["1", "2", "10", "13", "0"]
    assert rows.select(short("x")).to_series().to_list() == ["1", "2.5", "10", "13", "0"]
    assert rows.select(percent(pl.col("x") / 100)).to_series().to_list() == ["1", "2", "10", "13", "0"]
    assert rows.select(counted("x", "day", "days")).to_series().to_list()[:2] == ["1 day", "2 days"]


def test_reasons_go_by_contribution_and_need_a_fact():
    rows = pl.DataFrame({"a": [1, 2, 3], "b": [None, 5, 6]})
    sentences = {"A": pl.format("a {}", "a"), "B": pl.format("b {}", "b"), "C": pl.lit(None, dtype=pl.String)}
    contributions = np.array([[0.1, 0.9, 2.0], [0.1, 0.9, 2.0], [-0.1, -0.9, 2.0]])
    reasons = top_reasons(rows, contributions, ("A", "B", "C"), sentences, default=pl.lit("nothing stands out"))
    assert reasons.to_list() == [["a 1"], ["b 5", "a 2"], ["nothing stands out"]]


def test_reasons_of_no_rows():
    rows = pl.DataFrame(schema={"a": pl.Int64})
    assert top_reasons(rows, np.empty((0, 1)), ("A",), {"A": pl.lit("a")}, default=pl.lit("x")).to_list() == []
