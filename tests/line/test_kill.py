"""Killed anywhere and run again, the line ends with the same tables."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.line.line import AS_OF, Retailer, checksums

# A kill in each part of the run: while loading, in dbt, in identity or scores. The seed places it within the part.
STEPS = ["raw_pos", "staging", "score_demand"]


def kill_within(retailer: Retailer, step: str, seed: int) -> None:
    """Start the line and kill it with all its children a moment after a step began."""
    process = retailer.start("run", "--as-of", AS_OF)
    assert process.stdout is not None
    for line in process.stdout:
        if f" - {step} - " in line:
            break
    else:
        pytest.fail(f"the line ended before {step} began")
    time.sleep(random.Random(seed).uniform(0.0, 1.5))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize(("step", "seed"), [(step, 7 + position) for position, step in enumerate(STEPS)])
def test_a_killed_run_ends_like_an_undisturbed_one(finished: Retailer, tmp_path: Path, step: str, seed: int) -> None:
    retailer = Retailer.make(tmp_path / "killed", finished.landing)
    kill_within(retailer, step, seed)
    assert not retailer.published.exists()
    retailer.run_line()
    assert checksums(retailer.published) == checksums(finished.published)
