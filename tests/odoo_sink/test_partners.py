"""Partners for customers whom an Odoo does not know: never unless settings say so, with consent, once."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.judgements import read_made_partners
from pipelines.odoo.schema import MODULE, NEW_PARTNER
from pipelines.odoo.sink import SINK_WRITES, apply
from pipelines.odoo.undo import build_undo
from pipelines.settings import NewPartners, OdooConnection
from tests.odoo_sink.conftest import bot_through
from tests.odoo_sink.proxy import Break, broken_network
from tests.odoo_sink.world import ODOO, World

pytestmark = pytest.mark.odoo

NAMES = ["Reknit Ann Lee", "Reknit Bo Marsh", "Reknit Cy Dale", "Reknit Di Hill"]


@pytest.fixture
def strangers(world: World, admin: OdooClient) -> Iterator[World]:
    """Four customers of a shop who are no partners: agreed, agreed and worth little, never asked, refused."""
    for name, consent, value in zip(NAMES, (True, True, None, False), (400, 80, 400, 400), strict=True):
        customer = name.split()[1]
        world.insert(
            "identity_golden",
            (customer, consent, "GB", "LS1", name, f"{customer.lower()}@y.example", None, "1 High St", "Leeds"),
        )
        world.insert("identity_xref", ("shop", customer, customer, None))
        # Expected to bring value / .8 GBP, of which one is 2 in the reporting currency: 1,000 and 200.
        world.add_churn(customer, value=value, currency="GBP")
    yield world
    made = admin.search_read("res.partner", [["name", "in", NAMES]], ["id"])
    admin.call("res.partner", "unlink", [[row["id"] for row in made]])
    rows = admin.search_read(NEW_PARTNER, [], ["id"])
    admin.call(NEW_PARTNER, "unlink", [[row["id"] for row in rows]])


def partners(admin: OdooClient) -> list[list[str]]:
    rows = admin.search_read("res.partner", [["name", "in", NAMES]], ["name", "email", "city", "zip", "country_id"])
    return [[row["name"], row["email"], row["city"], row["zip"], row["country_id"][1]] for row in rows]


def run(world: World, bot: OdooClient, run_id: str) -> None:
    result = apply(world.store, bot, ODOO, run_id, world.plan().digest)
    assert result.status == "complete", world.execute("select key, error from sync_rejected")


def test_as_shipped_nobody_is_made(strangers: World, admin: OdooClient, bot: OdooClient) -> None:
    run(strangers, bot, "run-1")
    assert partners(admin) == []


def test_who_agreed_and_is_worth_it_is_made_once(strangers: World, admin: OdooClient, bot: OdooClient) -> None:
    wishing = replace(strangers, new_partners=NewPartners(min_expected_value_amount=500))
    run(wishing, bot, "run-1")
    ann = ["Reknit Ann Lee", "ann@y.example", "Leeds", "LS1", "United Kingdom"]
    assert partners(admin) == [ann]
    named = admin.search_read("ir.model.data", [["module", "=", MODULE], ["name", "=", "partner_Ann"]], ["model"])
    assert [row["model"] for row in named] == ["res.partner"]
    # What is personal stands in the partner alone.
    rows = admin.search_read(NEW_PARTNER, [], ["x_name", "x_email", "x_street", "x_is_made"])
    assert [(row["x_name"], row["x_email"], row["x_street"], row["x_is_made"]) for row in rows] == [
        ("partner:Ann", False, False, True)
    ]
    for table in ("sync_desired", "sync_plan", "sync_state", "sync_ledger"):
        assert wishing.execute(f"select count(*) from {table} where values_json::varchar ilike '%lee%'") == [(0,)], (
            table
        )

    # The partner is hers from the next run on, whatever it says.
    assert read_made_partners(wishing.store, bot, ODOO) == 1
    assert read_made_partners(wishing.store, bot, ODOO) == 0
    [(kind, records)] = wishing.execute("select kind, records from identity_decision")
    assert kind == "same"
    assert [record["source_name"] for record in records] == ["shop", ODOO]

    ledger = wishing.execute("select count(*) from sync_ledger")
    run(wishing, bot, "run-2")
    assert wishing.execute("select count(*) from sync_ledger") == ledger
    # Deleted by a person: not made again.
    admin.call(
        "res.partner",
        "unlink",
        [[row["id"] for row in admin.search_read("res.partner", [["name", "=", NAMES[0]]], ["id"])]],
    )
    run(wishing, bot, "run-3")
    assert partners(admin) == []


def test_a_run_makes_no_more_than_it_may_and_those_worth_most_first(
    strangers: World, admin: OdooClient, bot: OdooClient
) -> None:
    wishing = replace(strangers, new_partners=NewPartners(min_expected_value_amount=0, max_new=1))
    run(wishing, bot, "run-1")
    assert [row[0] for row in partners(admin)] == ["Reknit Ann Lee"]
    run(wishing, bot, "run-2")
    assert sorted(row[0] for row in partners(admin)) == ["Reknit Ann Lee", "Reknit Bo Marsh"]


def test_a_partner_that_was_made_stays_when_the_run_is_undone(
    strangers: World, admin: OdooClient, bot: OdooClient
) -> None:
    wishing = replace(strangers, new_partners=NewPartners(min_expected_value_amount=500))
    run(wishing, bot, "run-1")
    with wishing.store() as connection:
        undo = build_undo(connection, ODOO, "run-1")
    assert undo.left == {"a partner that was made is people's": 1}
    apply(wishing.store, bot, ODOO, "undo-1", undo.plan.digest)
    assert len(partners(admin)) == 1


@pytest.mark.parametrize(("model", "method"), [(NEW_PARTNER, "load"), ("ir.actions.server", "run")])
def test_a_lost_reply_makes_no_second_partner(
    strangers: World, admin: OdooClient, bot_server: OdooConnection, model: str, method: str
) -> None:
    wishing = replace(strangers, new_partners=NewPartners(min_expected_value_amount=500))
    with broken_network(bot_server.url, Break(model, method)) as url:
        run(wishing, bot_through(bot_server, url), "run-1")
    assert len(partners(admin)) == 1
    assert wishing.status() == {"partner:Ann": "applied"}


def test_the_bot_itself_makes_no_partner(bot_server: OdooConnection) -> None:
    careless = OdooClient.connect(bot_server, SINK_WRITES | {("res.partner", "create")})
    assert not careless.has_right("res.partner", "create")
