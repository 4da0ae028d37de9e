"""Hyper-parameters of a booster by a small seeded search on validation: Optuna's TPE, in memory, a trial at a time.

The search begins with the parameters that a task starts from, so that it ends no worse on validation than they do.

Belongs here: the search. Does not belong here: any task's space, parameters or splits.
"""

from collections.abc import Mapping, Sequence

import lightgbm as lgb
import numpy as np
import optuna

from models import boosting
from models.features import Feature

Space = Mapping[str, optuna.distributions.BaseDistribution]

# Of the trials those that are drawn at random, before TPE learns from them.
STARTUP_TRIALS = 2
VALIDATION = "valid_0"


def search(
    values: np.ndarray,
    label: np.ndarray,
    features: Sequence[Feature],
    params: Mapping[str, object],
    space: Space,
    trials: int,
    rounds: int,
    seed: int,
    validation: tuple[np.ndarray, np.ndarray],
    weight: np.ndarray | None = None,
    patience: int = 40,
) -> tuple[dict[str, object], lgb.Booster]:
    """`params` with what the search chose for the names in `space`, and the booster trained with it.

    params: says of each name in `space` where the search begins. A booster has the best number of trees up to `rounds`.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({name: params[name] for name in space})
    boosters = []
    for _ in range(trials):
        trial = study.ask(dict(space))
        booster = boosting.train(
            values, label, features, {**params, **trial.params}, rounds, seed, weight, validation, patience
        )
        (loss,) = booster.best_score[VALIDATION].values()
        study.tell(trial, loss)
        boosters.append(booster)
    return {**params, **study.best_params}, boosters[study.best_trial.number]
