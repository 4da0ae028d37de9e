"""What people decide binds every run: through links, contradictions, gone records, other models."""

from datetime import date

import polars as pl

from models.identity import IdentityConfig, IdentityResult, PreviousIdentity, resolve
from models.identity.decisions import Unfollowed, settle
from tests.identity.judgements import decided, different, human, merged_in_odoo, same, split
from tests.identity.records import current_ids, customer, frame, groups

DAY_1, DAY_2, DAY_3 = date(2017, 12, 29), date(2017, 12, 30), date(2017, 12, 31)
ANN = {"first_name": "Ann", "last_name": "Lee", "email": "ann@x.example"}
# 1 and 2 are one by all they say; 3 and 4 share nothing with anybody.
ANN_1 = customer("1", **ANN, phone="07700 900123")
ANN_2 = customer("2", **ANN, phone="07700 900123")
BO = customer("3", first_name="Bo", last_name="Marsh", email="bo@y.example", birth_date=date(1980, 5, 1))
CY = customer("4", first_name="Cyrus", last_name="Stone", email="cy@z.example", birth_date=date(1950, 2, 9))
FIRM = customer("firm", full_name="Lee Ltd", record_kind="organisation", email="office@z.example")


def links(
    *decisions: tuple[str, list[list[str]]], records: str = "abcde", withdrawn: str = ""
) -> tuple[set[str], set[str], list[Unfollowed]]:
    """What decisions on records a, b, c ... come to: pairs made one, pairs kept apart, decisions not followed."""
    rows = frame(*(customer(record) for record in records)).with_row_index("record_no")
    settled = settle(decided(*decisions, withdrawn=withdrawn), rows)
    made = [
        {records[left] + records[right] for left, right, _ in pairs.rows()}
        for pairs in (settled.same, settled.different)
    ]
    return made[0], made[1], list(settled.unfollowed)


def resolved(
    *rows: dict[str, object],
    decisions: pl.DataFrame,
    before: IdentityResult | None = None,
    as_of: date = DAY_1,
    config: IdentityConfig | None = None,
) -> IdentityResult:
    previous = PreviousIdentity(before.identity_xref, before.identity_event) if before else PreviousIdentity.none()
    return resolve(frame(*rows), previous, as_of, seed=1, config=config, human=human(decisions))


def new_events(result: IdentityResult, day: date) -> list[tuple[str, str, str, str]]:
    columns = ["kind", "customer_id", "other_customer_id", "cause"]
    return result.identity_event.filter(pl.col("as_of_date") == day).select(columns).rows()


def test_the_newest_of_three_that_contradict_each_other_wins() -> None:
    assert links(same("a", "b"), same("b", "c"), different("a", "c")) == (
        {"bc"}, {"ac"}, [Unfollowed("D1", "newer and otherwise: D3")],
    )  # fmt: skip
    assert links(different("a", "c"), same("a", "b"), same("b", "c")) == (
        {"ab", "bc"}, set(), [Unfollowed("D1", "newer and otherwise: D2, D3")],
    )  # fmt: skip
    assert links(same("a", "b"), different("a", "c"), same("b", "c")) == (
        {"bc"}, {"ac"}, [Unfollowed("D1", "newer and otherwise: D2")],
    )  # fmt: skip


def test_what_is_apart_from_one_is_apart_from_all_who_are_one_with_it() -> None:
    """d is not b, so neither a nor c, who are b. The oldest, a is d, is not followed."""
    assert links(same("a", "d"), same("b", "c"), same("a", "b"), different("b", "d")) == (
        {"ab", "bc"}, {"bd"}, [Unfollowed("D1", "newer and otherwise: D4")],
    )  # fmt: skip


def test_a_decision_on_many_is_followed_where_nothing_newer_speaks() -> None:
    made, apart, unfollowed = links(same("a", "b", "c", "d"), different("a", "c"))
    assert (made, apart, unfollowed) == ({"bd"}, {"ac"}, [Unfollowed("D1", "newer and otherwise: D2")])
    made, apart, unfollowed = links(split(["a", "b"], ["c"], ["d"]), same("b", "c"))
    assert (made, apart) == ({"bc"}, {"ac", "ad", "bd", "cd"})
    assert unfollowed == [Unfollowed("D1", "newer and otherwise: D2")]


def test_a_withdrawn_decision_binds_nothing() -> None:
    assert links(same("a", "b"), different("a", "b"), withdrawn="D2") == ({"ab"}, set(), [])


def test_a_decision_on_a_record_that_is_gone_rests_until_it_is_back() -> None:
    decisions = (same("a", "x"), same("x", "b"))
    assert links(*decisions) == (set(), set(), [])
    assert links(*decisions, records="abx")[0] == {"ax", "bx"}


