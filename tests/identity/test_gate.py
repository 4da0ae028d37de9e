"""What holds a resolution back, by figures worked out by hand."""

import polars as pl

from models.identity.gate import GateFindings, GateLimits, judge

LOOSE = GateLimits(min_precision=0.0, max_records_per_customer=100, max_changed_share=1.0, min_answers=2)
NOTHING: list[tuple[float, int]] = []


def found(
    limits: GateLimits,
    accepted: list[tuple[float, int]] = NOTHING,
    answers: tuple[tuple[float, bool], ...] = (),
    largest: int = 1,
    changed: int = 0,
    known: int = 0,
) -> GateFindings:
    links = pl.DataFrame(accepted, schema={"match_probability": pl.Float64(), "links": pl.Int64()}, orient="row")
    reviewed = {"match_probability": pl.Float64(), "is_same": pl.Boolean()}
    return judge(links, largest, changed, known, pl.DataFrame(list(answers), schema=reviewed, orient="row"), limits)


def test_precision_is_the_mean_probability_of_the_links() -> None:
    """(2 x 0.96 + 0.6) / 3 = 0.84."""
    links = [(0.96, 2), (0.6, 1)]
    assert (found(LOOSE, links).precision, found(LOOSE, links).reasons) == (0.84, ())
    (reason,) = found(GateLimits(min_precision=0.9), links).reasons
    assert "0.8400, below 0.9" in reason


def test_answers_speak_for_links_of_like_probability_where_there_are_enough() -> None:
    """Of two links between .9 and .99 the answers say half are right: (2 x 0.5 + 0.6) / 3. One answer below is none."""
    judged = found(LOOSE, [(0.96, 2), (0.6, 1)], answers=((0.93, True), (0.98, False), (0.7, False)))
    assert (judged.precision, judged.answered_share) == (round(1.6 / 3, 6), 2 / 3)


def test_a_customer_that_grows_too_large_is_told() -> None:
    (reason,) = found(GateLimits(max_records_per_customer=2), largest=3).reasons
    assert "3 records, more than 2" in reason


def test_too_many_changed_ids_are_told() -> None:
    (reason,) = found(GateLimits(max_changed_share=0.5), changed=2, known=3).reasons
    assert "2 of 3 records" in reason
    assert found(GateLimits(max_changed_share=0.7), changed=2, known=3).reasons == ()


def test_the_first_build_and_one_without_links_pass() -> None:
    first = found(GateLimits())
    assert (first.precision, first.changed_share, first.reasons) == (None, 0.0, ())
