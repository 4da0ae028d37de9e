"""What the sink relies on, the same over each transport, on a real server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import polars as pl
import pytest
from pydantic import SecretStr

from demo.odoo_api_key import make_api_key
from pipelines.odoo.client import (
    AccessDeniedError,
    ForbiddenWriteError,
    LoginRefusedError,
    MaybeDoneError,
    OdooClient,
    UnavailableError,
    ValidationError,
    Writable,
)
from pipelines.odoo.json2 import Json2Client, connected
from pipelines.odoo.schema import CUSTOMER_SCORE, MODULE
from pipelines.odoo.sink import SINK_WRITES, apply, external_name, settle
from pipelines.settings import OdooConnection
from pipelines.sources.odoo import OdooLoginError, OdooSource
from pipelines.sources.odoo_entities import ODOO_MODELS
from tests.odoo_sink.conftest import activities, scores
from tests.odoo_sink.proxy import Break, broken_network, older_server
from tests.odoo_sink.world import ODOO, World, churn_row

pytestmark = pytest.mark.odoo
MakePartners = Callable[[int], list[int]]
Transport = Callable[..., OdooClient]
CareFree = frozenset({("res.partner", "write"), ("no.such.model", "write"), (CUSTOMER_SCORE, "write"), *SINK_WRITES})


@pytest.fixture(scope="session")
def key_server(bot_server: OdooConnection) -> OdooConnection:
    """The bot's connection with an API key in place of its password."""
    return bot_server.model_copy(update={"password": SecretStr(make_api_key(bot_server))})


