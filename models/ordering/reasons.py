"""Why this order: what was decided first, then what it was decided from, in the product's own numbers.

Belongs here: sentences. Does not belong here: any decision.
"""

import polars as pl

from models.ordering.markdown import SELL_THROUGH_DAYS, sell_through
from models.ordering.positions import SOLD_DAYS
from models.ordering.settings import OrderingBrand
from models.reasons import counted, percent, short, whole


def reasons(rule: OrderingBrand) -> pl.Expr:
    """The sentences of a row, as a list."""
    return pl.concat_list(
        _decision(rule), _transfer(rule), _urgent(), _size(), _budget(rule), _position(), _unknown(), _lead_time(),
        _slow(rule),
    ).list.drop_nulls()  # fmt: skip


def _decision(rule: OrderingBrand) -> pl.Expr:
    figures = (
        whole(pl.col("lead_time_days") + rule.review_days),
        short("protected_mean"),
        whole("order_up_to_qty"),
        percent("service_level"),
        short("position_qty"),
    )
    need = "{} days need {}, at most {} with {} % certainty, and {} are on hand or on order"
    return (
        pl.when(pl.col("on_hand_qty").is_null())
        .then(pl.lit("Stock on hand is not known: no order is suggested"))
        .when(pl.col("forecast_qty").is_null())
        .then(pl.lit("Sold too rarely for a forecast: no order is suggested"))
        .when(pl.col("order_qty") > 0)
        .then(pl.format(f"Order {{}}: {need}", whole("order_qty"), *figures))
        .when(pl.col("needed_qty") == 0)
        .then(pl.format(f"Order nothing: {need}", *figures))
        .otherwise(pl.format(f"Order nothing now, though {need}", *figures))
    )


def _transfer(rule: OrderingBrand) -> pl.Expr:
    return pl.when(pl.col("transfer_qty") > 0).then(
        pl.format(
            "Move {} from {}, which has more than it sells in {} days",
            whole("transfer_qty"),
            "transfer_from_store_id",
            pl.lit(str(rule.surplus_cover_days)),
        )
    )


def _urgent() -> pl.Expr:
    is_urgent = (pl.col("needed_qty") > 0) & (pl.col("position_qty") <= pl.col("reorder_point_qty"))
    return pl.when(pl.col("is_known") & is_urgent).then(
        pl.format("At {} or less it may run out before an order of today arrives", whole("reorder_point_qty"))
    )


def _size() -> pl.Expr:
    """Why the quantity is not what is missing."""
    is_less_than_a_pack_more = pl.col("wanted_qty") < pl.col("missing_qty") + pl.col("pack_qty")
    shelf_life = pl.format("No more than sells in its shelf life of {}", counted("shelf_life_days", "day", "days"))
    return (
        pl.when(pl.col("is_known").not_())
        .then(None)
        .when((pl.col("wanted_level_qty") > pl.col("order_up_to_qty")) | (pl.col("wanted_qty") < pl.col("missing_qty")))
        .then(shelf_life)
        .when((pl.col("wanted_qty") > pl.col("missing_qty")) & is_less_than_a_pack_more)
        .then(pl.format("{} missing; it comes in packs of {}", short("missing_qty"), whole("pack_qty")))
        .when(pl.col("wanted_qty") > pl.col("missing_qty"))
        .then(pl.format("{} missing; the least order is {}", short("missing_qty"), whole("minimum_order_qty")))
    )


def _budget(rule: OrderingBrand) -> pl.Expr:
    return pl.when(pl.col("order_qty") < pl.col("wanted_qty")).then(
        pl.format(
            "The budget of {} {} pays for {} of {}",
            pl.lit(f"{rule.budget_amount or 0:.0f}"),
            "currency_code",
            whole("order_qty"),
            whole("wanted_qty"),
        )
    )


def _position() -> pl.Expr:
    on_order, reserved = pl.col("on_order_qty").fill_null(0), pl.col("reserved_qty").fill_null(0)
    return pl.when(pl.col("on_hand_qty").is_not_null() & ((on_order > 0) | (reserved > 0))).then(
        pl.format("{} on hand, {} on order, {} reserved", short("on_hand_qty"), short(on_order), short(reserved))
    )


def _unknown() -> pl.Expr:
    """What is not known of an order that is suggested."""
    no_orders, no_cost = pl.col("on_order_qty").is_null(), pl.col("unit_cost_amount").is_null()
    return pl.when(pl.col("order_qty") > 0).then(
        pl.when(no_orders & no_cost)
        .then(pl.lit("Neither its open orders nor its cost are known: neither is counted"))
        .when(no_orders)
        .then(pl.lit("Its open orders are not known and not counted"))
        .when(no_cost)
        .then(pl.lit("Its cost is not known and not counted"))
    )


def _lead_time() -> pl.Expr:
    spread = short("lead_time_days"), short("lead_time_std_days")
    deliveries = "{} days, give or take {}, by {} deliveries"
    return (
        pl.when(pl.col("is_known").not_())
        .then(None)
        .when(pl.col("lead_time_basis") == "supplier")
        .then(pl.format(f"Its supplier takes {deliveries}", *spread, "supplier_delivery_count"))
        .when(pl.col("lead_time_basis") == "named")
        .then(pl.format("Its lead time is set to {} days, give or take {}", *spread))
        .when(pl.col("lead_time_basis") == "odoo")
        .then(
            pl.format(
                "Too few deliveries of its supplier: its lead time in Odoo is {} days, give or take {} are assumed",
                *spread,
            )
        )
        .when(pl.col("lead_time_basis") == "category")
        .then(pl.format(f"Suppliers of its category take {deliveries}", *spread, "category_delivery_count"))
        .otherwise(pl.format("Too few deliveries tell its lead time: {} days are assumed, give or take {}", *spread))
    )


def _slow(rule: OrderingBrand) -> pl.Expr:
    """How long slow stock lasts, and how much of it each price step is expected to sell."""
    on_hand = short("on_hand_qty")
    lasts = whole(pl.col("on_hand_qty") / pl.col("daily_qty"))
    steps = pl.concat_str(
        *(
            pl.format(", {} % at {} % off", percent(sell_through(step)), pl.lit(f"{step * 100:g}"))
            for step in sorted(rule.markdown_steps)
        )
    )
    today = f"of it {{}} % sell in {SELL_THROUGH_DAYS} days at today's price{{}}"
    return (
        pl.when(pl.col("is_slow").not_())
        .then(None)
        .when(pl.col("daily_qty") == 0)
        .then(pl.format(f"Slow stock: {{}} on hand and none sold in {SOLD_DAYS} days", on_hand))
        .when(pl.col("elasticity").is_null())
        .then(
            pl.format(
                "Slow stock: {} on hand last {} days; what a lower price would do is not known for its category",
                on_hand,
                lasts,
            )
        )
        .otherwise(
            pl.format(
                f"Slow stock: {{}} on hand last {{}} days; {today}", on_hand, lasts, percent(sell_through(0)), steps
            )
        )
    )
