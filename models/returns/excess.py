"""Products that come back more than was to be expected: where a product, a lot, a store or a reason is the matter, and
not a person.

Asked of the lines sold in the last `excess_days`: how many of a product's buyers brought it back so far, against the
chances that the return model gave each line when it was sold? A buyer is one voice, however many lines: nobody makes a
product faulty alone. The chance of a line is what the model says with the product's past as it was when the stretch
began, so that a fault does not excuse itself, times the part of returns that come so early.

Many products are looked at every day, and some come back often by chance alone. So within a brand and kind of question
(`dimension`) the chances are set against their number (Benjamini and Hochberg): of what is called an excess, one in
twenty may be chance.

Belongs here: counting, tails, significance, sentences. Does not belong here: the model (`train`), what a case in Odoo
looks like.
"""

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl
from scipy import stats

from models.features import FeatureError, encode
from models.reasons import counted, short, whole
from models.registry import SavedModel
from models.returns import train
from models.returns.features import DELAYS, FEATURES, SOLD, TESTED
from models.returns.tail import upper_tails

# Fewer buyers than this who brought it back are no sign of a fault; products with fewer buyers are not looked at.
MIN_RETURNING_BUYERS = 3
FALSE_SHARE = 0.05
# Above so many buyers their sum is as good as a Poisson number, and the exact tail takes long.
MAX_EXACT_BUYERS = 2_000
DIMENSIONS = {"product": None, "lot": "lot_no", "store": "store_id", "reason": "return_reason"}
SCHEMA = pl.Schema(
    {
        "brand": pl.String(),
        "product_id": pl.String(),
        "dimension": pl.String(),
        "lot_no": pl.String(),
        "store_id": pl.String(),
        "return_reason": pl.String(),
        "as_of_date": pl.Date(),
        "model_version": pl.String(),
        "buyer_count": pl.Int64(),
        "returning_buyer_count": pl.Int64(),
        "expected_returning_buyer_count": pl.Float64(),
        "p_value": pl.Float64(),
        "q_value": pl.Float64(),
        "is_excess": pl.Boolean(),
        "returned_amount": pl.Decimal(18, 4),
        "currency_code": pl.String(),
        "finding": pl.String(),
        "suggested_action": pl.String(),
        "is_fallback": pl.Boolean(),
    }
)
RETURNING = whole("returning_buyer_count")
BUYERS = counted("buyer_count", "buyer", "buyers")
EXPECTED = short("expected_returning_buyer_count")
ACTION = "Look at the goods, the lot and the supplier. It is about the product: no customer is suspected."


def excess(
    sold: pl.DataFrame,
    tested: pl.DataFrame,
    delays: pl.DataFrame,
    models: Mapping[str, SavedModel],
    as_of: date,
    excess_days: int,
) -> pl.DataFrame:
    """Rows of what came back, by brand, product and dimension, each with its chance and whether that is an excess.

    sold: all lines of the stretch of the products that came back at all. tested: how many groups with enough buyers the
    stretch has in each brand and dimension, whether or not any of them came back. delays: returned lines of sales from
    before the stretch, by days and reason. models: by brand; a brand without one is left out. Raises FeatureError where
    a frame does not fit the declaration.
    """
    for table, frame in ((SOLD, sold), (TESTED, tested), (DELAYS, delays)):
        table.check(frame)
    frames = [pl.DataFrame(schema=SCHEMA)]
    for brand, model in sorted(models.items()):
        own = pl.col("brand") == brand
        lines = sold.filter(own).sort("order_date", "order_line_id")
        if not lines.height:
            continue
        tests = {row["dimension"]: int(row["group_count"]) for row in tested.filter(own).iter_rows(named=True)}
        frames.append(_brand(lines, tests, delays.filter(own), model, as_of, excess_days))
    return pl.concat(frames)


