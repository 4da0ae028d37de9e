"""Killed anywhere, again and again, and run to its end, the line ends with the same tables."""

import random
from pathlib import Path

from tests.line.line import Retailer, checksums

# A kill in each part of the run: while loading, in dbt, in scores. The seed places it within the part.
STEPS = ["raw_pos", "staging", "score_demand"]


def test_a_run_killed_in_each_part_ends_like_an_undisturbed_one(finished: Retailer, tmp_path: Path) -> None:
    retailer = Retailer.make(tmp_path / "killed", finished.landing)
    moment = random.Random(7)
    for step in STEPS:
        retailer.kill_within(step, after_seconds=moment.uniform(0.0, 1.5))
        assert not retailer.published.exists()
    retailer.run_line()
    assert checksums(retailer.published) == checksums(finished.published)
