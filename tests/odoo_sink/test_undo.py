"""What people change stays, and what a run wrote can be taken back."""

from collections.abc import Callable

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.schema import CUSTOMER_SCORE
from pipelines.odoo.sink import ApplyResult, apply, read_touches, settle
from pipelines.odoo.undo import build_undo
from tests.odoo_sink.conftest import scores
from tests.odoo_sink.world import ODOO, World, churn_row

pytestmark = pytest.mark.odoo
MakePartners = Callable[[int], list[int]]


@pytest.fixture
def partners(world: World, make_partners: MakePartners) -> list[int]:
    """Three partners with a low score."""
    partners = make_partners(3)
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert("score_churn_current", *(churn_row(f"C{partner}", level="low", value=50) for partner in partners))
    return partners


def run(world: World, bot: OdooClient, run_id: str) -> ApplyResult:
    """One run's write-back."""
    settle(world.store, bot, ODOO, run_id)
    read_touches(world.store, bot, ODOO, run_id)
    return apply(world.store, bot, ODOO, run_id, world.plan().digest)


def undo(world: World, bot: OdooClient, undone: str, run_id: str) -> tuple[ApplyResult, dict[str, int]]:
    settle(world.store, bot, ODOO, run_id)
    read_touches(world.store, bot, ODOO, run_id)
    with world.store() as connection:
        found = build_undo(connection, ODOO, undone)
    return apply(world.store, bot, ODOO, run_id, found.plan.digest), found.left


def test_a_person_s_value_is_left_for_as_long_as_the_rule_says(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    run(world, bot, "run-1")
    row = scores(admin, partners)[0]
    admin.call(CUSTOMER_SCORE, "write", [[row["id"]], {"x_suggested_action": "Call on Monday", "x_is_wrong": True}])
    world.execute("update score_churn_current set churn_probability = 0.55, suggested_action = 'Send a letter'")
    assert run(world, bot, "run-2").applied == 3
    fields = ["x_suggested_action", "x_churn_probability", "x_is_wrong"]
    first, second, _ = scores(admin, partners, *fields)
    assert [first[field] for field in fields] == ["Call on Monday", 0.55, True]
    assert [second[field] for field in fields] == ["Send a letter", 0.55, False]

    # The bot wrote the row since: the person's value is still known, and nothing is planned for it.
    world.execute("update score_churn_current set suggested_action = 'Send a mail'")
    assert run(world, bot, "run-3").applied == 2
    assert scores(admin, partners, *fields)[0]["x_suggested_action"] == "Call on Monday"
    assert run(world, bot, "run-4").calls == 0

    world.execute("update sync_touch set touched_at = touched_at - interval 91 days")
    assert run(world, bot, "run-5").applied == 1
    assert scores(admin, partners, *fields)[0]["x_suggested_action"] == "Send a mail"


def test_a_person_who_edits_between_plan_and_apply_wins(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    run(world, bot, "run-1")
    world.execute("update score_churn_current set churn_level = 'medium', value_at_risk_amount = 70")
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    digest = world.plan().digest
    row = scores(admin, partners)[1]
    admin.call(CUSTOMER_SCORE, "write", [[row["id"]], {"x_churn_level": "high"}])
    result = apply(world.store, bot, ODOO, "run-2", digest)
    assert (result.applied, result.left) == (3, 1)
    rows = scores(admin, partners, "x_churn_level", "x_value_at_risk")
    assert [(row["x_churn_level"], row["x_value_at_risk"]) for row in rows] == [
        ("medium", 70), ("high", 70), ("medium", 70),
    ]  # fmt: skip
    # The same plan again, as after a crash: the person's value is left once more.
    assert apply(world.store, bot, ODOO, "run-3", digest).left == 0
    assert [row["x_churn_level"] for row in scores(admin, partners, "x_churn_level")] == ["medium", "high", "medium"]


def test_undo_gives_every_value_back_and_archives_what_the_run_made(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    world.execute("delete from score_churn_current where customer_id = ?", f"C{partners[2]}")
    run(world, bot, "run-1")
    fields = ("x_churn_probability", "x_churn_level", "x_value_at_risk", "x_reasons", "x_as_of", "x_model_version")
    before = scores(admin, partners[:2], *fields)
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    world.execute("delete from score_churn_current where customer_id = ?", f"C{partners[1]}")
    world.execute(
        """update score_churn_current set churn_probability = 0.9, churn_level = 'high', value_at_risk_amount = 10,
        reasons = ['Other'], as_of_date = date '2018-01-01', model_version = 'model-2'"""
    )
    world.add_churn(f"C{partners[2]}", level="low")
    # One changed, one archived, one made.
    assert run(world, bot, "run-2").applied == 3
    assert scores(admin, partners[:2], *fields) != before

    result, left = undo(world, bot, "run-2", "undo-1")
    assert (result.applied, left) == (3, {})
    assert scores(admin, partners[:2], *fields) == before
    assert [row["x_active"] for row in scores(admin, partners, "x_active")] == [True, True, False]

    result, left = undo(world, bot, "run-2", "undo-2")
    assert (result.calls, left) == (0, {"a later run wrote it again": 3})
    # Undoing the undo brings the run back.
    result, left = undo(world, bot, "undo-1", "undo-3")
    assert (result.applied, left) == (3, {})
    assert [row["x_active"] for row in scores(admin, partners, "x_active")] == [True, False, True]
    assert scores(admin, partners[:1], *fields)[0]["x_churn_probability"] == 0.9


def test_undo_leaves_what_a_person_or_a_later_run_changed(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    run(world, bot, "run-1")
    world.execute("update score_churn_current set churn_probability = 0.6, value_at_risk_amount = 70")
    run(world, bot, "run-2")
    world.execute("update score_churn_current set churn_probability = 0.7 where customer_id = ?", f"C{partners[0]}")
    run(world, bot, "run-3")
    row = scores(admin, partners)[1]
    admin.call(CUSTOMER_SCORE, "write", [[row["id"]], {"x_value_at_risk": 71}])

    result, left = undo(world, bot, "run-2", "undo-1")
    assert (result.applied, left) == (2, {"a later run wrote it again": 1})
    rows = scores(admin, partners, "x_churn_probability", "x_value_at_risk")
    assert [(row["x_churn_probability"], row["x_value_at_risk"]) for row in rows] == [(0.7, 70), (0.8, 71), (0.8, 50)]


def test_a_row_that_a_killed_run_sent_is_that_run_s(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    run(world, bot, "run-1")
    world.execute("update score_churn_current set churn_probability = 0.6")
    run(world, bot, "killed")
    # As if the process had died before it booked the reply.
    world.execute("delete from sync_ledger where run_id = 'killed' and status = 'applied'")
    assert settle(world.store, bot, ODOO, "next") == 3
    result, left = undo(world, bot, "killed", "undo-1")
    assert (result.applied, left) == (3, {})
    assert [row["x_churn_probability"] for row in scores(admin, partners, "x_churn_probability")] == [0.8] * 3
