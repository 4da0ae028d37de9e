"""Order suggestions against quantities worked out by hand: levels, packs, budget, transfer, price steps."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.features import FeatureError
from models.ordering import OrderingBrand, OrderingTerms, suggest
from models.ordering.allocation import with_transfers
from models.ordering.markdown import RESPONSE_COLUMNS, elasticities
from models.ordering.policy import critical_ratio, demand_quantile, demand_until, order_quantity
from models.ordering.positions import POSITIONS
from tests.models.frames import EMPTY_OF

AS_OF = date(2017, 12, 31)
# Lead time and review of 7 days each, certain, so that 14 of the 28 days of the forecast are protected.
WEEKLY = OrderingBrand(7, 7, 0, service_levels={"a": 0.9, "b": 0.9, "c": 0.9})


def weekly(**terms: Any) -> OrderingBrand:
    return replace(WEEKLY, **terms)


NO_RESPONSE = pl.DataFrame(
    schema={name: pl.String if name in ("brand", "category") else pl.Float64 for name in RESPONSE_COLUMNS}
)


def positions(*rows: dict[str, Any]) -> pl.DataFrame:
    known = {
        "store_id": "s", "brand": "b", "as_of_date": AS_OF, "category": "tea", "currency_code": "USD",
        "sales_class": "b", "stock_date": AS_OF, "is_counted_daily": True, "stocked_days": 300, "on_order_qty": 0.0,
        "reserved_qty": 0.0, "sold_qty_91": 0.0, "unit_price_amount": Decimal(4), "unit_cost_amount": Decimal(3),
        "supplier_delivery_count": 0, "category_delivery_count": 0,
    }  # fmt: skip
    return pl.DataFrame(
        [{**known, **row} for row in rows],
        schema={name: EMPTY_OF[kind] for name, kind in POSITIONS.columns.items()},
    )


def forecasts(*rows: dict[str, Any]) -> pl.DataFrame:
    """Poisson forecasts: they spread no wider."""
    known = {
        "store_id": "s",
        "brand": "b",
        "model_version": "v",
        "horizon_weeks": 4,
        "forecast_std_qty": 0.0,
        "is_fallback": False,
    }
    return pl.DataFrame(
        [{**known, **row} for row in rows],
        schema_overrides={"horizon_weeks": pl.Int32, "forecast_qty": pl.Float64, "forecast_std_qty": pl.Float64},
    )


def one(position: dict[str, Any], rule: OrderingBrand = WEEKLY) -> dict[str, Any]:
    """The suggestion for one product: 20 units in four weeks are 10 in the 14 days protected."""
    rows = suggest(
        forecasts({"product_id": "p", "forecast_qty": 20.0}),
        positions({"product_id": "p", **position}),
        NO_RESPONSE,
        {"b": rule},
        AS_OF,
    )
    assert rows.height == 1
    return rows.row(0, named=True)


def test_order_fills_up_to_the_quantile_of_lead_time_and_review():
    # 10 + 1.2816 * sqrt(10) = 14.05; 5 + 1.2816 * sqrt(5) = 7.87 for the lead time alone.
    row = one({"on_hand_qty": 4.0, "on_order_qty": 3.0, "reserved_qty": 1.0})
    assert (row["order_up_to_qty"], row["reorder_point_qty"]) == (15, 8)
    assert row["suggested_order_qty"] == 15 - (4 + 3 - 1)
    assert row["order_amount"] == Decimal("27.0000")
    assert row["reasons"][:2] == [
        "Order 9: 14 days need 10, at most 15 with 90 % certainty, and 6 are on hand or on order",
        "At 8 or less it may run out before an order of today arrives",
    ]
    assert "4 on hand, 3 on order, 1 reserved" in row["reasons"]


def test_a_stock_out_orders_the_whole_level_and_less_than_nothing_is_nothing():
    assert one({"on_hand_qty": 0.0})["suggested_order_qty"] == 15
    assert one({"on_hand_qty": -6.0})["suggested_order_qty"] == 15


def test_enough_on_hand_orders_nothing():
    row = one({"on_hand_qty": 15.0})
    assert (row["suggested_order_qty"], row["order_amount"]) == (0, Decimal("0.0000"))
    assert row["reasons"][0].startswith("Order nothing: 14 days need 10")


def test_packs_and_the_least_order_round_up():
    assert one({"on_hand_qty": 4.0}, weekly(pack_qty=6))["suggested_order_qty"] == 12
    row = one({"on_hand_qty": 14.0}, weekly(pack_qty=6, minimum_order_qty=20))
    assert row["suggested_order_qty"] == 24
    assert "1 missing; the least order is 20" in row["reasons"]


def test_shelf_life_caps_the_order_and_a_least_order_beyond_it_is_not_placed():
    # .714 a day: 10 days' lead time and shelf life sell 7.14. Level 15 is held to 7.
    meat = OrderingTerms(shelf_life_days=3)
    row = one({"on_hand_qty": 2.0}, weekly(categories={"tea": meat}))
    assert (row["order_up_to_qty"], row["suggested_order_qty"]) == (7, 5)
    assert "No more than sells in its shelf life of 3 days" in row["reasons"]
    crate = OrderingTerms(shelf_life_days=3, pack_qty=6)
    assert one({"on_hand_qty": 2.0}, weekly(categories={"tea": crate}))["suggested_order_qty"] == 0


def test_lead_time_is_the_suppliers_else_the_categorys_else_assumed():
    known = {
        "on_hand_qty": 0.0, "supplier_id": "x", "supplier_delivery_count": 5, "supplier_lead_time_days": 3.0,
        "supplier_lead_time_std_days": 1.0, "category_delivery_count": 9, "category_lead_time_days": 10.0,
        "category_lead_time_std_days": 2.0,
    }  # fmt: skip
    supplier = one(known)
    assert (supplier["lead_time_days"], supplier["lead_time_std_days"], supplier["is_fallback"]) == (3, 1, False)
    assert "Its supplier takes 3 days, give or take 1, by 5 deliveries" in supplier["reasons"]
    assert one({**known, "supplier_delivery_count": 4})["lead_time_days"] == 10
    assumed = one({"on_hand_qty": 0.0})
    assert (assumed["lead_time_days"], assumed["is_fallback"]) == (7, True)


def test_what_deliveries_do_not_tell_odoo_does_before_the_category():
    known = {
        "on_hand_qty": 0.0, "supplier_delivery_count": 5, "supplier_lead_time_days": 3.0,
        "supplier_lead_time_std_days": 1.0, "odoo_lead_time_days": 14.0, "category_delivery_count": 9,
        "category_lead_time_days": 10.0, "category_lead_time_std_days": 2.0,
    }  # fmt: skip
    assert one(known)["lead_time_days"] == 3
    stated = one({**known, "supplier_delivery_count": 4}, weekly(lead_time_std_days=4))
    assert (stated["lead_time_days"], stated["lead_time_std_days"], stated["is_fallback"]) == (14, 4, False)
    said = "Too few deliveries of its supplier: its lead time in Odoo is 14 days, give or take 4 are assumed"
    assert said in stated["reasons"]


def test_a_named_lead_time_goes_before_all_and_may_leave_the_spread_to_deliveries():
    known = {
        "on_hand_qty": 0.0, "supplier_id": "x", "supplier_delivery_count": 5, "supplier_lead_time_days": 3.0,
        "supplier_lead_time_std_days": 1.0, "odoo_lead_time_days": 14.0,
    }  # fmt: skip
    row = one(known, weekly(suppliers={"x": OrderingTerms(lead_time_days=21, lead_time_std_days=5)}))
    assert (row["lead_time_days"], row["lead_time_std_days"]) == (21, 5)
    assert "Its lead time is set to 21 days, give or take 5" in row["reasons"]
    row = one(known, weekly(suppliers={"x": OrderingTerms(lead_time_std_days=5)}))
    assert (row["lead_time_days"], row["lead_time_std_days"]) == (3, 5)


def test_terms_of_a_product_go_before_its_suppliers_its_categorys_odoos_and_the_brands():
    """Each has a pack of its own; the first that is named holds, and 15 missing are rounded up to whole ones."""
    of = {"products": "p", "suppliers": "x", "categories": "tea"}
    packs = {"products": 2, "suppliers": 7, "categories": 11}
    named = {key: {name: OrderingTerms(pack_qty=packs[key])} for key, name in of.items()}
    known = {"on_hand_qty": 0.0, "supplier_id": "x", "odoo_pack_qty": 4.0}
    ordered = []
    for key in (*of, None):
        ordered.append(one(known, weekly(pack_qty=13, **named))["suggested_order_qty"])
        named.pop(key, None)
    assert ordered == [16, 21, 22, 16]
    assert one({**known, "odoo_pack_qty": None}, weekly(pack_qty=13))["suggested_order_qty"] == 26


def test_odoos_least_order_and_shelf_life_hold_where_nobody_names_another():
    # 15 missing, at least 20; .714 a day sell 7.14 in 7 days of lead time and 3 on the shelf.
    assert one({"on_hand_qty": 0.0, "odoo_minimum_order_qty": 20.0})["suggested_order_qty"] == 20
    assert one({"on_hand_qty": 0.0, "odoo_shelf_life_days": 3.0})["suggested_order_qty"] == 7
    keeps = weekly(categories={"tea": OrderingTerms(shelf_life_days=300)})
    assert one({"on_hand_qty": 0.0, "odoo_shelf_life_days": 3.0}, keeps)["suggested_order_qty"] == 15


def test_what_is_not_known_is_said_and_never_zero():
    unknown = one({"on_hand_qty": None})
    assert unknown["suggested_order_qty"] is None
    assert unknown["order_amount"] is None
    assert unknown["reasons"] == ["Stock on hand is not known: no order is suggested"]
    old = one({"on_hand_qty": 3.0, "stock_date": AS_OF - timedelta(days=15)})
    assert (old["on_hand_qty"], old["suggested_order_qty"]) == (None, None)
    standing = one({"on_hand_qty": 3.0, "stock_date": AS_OF - timedelta(days=15), "is_counted_daily": False})
    assert standing["suggested_order_qty"] == 12
    costless = one({"on_hand_qty": 0.0, "unit_cost_amount": None, "on_order_qty": None})
    assert (costless["suggested_order_qty"], costless["order_amount"]) == (15, None)
    assert "Neither its open orders nor its cost are known: neither is counted" in costless["reasons"]


def test_without_a_forecast_there_is_stock_but_no_order():
    none = forecasts({"product_id": "other", "forecast_qty": 1.0}).clear()
    stock = positions({"product_id": "p", "on_hand_qty": 3.0, "stocked_days": 10})
    rows = suggest(none, stock, NO_RESPONSE, {"b": WEEKLY}, AS_OF)
    row = rows.row(0, named=True)
    assert (row["on_hand_qty"], row["suggested_order_qty"], row["order_up_to_qty"]) == (3, None, None)
    assert row["is_fallback"]
    assert row["reasons"] == ["Sold too rarely for a forecast: no order is suggested"]


def test_a_forecast_without_any_stock_row_is_unknown_stock():
    rows = suggest(forecasts({"product_id": "p", "forecast_qty": 20.0}), positions(), NO_RESPONSE, {"b": WEEKLY}, AS_OF)
    assert rows["suggested_order_qty"].to_list() == [None]


def test_the_budget_pays_first_for_what_brings_most_and_cuts_to_packs():
    # All miss 15. p1 has the best margin, 3 on 1, p2 3 on 3, p3 none. Of 50, p1 takes 15, and p2 gets 11 of 15 for 33
    # of the 35 that are left; p3 gets nothing. p4's cost is not known: it stays and is not counted.
    rows = suggest(
        forecasts(*({"product_id": f"p{n}", "forecast_qty": 20.0} for n in range(1, 5))),
        positions(
            {"product_id": "p1", "on_hand_qty": 0.0, "unit_cost_amount": Decimal(1)},
            {"product_id": "p2", "on_hand_qty": 0.0, "unit_price_amount": Decimal(6)},
            {"product_id": "p3", "on_hand_qty": 0.0, "unit_price_amount": Decimal(3)},
            {"product_id": "p4", "on_hand_qty": 0.0, "unit_cost_amount": None},
        ),
        NO_RESPONSE,
        {"b": weekly(budget_amount=50)},
        AS_OF,
    )
    assert rows["suggested_order_qty"].to_list() == [15, 11, 0, 15]
    assert rows["order_amount"].to_list() == [Decimal(15), Decimal(33), Decimal(0), None]
    assert "The budget of 50 USD pays for 11 of 15" in rows["reasons"].to_list()[1]


def test_a_transfer_comes_before_a_purchase_and_no_store_gives_twice():
    # Levels are 15. full keeps 40 (20 units in 28 days, for 56) of 46 and gives 6; plenty gives 20.
    # none misses 15 and is served by plenty, low misses 11, gets 6 of full and orders 5.
    stock = {"none": 0.0, "low": 4.0, "full": 46.0, "plenty": 60.0}
    rows = suggest(
        forecasts(*({"product_id": "p", "store_id": store, "forecast_qty": 20.0} for store in stock)),
        positions(*({"product_id": "p", "store_id": store, "on_hand_qty": qty} for store, qty in stock.items())),
        NO_RESPONSE,
        {"b": WEEKLY},
        AS_OF,
    )
    moved = {row["store_id"]: row for row in rows.to_dicts()}
    assert (moved["none"]["transfer_from_store_id"], moved["none"]["transfer_qty"]) == ("plenty", 15)
    assert moved["none"]["suggested_order_qty"] == 0
    assert (moved["low"]["transfer_from_store_id"], moved["low"]["transfer_qty"]) == ("full", 6)
    assert moved["low"]["suggested_order_qty"] == 5
    assert "Move 6 from full, which has more than it sells in 56 days" in moved["low"]["reasons"]
    assert (moved["full"]["transfer_qty"], moved["plenty"]["transfer_qty"]) == (0, 0)


def test_transfers_do_not_cross_products():
    rows = pl.DataFrame(
        {"product_id": ["p", "q"], "store_id": ["a", "b"], "needed_qty": [5.0, 0.0], "surplus_qty": [0.0, 9.0]}
    )
    assert with_transfers(rows)["transfer_qty"].to_list() == [0, 0]


def test_slow_stock_gets_the_smallest_step_that_clears_it():
    # 4 a week of 28 days' forecast 4: 1/7 a day, 180 days sell 25.7. At elasticity -2 a price 20 % lower sells
    # .8 ** -2 = 1.5625 times as fast: 40.2 in 180 days, enough for 40; 10 % lower 1.2346 times: 31.7, too few.
    # In 28 days 4 of 40 sell today (10 %), 4.94 at 10 % off, 6.25 at 20 %, 8.16 at 30 %, 16 at 50 %.
    response = pl.DataFrame(
        {
            "brand": ["b"], "category": ["tea"], "product_count": [10], "week_count": [52], "product_week_count": [400],
            "xx": [20.0], "xy": [-40.0], "yy": [100.0],
        }
    )  # fmt: skip
    position = positions({"product_id": "p", "on_hand_qty": 40.0})
    forecast = forecasts({"product_id": "p", "forecast_qty": 4.0})
    row = suggest(forecast, position, response, {"b": WEEKLY}, AS_OF).row(0, named=True)
    assert row["markdown_share"] == 0.2
    assert row["reasons"][-1] == (
        "Slow stock: 40 on hand last 280 days; of it 10 % sell in 28 days at today's price, 12 % at 10 % off, "
        "16 % at 20 % off, 20 % at 30 % off, 40 % at 50 % off"
    )
    unknown = suggest(forecast, position, NO_RESPONSE, {"b": WEEKLY}, AS_OF).row(0, named=True)
    assert unknown["markdown_share"] is None
    assert unknown["reasons"][-1].endswith("what a lower price would do is not known for its category")
    new = position.with_columns(stocked_days=pl.lit(90, dtype=pl.Int64))
    assert suggest(forecast, new, response, {"b": WEEKLY}, AS_OF)["markdown_share"].to_list() == [None]


def test_elasticity_counts_only_where_it_is_surely_below_zero():
    # Residual of the first: (100 - 2 * 40) / (400 - 10 - 52 - 1) = .0593, deviation sqrt(.0593 / 20) = .054.
    # Of the second .1 of slope against sqrt((100 - .2) / 337 / 20) = .12: not sure. The third has too few products.
    rows = pl.DataFrame(
        {
            "brand": "b", "category": ["sure", "flat", "few"], "product_count": [10, 10, 4], "week_count": 52,
            "product_week_count": 400, "xx": 20.0, "xy": [-40.0, -2.0, -40.0], "yy": 100.0,
        }
    )  # fmt: skip
    assert elasticities(rows).to_dicts() == [{"brand": "b", "category": "sure", "elasticity": -2.0}]


def test_service_by_margin_weighs_a_missed_sale_against_holding():
    # Price 4, cost 3: margin 1 against 3 * .25 * 7 / 365 = .01438: 1 / 1.01438 = .9858. With a shelf life of 14 days
    # half of a unit's cost may spoil: 1 / (1 + .01438 + 1.5) = .3977, held at one half.
    ratio = critical_ratio(np.array([4.0, 4.0]), np.array([3.0, 3.0]), 0.25, 7, np.array([np.nan, 14.0]))
    assert ratio == pytest.approx([0.98582, 0.5], abs=1e-5)
    by_margin = weekly(service="margin")
    assert one({"on_hand_qty": 0.0}, by_margin)["service_level"] == 0.9858
    assert one({"on_hand_qty": 0.0, "unit_cost_amount": None}, by_margin)["service_level"] == 0.9


def test_demand_of_some_days_adds_the_spread_of_how_many_they_are():
    # 28 days of 56 with deviation 8: 7 days have 14 with sqrt(64 / 4) = 4, and 2 a day by 1.5 days is 3: sqrt(25) = 5.
    mean, deviation = demand_until(*(np.array([v]) for v in (7.0, 56.0, 8.0, 28.0, 1.5)))
    assert (mean[0], deviation[0]) == (14, 5)


def test_quantile_is_the_normal_ones_rounded_up_and_no_narrower_than_a_count():
    # 10 + 1.2816 * 5 = 16.4; at one half the mean itself; a deviation of 1 is held at sqrt(10): 10 + 1.2816 * 3.1623 =
    # 14.05. No demand needs nothing, and a level below one half is never below nothing.
    mean, deviation = np.array([10.0, 10.0, 10.0, 0.0, 1.0]), np.array([5.0, 5.0, 1.0, 0.0, 9.0])
    assert demand_quantile(mean, deviation, np.array([0.9, 0.5, 0.9, 0.99, 0.1])).tolist() == [17, 10, 15, 0, 0]


def test_order_quantity_by_packs_minimum_and_room():
    missing = np.array([0.0, 1.0, 7.0, 7.0, 7.0])
    room = np.array([np.inf, np.inf, np.inf, 11.0, 5.0])
    quantity = order_quantity(missing, room, np.full(5, 6.0), np.array([1.0, 1.0, 1.0, 1.0, 1.0]))
    assert quantity.tolist() == [0, 6, 12, 6, 0]


def test_frames_that_do_not_fit_stop():
    with pytest.raises(FeatureError, match="on_hand_qty"):
        suggest(forecasts(), positions().drop("on_hand_qty"), NO_RESPONSE, {}, AS_OF)
    with pytest.raises(FeatureError, match="forecast_qty"):
        suggest(pl.DataFrame({"product_id": ["p"]}), positions(), NO_RESPONSE, {}, AS_OF)