def _brand(
    lines: pl.DataFrame, tests: Mapping[str, int], delays: pl.DataFrame, model: SavedModel, as_of: date, days: int
) -> pl.DataFrame:
    early = _early_share(delays, lines.select((pl.lit(as_of) - pl.col("order_date")).dt.total_days()).to_series())
    lines = lines.with_columns(
        chance=pl.Series(np.clip(_probability(lines, model) * early, 0, 1 - 1e-9)),
        # A line of nobody known is a buyer of its own order.
        buyer=pl.coalesce("customer_id", "order_id"),
    )
    found = [_dimension(lines, name, column, delays) for name, column in DIMENSIONS.items()]
    rows = pl.concat(found, how="diagonal").filter(pl.col("returning_buyer_count") >= MIN_RETURNING_BUYERS)
    missing = sorted(set(rows["dimension"].unique()) - set(tests))
    if missing:
        raise FeatureError(f"no number of groups for: {', '.join(missing)}")
    rows = pl.concat(
        [
            part.with_columns(q_value=pl.Series(_false_discovery_rates(part["p_value"].to_numpy(), tests[name])))
            for (name,), part in rows.sort("product_id", "lot_no", "store_id", "return_reason").group_by(
                "dimension", maintain_order=True
            )
        ]
        or [rows.with_columns(q_value=pl.lit(None, pl.Float64))]
    )
    return (
        rows.with_columns(
            brand=pl.lit(model.brand),
            as_of_date=pl.lit(as_of),
            model_version=pl.lit(model.version),
            is_fallback=pl.lit(model.card.is_fallback),
            is_excess=pl.col("q_value") <= FALSE_SHARE,
            suggested_action=pl.lit(ACTION),
            finding=_finding(days),
        )
        .sort("product_id", "dimension", "lot_no", "store_id", "return_reason")
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def _probability(lines: pl.DataFrame, model: SavedModel) -> np.ndarray:
    """Chance that each line comes back, with the product's past as it was at its first line of the stretch."""
    if model.encoding is None:
        return np.full(lines.height, model.parameters["rate"])
    of_product = [feature.name for feature in FEATURES if "_past_" in feature.name and feature.group == "product"]
    begun = lines.with_columns(pl.col(of_product).first().over("product_id", order_by=["order_date", "order_line_id"]))
    probability, _ = train.expectation(
        model, encode(begun, FEATURES, model.encoding).values, lines["quantity"].to_numpy()
    )
    return probability


def _early_share(delays: pl.DataFrame, age_days: pl.Series) -> np.ndarray:
    """Share of what comes back at all that is back after so many days; all of it where nothing is known."""
    known = delays.group_by("days_to_return").agg(pl.col("line_count").sum()).sort("days_to_return")
    if not known.height:
        return np.ones(len(age_days))
    share = np.concatenate([[0.0], np.cumsum(known["line_count"].to_numpy()) / known["line_count"].sum()])
    return share[np.searchsorted(known["days_to_return"].to_numpy(), age_days.to_numpy(), side="right")]


def _dimension(lines: pl.DataFrame, name: str, column: str | None, delays: pl.DataFrame) -> pl.DataFrame:
    """Buyers and returning buyers of each group of a dimension that came back, and the chance of at least so many."""
    if name == "reason":
        lines = _by_reason(lines, delays)
    keys = ["product_id", *([] if column is None else [column])]
    known = lines if column is None else lines.filter(pl.col(column).is_not_null())
    buyers = (
        known.group_by(*keys, "buyer")
        .agg(
            chance=1 - (1 - pl.col("chance")).log().sum().exp(),
            came_back=pl.col("came_back").any(),
            returned_amount=pl.col("returned_amount").sum(),
            currency_code=pl.col("currency_code").min(),
        )
        .with_columns(pl.col("chance").round(9))
        .sort(*keys, "buyer")
    )
    groups = buyers.group_by(keys, maintain_order=True).agg(
        buyer_count=pl.len().cast(pl.Int64),
        returning_buyer_count=pl.col("came_back").sum().cast(pl.Int64),
        expected_returning_buyer_count=pl.col("chance").sum().round(6),
        returned_amount=pl.col("returned_amount").sum(),
        currency_code=pl.col("currency_code").min(),
    )
    groups = groups.filter(pl.col("returning_buyer_count") >= MIN_RETURNING_BUYERS).with_row_index("at")
    exact = buyers.join(groups.filter(pl.col("buyer_count") <= MAX_EXACT_BUYERS).select(*keys, "at"), on=keys).sort(
        "at", "buyer"
    )
    mean, count = groups["expected_returning_buyer_count"].to_numpy(), groups["returning_buyer_count"].to_numpy()
    is_large = groups["buyer_count"].to_numpy() > MAX_EXACT_BUYERS
    tail = upper_tails(
        exact["at"].to_numpy().astype(np.int64), exact["chance"].to_numpy(), count, np.zeros(groups.height)
    )
    return groups.drop("at").with_columns(
        dimension=pl.lit(name), p_value=pl.Series(np.where(is_large, stats.poisson.sf(count - 1, mean), tail))
    )


def _by_reason(lines: pl.DataFrame, delays: pl.DataFrame) -> pl.DataFrame:
    """Each line once for each reason that its product came back for: the chance is the reason's part of the returns."""
    usual = delays.group_by("return_reason").agg(pl.col("line_count").sum())
    total, kinds = usual["line_count"].sum(), usual.height + 1
    asked = (
        lines.filter(pl.col("return_reason").is_not_null())
        .select("product_id", asked="return_reason")
        .unique(maintain_order=True)
        .join(usual, left_on="asked", right_on="return_reason", how="left", maintain_order="left")
        # A reason that nobody has given before is not impossible.
        .with_columns(part=(pl.col("line_count").fill_null(0) + 1) / (total + kinds))
        .select("product_id", "asked", "part")
    )
    is_it = (pl.col("return_reason") == pl.col("asked")).fill_null(False)
    return lines.join(asked, on="product_id", maintain_order="left").with_columns(
        return_reason="asked",
        chance=pl.col("chance") * pl.col("part"),
        came_back=pl.col("came_back") & is_it,
        returned_amount=pl.when(is_it).then("returned_amount").otherwise(pl.lit(0).cast(pl.Decimal(18, 4))),
    )


def _false_discovery_rates(values: np.ndarray, tests: int) -> np.ndarray:
    """Benjamini and Hochberg's, of all `tests`: those that are not among the values have a p-value of 1."""
    order = np.argsort(values, kind="stable")
    scaled = values[order] * max(tests, len(values)) / np.arange(1, len(values) + 1)
    rates = np.empty(len(values))
    rates[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return rates


def _finding(days: int) -> pl.Expr:
    """What the row says, by its dimension."""
    said = {
        "product": pl.format(
            f"Sold in {days} days: {{}} of {{}} brought it back; {{}} to be expected", RETURNING, BUYERS, EXPECTED
        ),
        "lot": pl.format("Lot {}: {} of {} brought it back; {} to be expected", "lot_no", RETURNING, BUYERS, EXPECTED),
        "store": pl.format(
            "Bought in {}: {} of {} brought it back; {} to be expected", "store_id", RETURNING, BUYERS, EXPECTED
        ),
        "reason": pl.format(
            "Reason {}: {} of {} brought it back; {} to be expected", "return_reason", RETURNING, BUYERS, EXPECTED
        ),
    }
    return pl.coalesce(pl.when(pl.col("dimension") == name).then(text) for name, text in said.items())
