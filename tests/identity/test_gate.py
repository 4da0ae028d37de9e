"""What holds a resolution back, by figures worked out by hand."""

from dataclasses import replace

import polars as pl

from models.identity.gate import GateFindings, GateLimits, judge

LOOSE = GateLimits(min_precision=0.0, max_records_per_customer=100, max_changed_share=1.0)
NOTHING: list[tuple[float, int]] = []


def found(
    limits: GateLimits,
    accepted: list[tuple[float, int]] = NOTHING,
    largest: int = 1,
    changed: int = 0,
    known: int = 0,
) -> GateFindings:
    links = pl.DataFrame(accepted, schema={"match_probability": pl.Float64(), "links": pl.Int64()}, orient="row")
    return judge(links, largest, changed, known, limits)


def test_precision_is_the_mean_probability_of_the_links() -> None:
    """(2 x 0.96 + 0.6) / 3 = 0.84."""
    links = [(0.96, 2), (0.6, 1)]
    assert (found(LOOSE, links).precision, found(LOOSE, links).reasons) == (0.84, ())
    (reason,) = found(GateLimits(min_precision=0.9), links).reasons
    assert "0.8400, below 0.9" in reason


def test_a_customer_that_grows_too_large_is_told() -> None:
    (reason,) = found(GateLimits(max_records_per_customer=2), largest=3).reasons
    assert "3 records, more than 2" in reason


def test_too_many_changed_ids_are_told() -> None:
    """Two of three are a share of 0.67."""
    limits = GateLimits(max_changed_share=0.5, min_changed_records=2)
    (reason,) = found(limits, changed=2, known=3).reasons
    assert "2 of 3 records" in reason
    assert found(replace(limits, max_changed_share=0.7), changed=2, known=3).reasons == ()
    assert found(replace(limits, min_changed_records=3), changed=2, known=3).reasons == ()


def test_the_first_build_and_one_without_links_pass() -> None:
    first = found(GateLimits())
    assert (first.precision, first.changed_share, first.reasons) == (None, 0.0, ())
