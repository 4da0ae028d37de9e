"""What is unusual about a return beside how much came back: by what it is, who brought it, and who took it.

A trait is a yes or no of a receipt, such as money that went back by another tender. One such receipt is nothing; how
improbable is it that so many others of the customer, or of the cashier, have it too, given how common it is on such
receipts (`usual`) and in that store? Without labels this needs no model of abuse, and a store with a generous policy is
compared with itself.

Belongs here: traits, their tails, their sentences. Does not belong here: how much came back (`score`), and what is
usual (`usual`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from models.reasons import counted, whole
from models.returns.tail import improbability
from models.returns.usual import usual_shares

# So many receipts with the trait stand beside a store's own, so that a store with few is compared with all.
PRIOR_RECEIPTS = 1
STORE_DAYS = 7
OVER_PRICE_SHARE = 0.2
USED_DAYS = 7
# Below this a trait is no fact worth saying: one chance in ten.
LEAST_IMPROBABILITY = 1.0


@dataclass(frozen=True)
class Trait:
    """found: true for a receipt that has it. said: ends a sentence that begins `3 of 4 returns of this customer:`."""

    found: pl.Expr
    said: str


TRAITS: Mapping[str, Trait] = {
    "no_sale": Trait((pl.col("linked_line_count") == 0) & (pl.col("beyond_sale_line_count") == 0), "no known sale"),
    "no_receipt": Trait(pl.col("no_receipt_share") == 1, "without the receipt"),
    # Half of the lines and more: one of many is a slip.
    "beyond_sale": Trait(
        pl.col("beyond_sale_line_count") * 2 >= pl.col("returned_line_count").clip(1),
        "more than the sale that it names had left",
    ),
    # Prices differ by quantity and season: a fifth of what was credited is no rounding.
    "over_price": Trait(
        pl.col("over_price_amount") > pl.col("returned_amount") * OVER_PRICE_SHARE,
        "paid back above the price paid",
    ),
    "other_tender": Trait(pl.col("has_other_tender").fill_null(False), "paid back by another tender"),
    # What is undone within days corrects the order; a week is long enough to have used the goods.
    "whole_order": Trait(
        (pl.col("whole_order_count") > 0) & (pl.col("days_to_return_mean") >= USED_DAYS),
        f"a whole order undone after {USED_DAYS} days and more",
    ),
    # Who returns much may meet three stores; a tour seldom sees one twice.
    "many_stores": Trait(
        (pl.col("near_store_count") > 2) & (pl.col("near_store_count") * 4 > pl.col("near_receipt_count") * 3),
        f"three stores and more within {STORE_DAYS} days",
    ),
}

# What `with_evidence` gives an improbability of, in this order.
EVIDENCE = (*TRAITS, "one_cashier")


def with_evidence(receipts: pl.DataFrame, reach_days: int, seed: int) -> pl.DataFrame:
    """Receipts with `evidence_by_trait`, an improbability for each of EVIDENCE, and `evidence_facts`, largest first.

    receipts: all of one brand's that are known. A trait counts for a receipt that has it: over the other receipts of
    its customer, or of its cashier, in the `reach_days` before it and, as far as they are known, after it, whichever is
    less likely. What a customer brings back to one cashier is compared with that cashier's part of the store's returns.
    """
    rows = receipts.with_columns(
        cashier=pl.when(pl.col("cashier_no").is_not_null()).then(
            pl.concat_str("source_name", "store_id", "cashier_no", separator="|", ignore_nulls=True)
        )
    )
    near = {"near_store_count": pl.col("store_id").n_unique(), "near_receipt_count": pl.len()}
    stores = _over_days(rows, ["customer_id"], STORE_DAYS // 2, **near)
    rows = rows.join(stores, on=["customer_id", "return_date"], how="left", maintain_order="left")
    rows = rows.with_columns(trait.found.fill_null(False).alias(name) for name, trait in TRAITS.items())
    usual = usual_shares(rows, list(TRAITS), seed)
    rows = rows.with_columns(pl.Series(_usual(name), share) for name, share in usual.items())
    customer = _of_traits(rows, "customer_id", "customer", reach_days)
    cashier = _of_traits(rows, "cashier", "cashier", reach_days)
    found = [
        (np.maximum(one, other), one_said.zip_with(pl.Series(one >= other), other_said))
        for (one, one_said), (other, other_said) in zip(customer, cashier, strict=True)
    ]
    found.append(_of_pair(rows, reach_days))
    values = np.round(np.column_stack([value for value, _ in found]), 6)
    facts = pl.concat_list(pl.struct(value=pl.Series(value), text=text) for value, text in found)
    return receipts.with_columns(
        evidence_by_trait=pl.Series(values, dtype=pl.Array(pl.Float64, len(EVIDENCE))),
        evidence_facts=receipts.select(
            facts.list.filter(pl.element().struct.field("value") >= LEAST_IMPROBABILITY)
            .list.eval(pl.element().sort_by(pl.element().struct.field("value"), descending=True, maintain_order=True))
            .list.eval(pl.element().struct.field("text"))
        ).to_series(),
    )


def _usual(name: str) -> str:
    return f"usual_{name}"


def _of_traits(rows: pl.DataFrame, actor: str, noun: str, reach_days: int) -> list[tuple[np.ndarray, pl.Series]]:
    """For each trait: how improbable it is that so many of the actor's receipts have it, and the sentence."""
    names = list(TRAITS)
    sums = {name: pl.col(name).sum().cast(pl.Float64) for name in names}
    sums |= {_usual(name): pl.col(_usual(name)).sum() for name in names}
    own = _over_days(rows, [actor], reach_days, receipt_count=pl.len(), **sums)
    own = rows.select(actor, "return_date").join(own, on=[actor, "return_date"], how="left", maintain_order="left")
    by_store = rows.select("store_id").join(
        rows.group_by("store_id").agg(**sums), on="store_id", how="left", nulls_equal=True, maintain_order="left"
    )
    by_actor = rows.select(actor).join(rows.group_by(actor).agg(**sums), on=actor, how="left", maintain_order="left")
    count = own["receipt_count"].fill_null(0).to_numpy()
    found = []
    for name, trait in TRAITS.items():
        # The actor's own receipts tell nothing of what is usual elsewhere.
        in_others, expected_in_others = (
            np.maximum(by_store[column].to_numpy() - by_actor[column].fill_null(0).to_numpy(), 0)
            for column in (name, _usual(name))
        )
        as_usual_here = (in_others + PRIOR_RECEIPTS) / (expected_in_others + PRIOR_RECEIPTS)
        share = own[_usual(name)].fill_null(0).to_numpy() / np.maximum(count, 1) * as_usual_here
        have = np.where(rows[name].to_numpy(), own[name].fill_null(0).to_numpy(), 0)
        said = own.select(
            pl.format(
                f"{{}} of {{}} of this {noun}: {trait.said}",
                whole(name),
                counted("receipt_count", "return", "returns"),
            )
        ).to_series()
        # A receipt is asked about because it has the trait: what tells is how many of the others have it.
        found.append((_beyond_usual(np.maximum(have - 1, 0), count - 1, share), said))
    return found


