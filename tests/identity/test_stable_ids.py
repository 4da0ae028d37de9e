"""Ids that stay: the second run, merges, splits, and records that are gone."""

from datetime import date
from hashlib import sha256

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.identity import PreviousIdentity, resolve
from models.identity.stable_ids import BEGINNING, KEY, assign
from tests.identity.records import current_ids, customer, frame

DAY_1, DAY_2, DAY_3 = date(2017, 12, 1), date(2017, 12, 2), date(2017, 12, 3)


def clusters(**members: str) -> pl.DataFrame:
    """`a="1 2"`: cluster a holds the records 1 and 2."""
    rows = [("shop", key, name) for name, keys in members.items() for key in keys.split()]
    schema = {"source_name": pl.String(), "source_customer_id": pl.String(), "cluster": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.lit(0.9).alias("match_probability"))


def after(previous: PreviousIdentity, as_of: date, **members: str) -> PreviousIdentity:
    """The tables with what the assignment changes put in place."""
    is_open = pl.col("valid_to").is_null()
    current = previous.xref.filter(is_open).select(*KEY, "customer_id", "valid_from")
    ever = {*previous.xref["customer_id"], *previous.events["customer_id"]}
    begin = BEGINNING if previous.xref.is_empty() else as_of
    changes = assign(clusters(**members), current, lambda wanted: ever & set(wanted), as_of, begin)
    ended = previous.xref.filter(is_open).join(changes.ended, on=KEY, how="semi")
    xref = pl.concat(
        [
            previous.xref.join(ended, on=[*KEY, "valid_from"], how="anti"),
            ended.filter(pl.col("valid_from") < as_of).with_columns(pl.lit(as_of).alias("valid_to")),
            changes.opened,
        ]
    )
    events = pl.concat([previous.events, changes.events], how="diagonal")
    return PreviousIdentity(xref.sort(*KEY, "valid_from"), events)


def ids(state: PreviousIdentity) -> dict[str, str]:
    current = state.xref.filter(pl.col("valid_to").is_null())
    return dict(current.select("source_customer_id", "customer_id").rows())


def events(state: PreviousIdentity, day: date) -> set[tuple[str, str, str | None]]:
    on_day = state.events.filter(pl.col("as_of_date") == day)
    return set(on_day.select("kind", "customer_id", "other_customer_id").rows())


def test_an_id_is_a_hash_of_the_smallest_record_key_and_known_from_the_beginning() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="2 1")
    expected = "C" + sha256(b"shop\x1f1").hexdigest()[:12]
    assert ids(first) == {"1": expected, "2": expected}
    assert first.xref["valid_from"].unique().to_list() == [BEGINNING]
    assert events(first, DAY_1) == {("new", expected, None)}


def test_the_same_clusters_again_change_nothing() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1 2", b="3")
    again = after(first, DAY_2, x="3", y="2 1")
    assert_frame_equal(first.xref, again.xref)
    assert_frame_equal(first.events, again.events)


def test_new_records_join_or_begin_and_are_valid_from_the_day() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1 2")
    # The new record's key is smaller than the old ones: the id must not follow it.
    second = after(first, DAY_2, a="0 1 2", b="9")
    assert ids(second)["0"] == ids(first)["1"] == ids(second)["1"]
    opened = second.xref.filter(pl.col("valid_from") == DAY_2)
    assert opened["source_customer_id"].to_list() == ["0", "9"]
    assert events(second, DAY_2) == {("new", ids(second)["9"], None)}


def test_a_merge_keeps_the_id_with_most_records_and_says_where_the_other_went() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1", b="2 3")
    gone, kept = ids(first)["1"], ids(first)["2"]
    second = after(first, DAY_2, ab="1 2 3")
    assert set(ids(second).values()) == {kept}
    assert events(second, DAY_2) == {("merged", gone, kept)}
    history = second.xref.filter(pl.col("source_customer_id") == "1").select("customer_id", "valid_from", "valid_to")
    assert history.rows() == [(gone, BEGINNING, DAY_2), (kept, DAY_2, None)]
    untouched = second.xref.filter(pl.col("source_customer_id") != "1")
    assert untouched["valid_from"].unique().to_list() == [BEGINNING]


def test_equal_shares_go_to_the_older_id() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1")
    second = after(first, DAY_2, a="1", b="0")
    third = after(second, DAY_3, ab="0 1")
    assert set(ids(third).values()) == {ids(first)["1"]}


def test_a_split_leaves_the_id_with_the_larger_part_and_makes_one_never_used() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1 2 3")
    # The part that goes holds the record that the id was made from.
    second = after(first, DAY_2, a="1", b="2 3")
    old, made = ids(first)["1"], ids(second)["1"]
    assert (ids(second)["2"], ids(second)["3"]) == (old, old)
    assert made != old
    assert events(second, DAY_2) == {("split", old, made)}


def test_a_merge_undone_and_ids_are_never_used_again_for_others() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1", b="2 3")
    second = after(first, DAY_2, ab="1 2 3")
    third = after(second, DAY_3, a="1", b="2 3")
    assert ids(third)["2"] == ids(first)["2"]
    assert ids(third)["1"] not in set(second.xref["customer_id"])


def test_records_that_are_gone_close_their_rows_and_retire_the_id() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1", b="2 3")
    second = after(first, DAY_2, b="2")
    assert set(ids(second)) == {"2"}
    assert events(second, DAY_2) == {("retired", ids(first)["1"], None)}
    assert second.xref.filter(pl.col("source_customer_id") == "3")["valid_to"].to_list() == [DAY_2]


def test_a_second_change_on_one_day_leaves_no_empty_interval() -> None:
    first = after(PreviousIdentity.none(), DAY_1, a="1")
    second = after(first, DAY_2, a="1", b="2")
    corrected = after(second, DAY_2, a="1 2")
    rows = corrected.xref.filter(pl.col("source_customer_id") == "2").select("customer_id", "valid_from", "valid_to")
    assert rows.rows() == [(ids(first)["1"], DAY_2, None)]


def test_history_is_not_rewritten_from_the_past() -> None:
    ann = customer("1", first_name="Ann", last_name="Lee", email="ann@mail.example.com")
    first = resolve(frame(ann), PreviousIdentity.none(), DAY_2, seed=1)
    previous = PreviousIdentity(first.identity_xref, first.identity_event)
    second = resolve(frame(ann, ann | {"source_customer_id": "2"}), previous, DAY_3, seed=1)
    with pytest.raises(ValueError, match="last changed on 2017-12-03"):
        resolve(frame(ann), PreviousIdentity(second.identity_xref, second.identity_event), DAY_1, seed=1)


def test_a_second_run_with_new_records_keeps_ids_and_golden_records_follow() -> None:
    ann = customer("1", first_name="Ann", last_name="Lee", email="ann@mail.example.com", has_marketing_consent=True)
    guest = customer("0", first_name="Ann", last_name="Lee", email="ANN@mail.example.com", has_marketing_consent=False)
    first = resolve(frame(ann), PreviousIdentity.none(), DAY_1, seed=1)
    second = resolve(frame(ann, guest), PreviousIdentity(first.identity_xref, first.identity_event), DAY_2, seed=1)
    assert current_ids(second) == {"0": current_ids(first)["1"], "1": current_ids(first)["1"]}
    golden = second.identity_golden.row(0, named=True)
    assert (golden["record_count"], golden["has_marketing_consent"]) == (2, False)
