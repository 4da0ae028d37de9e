"""What a lower price would do for slow stock: the price elasticity of its category, where the data can bear one.

`feat_category__price_response` has sums over weeks of products: the logarithm of units against that of price, both less
the product's own mean, the category's week and what goes with promotion. Their ratio is the elasticity: per cent of
units for one per cent of price. It counts only where enough products and weeks speak for it, and where it is surely
below zero.

Belongs here: elasticity, sell-through, the step. Does not belong here: which stock is slow (score).
"""

import polars as pl

RESPONSE_COLUMNS = ("brand", "category", "product_count", "week_count", "product_week_count", "xx", "xy", "yy")
MIN_PRODUCTS, MIN_PRODUCT_WEEKS = 5, 200
SURE_DEVIATIONS = 2.0
SELL_THROUGH_DAYS = 28


def elasticities(responses: pl.DataFrame) -> pl.DataFrame:
    """brand, category, elasticity: only those that the data bear."""
    slope = pl.col("xy") / pl.col("xx")
    # A mean a product and a week, what goes with promotion, and the slope.
    freedom = pl.col("product_week_count") - pl.col("product_count") - pl.col("week_count") - 2
    residual = (pl.col("yy") - slope * pl.col("xy")).clip(lower_bound=0) / freedom
    return (
        responses.filter(
            pl.col("product_count") >= MIN_PRODUCTS,
            pl.col("product_week_count") >= MIN_PRODUCT_WEEKS,
            pl.col("xx") > 0,
            freedom > 0,
        )
        .with_columns(elasticity=slope.round(6), deviation=(residual / pl.col("xx")).sqrt())
        .filter(pl.col("elasticity") + SURE_DEVIATIONS * pl.col("deviation") < 0)
        .select("brand", "category", "elasticity")
    )


def faster(step: float) -> pl.Expr:
    """How many times as fast goods sell at a price lower by `step`."""
    return (pl.col("elasticity") * pl.lit(1 - step).log()).exp()


def sell_through(step: float) -> pl.Expr:
    """Share of the stock on hand that is expected to sell in four weeks at a price lower by `step`."""
    return (pl.col("daily_qty") * SELL_THROUGH_DAYS * faster(step) / pl.col("on_hand_qty")).clip(upper_bound=1.0)


def markdown_share(steps: tuple[float, ...], slow_cover_days: int) -> pl.Expr:
    """The smallest step that makes slow stock sell in time; null where none does, or where no elasticity is known."""
    sells = [
        pl.when(pl.col("daily_qty") * faster(step) * slow_cover_days >= pl.col("on_hand_qty")).then(pl.lit(step))
        for step in sorted(steps)
    ]
    return pl.when(pl.col("is_slow")).then(pl.coalesce(*sells, pl.lit(None, dtype=pl.Float64)))
