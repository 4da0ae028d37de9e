"""The search for hyper-parameters: no worse than where it begins, inside its space, the same for the same seed."""

import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from models import boosting, metrics
from models.features import Feature
from models.search import search

FEATURES = tuple(Feature(name, "number", "all", name) for name in "xy")
# Two leaves see x or y and never both: a poor start where the outcome is whether they have the same sign.
PARAMS = {"objective": "binary", "num_leaves": 2, "learning_rate": 0.3, "lambda_l2": 1.0, "min_data_in_leaf": 5}
SPACE = {"num_leaves": IntDistribution(2, 8), "lambda_l2": FloatDistribution(0.1, 10.0, log=True)}


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(5).normal(size=(400, 2))
    return values, (values[:, 0] * values[:, 1] > 0) * 1.0


def found(drawn, trials: int):
    values, label = drawn
    rest = (values[200:], label[200:])
    return search(values[:200], label[:200], FEATURES, PARAMS, SPACE, trials, 30, 7, rest)


def test_the_first_trial_is_where_the_task_begins(drawn):
    params, booster = found(drawn, 1)
    assert params == PARAMS
    values, label = drawn
    same = boosting.train(values[:200], label[:200], FEATURES, PARAMS, 30, 7, validation=(values[200:], label[200:]))
    assert boosting.text(booster) == boosting.text(same)


def test_what_is_chosen_is_better_on_validation_and_in_the_space(drawn):
    values, label = drawn
    (_, start), (params, chosen) = found(drawn, 1), found(drawn, 6)
    losses = [metrics.log_loss(label[200:], boosting.predict(booster, values[200:])) for booster in (start, chosen)]
    assert losses[1] < losses[0] - 0.1
    assert params["num_leaves"] > 2
    assert {name: params[name] for name in PARAMS if name not in SPACE} == {
        name: PARAMS[name] for name in PARAMS if name not in SPACE
    }
    # The booster is the one of the parameters.
    again = boosting.train(values[:200], label[:200], FEATURES, params, 30, 7, validation=(values[200:], label[200:]))
    assert boosting.text(again) == boosting.text(chosen)


def test_same_seed_same_choice(drawn):
    first, second = found(drawn, 6), found(drawn, 6)
    assert first[0] == second[0]
    assert boosting.text(first[1]) == boosting.text(second[1])
