"""An apply that dies, or whose replies are lost: the next one ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from pipelines.odoo.client import ForbiddenWriteError, MaybeDoneError, OdooClient
from pipelines.odoo.plan import plan_digest
from pipelines.odoo.schema import CUSTOMER_SCORE, MODULE, TASK
from pipelines.odoo.sink import SINK_WRITES, apply, external_name, settle
from pipelines.settings import ODOO_VARIABLES, OdooConnection
from tests.odoo_sink.conftest import activities, bot_through, scores
from tests.odoo_sink.proxy import Break, broken_network
from tests.odoo_sink.world import ODOO, World, churn_row

pytestmark = pytest.mark.odoo
MakePartners = Callable[[int], list[int]]


def fill(world: World, partners: list[int]) -> None:
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert(
        "score_churn_current", *(churn_row(f"C{partner}", value=1000 - n) for n, partner in enumerate(partners))
    )


def run_killed(world: World, bot_server: OdooConnection, digest: str, method: str, count: int, moment: str) -> None:
    values = bot_server.model_dump() | {"password": bot_server.password.get_secret_value()}
    process = subprocess.run(
        [sys.executable, "-m", "tests.odoo_sink.killed_apply", str(world.path), digest, method, str(count), moment],
        env=os.environ | {variable: values[name] for name, variable in ODOO_VARIABLES.items()},
        check=False,
    )
    assert process.returncode == -signal.SIGKILL


def history(world: World, key: str) -> list[str]:
    rows = world.execute("select status from sync_ledger where key = ? order by ledger_id", key)
    return [status for (status,) in rows]


def assert_all_stands_once(world: World, admin: OdooClient, partners: list[int], tasks: int) -> None:
    rows = scores(admin, partners, "x_churn_probability")
    assert [row["x_key"] for row in rows] == sorted(f"customer_score:grocer:{partner}" for partner in partners)
    wanted = dict(
        world.execute("select 'customer_score:grocer:' || customer_id[2:], churn_probability from score_churn_current")
    )
    assert {row["x_key"]: row["x_churn_probability"] for row in rows} == wanted
    assert sorted(row["res_id"] for row in activities(admin, partners)) == partners[:tasks]
    assert set(world.status().values()) == {"applied"}
    ids = {row["x_key"]: row["id"] for row in rows}
    assert dict(world.execute("select key, res_id from sync_state where target_kind = 'customer_score'")) == ids


# Five calls write: three batches of scores, one of tasks, one that has their activities made.
@pytest.mark.parametrize(
    ("method", "count", "moment"),
    [("load", 2, "after"), ("load", 4, "before"), ("load", 4, "after"), ("run", 1, "before"), ("run", 1, "after")],
)
def test_killed_while_creating(
    world: World,
    admin: OdooClient,
    bot: OdooClient,
    bot_server: OdooConnection,
    make_partners: MakePartners,
    method: str,
    count: int,
    moment: str,
) -> None:
    partners = make_partners(60)
    fill(world, partners)
    run_killed(world, bot_server, world.plan().digest, method, count, moment)

    settle(world.store, bot, ODOO, "next")
    result = apply(world.store, bot, ODOO, "next", world.plan().digest)

    assert result.status == "complete"
    assert_all_stands_once(world, admin, partners, tasks=20)
    again = apply(world.store, bot, ODOO, "after", world.plan().digest)
    assert (again.applied, again.settled, again.calls) == (0, 0, 0)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_updating_and_applied_without_a_new_plan(
    world: World,
    admin: OdooClient,
    bot: OdooClient,
    bot_server: OdooConnection,
    make_partners: MakePartners,
    moment: str,
) -> None:
    partners = make_partners(60)
    fill(world, partners)
    apply(world.store, bot, ODOO, "first", world.plan().digest)
    world.execute("update score_churn_current set churn_probability = 0.55")
    digest = world.plan().digest
    # The first call asks whether the server has the method.
    run_killed(world, bot_server, digest, "web_save_multi", 3, moment)

    result = apply(world.store, bot, ODOO, "next", digest)

    # Four batches, of which two travel at the same time, and the third may have been booked already.
    assert result.settled in (15, 30, 45)
    assert result.applied <= 60 - (15 if moment == "after" else 0)
    assert_all_stands_once(world, admin, partners, tasks=20)


@pytest.mark.parametrize("arrives", [True, False], ids=["reply lost", "request lost"])
@pytest.mark.parametrize(("model", "method"), [(CUSTOMER_SCORE, "load"), (TASK, "load"), ("ir.actions.server", "run")])
def test_one_break_while_creating(
    world: World,
    admin: OdooClient,
    bot_server: OdooConnection,
    make_partners: MakePartners,
    model: str,
    method: str,
    arrives: bool,
) -> None:
    partners = make_partners(3)
    fill(world, partners)
    with broken_network(bot_server.url, Break(model, method, arrives=arrives)) as url:
        result = apply(world.store, bot_through(bot_server, url), ODOO, "run-1", world.plan().digest)
    assert (result.applied, result.rejected) == (6, 0)
    assert_all_stands_once(world, admin, partners, tasks=3)
    if model == CUSTOMER_SCORE:
        key = f"customer_score:grocer:{partners[0]}"
        assert history(world, key) == ["sent", "unknown", "applied"]


@pytest.mark.parametrize("arrives", [True, False], ids=["reply lost", "request lost"])
def test_one_break_while_updating(
    world: World,
    admin: OdooClient,
    bot: OdooClient,
    bot_server: OdooConnection,
    make_partners: MakePartners,
    arrives: bool,
) -> None:
    partners = make_partners(3)
    fill(world, partners)
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    world.execute("update score_churn_current set churn_probability = 0.55")
    digest = world.plan().digest
    fault = Break(CUSTOMER_SCORE, "web_save_multi", arrives=arrives)
    with broken_network(bot_server.url, fault) as url:
        client = bot_through(bot_server, url)
        client.saves_many = lambda model: True  # type: ignore[method-assign]
        apply(world.store, client, ODOO, "run-2", digest)
    assert_all_stands_once(world, admin, partners, tasks=3)
    key = f"customer_score:grocer:{partners[0]}"
    assert history(world, key) == ["sent", "applied", "sent", "unknown", "applied"]


def test_a_network_that_stays_broken_is_settled_by_the_next_run(
    world: World, admin: OdooClient, bot: OdooClient, bot_server: OdooConnection, make_partners: MakePartners
) -> None:
    partners = make_partners(3)
    fill(world, partners)
    digest = world.plan().digest
    with (
        broken_network(bot_server.url, Break(CUSTOMER_SCORE, "load", arrives=False, times=2)) as url,
        pytest.raises(MaybeDoneError),
    ):
        apply(world.store, bot_through(bot_server, url), ODOO, "run-1", digest)
    assert set(world.status().values()) == {"unknown"}
    result = apply(world.store, bot, ODOO, "run-2", digest)
    assert (result.settled, result.applied) == (3, 6)
    assert_all_stands_once(world, admin, partners, tasks=3)


def test_two_creations_at_the_same_time_make_one_record(
    admin: OdooClient, bot_server: OdooConnection, make_partners: MakePartners
) -> None:
    """What a repeat relies on when the first attempt is still at work in the server."""
    partners = make_partners(100)
    rows = [
        [f"{MODULE}.{external_name(f'customer_score:grocer:{partner}')}", f"customer_score:grocer:{partner}", partner]
        for partner in partners
    ]

    def load() -> None:
        client = OdooClient.connect(bot_server, SINK_WRITES)
        client.call(CUSTOMER_SCORE, "load", [["id", "x_key", "x_partner_id/.id"], rows])

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scores(admin, partners)) == 100


def test_rows_at_fault_are_found_and_the_others_go_through(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(8)
    fill(world, partners)
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    deleted, odd = partners[2], partners[5]
    world.execute("update score_churn_current set churn_level = 'odd' where customer_id = ?", f"C{odd}")
    digest = world.plan().digest
    admin.call("res.partner", "unlink", [[deleted]])

    result = apply(world.store, bot, ODOO, "run-1", digest)

    assert (result.applied, result.rejected, result.status) == (6, 2, "partial")
    reasons = dict(world.execute("select key, error from sync_rejected"))
    assert set(reasons) == {f"customer_score:grocer:{partner}" for partner in (deleted, odd)}
    assert "odd" in reasons[f"customer_score:grocer:{odd}"]
    assert str(deleted) in reasons[f"customer_score:grocer:{deleted}"]

    # Nothing is sent for the six; the one that is well again goes, the deleted one is no target any more.
    world.execute("update score_churn_current set churn_level = 'low' where customer_id = ?", f"C{odd}")
    world.execute("delete from stg_odoo__partner where source_customer_id = ?", str(deleted))
    plan = world.plan()
    assert plan.size == 1
    assert apply(world.store, bot, ODOO, "run-2", plan.digest).status == "complete"
    assert world.execute("select count(*) from sync_rejected") == [(0,)]
    assert len(scores(admin, partners)) == 7


def test_a_refused_row_waits_longer_each_time_and_not_with_other_values(
    world: World, bot: OdooClient, make_partners: MakePartners
) -> None:
    [partner] = make_partners(1)
    fill(world, [partner])
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    world.execute("update score_churn_current set churn_level = 'odd'")
    digest = world.plan().digest
    waits = []
    for attempt in range(3):
        assert apply(world.store, bot, ODOO, f"run-{attempt}", digest).rejected == 1
        assert apply(world.store, bot, ODOO, f"again-{attempt}", digest).calls == 0
        waits += world.execute("select attempts, datediff('hour', rejected_at, retry_at) from sync_rejected")
        world.execute("update sync_rejected set retry_at = rejected_at")
    assert waits == [(1, 20), (2, 40), (3, 80)]
    world.execute("update sync_rejected set retry_at = rejected_at + interval 9 day")
    world.execute("update score_churn_current set churn_level = 'low'")
    assert apply(world.store, bot, ODOO, "run-9", world.plan().digest).applied == 1


@pytest.mark.parametrize("saves_many", [True, False], ids=["web_save_multi", "grouped writes"])
def test_a_score_that_was_deleted_in_odoo_is_made_anew(
    world: World,
    admin: OdooClient,
    bot: OdooClient,
    make_partners: MakePartners,
    monkeypatch: pytest.MonkeyPatch,
    saves_many: bool,
) -> None:
    monkeypatch.setattr(OdooClient, "saves_many", lambda self, model: saves_many)
    partners = make_partners(4)
    fill(world, partners)
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    admin.call(CUSTOMER_SCORE, "unlink", [[scores(admin, partners)[1]["id"]]])
    world.execute("update score_churn_current set churn_probability = 0.55")

    result = apply(world.store, bot, ODOO, "run-2", world.plan().digest)
    assert (result.applied, result.rejected) == (3, 1)
    assert apply(world.store, bot, ODOO, "run-3", world.plan().digest).applied == 1
    assert [row["x_churn_probability"] for row in scores(admin, partners, "x_churn_probability")] == [0.55] * 4


def test_a_deleted_partner_takes_its_score_along_and_is_no_error(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(2)
    fill(world, partners)
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    admin.call("res.partner", "unlink", [[partners[0]]])
    world.execute("delete from stg_odoo__partner where source_customer_id = ?", str(partners[0]))
    plan = world.plan()
    assert plan.changes == {("customer_score", "archive"): 1}
    assert apply(world.store, bot, ODOO, "run-2", plan.digest).status == "complete"
    assert world.plan().size == 0


def test_a_plan_that_names_a_field_of_people_is_refused(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(1)
    fill(world, partners)
    world.plan()
    world.execute("""update sync_plan set new_values_json = '{"x_is_wrong": false}'""")
    with world.store() as connection:
        digest = plan_digest(connection, ODOO)
    with pytest.raises(ForbiddenWriteError):
        apply(world.store, bot, ODOO, "run-1", digest)
    assert scores(admin, partners) == []
