"""Rows, replies and neighbours at fault on a real server: each costs what it must and nothing else."""

import threading
import uuid
import xmlrpc.client
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from demo.odoo_api_key import make_api_key
from pipelines.odoo import sink
from pipelines.odoo.client import LoginRefusedError, OdooClient, OdooError, UnavailableError
from pipelines.odoo.json2 import connected
from pipelines.odoo.schema import CUSTOMER_SCORE
from pipelines.odoo.sink import SINK_WRITES, apply
from pipelines.settings import OdooConnection
from tests.odoo_sink.conftest import ADMIN_WRITES, activities, scores
from tests.odoo_sink.proxy import Refusal, broken_network
from tests.odoo_sink.world import ODOO, World, churn_row

pytestmark = pytest.mark.odoo
MakePartners = Callable[[int], list[int]]
MERGE = "base.partner.merge.automatic.wizard"


def fill(world: World, partners: list[int]) -> None:
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert("score_churn_current", *(churn_row(f"C{partner}") for partner in partners))


@pytest.fixture
def careless(admin_server: OdooConnection, bot_server: OdooConnection) -> OdooClient:
    """An administrator who does with companies and partners what administrators do."""
    more = {("res.company", "create"), ("res.company", "write"), (MERGE, "create"), (MERGE, "action_merge")}
    return OdooClient.connect(admin_server, ADMIN_WRITES | more)


@pytest.fixture
def other_company(careless: OdooClient) -> Iterator[int]:
    """A company that came after the set-up, so that the bot is not in it."""
    [company] = careless.call("res.company", "create", [[{"name": f"Reknit test {uuid.uuid4().hex}"}]])
    yield company
    careless.call("res.company", "write", [[company], {"active": False}])


@pytest.fixture
def partner_of_user(careless: OdooClient) -> Iterator[int]:
    [user] = careless.search_read("res.users", [["id", "=", careless.user_id]], ["partner_id"])
    yield user["partner_id"][0]
    rows = scores(careless, user["partner_id"][:1])
    careless.call(CUSTOMER_SCORE, "unlink", [[row["id"] for row in rows]])


def test_a_row_at_fault_costs_one_row_and_is_named(
    world: World,
    careless: OdooClient,
    bot: OdooClient,
    make_partners: MakePartners,
    other_company: int,
    partner_of_user: int,
) -> None:
    partners = make_partners(8)
    fine, (archived, deleted, merged, elsewhere, odd) = partners[:3], partners[3:]
    fill(world, [*partners, partner_of_user])
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    world.execute("update score_churn_current set churn_level = 'odd' where customer_id = ?", f"C{odd}")
    digest = world.plan().digest
    careless.call("res.partner", "write", [[archived], {"active": False}])
    careless.call("res.partner", "unlink", [[deleted]])
    careless.call("res.partner", "write", [[elsewhere], {"company_id": other_company}])
    merging = {"partner_ids": [[6, 0, [fine[0], merged]]], "dst_partner_id": fine[0], "state": "selection"}
    wizard = careless.call(MERGE, "create", [[merging]])
    careless.call(MERGE, "action_merge", [wizard])

    result = apply(world.store, bot, ODOO, "run-1", digest)

    assert (result.applied, result.rejected, result.status) == (5, 4, "partial")
    there = {row["x_partner_id"][0] for row in careless.search_read(CUSTOMER_SCORE, [], ["x_partner_id"])}
    assert there & {*partners, partner_of_user} == {*fine, archived, partner_of_user}
    reasons = {key.rpartition(":")[2]: error for key, error in world.execute("select key, error from sync_rejected")}
    assert {*reasons} == {str(partner) for partner in (deleted, merged, elsewhere, odd)}
    for partner in (deleted, merged, elsewhere):
        gone = f"res.partner {partner} is gone, merged, or of a company that reknit_bot is not in."
        assert reasons[str(partner)] == gone
    assert "odd" in reasons[str(odd)]
    # Nothing is sent for those that stand, and the others wait.
    assert apply(world.store, bot, ODOO, "run-2", digest).calls == 0


LOGIN_FAULT = xmlrpc.client.dumps(xmlrpc.client.Fault(3, "Access Denied")).encode()


