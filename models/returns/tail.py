"""How improbable it is that at least so many lines came back: the upper tail of a sum of unequal chances.

Lines come back or not, each with its own probability (Poisson binomial); returns of goods bought outside the stretch
looked at come on top as a Poisson number. The recurrence runs on tails, P(X >= k), and only ever adds positive terms,
so that a chance of one in 10^40 is as exact as one in ten.
"""

import numpy as np
from scipy import stats

SMALLEST = 1e-300
# Groups are worked through together with others of about as many returned lines: the table is as wide as the largest.
WIDTHS = (1, 4, 16, 64, 256)


def upper_tails(group: np.ndarray, probability: np.ndarray, count: np.ndarray, extra: np.ndarray) -> np.ndarray:
    """P(X >= count) of each group.

    group: index of the group of each line, sorted; probability: of each line; extra: mean of each group's Poisson part.
    """
    sizes = np.bincount(group, minlength=len(count))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    tails = np.ones(len(count))
    lowest = 0.0
    for highest in (*WIDTHS, np.inf):
        members = np.flatnonzero((count > lowest) & (count <= highest))
        if len(members):
            tails[members] = _tails(starts[members], sizes[members], probability, count[members], extra[members])
        lowest = highest
    return tails


def _tails(
    starts: np.ndarray, sizes: np.ndarray, probability: np.ndarray, count: np.ndarray, extra: np.ndarray
) -> np.ndarray:
    # Longest first: the groups that still have a line at each step are then the first rows of the table.
    order = np.argsort(-sizes, kind="stable")
    starts, sizes = starts[order], sizes[order]
    at_least = np.arange(int(count.max()) + 1)
    table = stats.poisson.sf(at_least[None, :] - 1, extra[order][:, None])
    for step in range(int(sizes.max(initial=0))):
        active = int(np.searchsorted(-sizes, -step, side="left"))
        chance = probability[starts[:active] + step][:, None]
        table[:active, 1:] = table[:active, 1:] * (1 - chance) + table[:active, :-1] * chance
    result = np.empty(len(count))
    result[order] = table[np.arange(len(count)), count[order]]
    return result


def improbability(tail: np.ndarray) -> np.ndarray:
    """-log10 of a chance; 300 for what is smaller than any number a double can hold."""
    return -np.log10(np.clip(tail, SMALLEST, 1.0)) + 0.0
