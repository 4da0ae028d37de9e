"""Killed anywhere and run again, the line ends with the same tables."""

import random
from pathlib import Path

import pytest

from tests.line.line import Retailer, checksums

# A kill in each part of the run: while loading, in dbt, in identity or scores. The seed places it within the part.
STEPS = ["raw_pos", "staging", "score_demand"]


@pytest.mark.parametrize(("step", "seed"), [(step, 7 + position) for position, step in enumerate(STEPS)])
def test_a_killed_run_ends_like_an_undisturbed_one(finished: Retailer, tmp_path: Path, step: str, seed: int) -> None:
    retailer = Retailer.make(tmp_path / "killed", finished.landing)
    retailer.kill_within(step, after_seconds=random.Random(seed).uniform(0.0, 1.5))
    assert not retailer.published.exists()
    retailer.run_line()
    assert checksums(retailer.published) == checksums(finished.published)