@pytest.fixture(params=["xmlrpc", "json2", "json2 of an older server"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Gives the client of a server's connection as the pipeline makes it."""
    name: str = request.param
    with ExitStack() as stack:

        def connect(server: OdooConnection, writable: Writable = CareFree) -> OdooClient:
            if name.endswith("older server"):
                server = server.model_copy(update={"url": stack.enter_context(older_server(server.url))})
            return connected(server, name.split()[0], writable)

        yield connect


@pytest.fixture
def client(transport: Transport, key_server: OdooConnection) -> OdooClient:
    return transport(key_server)


def load(client: OdooClient, partner: int, level: str = "high") -> int:
    """Make one score."""
    key = f"customer_score:contract:{partner}"
    columns = ["id", "x_key", "x_partner_id/.id", "x_churn_level", "x_active"]
    row = [f"{MODULE}.{external_name(key)}", key, partner, level, "True"]
    reply = client.call(CUSTOMER_SCORE, "load", [columns, [row]])
    return int(reply["ids"][0])


def test_it_falls_back_where_the_server_has_no_json2_and_warns_once_of_what_ends(
    key_server: OdooConnection, caplog: pytest.LogCaptureFixture
) -> None:
    with older_server(key_server.url) as url, caplog.at_level("WARNING"):
        older = key_server.model_copy(update={"url": url})
        clients = [connected(older, "json2", CareFree) for _ in range(2)]
        assert [(type(client), client.saves_many(CUSTOMER_SCORE)) for client in clients] == [(OdooClient, False)] * 2
    assert [record.getMessage() for record in caplog.records] == [
        f"{url} has no JSON-2, which came with Odoo 19: XML-RPC takes its place."
    ]
    with broken_network(key_server.url, Break(CUSTOMER_SCORE, "load")) as url, caplog.at_level("WARNING"):
        newer = key_server.model_copy(update={"url": url})
        assert type(connected(newer, "json2", CareFree)) is Json2Client
        assert connected(newer, "json2", CareFree).saves_many(CUSTOMER_SCORE)
        caplog.clear()
        for _ in range(2):
            connected(newer, "xmlrpc", CareFree)
        [notice] = [record.getMessage() for record in caplog.records]
        assert "2028" in notice
        assert "odoo.transport to json2" in notice


def test_it_knows_server_and_login(client: OdooClient, bot: OdooClient) -> None:
    assert client.version == (19, 0)
    assert client.user_id == bot.user_id
    assert (client.has_right(CUSTOMER_SCORE, "write"), client.has_right("res.partner", "write")) == (True, False)


def test_it_reads_and_writes(client: OdooClient, make_partners: MakePartners) -> None:
    [partner] = make_partners(1)
    made = load(client, partner)
    client.call(CUSTOMER_SCORE, "write", [[made], {"x_reasons": "Ça va", "x_currency": False}])
    fields = ["x_partner_id", "x_reasons", "x_currency", "x_churn_probability"]
    [row] = client.search_read(CUSTOMER_SCORE, [["id", "=", made]], fields)
    assert row["x_partner_id"][0] == partner
    assert (row["x_reasons"], row["x_currency"], row["x_churn_probability"]) == ("Ça va", False, 0.0)
    assert client.call(CUSTOMER_SCORE, "search_count", [[["x_partner_id", "=", partner]]]) == 1


def test_it_reads_what_the_source_reads(
    client: OdooClient, key_server: OdooConnection, make_partners: MakePartners
) -> None:
    """The pull goes over odoorpc."""
    partners = make_partners(3)
    source = OdooSource.connect(key_server)
    until = source.now() + timedelta(minutes=5)
    pulled = pl.concat(source.pull("res.partner", ODOO_MODELS["res.partner"], until - timedelta(minutes=15), until))
    rows = client.search_read("res.partner", [["id", "in", partners]], ["name", "active"], order="id")
    assert [(row["id"], row["name"], row["active"]) for row in rows] == (
        pulled.filter(pl.col("id").is_in(partners)).sort("id").select("id", "name", "active").rows()
    )
    assert source.version.startswith(".".join(str(part) for part in client.version))


def test_each_fault_has_the_same_name(client: OdooClient, make_partners: MakePartners) -> None:
    [partner] = make_partners(1)
    made = load(client, partner)
    with pytest.raises(AccessDeniedError):
        client.call("res.partner", "write", [[partner], {"email": "other@example.com"}])
    with pytest.raises(ForbiddenWriteError):
        client.call("res.users", "write", [[1], {}])
    with pytest.raises(ValidationError):
        client.call("no.such.model", "write", [[1], {}])
    with pytest.raises(ValidationError):
        client.call(CUSTOMER_SCORE, "write", [[made], {"x_churn_level": "odd"}])
    with pytest.raises(ValidationError):
        client.call(CUSTOMER_SCORE, "write", [[made], {"no_such_field": 1}])


def test_a_key_that_has_ended_says_so(transport: Transport, key_server: OdooConnection) -> None:
    client = transport(key_server.model_copy(update={"password": SecretStr("0" * 40)}))
    with pytest.raises(LoginRefusedError, match="may have ended"):
        client.search_read("res.partner", [], ["id"], limit=1)
    with pytest.raises(OdooLoginError, match="may have ended"):
        OdooSource.connect(key_server.model_copy(update={"password": SecretStr("0" * 40)}))


@pytest.mark.parametrize("arrives", [True, False], ids=["reply lost", "request lost"])
def test_a_lost_write_is_maybe_done_and_a_lost_read_is_not(
    transport: Transport, key_server: OdooConnection, make_partners: MakePartners, arrives: bool
) -> None:
    [partner] = make_partners(1)
    with broken_network(key_server.url, Break(CUSTOMER_SCORE, "load", arrives=arrives)) as url:
        client = transport(key_server.model_copy(update={"url": url}))
        with pytest.raises(MaybeDoneError):
            load(client, partner)
        there = client.call(CUSTOMER_SCORE, "search_count", [[["x_partner_id", "=", partner]]])
    assert there == (1 if arrives else 0)
    with broken_network(key_server.url, Break("res.partner", "search_count", arrives=arrives)) as url:
        client = transport(key_server.model_copy(update={"url": url}))
        with pytest.raises(UnavailableError):
            client.call("res.partner", "search_count", [[]])


def test_a_whole_apply_with_a_lost_reply(
    world: World,
    admin: OdooClient,
    transport: Transport,
    key_server: OdooConnection,
    make_partners: MakePartners,
) -> None:
    partners = make_partners(3)
    saves_many = transport(key_server).saves_many(CUSTOMER_SCORE)
    method_of_updates = "web_save_multi" if saves_many else "load"
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert("score_churn_current", *(churn_row(f"C{partner}") for partner in partners))
    for run, method in (("creating", "load"), ("updating", method_of_updates)):
        with broken_network(key_server.url, Break(CUSTOMER_SCORE, method)) as url:
            client = transport(key_server.model_copy(update={"url": url}), SINK_WRITES)
            client.saves_many = lambda model: saves_many  # type: ignore[method-assign]
            settle(world.store, client, ODOO, run)
            result = apply(world.store, client, ODOO, run, world.plan().digest)
            assert (result.status, result.rejected) == ("complete", 0)
        [history] = world.execute(
            """select list(status order by ledger_id) from sync_ledger
            where run_id = ? and target_kind = 'customer_score' group by key order by key limit 1""",
            run,
        )
        assert history == (["sent", "unknown", "applied"],)
        world.execute("update score_churn_current set churn_probability = 0.55")
    assert [row["x_churn_probability"] for row in scores(admin, partners, "x_churn_probability")] == [0.55] * 3
    assert sorted(row["res_id"] for row in activities(admin, partners)) == partners
