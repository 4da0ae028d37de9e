"""Tasks: who gets them, how many, what becomes of them, and that a person's change always wins."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.schema import CASE, TASK
from pipelines.odoo.sink import ApplyResult, apply, read_tasks, read_touches, settle
from pipelines.odoo.undo import build_undo
from pipelines.settings import TaskLimits, TaskRoute
from tests.odoo_sink.conftest import activities
from tests.odoo_sink.world import AS_OF, ODOO, World, churn_row

MakePartners = Callable[[int], list[int]]


@pytest.fixture
def offline(tmp_path: Path) -> World:
    return World.create(tmp_path / "warehouse.duckdb")


def assignees(world: World) -> dict[str, str]:
    rows = world.execute("select customer_id, assignee_login from sync_desired where target_kind = 'activity'")
    return dict(rows)


def test_a_task_goes_to_whom_the_first_fitting_route_names(offline: World) -> None:
    offline.connect_odoo()
    for number in range(1, 7):
        offline.add_customer(f"C{number}", number)
        offline.add_churn(f"C{number}", brand="gifts" if number == 1 else "grocer", value=500 if number == 2 else 100)
    offline.execute("update identity_golden set country_code = 'DE', postcode = '10115' where customer_id >= 'C3'")
    offline.execute("update identity_golden set country_code = 'FR' where customer_id = 'C6'")
    offline.execute("update stg_odoo__partner set language_code = 'fr_FR' where source_customer_id = '4'")
    offline.limits = TaskLimits(
        routes=(
            TaskRoute(brand="gifts", login="of_gifts"),
            TaskRoute(min_value_amount=500, login="of_large"),
            TaskRoute(language="fr", login="of_french"),
            TaskRoute(country_code="DE", postcode_prefix="10", login="of_berlin"),
        )
    )
    offline.execute("update identity_golden set postcode = '20095' where customer_id = 'C5'")
    offline.plan()
    assert assignees(offline) == {
        "C1": "of_gifts", "C2": "of_large", "C3": "of_berlin", "C4": "of_french", "C5": "admin", "C6": "admin",
    }  # fmt: skip
    # Another route does not move a matter that is open.
    offline.limits = TaskLimits(routes=(TaskRoute(login="other"),))
    offline.plan()
    assert assignees(offline)["C1"] == "of_gifts"


def test_a_person_gets_a_few_a_day_by_value_and_no_more_than_can_be_open(offline: World) -> None:
    for number in range(1, 8):
        offline.add_customer(f"C{number}")
        offline.add_churn(f"C{number}", value=100 * number)
    offline.limits = TaskLimits(max_activities_per_assignee=2, max_open_per_person=5)
    seen = []
    for day in (0, 0, 1, 2, 3):
        offline.execute("update score_churn_current set as_of_date = ?", AS_OF + timedelta(days=day))
        offline.plan()
        seen.append(sorted(assignees(offline)))
    assert seen == [
        ["C6", "C7"],
        ["C6", "C7"],
        ["C4", "C5", "C6", "C7"],
        ["C3", "C4", "C5", "C6", "C7"],
        ["C3", "C4", "C5", "C6", "C7"],
    ]
    # One is done: there is room for the next.
    offline.insert("sync_task", (ODOO, "activity:churn:grocer:C7:2017-12-31", 1, False, False, None))
    offline.plan()
    assert sorted(assignees(offline)) == ["C2", "C3", "C4", "C5", "C6", "C7"]


def scored(world: World) -> set[str]:
    return {c for (c,) in world.execute("select customer_id from sync_desired where target_kind = 'customer_score'")}


def test_a_share_is_held_out_once_and_gets_neither_task_nor_score(offline: World) -> None:
    offline.limits = TaskLimits(holdout_share=0.3, max_activities_per_assignee=1000, max_open_per_person=1000)
    for number in range(200):
        offline.insert("identity_golden", (f"C{number}",))
    offline.insert("score_churn_current", *(churn_row(f"C{number}") for number in range(200)))
    offline.insert("score_churn_current", churn_row("C0", brand="gifts"))
    offline.plan()
    assignment = dict(offline.execute("select customer_id, is_held_out from sync_holdout where brand = 'grocer'"))
    assert len(assignment) == 200
    # 200 draws at 30 %: 60, give or take four standard deviations of 6.5.
    assert 34 < sum(assignment.values()) < 86
    treated = {customer for customer, is_held_out in assignment.items() if not is_held_out}
    assert set(assignees(offline)) == scored(offline) == treated
    both = offline.execute("select count(distinct is_held_out) from sync_holdout where customer_id = 'C0'")
    assert both == [(1,)]

    # Later, and with another share: nobody changes sides.
    offline.limits = offline.limits.model_copy(update={"holdout_share": 0.5})
    offline.execute("update score_churn_current set as_of_date = ?", AS_OF + timedelta(days=1))
    offline.plan()
    assert (
        dict(offline.execute("select customer_id, is_held_out from sync_holdout where brand = 'grocer'")) == assignment
    )

    # Merged with one whom people acted on: acted on. Merged with another who is held out: held out still.
    first, second, third = sorted(set(assignment) - treated)[:3]
    offline.insert("identity_event", (min(treated), "merged", first), (second, "merged", third))
    offline.execute("delete from score_churn_current where customer_id in (?, ?)", min(treated), second)
    offline.plan()
    assert first in scored(offline)
    assert third not in scored(offline)


def run(world: World, bot: OdooClient, run_id: str) -> ApplyResult:
    """One run's write-back."""
    settle(world.store, bot, ODOO, run_id)
    read_tasks(world.store, bot, ODOO, run_id)
    read_touches(world.store, bot, ODOO, run_id)
    return apply(world.store, bot, ODOO, run_id, world.plan().digest)


