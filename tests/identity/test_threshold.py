"""People's answers set how much must speak for one customer, by a rule that can be worked out by hand."""

import polars as pl

from models.identity import IdentityConfig
from models.identity.threshold import threshold_bits
from tests.identity.test_clustering import clustered


def answers(*groups: tuple[float, int, int]) -> pl.DataFrame:
    """Of each probability: how many were called one customer, how many two."""
    rows = [(p, True) for p, same, _ in groups for _ in range(same)]
    rows += [(p, False) for p, _, different in groups for _ in range(different)]
    return pl.DataFrame(rows, schema={"match_probability": pl.Float64(), "is_same": pl.Boolean()}, orient="row")


def test_few_answers_change_nothing() -> None:
    assert threshold_bits(answers((0.7, 0, 49))) == 0.0


def test_the_threshold_lies_where_half_are_called_one_customer() -> None:
    """Shares .1, .2, .9 at .4, .6, .8: between .6 and .8, odds .7 / .3, 1.22 bits, in half bits 1."""
    assert threshold_bits(answers((0.4, 2, 18), (0.6, 4, 16), (0.8, 18, 2))) == 1.0
    # Shares .1, .9 at .2, .4: .3 / .7.
    assert threshold_bits(answers((0.2, 3, 27), (0.4, 27, 3))) == -1.0
    assert threshold_bits(answers((0.3, 3, 27), (0.7, 27, 3))) == 0.0


def test_shares_that_do_not_rise_are_pooled() -> None:
    """Shares .6, .2, .9 at .3, .5, .7: the first two pool to .4, so the threshold is between .5 and .7: .58 bits."""
    assert threshold_bits(answers((0.3, 12, 8), (0.5, 4, 16), (0.7, 18, 2))) == 0.5


def test_where_all_answers_agree_the_threshold_is_at_the_end_of_what_was_asked() -> None:
    assert threshold_bits(answers((0.3, 0, 30), (0.75, 0, 30))) == 1.5
    assert threshold_bits(answers((0.25, 30, 0), (0.7, 30, 0))) == -1.5
    assert threshold_bits(answers((0.99, 0, 60))) == 2.0


def test_clusters_join_above_the_threshold_alone() -> None:
    at = {bits: IdentityConfig(threshold_bits=bits) for bits in (-1.0, 0.0, 1.0)}
    assert clustered((0, 1, 0.9), record_count=2, config=at[0.0]) == [0, 0]
    assert clustered((0, 1, 0.9), record_count=2, config=at[1.0]) == [0, 1]
    assert clustered((0, 1, -0.9), record_count=2, config=at[0.0]) == [0, 1]
    assert clustered((0, 1, -0.9), record_count=2, config=at[-1.0]) == [0, 0]