def test_same_makes_one_of_two_that_nothing_links_and_refusals_keep_apart() -> None:
    result = resolved(ANN_1, ANN_2, BO, CY, decisions=decided(same("3", "4")))
    assert groups(result) == {frozenset("12"), frozenset("34")}


def test_same_goes_past_the_size_limit() -> None:
    result = resolved(
        ANN_1, ANN_2, BO, decisions=decided(same("1", "2", "3")), config=IdentityConfig(cluster_size_limit=1)
    )
    assert groups(result) == {frozenset("123")}


def test_different_parts_what_all_else_links() -> None:
    assert groups(resolved(ANN_1, ANN_2, decisions=decided(different("1", "2")))) == {frozenset("1"), frozenset("2")}


def test_different_parts_through_a_record_that_is_one_with_it() -> None:
    result = resolved(ANN_1, ANN_2, BO, decisions=decided(same("3", "1"), different("3", "2")))
    assert groups(result) == {frozenset("13"), frozenset("2")}


def test_a_person_and_an_organisation_are_not_made_one() -> None:
    result = resolved(ANN_1, FIRM, decisions=decided(same("1", "firm")))
    assert groups(result) == {frozenset({"1"}), frozenset({"firm"})}
    assert [one.decision_id for one in result.summary.unfollowed] == ["D1"]


def test_decisions_outlive_runs_and_models_and_are_the_cause_of_events() -> None:
    first = resolved(ANN_1, ANN_2, BO, CY, decisions=decided())
    ids = current_ids(first)
    decisions = decided(same("3", "4"), split(["1"], ["2"]))
    second = resolved(ANN_1, ANN_2, BO, CY, decisions=decisions, before=first, as_of=DAY_2)
    now = current_ids(second)
    assert groups(second) == {frozenset("1"), frozenset("2"), frozenset("34")}
    [stays] = {ids["3"], ids["4"]} & {now["3"]}
    [went] = {ids["3"], ids["4"]} - {stays}
    assert new_events(second, DAY_2) == [
        ("merged", went, stays, "decision D1"),
        ("split", ids["1"], next(now[one] for one in "12" if now[one] != ids[one]), "decision D2"),
    ]
    # Another model, which would link anything.
    lenient = IdentityConfig(unseen_pair_bits=8.0)
    third = resolved(ANN_1, ANN_2, BO, CY, decisions=decisions, before=second, as_of=DAY_3, config=lenient)
    assert current_ids(third) == now
    assert new_events(third, DAY_3) == []


def test_a_split_that_is_withdrawn_lets_the_records_come_together_again() -> None:
    decisions = decided(different("1", "2"))
    first = resolved(ANN_1, ANN_2, decisions=decisions)
    assert len(groups(first)) == 2
    second = resolved(ANN_1, ANN_2, decisions=decided(different("1", "2"), withdrawn="D1"), before=first, as_of=DAY_2)
    assert groups(second) == {frozenset("12")}


def test_a_deleted_record_leaves_no_ghost_and_its_decisions_come_alive_with_it() -> None:
    decisions = decided(same("3", "4"))
    first = resolved(ANN_1, BO, CY, decisions=decisions)
    second = resolved(ANN_1, BO, decisions=decisions, before=first, as_of=DAY_2)
    assert groups(second) == {frozenset("1"), frozenset("3")}
    assert second.identity_golden.height == 2
    third = resolved(ANN_1, BO, CY, decisions=decisions, before=second, as_of=DAY_3)
    assert groups(third) == {frozenset("1"), frozenset("34")}
    assert current_ids(third) == current_ids(first)


def test_what_odoo_merged_goes_on_with_the_survivor() -> None:
    """3 was said to be 1. Odoo merged 3 into 4: so 4 is 1, the merge is told, and what names 3 still is 4's."""
    first = resolved(ANN_1, BO, CY, decisions=decided())
    ids = current_ids(first)
    merge = merged_in_odoo("3", "4").with_columns(decision_id=pl.lit("D9"))
    second = resolved(ANN_1, CY, decisions=merge, before=first, as_of=DAY_2)
    now = current_ids(second)
    assert (now["4"], now["3"]) == (ids["4"], ids["4"])
    assert new_events(second, DAY_2) == [("merged", ids["3"], ids["4"], "decision D9")]
    assert second.identity_golden.filter(pl.col("customer_id") == now["4"])["record_count"].to_list() == [1]
    both = pl.concat([decided(same("3", "1")), merge])
    third = resolved(ANN_1, CY, decisions=both, before=second, as_of=DAY_3)
    assert groups(third) == {frozenset("134")}
    # The survivor is erased: nothing is left of either.
    last = resolved(ANN_1, decisions=both, before=third, as_of=DAY_3)
    assert groups(last) == {frozenset("1")}
