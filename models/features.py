"""Feature tables as declared data, and the only way from a frame to a matrix.

A model sees columns by name, with the kind and the rule for missing values that its task declares. LightGBM itself
checks none of it: two swapped columns, or a missing value in a column that had none in training, give a wrong score
without an error. So whatever does not fit the declaration stops here, before a row is scored.

Belongs here: declaration, check, encoding. Does not belong here: what any one task's features are.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

Kind = Literal["number", "integer", "flag", "category", "text", "date", "timestamp", "money"]
NullRule = Literal["refuse", "leave_out", "impute", "learn"]

KIND_CHECKS: Mapping[Kind, Callable[[pl.DataType], bool]] = {
    "number": lambda dtype: dtype == pl.Float64,
    "integer": lambda dtype: dtype.is_integer(),
    "flag": lambda dtype: dtype == pl.Boolean,
    "category": lambda dtype: dtype == pl.String,
    "text": lambda dtype: dtype == pl.String,
    "date": lambda dtype: dtype == pl.Date,
    "timestamp": lambda dtype: isinstance(dtype, pl.Datetime),
    "money": lambda dtype: isinstance(dtype, pl.Decimal),
}
# Float features are rounded so that sums added in another order cannot move a split.
DIGITS = 6
# A null share above training's by this much, and by more than chance, is a broken feed.
NULL_SHARE_TOLERANCE = 0.3


class FeatureError(ValueError):
    """The frame does not fit the declared table; nothing was scored. The message names columns, never values."""


@dataclass(frozen=True)
class Feature:
    """One input of a model.

    null: what a missing value means. `refuse`: it cannot be missing, stop. `leave_out`: the row is not in the
    population, do not score it. `impute`: it means `fill`. `learn`: it is a fact of its own, which the model learns;
    where training had none, a missing value takes training's median and is counted.
    null_where_zero: a count of the same table; where it is 0 there is nothing to tell the value from, and that it is
    missing is no sign of a broken feed.
    monotone: 1 where the prediction may only rise with the value, -1 where it may only fall.
    """

    name: str
    kind: Kind
    group: str
    meaning: str
    null: NullRule = "refuse"
    fill: float | None = None
    monotone: Literal[-1, 0, 1] = 0
    null_where_zero: str | None = None


@dataclass(frozen=True)
class FeatureTable:
    """Columns of a feature table: keys, features, labels, and context, which is passed along but never learnt from."""

    keys: Mapping[str, Kind]
    features: tuple[Feature, ...]
    labels: Mapping[str, Kind] = field(default_factory=dict)
    context: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Kind]:
        kinds: dict[str, Kind] = {feature.name: feature.kind for feature in self.features}
        return {**self.keys, **self.context, **kinds, **self.labels}

    def check(self, frame: pl.DataFrame) -> None:
        """Raises FeatureError for a missing, extra or differently typed column, a null key or a repeated key."""
        declared = self.columns
        missing = sorted(set(declared) - set(frame.columns))
        extra = sorted(set(frame.columns) - set(declared))
        mistyped = sorted(
            f"{name} is {frame.schema[name]}, declared {kind}"
            for name, kind in declared.items()
            if name in frame.schema and not KIND_CHECKS[kind](frame.schema[name])
        )
        for problem, columns in (("missing", missing), ("not declared", extra), ("of another type", mistyped)):
            if columns:
                raise FeatureError(f"columns {problem}: {', '.join(columns)}")
        keys = frame.select(*self.keys)
        null_keys = [name for name in keys.columns if keys[name].null_count()]
        if null_keys:
            raise FeatureError(f"null in key columns: {', '.join(null_keys)}")
        if keys.is_duplicated().any():
            raise FeatureError(f"more than one row a key ({', '.join(keys.columns)})")

    def population(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that can be scored. Raises FeatureError for a null that its feature refuses."""
        refused = sorted(f.name for f in self.features if f.null == "refuse" and frame[f.name].null_count())
        if refused:
            raise FeatureError(f"null in columns that must have a value: {', '.join(refused)}")
        optional = [pl.col(f.name).is_not_null() for f in self.features if f.null == "leave_out"]
        return frame.filter(*optional) if optional else frame


