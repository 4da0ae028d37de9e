"""Order rows of one brand: position, levels, quantity, transfer, budget, markdown.

Belongs here: the steps in their order. Does not belong here: the arithmetic (policy), rules over several orders
(allocation), prices (markdown), sentences (reasons).
"""

from dataclasses import fields
from datetime import date

import numpy as np
import polars as pl

from models.ordering import markdown, reasons
from models.ordering.allocation import with_transfers, within_budget
from models.ordering.policy import critical_ratio, demand_quantile, demand_until, order_quantity
from models.ordering.positions import SOLD_DAYS
from models.ordering.settings import OrderingBrand, OrderingTerms

SCHEMA = pl.Schema(
    {
        "product_id": pl.String(),
        "store_id": pl.String(),
        "brand": pl.String(),
        "as_of_date": pl.Date(),
        "model_version": pl.String(),
        "on_hand_qty": pl.Float64(),
        "on_order_qty": pl.Float64(),
        "reserved_qty": pl.Float64(),
        "lead_time_days": pl.Float64(),
        "lead_time_std_days": pl.Float64(),
        "review_days": pl.Int32(),
        "service_level": pl.Float64(),
        "reorder_point_qty": pl.Float64(),
        "order_up_to_qty": pl.Float64(),
        "suggested_order_qty": pl.Float64(),
        "supplier_id": pl.String(),
        "unit_cost_amount": pl.Decimal(18, 4),
        "order_amount": pl.Decimal(18, 4),
        "currency_code": pl.String(),
        "transfer_from_store_id": pl.String(),
        "transfer_qty": pl.Float64(),
        "markdown_share": pl.Float64(),
        "reasons": pl.List(pl.String()),
        "is_fallback": pl.Boolean(),
    }
)
# What may be named of a product, a supplier or a category, and which of it Odoo may name too.
TERMS = tuple(field.name for field in fields(OrderingTerms))
ODOO_TERMS = ("pack_qty", "minimum_order_qty", "shelf_life_days")


def order_rows(rows: pl.DataFrame, elasticities: pl.DataFrame, rule: OrderingBrand, as_of: date) -> pl.DataFrame:
    """rows: positions of one brand with their forecasts, where there are any. elasticities: category, elasticity."""
    rows = _with_position(_with_terms(rows, rule), rule, as_of)
    rows = with_transfers(_with_levels(rows, rule))
    rows = within_budget(_with_quantity(rows), rule.budget_amount)
    rows = _with_markdown(rows.join(elasticities, on="category", how="left", maintain_order="left"), rule)
    # Whole units times ten-thousandths: exact.
    amount = (pl.col("unit_cost_amount").cast(pl.Float64) * 10_000).round(0) * pl.col("order_qty") / 10_000
    return rows.with_columns(
        as_of_date=pl.lit(as_of),
        review_days=pl.lit(rule.review_days),
        suggested_order_qty="order_qty",
        order_amount=amount.round(4),
        reasons=reasons.reasons(rule),
        is_fallback=pl.col("is_fallback").fill_null(True) | (pl.col("lead_time_basis") == "assumed"),
    ).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _with_terms(rows: pl.DataFrame, rule: OrderingBrand) -> pl.DataFrame:
    """What an order must keep to: as named of product, supplier or category, else by Odoo, else the brand's own.

    A lead time that nobody named is that of whoever has deliveries enough to tell it.
    """
    named = {"product_id": rule.products, "supplier_id": rule.suppliers, "category": rule.categories}
    for key, terms in named.items():
        found = pl.DataFrame(
            [{key: name, **vars(of)} for name, of in sorted(terms.items())],
            schema={key: pl.String(), **dict.fromkeys(TERMS, pl.Float64())},
        ).rename({term: f"{term}_of_{key}" for term in TERMS})
        rows = rows.join(found, on=key, how="left", maintain_order="left")
    by_odoo_or_brand = {
        term: [pl.col(f"odoo_{term}"), pl.lit(getattr(rule, term), dtype=pl.Float64)] for term in ODOO_TERMS
    }
    rows = rows.with_columns(
        pl.coalesce(*(pl.col(f"{term}_of_{key}") for key in named), *by_odoo_or_brand.get(term, [])).alias(term)
        for term in TERMS
    )
    basis = (
        pl.when(pl.col("lead_time_days").is_not_null())
        .then(pl.lit("named"))
        .when(pl.col("supplier_delivery_count") >= rule.min_deliveries)
        .then(pl.lit("supplier"))
        .when(pl.col("odoo_lead_time_days").is_not_null())
        .then(pl.lit("odoo"))
        .when(pl.col("category_delivery_count") >= rule.min_deliveries)
        .then(pl.lit("category"))
        .otherwise(pl.lit("assumed"))
    )
    rows = rows.with_columns(lead_time_basis=basis)
    measured = {
        term: pl.when(pl.col("lead_time_basis") == "supplier")
        .then(f"supplier_{term}")
        .when(pl.col("lead_time_basis") == "category")
        .then(f"category_{term}")
        for term in ("lead_time_days", "lead_time_std_days")
    }
    return rows.with_columns(
        lead_time_days=pl.coalesce(
            "lead_time_days",
            measured["lead_time_days"],
            pl.when(pl.col("lead_time_basis") == "odoo").then("odoo_lead_time_days"),
            pl.lit(rule.lead_time_days, dtype=pl.Float64),
        ),
        lead_time_std_days=pl.coalesce(
            "lead_time_std_days",
            measured["lead_time_std_days"],
            pl.lit(rule.lead_time_std_days, dtype=pl.Float64),
        ),
        service_level=_service_level(rows, rule),
    )


