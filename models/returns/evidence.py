"""What is unusual about a return beside how much came back: by what it is, who brought it, and who took it.

A trait is a yes or no of a receipt, such as money that went back by another tender. One such receipt is nothing; how
improbable is it that so many of a customer's receipts, or of a cashier's, have it, given how common it is in that
store? Without labels this needs no model of abuse, and a store with a generous policy is compared with itself.

Belongs here: traits, their tails, their sentences. Does not belong here: how much came back (`score`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from models.reasons import counted, whole
from models.returns.tail import improbability

# So many of the brand's receipts stand beside a store's own, so that a store with few is compared with all.
PRIOR_RECEIPTS = 30
STORE_DAYS = 7
OVER_PRICE_SHARE = 0.2
# Below this a trait is no fact worth saying: one chance in ten.
LEAST_IMPROBABILITY = 1.0


@dataclass(frozen=True)
class Trait:
    """found: true for a receipt that has it. said: ends a sentence that begins `3 of 4 returns of this customer:`."""

    found: pl.Expr
    said: str


TRAITS: Mapping[str, Trait] = {
    "no_sale": Trait((pl.col("linked_line_count") == 0) & (pl.col("beyond_sale_line_count") == 0), "no known sale"),
    "beyond_sale": Trait(pl.col("beyond_sale_line_count") > 0, "more than the sale that it names had left"),
    # Prices differ by quantity and season: a fifth of what was credited is no rounding.
    "over_price": Trait(
        pl.col("over_price_amount") > pl.col("returned_amount") * OVER_PRICE_SHARE,
        "paid back above the price paid",
    ),
    "other_tender": Trait(pl.col("has_other_tender").fill_null(False), "paid back by another tender"),
    "whole_order": Trait(pl.col("whole_order_count") > 0, "a whole order undone"),
    "many_stores": Trait(pl.col("near_store_count") > 2, f"three stores and more within {STORE_DAYS} days"),
}


def with_evidence(receipts: pl.DataFrame, reach_days: int) -> pl.DataFrame:
    """Receipts with `evidence`, the sum of their traits' improbabilities, and `evidence_facts`, the largest first.

    receipts: all of one brand's that are known. A trait counts for a receipt that has it: over the receipts of its
    customer, or of its cashier, in the `reach_days` before it and, as far as they are known, after it, whichever is
    less likely. What a customer brings back to one cashier is compared with that cashier's part of the store's returns.
    """
    rows = receipts.with_columns(
        cashier=pl.when(pl.col("cashier_no").is_not_null()).then(
            pl.concat_str("source_name", "store_id", "cashier_no", separator="|", ignore_nulls=True)
        )
    )
    stores = _over_days(rows, ["customer_id"], STORE_DAYS // 2, near_store_count=pl.col("store_id").n_unique())
    rows = rows.join(stores, on=["customer_id", "return_date"], how="left", maintain_order="left")
    rows = rows.with_columns(trait.found.fill_null(False).alias(name) for name, trait in TRAITS.items())
    customer = _of_traits(rows, "customer_id", "customer", reach_days)
    cashier = _of_traits(rows, "cashier", "cashier", reach_days)
    found = [
        (np.maximum(one, other), one_said.zip_with(pl.Series(one >= other), other_said))
        for (one, one_said), (other, other_said) in zip(customer, cashier, strict=True)
    ]
    found.append(_of_pair(rows, reach_days))
    values = np.column_stack([value for value, _ in found])
    facts = pl.concat_list(pl.struct(value=pl.Series(value), text=text) for value, text in found)
    return receipts.with_columns(
        evidence=pl.Series(np.round(values.sum(axis=1), 6)),
        evidence_facts=receipts.select(
            facts.list.filter(pl.element().struct.field("value") >= LEAST_IMPROBABILITY)
            .list.eval(pl.element().sort_by(pl.element().struct.field("value"), descending=True, maintain_order=True))
            .list.eval(pl.element().struct.field("text"))
        ).to_series(),
    )


def _of_traits(rows: pl.DataFrame, actor: str, noun: str, reach_days: int) -> list[tuple[np.ndarray, pl.Series]]:
    """For each trait: how improbable it is that so many of the actor's receipts have it, and the sentence."""
    names = list(TRAITS)
    own = _over_days(rows, [actor], reach_days, receipt_count=pl.len(), **{n: pl.col(n).sum() for n in names})
    own = rows.select(actor, "return_date").join(own, on=[actor, "return_date"], how="left", maintain_order="left")
    totals = [pl.len().cast(pl.Int64).alias("all"), *(pl.col(name).sum().cast(pl.Int64) for name in names)]
    by_store = rows.select("store_id").join(
        rows.group_by("store_id").agg(totals), on="store_id", how="left", nulls_equal=True, maintain_order="left"
    )
    by_actor = rows.select(actor).join(rows.group_by(actor).agg(totals), on=actor, how="left", maintain_order="left")
    count = own["receipt_count"].fill_null(0).to_numpy()
    others = by_store["all"].to_numpy() - np.minimum(
        by_actor["all"].fill_null(0).to_numpy(), by_store["all"].to_numpy()
    )
    found = []
    for name, trait in TRAITS.items():
        # The actor's own receipts tell nothing of what is usual elsewhere.
        in_others = np.maximum(by_store[name].to_numpy() - by_actor[name].fill_null(0).to_numpy(), 0)
        usual = (int(rows[name].sum()) + 1) / (rows.height + 2)
        share = (in_others + PRIOR_RECEIPTS * usual) / (others + PRIOR_RECEIPTS)
        have = own[name].fill_null(0).to_numpy()
        tail = np.where(
            rows[name].to_numpy() & (count > 0),
            stats.binom.sf(have - 1, np.maximum(count, 1), np.clip(share, 0, 1)),
            1.0,
        )
        said = own.select(
            pl.format(
                f"{{}} of {{}} of this {noun}: {trait.said}",
                whole(name),
                counted("receipt_count", "return", "returns"),
            )
        ).to_series()
        found.append((improbability(tail), said))
    return found