@pytest.mark.parametrize(
    ("transport", "status", "content", "named"),
    [
        ("xmlrpc", 200, LOGIN_FAULT, LoginRefusedError),
        ("json2", 401, b'{"message": "Invalid apikey"}', LoginRefusedError),
        ("xmlrpc", 429, b"", UnavailableError),
        ("json2", 429, b"", UnavailableError),
        ("xmlrpc", 503, b"", None),
        ("json2", 503, b"", None),
    ],
)
def test_a_server_that_refuses_in_the_middle_loses_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    admin: OdooClient,
    bot: OdooClient,
    bot_server: OdooConnection,
    make_partners: MakePartners,
    transport: str,
    status: int,
    content: bytes,
    named: type[OdooError] | None,
) -> None:
    """What says that nothing was done ends the run, a 503 does not: it is looked up and sent again."""
    monkeypatch.setattr(sink, "BATCH_ROWS", 4)
    partners = make_partners(10)
    fill(world, partners)
    digest = world.plan().digest
    server = bot_server.model_copy(update={"password": SecretStr(make_api_key(bot_server))})
    with broken_network(server.url, Refusal(CUSTOMER_SCORE, "load", status, content, spared=1)) as url:
        client = connected(server.model_copy(update={"url": url}), transport, SINK_WRITES)
        if named is None:
            assert apply(world.store, client, ODOO, "run-1", digest).status == "complete"
        else:
            with pytest.raises(named):
                apply(world.store, client, ODOO, "run-1", digest)
            assert len(scores(admin, partners)) == 4
            # The third batch was booked, though it never went.
            assert sorted(world.status().values()) == ["applied"] * 4 + ["sent"] * 6
    result = apply(world.store, bot, ODOO, "run-2", digest)
    assert (result.status, result.settled) == ("complete", 0 if named is None else 6)
    assert len(scores(admin, partners)) == len(activities(admin, partners)) == 10


def test_two_pipelines_at_the_same_time_make_everything_once(
    tmp_path: Path, admin: OdooClient, bot_server: OdooConnection, make_partners: MakePartners
) -> None:
    """Two warehouses that know nothing of each other, as of a copied folder."""
    partners = make_partners(60)
    worlds = [World.create(tmp_path / f"warehouse-{number}.duckdb") for number in range(2)]
    results: list[sink.ApplyResult] = []

    def run(world: World, client: OdooClient) -> None:
        results.append(apply(world.store, client, ODOO, "run-1", world.plan().digest))

    threads = []
    for world in worlds:
        world.connect_odoo(admin.user_id)
        fill(world, partners)
        threads.append(threading.Thread(target=run, args=(world, OdooClient.connect(bot_server, SINK_WRITES))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(result.status, result.applied) for result in results] == [("complete", 80)] * 2
    assert sorted(row["x_partner_id"][0] for row in scores(admin, partners, "x_partner_id")) == partners
    assert sorted(row["res_id"] for row in activities(admin, partners)) == sorted(
        int(customer[1:]) for (customer,) in worlds[0].execute("select entity_id from sync_matter")
    )


def test_a_person_who_edits_while_a_run_writes_wins(
    monkeypatch: pytest.MonkeyPatch, world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    """Between two batches: what is already written is a person's from then on, what is not is left."""
    monkeypatch.setattr(sink, "BATCH_ROWS", 3)
    partners = make_partners(6)
    fill(world, partners)
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    rows = scores(admin, partners)
    world.execute("update score_churn_current set churn_level = 'medium'")
    digest = world.plan().digest
    monkeypatch.setattr(sink, "SENDERS", 1)
    written = 0
    call = OdooClient.call

    def editing(self: OdooClient, model: str, method: str, *args: object, **kwargs: object) -> object:
        nonlocal written
        reply = call(self, model, method, *args, **kwargs)  # type: ignore[arg-type]
        # The first call asks whether the server has the method, the second is the first batch.
        written += self is bot and method == "web_save_multi"
        if written == 2 and method == "web_save_multi":
            for row in (rows[0], rows[5]):
                admin.call(CUSTOMER_SCORE, "write", [[row["id"]], {"x_churn_level": "low"}])
        return reply

    monkeypatch.setattr(OdooClient, "call", editing)
    result = apply(world.store, bot, ODOO, "run-2", digest)
    assert (result.applied, result.left) == (6, 1)
    shown = [row["x_churn_level"] for row in scores(admin, partners, "x_churn_level")]
    assert shown == ["low", *["medium"] * 4, "low"]
    sink.read_touches(world.store, bot, ODOO, "run-3")
    assert world.plan().size == 0