def _service_level(rows: pl.DataFrame, rule: OrderingBrand) -> pl.Expr:
    by_class = pl.col("sales_class").replace_strict(
        list(rule.service_levels), list(rule.service_levels.values()), default=None, return_dtype=pl.Float64
    )
    chosen = [pl.col("service_level")]
    if rule.service == "margin":
        price, cost, shelf_life = (
            rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
            for name in ("unit_price_amount", "unit_cost_amount", "shelf_life_days")
        )
        ratio = np.round(critical_ratio(price, cost, rule.holding_cost_share, rule.review_days, shelf_life), 4)
        chosen.append(pl.lit(pl.Series(ratio).fill_nan(None)))
    return pl.coalesce(*chosen, by_class, pl.lit(rule.service_levels["c"]))


def _with_position(rows: pl.DataFrame, rule: OrderingBrand, as_of: date) -> pl.DataFrame:
    """Position, and demand of a day: the forecast's, else that of the days sold. A count that is too old is none."""
    is_old = pl.col("is_counted_daily") & (
        (pl.lit(as_of) - pl.col("stock_date")).dt.total_days() > rule.stock_max_age_days
    )
    horizon_days = pl.col("horizon_weeks").cast(pl.Float64) * 7
    return (
        rows.with_columns(
            on_hand_qty=pl.when(is_old.not_()).then("on_hand_qty"),
            daily_qty=pl.coalesce(pl.col("forecast_qty") / horizon_days, pl.col("sold_qty_91") / SOLD_DAYS),
            horizon_days=horizon_days,
        )
        .with_columns(
            free_qty=pl.col("on_hand_qty").clip(lower_bound=0) - pl.col("reserved_qty").fill_null(0),
            is_known=pl.col("on_hand_qty").is_not_null() & pl.col("forecast_qty").is_not_null(),
        )
        .with_columns(position_qty=pl.col("free_qty") + pl.col("on_order_qty").fill_null(0))
    )


def _with_levels(rows: pl.DataFrame, rule: OrderingBrand) -> pl.DataFrame:
    """Reorder point, order-up-to level, what is needed, what is to spare."""
    lead, lead_std, level, mean, deviation, horizon = (
        rows[name].cast(pl.Float64).fill_null(0).to_numpy()
        for name in (
            "lead_time_days", "lead_time_std_days", "service_level", "forecast_qty", "forecast_std_qty", "horizon_days"
        )
    )  # fmt: skip
    horizon = np.maximum(horizon, 1)
    until_arrival = demand_until(lead, mean, deviation, horizon, lead_std)
    protected_mean, protected_deviation = demand_until(lead + rule.review_days, mean, deviation, horizon, lead_std)
    is_forecast = pl.col("forecast_qty").is_not_null()
    sells_in_time = (pl.col("daily_qty") * (pl.col("lead_time_days") + pl.col("shelf_life_days"))).floor()
    keeps = (pl.col("daily_qty") * rule.surplus_cover_days).ceil().clip(lower_bound=1)
    return (
        rows.with_columns(
            protected_mean=pl.Series(protected_mean),
            protected_deviation=pl.Series(protected_deviation),
            reorder_point_qty=pl.Series(demand_quantile(*until_arrival, level)),
            wanted_level_qty=pl.Series(demand_quantile(protected_mean, protected_deviation, level)),
            sells_in_time_qty=sells_in_time,
        )
        .with_columns(order_up_to_qty=pl.min_horizontal("wanted_level_qty", "sells_in_time_qty"))
        .with_columns(reorder_point_qty=pl.min_horizontal("reorder_point_qty", "order_up_to_qty"))
        .with_columns(
            pl.when(is_forecast).then(name).alias(name)
            for name in ("protected_mean", "protected_deviation", "reorder_point_qty", "order_up_to_qty")
        )
        .with_columns(
            needed_qty=(pl.col("order_up_to_qty") - pl.col("position_qty")).clip(lower_bound=0),
            surplus_qty=(pl.col("free_qty") - pl.max_horizontal("order_up_to_qty", keeps)).floor().clip(lower_bound=0),
        )
    )


def _with_quantity(rows: pl.DataFrame) -> pl.DataFrame:
    missing = (pl.col("needed_qty") - pl.col("transfer_qty")).clip(lower_bound=0)
    room = pl.col("sells_in_time_qty") - pl.col("position_qty") - pl.col("transfer_qty")
    rows = rows.with_columns(missing_qty=missing, room_qty=room.fill_null(np.inf))
    quantity = order_quantity(
        *(rows[name].fill_null(0).to_numpy() for name in ("missing_qty", "room_qty", "pack_qty", "minimum_order_qty"))
    )
    return rows.with_columns(order_qty=pl.when("is_known").then(pl.Series(quantity)))


def _with_markdown(rows: pl.DataFrame, rule: OrderingBrand) -> pl.DataFrame:
    lasts = pl.col("on_hand_qty") > pl.col("daily_qty") * rule.slow_cover_days
    is_slow = (pl.col("on_hand_qty") > 0) & lasts & (pl.col("stocked_days") >= SOLD_DAYS)
    return rows.with_columns(is_slow=is_slow.fill_null(False)).with_columns(
        markdown_share=markdown.markdown_share(rule.markdown_steps, rule.slow_cover_days)
    )