def _of_pair(rows: pl.DataFrame, reach_days: int) -> tuple[np.ndarray, pl.Series]:
    """The customer's returns that one cashier took, against the cashier's part of the store's returns."""
    key = ["customer_id", "cashier"]
    pair = _over_days(rows, key, reach_days, taken=pl.len())
    own = _over_days(rows, ["customer_id", "store_id"], reach_days, receipt_count=pl.len())
    at = (
        rows.select(*key, "store_id", "return_date")
        .join(pair, on=[*key, "return_date"], how="left", maintain_order="left")
        .join(own, on=["customer_id", "store_id", "return_date"], how="left", maintain_order="left")
        .join(rows.group_by("cashier").agg(by_cashier=pl.len()), on="cashier", how="left", maintain_order="left")
        .join(
            rows.drop_nulls("cashier").group_by("store_id").agg(in_store=pl.len()),
            on="store_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("taken", "receipt_count", "by_cashier", "in_store").fill_null(0).cast(pl.Int64))
    )
    taken, count = at["taken"].to_numpy(), at["receipt_count"].to_numpy()
    # Without the pair's own; a cashier who took no other return took a small part.
    share = np.clip(
        (at["by_cashier"].to_numpy() - taken + 1) / np.maximum(at["in_store"].to_numpy() - taken + 2, 1), 0, 1
    )
    # Given the first, so that one return is no sign of anything.
    tail = np.where(taken > 1, stats.binom.sf(taken - 2, np.maximum(count - 1, 1), share), 1.0)
    said = at.select(
        pl.format(
            "{} of {} of this customer in the store: taken by one cashier",
            whole("taken"),
            counted("receipt_count", "return", "returns"),
        )
    ).to_series()
    return improbability(tail), said


def _over_days(rows: pl.DataFrame, by: list[str], days: int, **figures: pl.Expr) -> pl.DataFrame:
    """Figures of the receipts of the same `by` in the `days` before and after each of their days."""
    return (
        rows.drop_nulls(by)
        .sort(*by, "return_date")
        .rolling(index_column="return_date", period=f"{2 * days + 1}d", offset=f"-{days + 1}d", group_by=by)
        .agg(**figures)
        .unique([*by, "return_date"], maintain_order=True)
    )
