"""What holds a resolution back, by figures worked out by hand."""

from datetime import date

import polars as pl

from models.identity.gate import GateFindings, GateLimits, judge
from models.identity.stable_ids import XREF_SCHEMA

BEGINNING, AS_OF = date(1900, 1, 1), date(2017, 12, 31)
LOOSE = GateLimits(min_precision=0.0, max_records_per_customer=100, max_changed_share=1.0, min_answers=2)


def xref(customers: dict[str, str], valid_to: date | None = None) -> pl.DataFrame:
    """customer_id by record of one source."""
    rows = [("shop", record, customer, 1.0, BEGINNING, valid_to) for record, customer in customers.items()]
    return pl.DataFrame(rows, schema=XREF_SCHEMA, orient="row")


def links(*pairs: tuple[str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [("shop", left, "shop", right, probability) for left, right, probability in pairs],
        schema={
            "left_source_name": pl.String(), "left_source_customer_id": pl.String(), "right_source_name": pl.String(),
            "right_source_customer_id": pl.String(), "match_probability": pl.Float64(),
        },
        orient="row",
    )  # fmt: skip


def answers(*pairs: tuple[float, bool]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema={"match_probability": pl.Float64(), "is_same": pl.Boolean()}, orient="row")


# a, b, c are one customer, d another: a-d is a link that nobody followed.
CUSTOMERS = {"a": "C1", "b": "C1", "c": "C1", "d": "C2"}
LINKS = links(("a", "b", 0.95), ("a", "c", 0.6), ("b", "c", 0.97), ("a", "d", 0.3))


def found(
    limits: GateLimits, previous: pl.DataFrame | None = None, reviewed: pl.DataFrame | None = None
) -> GateFindings:
    return judge(
        xref(CUSTOMERS), LINKS, xref({}) if previous is None else previous, answers() if reviewed is None else reviewed,
        limits,
    )  # fmt: skip


def test_precision_is_the_mean_probability_of_the_links_that_were_followed() -> None:
    """(0.95 + 0.6 + 0.97) / 3 = 0.84."""
    assert found(LOOSE).precision == 0.84
    assert found(LOOSE).reasons == ()
    (reason,) = found(GateLimits(min_precision=0.9)).reasons
    assert "0.8400, below 0.9" in reason


def test_answers_speak_for_links_of_like_probability_where_there_are_enough() -> None:
    """Of two links between .9 and .99 the answers say half are right: (2 x 0.5 + 0.6) / 3. One answer below is none."""
    reviewed = answers((0.93, True), (0.98, False), (0.7, False))
    assert found(LOOSE, reviewed=reviewed).precision == round(1.6 / 3, 6)
    assert found(LOOSE, reviewed=reviewed).answered_share == 2 / 3


def test_a_customer_that_grows_too_large_is_told() -> None:
    (reason,) = found(GateLimits(min_precision=0, max_records_per_customer=2)).reasons
    assert "3 records, more than 2" in reason


def test_ids_that_change_are_those_of_records_known_before() -> None:
    """b and d had other ids, c is new, x is gone, a's closed row is history: 2 of 3."""
    before = pl.concat([xref({"a": "C1", "b": "C9", "d": "C8", "x": "C7"}), xref({"a": "C5"}, valid_to=AS_OF)])
    assert found(LOOSE, before).changed_share == 2 / 3
    (reason,) = found(GateLimits(min_precision=0, max_changed_share=0.5), before).reasons
    assert "2 of 3 records" in reason


def test_the_first_build_and_one_without_links_pass() -> None:
    first = judge(xref({"a": "C1", "b": "C2"}), links(), xref({}), answers(), GateLimits())
    assert (first.precision, first.changed_share, first.reasons) == (None, 0.0, ())
    assert judge(xref({}), links(), xref({}), answers(), GateLimits()).largest_customer == 0
