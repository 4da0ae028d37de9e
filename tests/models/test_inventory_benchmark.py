"""The inventory simulation against stock, days and units worked out by hand."""

import numpy as np
import polars as pl
import pytest

from benchmarks import demand_inventory as inventory
from benchmarks import demand_journey as journey
from benchmarks.demand_inventory import Outcome, Totals


def test_an_order_arrives_a_week_later_and_what_is_missing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    # Weeks of two days; week 3 is measured, from the end of week 2 on without a warm-up, with 5 on hand. Week 3 sells
    # 3 + 2 of 3 + 4: closing 2 and 0, 2 lost. That night nothing is under way and the level of week 3, 9, is ordered;
    # week 4 sells nothing of 1 + 0: closing 0 and 0, 1 lost. The 9 come in: week 5 closes at 8 and 8.
    monkeypatch.setattr(inventory, "WARM_UP_WEEKS", 0)
    monkeypatch.setattr(inventory, "MEASURED_WEEKS", 3)
    daily = np.array([[[9, 9], [9, 9], [3, 4], [1, 0], [1, 0]]], dtype=float)
    level = np.array([[0, 0, 5, 9, 9, 9]], dtype=float)
    found = inventory.simulate(daily, 3, level, level)
    assert (found.stock[0], found.stock_out_days[0], found.lost[0], found.demand[0]) == (18 / 6, 3, 3, 9)


def test_a_rule_orders_only_at_its_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    # 5 on hand, 1 sold: 4 is above a trigger of 3, so that nothing comes in after week 2 and 3 are left after week 3.
    monkeypatch.setattr(inventory, "WARM_UP_WEEKS", 0)
    monkeypatch.setattr(inventory, "MEASURED_WEEKS", 3)
    daily = np.array([[[0], [1], [1], [0]]], dtype=float)
    level, trigger = np.full((1, 5), 5.0), np.full((1, 5), 3.0)
    assert inventory.simulate(daily, 2, level, trigger).stock[0] == (4 + 3 + 3) / 3


def test_errors_are_those_of_forecasts_whose_weeks_were_over(monkeypatch: pytest.MonkeyPatch) -> None:
    # Weeks sell 1, 2, 3, 4, 5. Forecasts of 0 at origins 0 to 2 miss 3, 5 and 7; at origin 3 those of 0 and 1 are over.
    monkeypatch.setattr(inventory, "MIN_ERROR_WEEKS", 2)
    units = np.array([[1, 2, 3, 4, 5]], dtype=float)
    found = inventory.error_deviation(np.zeros((1, 6)), units)[0]
    assert np.isnan(found[:3]).all()
    assert found[3] == pytest.approx(np.sqrt((9 + 25) / 2))
    assert found[4] == pytest.approx(np.sqrt((9 + 25 + 49) / 3))


def test_saved_is_read_from_the_curve_at_equal_service_and_at_equal_stock() -> None:
    # Ours: fill rates .8 and .9 at stocks of 10 and 20, with 40 and 20 days out. The other has .85 at 18 with 30 days:
    # at .85 ours holds 15, at 18 it is out on 24 days.
    def outcome(stock: float, days: float, lost: float) -> Outcome:
        return Outcome(*(np.array([value]) for value in (stock, days, lost, 100.0)))

    weight = np.ones((1, 1))
    own = Totals.of([outcome(10, 40, 20), outcome(20, 20, 10)], weight)
    other = Totals.of([outcome(18, 30, 15)], weight)
    stock, days = inventory.saved(own, other, 0)
    assert (stock[0], days[0]) == (pytest.approx(1 - 15 / 18), pytest.approx(1 - 24 / 30))


def test_classes_are_cut_by_what_sells_more() -> None:
    # Of 100: 70 and 15 begin below .8, 12 begins at .85, 3 at .97.
    assert inventory.safety_factor(np.array([15.0, 3.0, 70.0, 12.0])).tolist() == [1.0, 1.4, 1.0, 1.2]


def test_rows_have_the_second_weeks_plan_and_the_units_of_both_weeks() -> None:
    # At origin 1 weeks 2 and 3 sell 4 and 6, though the table, built by week 2, does not know week 3.
    rows = {
        "product_id": ["p", "p"],
        "origin_date": [journey.sunday(1)] * 2,
        "horizon": [1, 2],
        "units": [4.0, None],
        "holiday_count": [0, 1],
        "display_count": [0, 1],
        "mailer_count": [0, 0],
        "is_thanksgiving_week": [False, False],
    }
    found = inventory.period_rows(pl.DataFrame(rows), ["p"], np.array([[9.0, 4.0, 6.0, 7.0]]))
    assert found.select("origin", "position", "protected_units", "display_count", "display_count_second").row(0) == (
        (1, 0, 10.0, 0, 1)
    )
