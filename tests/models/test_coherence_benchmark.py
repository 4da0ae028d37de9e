"""Reconciliation of the coherence benchmark against the textbook's formula."""

import numpy as np
import pytest

from benchmarks.demand_coherence import reconciled


def test_reconciled_series_are_the_weighted_least_squares_projection():
    """S (S' W⁻¹ S)⁻¹ S' W⁻¹ ŷ over all levels, of five series in two groups and their sum."""
    rng = np.random.default_rng(2)
    sums = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], dtype=float)
    bottom, totals = rng.gamma(2, 3, (5, 4)), rng.gamma(8, 3, (3, 4))
    variance, total_variance = rng.gamma(2, 1, 5), rng.gamma(2, 2, 3)
    every = np.vstack([np.eye(5), sums])
    precision = np.diag(1 / np.concatenate([variance, total_variance]))
    projected = np.linalg.solve(every.T @ precision @ every, every.T @ precision @ np.vstack([bottom, totals]))
    assert reconciled(bottom, totals, sums, variance, total_variance) == pytest.approx(projected)


def test_forecasts_that_add_up_stay_as_they_are():
    sums = np.array([[1.0, 1.0]])
    bottom = np.array([[2.0], [3.0]])
    assert reconciled(bottom, sums @ bottom, sums, np.ones(2), np.ones(1)) == pytest.approx(bottom)
