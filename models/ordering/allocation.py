"""What one order has to do with another: a transfer before a purchase, and one budget for all.

Belongs here: rules over all orders of a brand. Does not belong here: what one product in one store needs.
"""

import numpy as np
import polars as pl

from models.demand.distribution import chance_above

TEN_THOUSANDTHS = 10_000


def with_transfers(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds transfer_from_store_id and transfer_qty.

    rows: needed_qty, surplus_qty by product_id and store_id. Of each product the store in greatest need is served by
    the store with most to spare, the next by the next: no store gives twice.
    """
    givers = _ranked(rows, "surplus_qty").select(
        "product_id", "rank", transfer_from_store_id="store_id", given_qty="surplus_qty"
    )
    takers = _ranked(rows, "needed_qty").select("product_id", "rank", "store_id", "needed_qty")
    moved = takers.join(givers, on=["product_id", "rank"]).select(
        "product_id",
        "store_id",
        "transfer_from_store_id",
        transfer_qty=pl.min_horizontal("needed_qty", "given_qty"),
    )
    return rows.join(moved, on=["product_id", "store_id"], how="left", maintain_order="left").with_columns(
        pl.col("transfer_qty").fill_null(0.0)
    )


def _ranked(rows: pl.DataFrame, quantity: str) -> pl.DataFrame:
    """Rows with at least one unit of the quantity, ranked by it within their product."""
    return (
        rows.filter(pl.col(quantity) >= 1)
        .sort("product_id", quantity, "store_id", descending=[False, True, False])
        .with_columns(rank=pl.int_range(pl.len()).over("product_id"))
    )


def within_budget(rows: pl.DataFrame, budget_amount: float | None) -> pl.DataFrame:
    """Cuts order_qty to what the budget pays for; adds wanted_qty, what it was before.

    Orders are paid for in the order of what they bring: the chance that stock ends, times margin over cost, where the
    price is not known the brand's median of it. The first order that is too dear is cut to whole packs, the rest waits.
    What has no known cost cannot be counted and is left as it is.
    """
    rows = rows.with_columns(wanted_qty=pl.col("order_qty"))
    if budget_amount is None:
        return rows
    chance = chance_above(
        rows["position_qty"].fill_null(0).to_numpy(),
        rows["protected_mean"].fill_null(0).to_numpy(),
        rows["protected_deviation"].fill_null(0).to_numpy(),
    )
    cost = pl.col("unit_cost_amount").cast(pl.Float64)
    margin = (pl.col("unit_price_amount").cast(pl.Float64) - cost).clip(lower_bound=0) / cost
    paid = (
        rows.with_columns(margin_ratio=margin, chance=pl.Series(np.round(chance, 9)))
        .filter(pl.col("order_qty") > 0, pl.col("unit_cost_amount").is_not_null())
        .with_columns(
            worth=pl.col("chance") * pl.col("margin_ratio").fill_null(pl.col("margin_ratio").median()).fill_null(1.0),
            unit=(cost * TEN_THOUSANDTHS).round(0).cast(pl.Int64),
        )
        .sort("worth", "product_id", "store_id", descending=[True, False, False])
        .with_columns(amount=pl.col("unit") * pl.col("order_qty").cast(pl.Int64))
        .with_columns(left=round(budget_amount * TEN_THOUSANDTHS) - pl.col("amount").cum_sum() + pl.col("amount"))
    )
    packs = (pl.col("left").clip(lower_bound=0) / (pl.col("unit") * pl.col("pack_qty"))).floor() * pl.col("pack_qty")
    affordable = paid.with_columns(cut=pl.min_horizontal(packs, "order_qty")).select(
        "product_id",
        "store_id",
        affordable_qty=pl.when(pl.col("cut") >= pl.col("minimum_order_qty")).then(pl.col("cut")).otherwise(0.0),
    )
    return (
        rows.join(affordable, on=["product_id", "store_id"], how="left", maintain_order="left")
        .with_columns(order_qty=pl.coalesce("affordable_qty", "order_qty"))
        .drop("affordable_qty")
    )