def _beyond_usual(have: np.ndarray, count: np.ndarray, share: np.ndarray) -> np.ndarray:
    """How improbable `have` of `count` is, for the part of them that is beyond what is usual.

    Of a cashier's fifty receipts with a trait that thirty would have had anyway, most are nothing.
    """
    share = np.clip(share, 0, 1)
    tail = np.where(have > 0, stats.binom.sf(have - 1, np.maximum(count, 1), share), 1.0)
    return improbability(tail) * np.clip(1 - count * share / np.maximum(have, 1), 0, 1)


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
    said = at.select(
        pl.format(
            "{} of {} of this customer in the store: taken by one cashier",
            whole("taken"),
            counted("receipt_count", "return", "returns"),
        )
    ).to_series()
    # Given the first, so that one return is no sign of anything.
    return _beyond_usual(np.maximum(taken - 1, 0), count - 1, share), said


def _over_days(rows: pl.DataFrame, by: list[str], days: int, **figures: pl.Expr) -> pl.DataFrame:
    """Figures of the receipts of the same `by` in the `days` before and after each of their days."""
    return (
        rows.drop_nulls(by)
        .sort(*by, "return_date")
        .rolling(index_column="return_date", period=f"{2 * days + 1}d", offset=f"-{days + 1}d", group_by=by)
        .agg(**figures)
        .unique([*by, "return_date"], maintain_order=True)
    )