def date_span(rows: pl.DataFrame, column: str) -> tuple[date | None, date | None]:
    """First and last date of a column."""
    first, last = rows.select(first=pl.col(column).min(), last=pl.col(column).max()).row(0)
    return first, last


class Encoding(BaseModel):
    """What encoding has to remember of the training rows."""

    model_config = ConfigDict(frozen=True)

    rows: int
    categories: dict[str, tuple[str, ...]]
    null_share: dict[str, float]
    median: dict[str, float]


@dataclass(frozen=True)
class Matrix:
    """Encoded rows. unseen: rows by category feature with a value new to training. imputed: nulls filled, likewise."""

    values: np.ndarray
    unseen: dict[str, int]
    imputed: dict[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """For the card."""
        return {f"unseen_{name}": rows for name, rows in self.unseen.items()} | {
            f"imputed_{name}": rows for name, rows in self.imputed.items()
        }


def fit_encoding(frame: pl.DataFrame, features: Iterable[Feature]) -> Encoding:
    """Categories, null shares and medians of the training rows."""
    features = tuple(features)
    categories = {
        f.name: tuple(frame[f.name].cast(pl.String).drop_nulls().unique().sort().to_list())
        for f in features
        if f.kind == "category"
    }
    numeric = [f.name for f in features if f.kind != "category"]
    medians = frame.select(pl.col(name).cast(pl.Float64).median() for name in numeric).row(0) if numeric else ()
    return Encoding(
        rows=frame.height,
        categories=categories,
        null_share={f.name: frame[f.name].null_count() / max(frame.height, 1) for f in features},
        median={name: round(value, DIGITS) for name, value in zip(numeric, medians, strict=True) if value is not None},
    )


def check_null_share(frame: pl.DataFrame, features: Iterable[Feature], encoding: Encoding) -> None:
    """Raises FeatureError where far more is missing than in training: a broken feed, not customers without a value.

    frame: the rows to score before any is left out, so that a feed that would leave everybody out stops too.
    """
    rows = frame.height
    broken = []
    for feature in features:
        expected = encoding.null_share[feature.name] * rows
        chance = 3 * np.sqrt(expected * (1 - encoding.null_share[feature.name]))
        missing = frame[feature.name].is_null()
        if feature.null_where_zero is not None:
            missing &= frame[feature.null_where_zero] > 0
        if missing.sum() > expected + NULL_SHARE_TOLERANCE * rows + chance + 3:
            broken.append(feature.name)
    if broken:
        raise FeatureError(f"far more missing than in training, the feed looks broken: {', '.join(sorted(broken))}")


def encode(frame: pl.DataFrame, features: Iterable[Feature], encoding: Encoding) -> Matrix:
    """Rows as a matrix of doubles, columns in the order declared, whatever the frame's order."""
    columns, unseen, imputed = [], {}, {}
    for feature in features:
        column = frame[feature.name]
        if feature.kind == "category":
            known = encoding.categories[feature.name]
            codes = column.cast(pl.String).replace_strict(
                list(known), list(range(len(known))), default=None, return_dtype=pl.Int32
            )
            new = codes.null_count() - column.null_count()
            if new:
                unseen[feature.name] = new
            columns.append(codes.cast(pl.Float64))
            continue
        values = column.cast(pl.Float64).round(DIGITS)
        fill = _fill_value(feature, encoding)
        if fill is not None and values.null_count():
            imputed[feature.name] = values.null_count()
            values = values.fill_null(fill)
        columns.append(values)
    matrix = np.column_stack([c.to_numpy() for c in columns]) if columns else np.empty((frame.height, 0))
    return Matrix(matrix.astype(np.float64, copy=False), unseen, imputed)


def _fill_value(feature: Feature, encoding: Encoding) -> float | None:
    if feature.null == "impute":
        return feature.fill
    # LightGBM reads a missing value as 0 where training had none.
    if feature.null == "learn" and encoding.null_share[feature.name] == 0:
        return encoding.median.get(feature.name)
    return None
