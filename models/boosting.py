"""LightGBM as this project uses it: seeded, fixed threads, features by name, contributions by group of meaning.

Belongs here: what all tasks' trees have in common. Does not belong here: any task's parameters, labels or splits.
"""

from collections.abc import Mapping, Sequence

import lightgbm as lgb
import numpy as np

from models.features import Feature, FeatureError

# Same input, same trees: a fixed layout, LightGBM's own deterministic mode, and threads that the data alone decide.
COMMON = {"deterministic": True, "force_row_wise": True, "verbosity": -1}
THREADS = 2
# Below this many rows a second thread costs more than it does.
SINGLE_THREAD_ROWS = 50_000


def train(
    values: np.ndarray,
    label: np.ndarray,
    features: Sequence[Feature],
    params: Mapping[str, object],
    rounds: int,
    seed: int,
    weight: np.ndarray | None = None,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    patience: int = 40,
    offset: np.ndarray | None = None,
    validation_offset: np.ndarray | None = None,
) -> lgb.Booster:
    """A booster of `rounds` trees, or of the best number up to that where validation rows are given.

    offset, validation_offset: a raw score of each row that the trees add to; a prediction is then without it.
    """
    settings = {**COMMON, "num_threads": _threads(len(values)), **params, "seed": seed}
    monotone = [feature.monotone for feature in features]
    if any(monotone):
        settings["monotone_constraints"] = monotone
    training = _dataset(values, label, features, settings, weight, offset)
    if validation is None:
        return lgb.train(settings, training, num_boost_round=rounds)
    return lgb.train(
        settings,
        training,
        num_boost_round=rounds,
        valid_sets=[training.create_valid(validation[0], label=validation[1], init_score=validation_offset)],
        callbacks=[lgb.early_stopping(patience, verbose=False)],
    )


def _threads(rows: int) -> int:
    return THREADS if rows >= SINGLE_THREAD_ROWS else 1


def _dataset(
    values: np.ndarray,
    label: np.ndarray,
    features: Sequence[Feature],
    settings: Mapping[str, object],
    weight: np.ndarray | None,
    offset: np.ndarray | None,
) -> lgb.Dataset:
    return lgb.Dataset(
        values,
        label=label,
        weight=weight,
        init_score=offset,
        feature_name=[f.name for f in features],
        categorical_feature=[f.name for f in features if f.kind == "category"],
        params=dict(settings),
    )


def text(booster: lgb.Booster) -> str:
    return booster.model_to_string(num_iteration=booster.best_iteration if booster.best_iteration > 0 else None)


def from_text(model_text: str, features: Sequence[Feature]) -> lgb.Booster:
    """A booster from its text. Raises FeatureError where its features are not those declared, in their order."""
    booster = lgb.Booster(model_str=model_text)
    if booster.feature_name() != [f.name for f in features]:
        raise FeatureError("the saved model was trained on other features than those declared now")
    return booster


def predict(booster: lgb.Booster, values: np.ndarray, raw: bool = False) -> np.ndarray:
    if not len(values):
        return np.empty(0)
    return np.asarray(booster.predict(values, raw_score=raw, num_threads=_threads(len(values))))


def group_contributions(
    booster: lgb.Booster,
    values: np.ndarray,
    features: Sequence[Feature],
    groups: Sequence[str],
    trees: int | None = None,
) -> np.ndarray:
    """What each group of features adds to the raw score of each row: rows × groups. trees: of the first ones alone."""
    if not len(values):
        return np.empty((0, len(groups)))
    single = np.asarray(
        booster.predict(values, pred_contrib=True, num_iteration=trees, num_threads=_threads(len(values)))
    )
    member = np.array([[float(f.group == group) for group in groups] for f in features])
    return single[:, :-1] @ member
