"""Scores of return receipts: what was to be expected, how improbable what came back is, level, reasons, action.

A receipt with a customer is judged over the customer's stretch before it (`lookback_days`): all lines that the customer
brought back in it, against the chances of all lines bought in it, plus the brand's usual number of returns without a
sale in the stretch. A receipt without a customer is judged by store and day: all lines brought back there that day
without a customer, against the store's usual number, given that there was one at all.

To it comes the evidence of what kind of return it is (`evidence`): both are -log10 of a chance, and are added, each
kind with the weight that reviewers' answers gave it (`reviews`).

Belongs here: what a score row says. Does not belong here: training, the arithmetic of tails.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy import stats

from models.reasons import counted, short, whole
from models.registry import SavedModel
from models.returns.evidence import EVIDENCE, with_evidence
from models.returns.reviews import EVIDENCE_TYPE
from models.returns.settings import ReturnsBrand
from models.returns.tail import improbability, upper_tails

SCHEMA = pl.Schema(
    {
        "return_order_id": pl.String(),
        "customer_id": pl.String(),
        "brand": pl.String(),
        "as_of_date": pl.Date(),
        "model_version": pl.String(),
        "returned_qty": pl.Float64(),
        "returned_amount": pl.Decimal(18, 4),
        "currency_code": pl.String(),
        "expected_return_qty": pl.Float64(),
        "return_probability": pl.Float64(),
        "improbability": pl.Float64(),
        "anomaly_level": pl.String(),
        "reasons": pl.List(pl.String()),
        "suggested_action": pl.String(),
        "is_fallback": pl.Boolean(),
        "evidence": EVIDENCE_TYPE,
    }
)
# What a receipt can be unusual by.
KINDS = ("how_much", *EVIDENCE)
CUSTOMER_ACTIONS = {
    "high": "Check the receipts with the store and look through the customer's returns; a person decides.",
    "medium": "Look at the receipt when the next return of this customer comes in.",
    "low": "Nothing to do.",
}
STORE_ACTIONS = {
    "high": "Go through the store's returns of that day with its manager, receipt by receipt; a person decides.",
    "medium": "Compare the store's returns of that day with the till's journal.",
    "low": "Nothing to do.",
}
EVIDENCE_FACTS = 2
# From so many receipts on, how much came back is set against the brand's own receipts: those of a few wholesalers are
# beyond all chance by any model of single lines, and tell nothing.
MIN_OWN_RECEIPTS = 200
FALLBACK_REASON = "Too few returns of this brand for a model: judged by the brand's own rate"


def usual_rates(receipts: pl.DataFrame, sample: pl.DataFrame, mean_probability: float) -> tuple[float, float]:
    """Of a brand, per sale line: returned lines of known customers beyond those the model expects, and of unknown ones.

    Both over the dates that the two frames share.
    """
    last = pl.min_horizontal(pl.lit(receipts["return_date"].max()), pl.lit(sample["order_date"].max()))
    first = pl.max_horizontal(pl.lit(receipts["return_date"].min()), pl.lit(sample["order_date"].min()))
    returned = receipts.filter(pl.col("return_date").is_between(first, last))
    sold = sample.filter(pl.col("order_date").is_between(first, last))
    known, unknown = returned.select(
        known=pl.col("returned_line_count").filter(pl.col("customer_id").is_not_null()).sum(),
        unknown=pl.col("returned_line_count").filter(pl.col("customer_id").is_null()).sum(),
    ).row(0)
    sold_known = int(sold.filter(pl.col("customer_id").is_not_null())["line_weight"].sum())
    sold_lines = int(sold["line_weight"].sum())
    beyond = max(known / sold_known - mean_probability, 0.0) if sold_known else 0.0
    return beyond, unknown / sold_lines if sold_lines else 0.0


def scores(
    receipts: pl.DataFrame,
    lines: pl.DataFrame,
    model: SavedModel,
    settings: ReturnsBrand,
    rates: tuple[float, float],
    weights: Mapping[str, float],
    as_of: date,
) -> pl.DataFrame:
    """Score rows of one brand's receipts of the last `score_days`. weights: by kind of evidence, 1 where none is given.

    receipts: all of the brand's, the earlier ones count in the stretches. lines: sale lines with `probability` and
    `expected_qty`, all that can lie in a stretch.
    """
    oldest = as_of - timedelta(days=settings.score_days)
    receipts = with_evidence(receipts.sort("return_order_id"), settings.evidence_days, model.card.seed)
    recent = receipts.filter(pl.col("return_date").is_between(oldest, as_of, closed="right"))
    judged = pl.concat(
        [
            _by_customer(recent.filter(pl.col("customer_id").is_not_null()), receipts, lines, settings, rates[0]),
            _by_store(recent.filter(pl.col("customer_id").is_null()), lines, settings, rates[1]),
        ],
        how="vertical_relaxed",
    )
    if judged.height >= MIN_OWN_RECEIPTS:
        at_least_as_much = pl.col("how_much").rank(method="max", descending=True)
        judged = judged.with_columns(how_much=-(at_least_as_much / (pl.len() + 1)).log(10))
    by_kind = _by_kind(judged)
    weight = np.array([weights.get(kind, 1.0) for kind in KINDS])
    judged = judged.with_columns(
        improbability=pl.Series(np.round(by_kind @ weight, 6)), evidence=_listed(by_kind, weight)
    )
    level = (
        pl.when(pl.col("improbability") >= settings.high_improbability)
        .then(pl.lit("high"))
        .when(pl.col("improbability") >= settings.medium_improbability)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )
    facts = pl.concat_list(*([pl.lit(FALLBACK_REASON)] if model.card.is_fallback else []), "facts")
    action = pl.when(pl.col("customer_id").is_null()).then(
        pl.col("anomaly_level").replace_strict(STORE_ACTIONS, return_dtype=pl.String)
    )
    return (
        judged.with_columns(
            as_of_date=pl.lit(as_of),
            model_version=pl.lit(model.version),
            anomaly_level=level,
            reasons=facts,
            is_fallback=pl.lit(model.card.is_fallback),
        )
        .with_columns(
            suggested_action=action.otherwise(
                pl.col("anomaly_level").replace_strict(CUSTOMER_ACTIONS, return_dtype=pl.String)
            )
        )
        .sort("return_order_id")
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def _by_kind(judged: pl.DataFrame) -> np.ndarray:
    """What each receipt is unusual by, rows × KINDS. A whole order undone is much that came back: it is seen once."""
    values = np.column_stack([judged["how_much"].to_numpy(), judged["evidence"].to_numpy()])
    pair = [KINDS.index("how_much"), KINDS.index("whole_order")]
    smaller = np.argmin(values[:, pair], axis=1)
    values[np.arange(len(values)), np.array(pair)[smaller]] = 0
    return np.round(values, 6)


def _listed(values: np.ndarray, weight: np.ndarray) -> pl.Series:
    """The kinds that a receipt is unusual by, the largest first."""
    frame = pl.DataFrame(values, schema=dict.fromkeys(KINDS, pl.Float64))
    items = [
        pl.struct(kind=pl.lit(kind), improbability=kind, weight=pl.lit(float(of_kind)))
        for kind, of_kind in zip(KINDS, weight, strict=True)
    ]
    improbability = pl.element().struct.field("improbability")
    largest_first = pl.element().sort_by(improbability, descending=True, maintain_order=True)
    return (
        frame.select(pl.concat_list(items).list.filter(improbability > 0).list.eval(largest_first))
        .to_series()
        .cast(EVIDENCE_TYPE)
    )


def _by_customer(
    scored: pl.DataFrame, receipts: pl.DataFrame, lines: pl.DataFrame, settings: ReturnsBrand, rate: float
) -> pl.DataFrame:
    stretch = timedelta(days=settings.lookback_days)
    until = scored.sort("return_order_id").with_row_index("at").select("at", "customer_id", until_date="return_date")
    bought = (
        until.join(lines.select("customer_id", "order_date", "probability", "expected_qty"), on="customer_id")
        .filter(pl.col("order_date") <= pl.col("until_date"), pl.col("order_date") > pl.col("until_date") - stretch)
        .sort("at", "order_date", "probability")
    )
    brought_back = (
        until.join(receipts.select("customer_id", "return_date", "returned_line_count"), on="customer_id")
        .filter(pl.col("return_date") <= pl.col("until_date"), pl.col("return_date") > pl.col("until_date") - stretch)
        .group_by("at")
        .agg(returned_lines=pl.col("returned_line_count").sum())
    )
    rows = (
        scored.sort("return_order_id")
        .with_row_index("at")
        .join(
            bought.group_by("at").agg(
                bought_lines=pl.len().cast(pl.Int64),
                expected_lines=pl.col("probability").sum(),
                expected_return_qty=pl.col("expected_qty").sum(),
            ),
            on="at",
            how="left",
            maintain_order="left",
        )
        .join(brought_back, on="at", how="left", maintain_order="left")
        .with_columns(pl.col("bought_lines", "expected_lines", "expected_return_qty").fill_null(0))
        # A customer who bought nothing in the stretch is allowed the returns of one line.
        .with_columns(extra=rate * pl.max_horizontal("bought_lines", pl.lit(1)))
    )
    tails = upper_tails(
        bought["at"].to_numpy().astype(np.int64),
        bought["probability"].to_numpy(),
        rows["returned_lines"].to_numpy().astype(np.int64),
        rows["extra"].to_numpy(),
    )
    days = settings.lookback_days
    compared = (
        pl.when(pl.col("bought_lines") > 0)
        .then(
            pl.format(
                f"{{}} returned in {days} days, of {{}} bought; {{}} to be expected",
                counted("returned_lines", "line", "lines"),
                whole("bought_lines"),
                short(pl.col("expected_lines") + pl.col("extra")),
            )
        )
        .otherwise(
            pl.format(f"{{}} returned in {days} days, and nothing bought", counted("returned_lines", "line", "lines"))
        )
    )
    return _judged(rows, tails, compared)


def _by_store(scored: pl.DataFrame, lines: pl.DataFrame, settings: ReturnsBrand, rate: float) -> pl.DataFrame:
    stretch = timedelta(days=settings.lookback_days)
    store_day = scored.group_by("store_id", "return_date").agg(returned_lines=pl.col("returned_line_count").sum())
    sold_day = lines.group_by("store_id", "order_date").agg(
        bought_lines=pl.col("line_weight").sum().cast(pl.Int64),
        expected_lines=(pl.col("probability") * pl.col("line_weight")).sum(),
        expected_return_qty=(pl.col("expected_qty") * pl.col("line_weight")).sum(),
    )
    sold = (
        store_day.join(sold_day, on="store_id")
        .filter(pl.col("order_date") <= pl.col("return_date"), pl.col("order_date") > pl.col("return_date") - stretch)
        .sort("store_id", "return_date", "order_date")
        .group_by("store_id", "return_date", maintain_order=True)
        .agg(
            pl.col("bought_lines", "expected_lines").sum(),
            expected_return_qty=pl.col("expected_return_qty").sum() / settings.lookback_days,
        )
    )
    rows = (
        scored.sort("return_order_id")
        .join(store_day, on=["store_id", "return_date"], how="left", nulls_equal=True, maintain_order="left")
        .join(sold, on=["store_id", "return_date"], how="left", maintain_order="left")
        .with_columns(pl.col("bought_lines", "expected_lines", "expected_return_qty").fill_null(0))
        .with_columns(extra=rate * pl.max_horizontal("bought_lines", pl.lit(1)) / settings.lookback_days)
    )
    extra = rows["extra"].to_numpy()
    count = rows["returned_lines"].to_numpy()
    # Given that anything came back at all: a quiet store's one return is no anomaly.
    tails = np.where(
        extra > 0, stats.poisson.sf(count - 1, extra) / np.maximum(stats.poisson.sf(0, extra), 1e-300), 1.0
    )
    compared = pl.format(
        "No customer on the receipt; {} returned so in the store that day, {} on a usual day",
        counted("returned_lines", "line", "lines"),
        pl.when(pl.col("extra") < 0.01).then(pl.lit("under 0.01")).otherwise(pl.col("extra").round(2).cast(pl.String)),
    )
    return _judged(rows, tails, compared)


def _judged(rows: pl.DataFrame, tails: np.ndarray, compared: pl.Expr) -> pl.DataFrame:
    unlinked = pl.col("returned_line_count") - pl.col("linked_line_count")
    facts = [
        compared,
        pl.when(unlinked > 0).then(
            pl.format("No known sale for {} of {} on this receipt", whole(unlinked),
                      counted("returned_line_count", "line", "lines"))
        ),
        pl.format(
            "{} for {} {} on this receipt",
            pl.format("{} {}", short("returned_qty"), pl.when(pl.col("returned_qty") == 1).then(pl.lit("unit"))
                      .otherwise(pl.lit("units"))),
            pl.col("returned_amount").round(2).cast(pl.Decimal(18, 2)).cast(pl.String),
            pl.col("currency_code"),
        ),
        pl.when(pl.col("days_to_return_mean").is_not_null()).then(
            pl.format("Brought back {} after the sale", counted("days_to_return_mean", "day", "days"))
        ),
    ]  # fmt: skip
    return rows.select(
        "return_order_id",
        "customer_id",
        "brand",
        "returned_qty",
        "returned_amount",
        "currency_code",
        pl.col("expected_return_qty").cast(pl.Float64).round(6),
        # Without a line in the stretch there is no probability: null, not 0.
        return_probability=pl.when(pl.col("bought_lines") > 0).then(
            (pl.col("expected_lines") / pl.col("bought_lines")).round(6)
        ),
        how_much=pl.Series(improbability(tails), dtype=pl.Float64),
        evidence="evidence_by_trait",
        facts=pl.concat_list(
            facts[0], pl.col("evidence_facts").list.head(EVIDENCE_FACTS), *facts[1:]
        ).list.drop_nulls(),
    )
