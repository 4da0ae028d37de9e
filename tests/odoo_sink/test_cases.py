"""Cases and approvals: a reviewer decides before one is made; it is kept up to date, and closed when it is over."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.odoo.client import AccessDeniedError, OdooClient
from pipelines.odoo.schema import APPROVAL, CASE, MODULE
from pipelines.odoo.sink import apply, read_decisions, read_touches
from pipelines.settings import OdooConnection
from tests.odoo_sink.test_plan import applied
from tests.odoo_sink.world import AS_OF, ODOO, World


@pytest.fixture
def offline(tmp_path: Path) -> World:
    world = World.create(tmp_path / "warehouse.duckdb")
    world.connect_odoo()
    return world


def add_return(world: World, name: str, amount: float, currency: str = "USD", customer: str | None = None) -> None:
    world.insert(
        "score_return_anomaly_current",
        (name, customer, "gifts", AS_OF, "m", 3.0, amount, currency, 0.2, 0.05, 4.0, "high", ["3 of 3 came back"],
         "Check the receipt", False),
    )  # fmt: skip


def planned(world: World) -> list[tuple[str, str]]:
    world.plan()
    return world.execute("select operation, key from sync_plan order by key")


def decide(world: World, key: str, decision: str, day: int) -> None:
    world.insert("sync_approval", (ODOO, key, decision, 7, f"2018-01-0{day}", None))


def test_from_an_amount_on_a_case_waits_for_a_yes(offline: World) -> None:
    # 60 GBP are 120 USD; 500 XXX are nobody knows how many.
    for name, amount, currency in (("r:1", 99.99, "USD"), ("r:2", 100, "USD"), ("r:3", 60, "GBP"), ("r:4", 5, "XXX")):
        add_return(offline, name, amount, currency)
    offline.approvals = {"case": 100}
    assert planned(offline) == [
        ("create", "approval:case:return:gifts:r:2"),
        ("create", "approval:case:return:gifts:r:3"),
        ("create", "approval:case:return:gifts:r:4"),
        ("create", "case:return:gifts:r:1"),
    ]
    request = offline.execute("select new_values_json::varchar from sync_plan where key like 'approval:%r:3'")
    assert json.loads(request[0][0]) == {
        "x_key": "approval:case:return:gifts:r:3",
        "x_name": "Unusual return at Demo Gifts: r:3",
        "x_note": "<p>Check the receipt</p><ul><li>3 of 3 came back</li></ul>"
        "<p>Returned: 60.00 GBP. No sale of it is known.</p><p>No similar case has been decided yet.</p>",
        "x_partner_id": False,
        "x_amount": 60,
        "x_currency": "GBP",
    }
    applied(offline)
    # Nobody has said anything yet.
    assert planned(offline) == []
    decide(offline, "case:return:gifts:r:2", "rejected", 1)
    decide(offline, "case:return:gifts:r:3", "rejected", 1)
    decide(offline, "case:return:gifts:r:3", "approved", 2)
    assert planned(offline) == [("create", "case:return:gifts:r:3")]


def test_a_request_goes_when_its_matter_is_over_and_comes_back_with_it(offline: World) -> None:
    for name in ("r:1", "r:2", "r:3"):
        add_return(offline, name, 10)
    offline.approvals = {"case": 0}
    offline.plan()
    applied(offline)
    decide(offline, "case:return:gifts:r:2", "rejected", 1)
    offline.execute("update score_return_anomaly_current set anomaly_level = 'low'")
    # What was decided is past; of the others the matter is over, though nothing unusual is left at all.
    assert planned(offline) == [
        ("close", "approval:case:return:gifts:r:1"), ("close", "approval:case:return:gifts:r:3"),
    ]  # fmt: skip
    applied(offline)
    assert planned(offline) == []
    offline.execute("update score_return_anomaly_current set anomaly_level = 'high' where return_order_id = 'r:3'")
    assert planned(offline) == [("update", "approval:case:return:gifts:r:3")]
    applied(offline)
    assert planned(offline) == []
    # A stage that did not run withdraws nothing.
    offline.execute("delete from score_return_anomaly_current")
    assert planned(offline) == []


def test_a_case_follows_its_return_until_a_person_works_on_it(offline: World) -> None:
    for name in ("r:1", "r:2", "r:3"):
        add_return(offline, name, 10)
    offline.plan()
    applied(offline)
    offline.insert("sync_touch", (ODOO, "case:return:gifts:r:3", "active", "2999-01-01"))
    offline.execute("update score_return_anomaly_current set reasons = ['4 of 4 came back']")
    assert planned(offline) == [("update", "case:return:gifts:r:1"), ("update", "case:return:gifts:r:2")]
    applied(offline)
    assert planned(offline) == []
    offline.execute("update score_return_anomaly_current set anomaly_level = 'low' where return_order_id <> 'r:2'")
    # What is too old to be scored is no news.
    offline.execute("delete from score_return_anomaly_current where return_order_id = 'r:2'")
    assert planned(offline) == [("close", "case:return:gifts:r:1")]
    applied(offline)
    assert planned(offline) == []


@pytest.mark.odoo
def test_what_people_answer_is_not_made_again_where_the_books_are_lost(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: Callable[[int], list[int]]
) -> None:
    [partner] = make_partners(1)
    world.add_customer("C1", partner)
    asked, moved = f"r:{partner}a", f"r:{partner}b"
    add_return(world, moved, 10, customer="C1")
    assert apply(world.store, bot, ODOO, "run-1", world.plan().digest).applied == 1
    [(card,)] = world.execute("select res_id from sync_state where key like 'case:%'")
    [fine] = admin.search_read("ir.model.data", [["module", "=", MODULE], ["name", "=", "stage_fine"]], ["res_id"])
    admin.call(CASE, "write", [[card], {"stage_id": fine["res_id"]}])
    world.execute("delete from score_return_anomaly_current")
    add_return(world, asked, 10, customer="C1")
    world.approvals = {"case": 0}
    assert apply(world.store, bot, ODOO, "run-2", world.plan().digest).applied == 1

    world.approvals = {}
    world.execute("delete from sync_state; delete from sync_ledger; delete from score_return_anomaly_current")
    add_return(world, moved, 10, customer="C1")
    assert apply(world.store, bot, ODOO, "run-3", world.plan().digest).applied == 1
    assert world.execute("select res_id from sync_state where key like 'case:%'") == [(card,)]
    assert admin.search_read(CASE, [["id", "=", card]], ["stage_id"])[0]["stage_id"][0] == fine["res_id"]

    world.execute("delete from sync_state; delete from sync_ledger; delete from score_return_anomaly_current")
    add_return(world, asked, 10, customer="C1")
    world.approvals = {"case": 0}
    result = apply(world.store, bot, ODOO, "run-4", world.plan().digest)
    assert (result.applied, result.rejected) == (1, 0)
    assert admin.call(APPROVAL, "search_count", [[["x_key", "like", asked]]]) == 1


@pytest.mark.odoo
def test_a_reviewer_decides_in_odoo_and_the_bot_cannot(
    world: World,
    admin: OdooClient,
    bot: OdooClient,
    bot_server: OdooConnection,
    make_partners: Callable[[int], list[int]],
) -> None:
    # In the order of their keys.
    partners = sorted(make_partners(2), key=str)
    names = [f"r:{partner}" for partner in partners]
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    for name, partner in zip(names, partners, strict=True):
        add_return(world, name, 10, customer=f"C{partner}")
    world.approvals = {"case": 0}
    asked = apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    assert (asked.status, asked.applied) == ("complete", 2)
    mine: list[object] = [["partner_id", "in", partners]]
    assert admin.search_read(CASE, mine, ["id"]) == []

    requests = admin.search_read(APPROVAL, [["x_partner_id", "in", partners]], ["x_partner_id"], order="x_key")
    careless = OdooClient.connect(bot_server, frozenset({(APPROVAL, "write")}))
    with pytest.raises(AccessDeniedError):
        careless.call(APPROVAL, "write", [[requests[0]["id"]], {"x_decision": "approved"}])
    for request, decision in zip(requests, ("approved", "rejected"), strict=True):
        admin.call(APPROVAL, "write", [[request["id"]], {"x_decision": decision}])
    assert read_decisions(world.store, bot, ODOO, "run-2") == 2
    assert read_decisions(world.store, bot, ODOO, "run-3") == 2
    decided = world.execute("select key, decision, decided_by_user_id from sync_approval order by key")
    assert decided == [
        (f"case:return:gifts:{names[0]}", "approved", admin.user_id),
        (f"case:return:gifts:{names[1]}", "rejected", admin.user_id),
    ]

    apply(world.store, bot, ODOO, "run-3", world.plan().digest)
    cases = admin.search_read(CASE, mine, ["partner_id", "state"])
    assert [(case["partner_id"][0], case["state"]) for case in cases] == [(partners[0], "01_in_progress")]

    world.execute("update score_return_anomaly_current set anomaly_level = 'low'")
    assert read_touches(world.store, bot, ODOO, "run-4") == 0
    closed = apply(world.store, bot, ODOO, "run-4", world.plan().digest)
    assert (closed.status, closed.applied) == ("complete", 1)
    [case] = admin.search_read(CASE, mine, ["state", "description"])
    assert case["state"] == "1_done"
    assert "not unusual any more" in case["description"]
    assert world.plan().size == 0
