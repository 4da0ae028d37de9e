"""Reasons: the groups of features that moved a score most, said with the row's own facts.

Belongs here: choosing sentences by contribution, formatting numbers. Does not belong here: the sentences, which stand
with each task's features.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl


def whole(column: str | pl.Expr) -> pl.Expr:
    """A number without decimals, as text."""
    expression = pl.col(column) if isinstance(column, str) else column
    return expression.cast(pl.Float64).round(0, mode="half_away_from_zero").cast(pl.Int64).cast(pl.String)


def short(column: str | pl.Expr) -> pl.Expr:
    """A number with one decimal where it is small, without where it is large, as text."""
    value = (pl.col(column) if isinstance(column, str) else column).cast(pl.Float64)
    rounded = value.round(1, mode="half_away_from_zero")
    is_whole = (value.abs() >= 10) | (rounded == rounded.round(0))
    return pl.when(is_whole).then(whole(value)).otherwise(rounded.cast(pl.String))


def percent(column: str | pl.Expr) -> pl.Expr:
    """A share as whole per cent, as text."""
    return whole((pl.col(column) if isinstance(column, str) else column) * 100)


def counted(column: str | pl.Expr, one: str, many: str) -> pl.Expr:
    """A whole number and its noun in the right number: `1 day`, `2 days`."""
    value = pl.col(column) if isinstance(column, str) else column
    rounded = value.cast(pl.Float64).round(0, mode="half_away_from_zero")
    return pl.format("{} {}", whole(value), pl.when(rounded == 1).then(pl.lit(one)).otherwise(pl.lit(many)))


def top_reasons(
    rows: pl.DataFrame,
    contributions: np.ndarray,
    groups: Sequence[str],
    sentences: Mapping[str, pl.Expr],
    default: pl.Expr,
    top: int = 3,
) -> pl.Series:
    """For each row the sentences of the groups that contribute most, most first, as a list of texts.

    contributions: rows × groups, larger is a better reason; a group counts only where it is above 0 and its sentence
    has a fact for the row. default: the sentence where no group counts.
    """
    if not rows.height:
        return pl.Series("reasons", [], dtype=pl.List(pl.String))
    texts = rows.select(sentences[group].cast(pl.String).alias(f"text_{at}") for at, group in enumerate(groups))
    chosen = (
        pl.concat(
            [
                pl.DataFrame(
                    {
                        "row": np.arange(rows.height, dtype=np.int64),
                        "text": texts[f"text_{at}"],
                        "contribution": np.round(contributions[:, at], 9),
                        "at": np.full(rows.height, at),
                    }
                )
                for at in range(len(groups))
            ]
        )
        .with_columns(counts=pl.col("text").is_not_null() & (pl.col("contribution") > 0))
        .sort("row", "counts", "contribution", "at", descending=[False, True, True, False])
        .group_by("row", maintain_order=True)
        .agg(pl.col("text").filter(pl.col("counts")).head(top))
        .with_columns(rows.with_columns(default.alias("default")).get_column("default"))
    )
    reasons = (
        pl.when(pl.col("text").list.len() > 0)
        .then(pl.col("text"))
        .otherwise(pl.concat_list("default").list.drop_nulls())
    )
    return chosen.select(reasons=reasons).to_series()