@pytest.fixture
def partners(world: World, make_partners: MakePartners) -> list[int]:
    """Four partners at risk, with a task each."""
    partners = make_partners(4)
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert("score_churn_current", *(churn_row(f"C{partner}") for partner in partners))
    return partners


def outcomes(admin: OdooClient, partners: list[int], *fields: str) -> list[tuple[Any, ...]]:
    rows = admin.search_read(TASK, [["x_partner_id", "in", partners]], list(fields), order="x_partner_id")
    return [tuple(row[field] for field in fields) for row in rows]


@pytest.mark.odoo
def test_an_open_task_is_updated_unless_a_person_changed_it(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    run(world, bot, "run-1")
    by_partner = {row["res_id"]: row["id"] for row in activities(admin, partners)}
    moved, reassigned, done, free = partners
    [other] = admin.search_read("res.users", [["login", "=", "reknit_bot"]], ["id"])
    admin.call("mail.activity", "write", [[by_partner[moved]], {"date_deadline": "2018-02-01"}])
    admin.call("mail.activity", "write", [[by_partner[reassigned]], {"user_id": other["id"]}])
    admin.call("mail.activity", "action_feedback", [[by_partner[done]]], {"feedback": "Called"})
    mails = admin.call("mail.mail", "search_count", [[]])

    world.execute("update score_churn_current set reasons = ['No purchase for 65 days']")
    assert run(world, bot, "run-2").status == "complete"
    notes = {row["res_id"]: "65 days" in row["note"] for row in activities(admin, partners)}
    assert notes == {moved: False, reassigned: False, done: False, free: True}
    assert outcomes(admin, partners, "x_is_taken_over") == [(True,), (True,), (False,), (False,)]
    deadlines = {row["res_id"]: row["date_deadline"] for row in activities(admin, [moved, free])}
    assert deadlines == {moved: "2018-02-01", free: "2018-01-07"}
    assert admin.call("mail.mail", "search_count", [[]]) == mails

    # Who took a task over is known now: nothing is sent for it.
    world.execute("update score_churn_current set reasons = ['No purchase for 66 days']")
    result = run(world, bot, "run-3")
    assert result.applied == 5  # Four scores and one task.
    assert run(world, bot, "run-4").calls == 0


@pytest.mark.odoo
def test_a_task_is_closed_with_a_note_when_its_matter_is_over(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    run(world, bot, "run-1")
    lapsed, bought, moved, deleted = partners
    by_partner = {row["res_id"]: row["id"] for row in activities(admin, partners)}
    admin.call("mail.activity", "write", [[by_partner[moved]], {"date_deadline": "2018-02-01"}])
    admin.call("mail.activity", "unlink", [[by_partner[deleted]]])
    world.execute("update score_churn_current set churn_level = 'low' where customer_id <> ?", f"C{lapsed}")
    mails = admin.call("mail.mail", "search_count", [[]])
    run(world, bot, "run-2")

    fields = ("x_is_open", "x_is_closed_by_pipeline", "x_is_taken_over")
    assert outcomes(admin, partners, *fields) == [
        (True, False, False), (False, True, False), (True, False, True), (False, False, False),
    ]  # fmt: skip
    assert outcomes(admin, [bought], "x_feedback") == [("The matter is over: the customer is at low risk again.",)]
    assert admin.call("mail.mail", "search_count", [[]]) == mails
    assert run(world, bot, "run-3").calls == 0

    # At risk again within the same matter: nobody is asked twice.
    world.execute("update score_churn_current set churn_level = 'high'")
    run(world, bot, "run-4")
    assert outcomes(admin, partners, *fields)[1] == (False, True, False)
    assert len(outcomes(admin, partners, "id")) == 4


@pytest.mark.odoo
def test_undo_removes_the_tasks_that_nobody_touched(
    world: World, admin: OdooClient, bot: OdooClient, partners: list[int]
) -> None:
    row = ("gifts", AS_OF, "m", 3.0, 45.5, "GBP", 0.2, 0.05, 4.0, "high", ["3 of 3 came back"], "Check", True)
    world.insert(
        "score_return_anomaly_current",
        *((f"test:{partner}", f"C{partner}", *row) for partner in partners[:2]),
    )
    run(world, bot, "run-1")
    kept, done = activities(admin, partners)[:2]
    admin.call("mail.activity", "write", [[kept["id"]], {"summary": "Mine"}])
    admin.call("mail.activity", "action_feedback", [[done["id"]]], {"feedback": "Called"})
    cases = admin.search_read(CASE, [["partner_id", "in", partners]], ["name"], order="partner_id")
    admin.call(CASE, "write", [[cases[0]["id"]], {"name": "Mine"}])

    read_tasks(world.store, bot, ODOO, "undo-1")
    read_touches(world.store, bot, ODOO, "undo-1")
    with world.store() as connection:
        found = build_undo(connection, ODOO, "run-1")
    # Four scores, three tasks (of one nobody knows yet that a person changed it), one case.
    assert apply(world.store, bot, ODOO, "undo-1", found.plan.digest).applied == 8
    assert found.left == {"it stands as it was, or a person changed it": 2}
    assert sorted(row["id"] for row in activities(admin, partners)) == sorted([kept["id"], done["id"]])
    shown = admin.search_read(CASE, [["partner_id", "in", partners]], ["active"], order="partner_id")
    assert [row["active"] for row in shown] == [True, False]
    # A removed task does not come back for the same matter.
    run(world, bot, "run-2")
    assert len(activities(admin, partners)) == 2
