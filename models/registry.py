"""Saved models and their cards, addressed by their content.

A model's version is the hash of all that it is: two equal models are one, and a row that names a version names
exactly one model for ever. Files are written before any row names them, and never changed.

Belongs here: the card, the file, the version. Does not belong here: training, scoring, which model is used.
"""

import hashlib
import json
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.features import Encoding, Feature

VERSION_LENGTH = 12


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


class ModelCard(_Record):
    """What a model is, what it was trained on, and how good it was on a period that it had not seen.

    metrics and baseline_metrics are on the same rows. counts: rows trained on and scored, rows left out, nulls
    filled, categories unseen. limits: what the model does not do, in plain words.
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

    def content(self) -> bytes:
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, indent=1).encode()

    @property
    def version(self) -> str:
        return hashlib.sha256(self.content()).hexdigest()[:VERSION_LENGTH]


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
