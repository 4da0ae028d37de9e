"""Returns: the probability that a sale line comes back, and how unusual the returns are that came back.

`fit_and_score` is the whole of it: frames in, frames and models out. No files, no clock, no network.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.features import FeatureError, check_null_share, encode
from models.registry import SavedModel, Standing
from models.returns import score, train
from models.returns.features import FEATURES, LINES, RECEIPTS
from models.returns.reviews import learnt_weights, no_answers
from models.returns.settings import ReturnsBrand

__all__ = ["ReturnsBrand", "fit_and_score"]

# Where a brand has returns and not one known sale, what comes back of a line until more is known.
UNKNOWN_RATE = 0.01


def fit_and_score(
    expected: pl.DataFrame,
    actual: pl.DataFrame,
    brands: Mapping[str, ReturnsBrand],
    as_of: date,
    seed: int,
    standing: Standing = Standing(),  # noqa: B008
    answers: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, list[SavedModel]]:
    """Score every return receipt of the last `score_days`, each brand by a model of its own.

    expected: `feat_return__expected` or a sample of its lines, with `line_weight`; all lines of customers who returned
    something lately must be there. actual: `feat_return__actual`. A brand with too few returned lines is judged by
    its own rate and says so. answers: what reviewers decided about past cases, as `reviews` takes it. Raises
    FeatureError where a frame does not fit the declaration; then nothing is scored.
    """
    LINES.check(expected)
    RECEIPTS.check(actual)
    told = no_answers() if answers is None else answers
    unknown = sorted((set(expected["brand"].unique()) | set(actual["brand"].unique())) - set(brands))
    if unknown:
        raise FeatureError(f"brands without settings: {', '.join(unknown)}")
    frames, models = [pl.DataFrame(schema=score.SCHEMA)], []
    for brand, settings in sorted(brands.items()):
        receipts = actual.filter(pl.col("brand") == brand, pl.col("return_date") <= as_of)
        lines = expected.filter(pl.col("brand") == brand, pl.col("order_date") <= as_of).sort("order_line_id")
        if not receipts.height and not lines.height:
            continue
        known = told.filter(pl.col("brand") == brand, pl.col("decided_date") <= as_of)
        model, scored = _brand(lines, receipts, brand, settings, as_of, seed, standing, known)
        models.append(model)
        frames.append(scored)
    return pl.concat(frames), models


def _brand(
    lines: pl.DataFrame,
    receipts: pl.DataFrame,
    brand: str,
    settings: ReturnsBrand,
    as_of: date,
    seed: int,
    standing: Standing,
    answers: pl.DataFrame,
) -> tuple[SavedModel, pl.DataFrame]:
    lines = LINES.population(lines)
    sample = lines.filter(pl.col("line_weight") > 0)
    labelled = train.ended(sample, settings.window_days, as_of)
    cut = train.cut_by_time(labelled, settings.window_days)
    oldest = as_of - timedelta(days=settings.score_days + settings.lookback_days)
    in_reach = lines.filter(pl.col("order_date") > oldest)
    relevant = _relevant(in_reach, receipts, as_of - timedelta(days=settings.score_days))
    kept = None
    if cut is None:
        rate = _own_rate(sample, labelled, receipts)
        card = train.rule_card(sample, brand, as_of, seed, rate)
        model = SavedModel(
            task="returns", brand=brand, model_texts={}, encoding=None, calibration={}, parameters={"rate": rate},
            card=card,
        )  # fmt: skip
        probability = np.full(relevant.height, rate)
        quantity = probability * relevant["quantity"].to_numpy()
        mean_probability = rate
    else:
        champion = standing.champion(brand, FEATURES)
        model = train.fit(labelled, cut, brand, settings.window_days, as_of, seed, champion)
        model, kept = standing.judge(model, champion)
        encoding = (kept or model).encoding
        assert encoding is not None
        check_null_share(in_reach, FEATURES, encoding)
        matrix = encode(relevant, FEATURES, encoding)
        probability, quantity = train.expectation(kept or model, matrix.values, relevant["quantity"].to_numpy())
        model = model.counting(**matrix.counts)
        mean_probability = float(labelled["returned"].sum()) / labelled.height
    relevant = relevant.with_columns(
        probability=pl.Series(np.round(probability, 9), dtype=pl.Float64),
        expected_qty=pl.Series(np.round(quantity, 6), dtype=pl.Float64),
    )
    rates = score.usual_rates(receipts, sample, mean_probability)
    weights, told = learnt_weights(answers, score.KINDS)
    model = model.counting(scored_lines=relevant.height, receipts=receipts.height).limited(told)
    return model, score.scores(receipts, relevant, kept or model, settings, rates, weights, as_of)


def _relevant(lines: pl.DataFrame, receipts: pl.DataFrame, since: date) -> pl.DataFrame:
    """Lines of customers who returned something lately, and the sample's of stores with returns of nobody known."""
    recent = receipts.filter(pl.col("return_date") > since)
    customers = recent["customer_id"].drop_nulls().unique()
    stores = recent.filter(pl.col("customer_id").is_null())["store_id"].drop_nulls().unique()
    return lines.filter(
        pl.col("customer_id").is_in(customers.implode()).fill_null(False)
        | (pl.col("line_weight") > 0) & pl.col("store_id").is_in(stores.implode()).fill_null(False)
    )


def _own_rate(sample: pl.DataFrame, labelled: pl.DataFrame, receipts: pl.DataFrame) -> float:
    """Returned lines over sold lines, by labels where there are any, else by receipts; never 0 and never 1."""
    if labelled.height:
        returned, sold = int(labelled["returned"].sum()), labelled.height
    else:
        returned, sold = int(receipts["linked_line_count"].sum()), int(sample["line_weight"].sum())
    return round(min((returned + UNKNOWN_RATE) / (sold + 1), 0.5), 9)
