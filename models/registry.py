"""Saved models and their cards, addressed by their content, and which of two models of a brand scores.

A model's version is the hash of all that it is: two equal models are one, and a row that names a version names
exactly one model for ever. Files are written before any row names them, and never changed.

The champion of a task and brand scores. A newly trained model takes its place where it is not worse on rows that
neither has learnt from; else it is kept as a challenger, which a person may promote.

Belongs here: the card, the file, the version, the judgement of two models. Does not belong here: training, scoring,
where it is kept who is champion.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

from models.features import Encoding, Feature

VERSION_LENGTH = 12
# Of a normal distribution, 95 % lie within so many standard deviations.
DEVIATIONS_OF_95_PERCENT = 1.959964

Role = Literal["champion", "challenger"]


class RegistryError(Exception):
    """A model file is missing or is not what its version says."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class FeatureNote(_Record):
    """A feature as the card shows it."""

    name: str
    kind: str
    group: str
    meaning: str
    null_rule: str
    null_share: float | None

    @classmethod
    def of(cls, feature: Feature, encoding: Encoding | None) -> "FeatureNote":
        rule = f"impute {feature.fill:g}" if feature.null == "impute" else feature.null
        share = None if encoding is None else round(encoding.null_share[feature.name], 6)
        return cls(
            name=feature.name,
            kind=feature.kind,
            group=feature.group,
            meaning=feature.meaning,
            null_rule=rule,
            null_share=share,
        )


class CalibrationBin(_Record):
    """Rows of the test period with about the same prediction: what was predicted and what happened."""

    rows: int
    predicted: float
    observed: float


class SegmentMetrics(_Record):
    """How good a model was on a part of the test rows: those whose `dimension` is `value`."""

    dimension: str
    value: str
    rows: int
    metrics: dict[str, float | None]


class Comparison(_Record):
    """A new model and the champion on the same rows, which neither has learnt from.

    difference: mean loss of the new model less the champion's, with the 95 % interval of the paired mean.
    """

    champion_version: str
    loss_name: str
    rows: int
    loss: float
    champion_loss: float
    difference: float
    difference_low: float
    difference_high: float


class ModelCard(_Record):
    """What a model is, what it was trained on, and how good it was on a period that it had not seen.

    metrics and baseline_metrics are on the same rows. counts: rows trained on and scored, rows left out, nulls
    filled, categories unseen. limits: what the model does not do, in plain words. train_hash and test_hash: of the
    encoded rows with their labels. role and role_reason: what the model was when it was trained, and why.
    """

    task: Literal["churn", "demand", "returns"]
    brand: str
    as_of: date
    method: str
    is_fallback: bool
    data_from: date | None
    data_to: date | None
    train_rows: int
    test_from: date | None
    test_to: date | None
    test_rows: int
    features: tuple[FeatureNote, ...]
    metrics: dict[str, float | None]
    baseline_name: str
    baseline_metrics: dict[str, float | None]
    calibration: tuple[CalibrationBin, ...]
    segments: tuple[SegmentMetrics, ...] = ()
    counts: dict[str, int]
    seed: int
    limits: tuple[str, ...]
    train_hash: str | None = None
    test_hash: str | None = None
    comparison: Comparison | None = None
    role: Role | None = None
    role_reason: str | None = None


class SavedModel(_Record):
    """A model that can score by itself: LightGBM texts by role, the encoding, calibration, parameters, the card.

    parameters: numbers of what is no LightGBM model.
    """

    task: Literal["churn", "demand", "returns"]
    brand: str
    model_texts: dict[str, str]
    encoding: Encoding | None
    calibration: dict[str, float]
    parameters: dict[str, float] = {}
    card: ModelCard

    def counting(self, **counts: int) -> "SavedModel":
        """The same model with these counts added to its card."""
        card = self.card.model_copy(update={"counts": {**self.card.counts, **counts}})
        return self.model_copy(update={"card": card})

    def limited(self, limit: str) -> "SavedModel":
        """The same model with one more limit on its card."""
        card = self.card.model_copy(update={"limits": (*self.card.limits, limit)})
        return self.model_copy(update={"card": card})

    def has_not_seen(self, dates: pl.Series) -> pl.Series:
        """Of each day, whether all that came after it came after the model was trained."""
        return dates >= self.card.as_of

    def is_made_of(self, features: Sequence[Feature]) -> bool:
        """Whether the model takes exactly these features, so that it can score today's rows."""
        return [(note.name, note.kind) for note in self.card.features] == [(f.name, f.kind) for f in features]

    def content(self) -> bytes:
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, indent=1).encode()

    @property
    def version(self) -> str:
        return hashlib.sha256(self.content()).hexdigest()[:VERSION_LENGTH]


