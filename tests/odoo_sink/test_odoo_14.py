"""The oldest Odoo that is supported, a real one: set-up, plan, apply, read-back and removal, over XML-RPC alone."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import odoorpc
import polars as pl
import pytest
from pydantic import SecretStr

from demo.odoo_server import SCRIPT, database_for_tests
from pipelines.odoo import sink
from pipelines.odoo.client import AccessDeniedError, MaybeDoneError, OdooClient, UnavailableError
from pipelines.odoo.json2 import connected
from pipelines.odoo.removal import REMOVAL_WRITES, plan_removal, remove
from pipelines.odoo.schema import BOT_LOGIN, CASE, CUSTOMER_SCORE, TASK
from pipelines.odoo.setup import plan_setup, setup
from pipelines.odoo.sink import SINK_WRITES, apply, read_flags, read_tasks, read_touches
from pipelines.settings import OdooConnection
from pipelines.sources.odoo import OdooSource
from pipelines.sources.odoo_entities import ODOO_MODELS
from tests.odoo_sink.conftest import ADMIN_WRITES, activities, scores
from tests.odoo_sink.proxy import Break, broken_network
from tests.odoo_sink.test_cases import add_return
from tests.odoo_sink.world import ODOO, World, churn_row

pytestmark = [
    pytest.mark.odoo,
    pytest.mark.long,
    pytest.mark.skipif(not Path("/usr/bin/python3.11").exists(), reason="Odoo 14 is patched for Python 3.11"),
]
MakePartners = Callable[[int], list[int]]
BOT_PASSWORD = "a password of tests"


@pytest.fixture(scope="session")
def server() -> Iterator[OdooConnection]:
    with database_for_tests("14") as connection:
        yield connection


@pytest.fixture(scope="session")
def admin(server: OdooConnection) -> OdooClient:
    client = connected(server, "json2", ADMIN_WRITES)
    setup(client, BOT_PASSWORD)
    return client


@pytest.fixture(scope="session")
def bot_server(server: OdooConnection, admin: OdooClient) -> OdooConnection:
    return server.model_copy(update={"user": BOT_LOGIN, "password": SecretStr(BOT_PASSWORD)})


def command(name: str) -> None:
    """What the script of the test server does."""
    subprocess.run([SCRIPT, name], env=os.environ | {"ODOO_SERIES": "14"}, stdout=subprocess.PIPE, check=True)


def fill(world: World, partners: list[int]) -> None:
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert("score_churn_current", *(churn_row(f"C{partner}", value=900 - partner) for partner in partners))


def test_it_is_set_up_and_a_second_set_up_changes_nothing(
    server: OdooConnection, admin: OdooClient, bot: OdooClient
) -> None:
    assert admin.version == (14, 0)
    assert not bot.saves_many(CUSTOMER_SCORE)
    assert plan_setup(admin) == []
    # What a view says holds None, which XML-RPC cannot carry.
    address = urlsplit(server.url)
    reader = odoorpc.ODOO(address.hostname, port=address.port)
    reader.login(server.database, server.user, server.password.get_secret_value())
    form, columns, search = (
        reader.execute_kw("res.partner", "fields_view_get", [], {"view_type": kind})["arch"]
        for kind in ("form", "tree", "search")
    )
    page = ElementTree.fromstring(form).find(".//page[@name='reknit']")
    assert page is not None
    assert json.loads(page.attrib["modifiers"]) == {"invisible": [["x_reknit_churn_level", "=", False]]}
    assert "x_reknit_churn_level" in columns
    assert "reknit_high_churn" in search


def test_scores_arrive_change_and_are_left_where_a_person_changed_them(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(40)
    fill(world, partners)
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    assert apply(world.store, bot, ODOO, "first", world.plan().digest).applied == 40
    before = scores(admin, partners, "write_date")
    assert apply(world.store, bot, ODOO, "no news", world.plan().digest).calls == 0
    assert scores(admin, partners, "write_date") == before

    edited, deleted = (row["id"] for row in before[:2])
    admin.call(CUSTOMER_SCORE, "write", [[edited], {"x_churn_probability": 0.11, "x_is_wrong": True}])
    admin.call(CUSTOMER_SCORE, "unlink", [[deleted]])
    world.execute(
        "update score_churn_current set churn_probability = 0.55, value_at_risk_amount = 7, currency_code = null"
    )
    assert read_flags(world.store, bot, ODOO, "second") == 1
    assert read_touches(world.store, bot, ODOO, "second") == 1
    second = apply(world.store, bot, ODOO, "second", world.plan().digest)
    assert (second.applied, second.rejected, second.status) == (39, 1, "partial")
    assert apply(world.store, bot, ODOO, "third", world.plan().digest).applied == 1
    fields = ["x_churn_probability", "x_value_at_risk", "x_currency", "x_churn_level"]
    shown = sorted(tuple(row[field] for field in fields) for row in scores(admin, partners, *fields))
    assert shown == [(0.11, 7, False, "high"), *[(0.55, 7, False, "high")] * 39]
    [partner] = admin.search_read("res.partner", [["id", "=", partners[5]]], ["x_reknit_churn_probability"])
    assert partner["x_reknit_churn_probability"] == 0.55


def test_a_lost_reply_writes_nothing_twice(
    world: World, admin: OdooClient, bot_server: OdooConnection, make_partners: MakePartners
) -> None:
    partners = make_partners(3)
    fill(world, partners)
    for run, share in (("creating", 0.8), ("updating", 0.55)):
        with broken_network(bot_server.url, Break(CUSTOMER_SCORE, "load")) as url:
            client = OdooClient.connect(bot_server.model_copy(update={"url": url}), SINK_WRITES)
            assert apply(world.store, client, ODOO, run, world.plan().digest).status == "complete"
        assert [row["x_churn_probability"] for row in scores(admin, partners, "x_churn_probability")] == [share] * 3
        world.execute("update score_churn_current set churn_probability = 0.55")
    assert sorted(row["res_id"] for row in activities(admin, partners)) == partners


def test_a_restart_in_the_middle_loses_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch, world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    """The server goes down while the second batch is on its way, and comes up again later."""
    monkeypatch.setattr(sink, "BATCH_ROWS", 20)
    partners = make_partners(60)
    fill(world, partners)
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 5})
    digest = world.plan().digest
    call, batches, stopping = OdooClient.call, 0, threading.Thread(target=command, args=("stop",))

    def call_while_stopping(self: OdooClient, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        nonlocal batches
        batches += self is bot and method == "load"
        if batches == 2 and not stopping.ident:
            stopping.start()
        return call(self, model, method, *args, **kwargs)

    try:
        monkeypatch.setattr(OdooClient, "call", call_while_stopping)
        with pytest.raises((UnavailableError, MaybeDoneError)):
            apply(world.store, bot, ODOO, "run-1", digest)
    finally:
        monkeypatch.setattr(OdooClient, "call", call)
        stopping.join()
        command("up")
    result = apply(world.store, bot, ODOO, "run-2", digest)
    assert (result.status, result.rejected) == ("complete", 0)
    assert sorted(row["x_partner_id"][0] for row in scores(admin, partners, "x_partner_id")) == partners
    assert len(activities(admin, partners)) == 5


def test_a_task_is_done_once_and_a_matter_that_is_over_closes_it(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(4)
    fill(world, partners)
    mails = admin.call("mail.mail", "search_count", [[]])
    assert apply(world.store, bot, ODOO, "run-1", world.plan().digest).delivered == 4
    assert admin.call("mail.mail", "search_count", [[]]) == mails
    done, moved, *_ = sorted(activities(admin, partners), key=lambda row: row["res_id"])
    admin.call("mail.activity", "action_feedback", [[done["id"]]], {"feedback": "Called"})
    admin.call("mail.activity", "write", [[moved["id"]], {"summary": "Mine"}])
    assert read_tasks(world.store, bot, ODOO, "run-2") == 3

    # What the task says changes, then the matter is over: the person's own stays.
    world.execute("update score_churn_current set reasons = ['No purchase for 70 days']")
    apply(world.store, bot, ODOO, "run-2", world.plan().digest)
    assert sorted("70 days" in row["note"] for row in activities(admin, partners)) == [False, True, True]
    read_tasks(world.store, bot, ODOO, "run-3")
    world.execute("update score_churn_current set churn_level = 'low'")
    assert apply(world.store, bot, ODOO, "run-3", world.plan().digest).status == "complete"
    assert [row["id"] for row in activities(admin, partners)] == [moved["id"]]
    rows = bot.search_read(TASK, [["x_partner_id", "in", partners]], ["x_is_open", "x_is_closed_by_pipeline"],
                           order="x_partner_id")  # fmt: skip
    assert [(row["x_is_open"], row["x_is_closed_by_pipeline"]) for row in rows] == [
        (False, False), (True, False), (False, True), (False, True),
    ]  # fmt: skip


def test_a_case_is_closed_by_its_kanban_state(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    [partner] = make_partners(1)
    world.add_customer("C1", partner)
    add_return(world, "r:1", 10, customer="C1")
    assert apply(world.store, bot, ODOO, "run-1", world.plan().digest).applied == 1
    world.execute("update score_return_anomaly_current set anomaly_level = 'low'")
    assert apply(world.store, bot, ODOO, "run-2", world.plan().digest).applied == 1
    [case] = admin.search_read(CASE, [["partner_id", "=", partner]], ["kanban_state", "project_id", "description"])
    assert case["kanban_state"] == "done"
    assert case["project_id"][1] == "Reknit cases"
    assert "not unusual any more" in case["description"]
    assert world.plan().size == 0


def test_the_bot_reads_what_is_pulled_and_writes_no_partner(
    bot_server: OdooConnection, make_partners: MakePartners
) -> None:
    partners = make_partners(2)
    source = OdooSource.connect(bot_server)
    until = source.now() + timedelta(minutes=5)
    pulled = {model: pl.concat(source.pull(model, entity, None, until)) for model, entity in ODOO_MODELS.items()}
    assert {*partners} <= {*pulled["res.partner"]["id"]}
    assert len(pulled["loyalty.card"]) == 0
    careless = OdooClient.connect(bot_server, frozenset({("res.partner", "write")}))
    with pytest.raises(AccessDeniedError):
        careless.call("res.partner", "write", [partners, {"email": "other@example.com"}])


def test_a_removal_takes_it_away_and_a_set_up_brings_it_back(server: OdooConnection, admin: OdooClient) -> None:
    remover = OdooClient.connect(server, REMOVAL_WRITES)
    remove(remover)
    assert plan_removal(remover) == []
    assert admin.search_read("ir.model.fields", [["name", "=like", "x_reknit_%"]], ["name"]) == []
    setup(admin, BOT_PASSWORD)
    assert plan_setup(admin) == []
