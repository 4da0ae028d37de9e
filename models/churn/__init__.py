"""Churn: the probability that a customer of a brand lapses, what is at risk, and why.

`fit_and_score` is the whole of it: frames in, frames and models out. No files, no clock, no network.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from models.churn import score, train
from models.churn.features import TABLE
from models.churn.settings import ChurnBrand
from models.features import FeatureError, check_null_share, encode
from models.registry import SavedModel, Standing

__all__ = ["ChurnBrand", "fit_and_score"]


def fit_and_score(
    features: pl.DataFrame,
    brands: Mapping[str, ChurnBrand],
    as_of: date,
    seed: int,
    standing: Standing = Standing(),  # noqa: B008
) -> tuple[pl.DataFrame, list[SavedModel]]:
    """Score every customer of the snapshot `as_of`, each brand by a model of its own: the champion's or the new one's.

    features: `feat_customer__churn`, all snapshots. A brand whose history does not bear a model is scored by the
    recency rule and says so. Raises FeatureError where the frame does not fit the declaration; then nothing is scored.
    """
    TABLE.check(features)
    unknown = sorted(set(features["brand"].unique()) - set(brands))
    if unknown:
        raise FeatureError(f"brands without settings: {', '.join(unknown)}")
    frames, models = [pl.DataFrame(schema=score.SCHEMA)], []
    for brand, settings in sorted(brands.items()):
        rows = features.filter(pl.col("brand") == brand, pl.col("snapshot_date") <= as_of).sort(
            "snapshot_date", "customer_id"
        )
        if not rows.height:
            continue
        model, scored = _brand(rows, brand, settings, as_of, seed, standing)
        models.append(model)
        frames.append(scored)
    return pl.concat(frames), models


def _brand(
    rows: pl.DataFrame, brand: str, settings: ChurnBrand, as_of: date, seed: int, standing: Standing
) -> tuple[SavedModel, pl.DataFrame]:
    members = TABLE.population(rows)
    today = rows.filter(pl.col("snapshot_date") == as_of)
    to_score = members.filter(pl.col("snapshot_date") == as_of)
    counts = {"scored_rows": to_score.height, "left_out_rows": today.height - to_score.height}
    cut = train.cut_by_time(members, settings.horizon_days, as_of)
    if cut is None:
        card = train.rule_card(members, brand, as_of, seed, "too few labelled snapshots or outcomes")
        rule = SavedModel(task="churn", brand=brand, model_texts={}, encoding=None, calibration={}, card=card)
        rule = rule.counting(**counts)
        return rule, score.scores(to_score, None, rule, settings, as_of)
    champion = standing.champion(brand, TABLE.features)
    model = train.fit(members, cut, brand, settings.horizon_days, as_of, seed, champion)
    model, kept = standing.judge(model, champion)
    encoding = (kept or model).encoding
    assert encoding is not None
    check_null_share(today, TABLE.features, encoding)
    matrix = encode(to_score, TABLE.features, encoding)
    model = model.counting(**counts, **matrix.counts)
    return model, score.scores(to_score, matrix.values, kept or model, settings, as_of)