@dataclass(frozen=True)
class Standing:
    """What stands before a model is trained: the champion of each brand, and the AUC below which none becomes one."""

    champions: Mapping[str, SavedModel] = field(default_factory=dict)
    min_auc: float = 0.0

    def champion(self, brand: str, features: Sequence[Feature]) -> SavedModel | None:
        """None also where the champion was made of other features than are known now."""
        found = self.champions.get(brand)
        return found if found is not None and found.is_made_of(features) else None

    def judge(self, model: SavedModel, champion: SavedModel | None) -> tuple[SavedModel, SavedModel | None]:
        """The new model with its role, and the champion where that goes on scoring."""
        role, reason = self._role(model.card, champion)
        judged = model.model_copy(update={"card": model.card.model_copy(update={"role": role, "role_reason": reason})})
        return judged, None if role == "champion" else champion

    def _role(self, card: ModelCard, champion: SavedModel | None) -> tuple[Role, str]:
        failed = failed_checks(card, self.min_auc)
        if failed:
            return "challenger", " ".join(failed)
        if champion is None:
            replaced = self.champions.get(card.brand)
            return "champion", (
                "The first of its brand."
                if replaced is None
                else f"{replaced.version} was made of other features and cannot score any more."
            )
        compared = card.comparison
        if compared is None:
            return "challenger", f"No test rows yet that {champion.version} had not learnt from."
        figures = (
            f"{compared.loss_name} {compared.loss:.4f} against {compared.champion_loss:.4f} of {champion.version} "
            f"on {compared.rows:,} rows, difference {compared.difference_low:+.4f} to {compared.difference_high:+.4f}."
        )
        if compared.difference <= 0:
            return "champion", f"Not worse: {figures}"
        return "challenger", f"Worse: {figures}"


def failed_checks(card: ModelCard, min_auc: float) -> tuple[str, ...]:
    """Why a model must not be champion, in plain words; nothing where it may."""
    auc = card.metrics.get("auc")
    broken = sorted(name for name, value in card.metrics.items() if value is not None and not np.isfinite(value))
    reasons = [f"{name} of its test is no number." for name in broken]
    if auc is not None and auc < min_auc:
        reasons.append(f"AUC of {auc:.2f} on its test, below {min_auc:g}.")
    return tuple(reasons)


def compare(loss_name: str, champion: SavedModel, champion_losses: np.ndarray, losses: np.ndarray) -> Comparison:
    """Losses row by row, of the champion and of the new model, in the same order."""
    difference = losses - champion_losses
    mean = float(difference.mean())
    reach = DEVIATIONS_OF_95_PERCENT * float(difference.std()) / float(np.sqrt(len(difference)))
    return Comparison(
        champion_version=champion.version,
        loss_name=loss_name,
        rows=len(difference),
        loss=round(float(losses.mean()), 6),
        champion_loss=round(float(champion_losses.mean()), 6),
        difference=round(mean, 6),
        difference_low=round(mean - reach, 6),
        difference_high=round(mean + reach, 6),
    )


def rows_hash(values: np.ndarray, label: np.ndarray) -> str:
    """Of encoded rows and their labels, in their order: equal only for equal data."""
    digest = hashlib.sha256(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    digest.update(np.ascontiguousarray(label, dtype=np.float64).tobytes())
    return digest.hexdigest()[:VERSION_LENGTH]


def save(model: SavedModel, models_dir: Path) -> str:
    """Write the model's file, whole or not at all, and return its version. Saving it again changes nothing."""
    models_dir.mkdir(parents=True, exist_ok=True)
    path = _path(model.version, models_dir)
    if path.exists():
        return model.version
    handle, temporary = tempfile.mkstemp(dir=models_dir, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(model.content())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return model.version


def load(version: str, models_dir: Path) -> SavedModel:
    """The model of a version. Raises RegistryError where there is none, or its file was changed."""
    path = _path(version, models_dir)
    if not path.exists():
        raise RegistryError(f"no model {version} in the registry")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:VERSION_LENGTH] != version:
        raise RegistryError(f"the file of model {version} is not the one that was saved")
    return SavedModel.model_validate_json(content)


def _path(version: str, models_dir: Path) -> Path:
    return models_dir / f"{version}.json"
