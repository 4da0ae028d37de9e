"""What the sink relies on, the same over each transport, on a real server."""

from collections.abc import Callable
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
)
from pipelines.odoo.json2 import Json2Client
from pipelines.odoo.schema import CUSTOMER_SCORE, MODULE
from pipelines.odoo.sink import SINK_WRITES, apply, external_name, settle
from pipelines.settings import OdooConnection
from pipelines.sources.odoo import OdooLoginError, OdooSource
from pipelines.sources.odoo_entities import ODOO_MODELS
from tests.odoo_sink.conftest import activities, scores
from tests.odoo_sink.proxy import Break, broken_network
from tests.odoo_sink.world import ODOO, World, churn_row

pytestmark = pytest.mark.odoo
MakePartners = Callable[[int], list[int]]
CareFree = frozenset({("res.partner", "write"), ("no.such.model", "write"), *SINK_WRITES})


@pytest.fixture(scope="session")
def key_server(bot_server: OdooConnection) -> OdooConnection:
    """The bot's connection with an API key in place of its password."""
    return bot_server.model_copy(update={"password": SecretStr(make_api_key(bot_server))})


@pytest.fixture(params=[OdooClient, Json2Client], ids=["xmlrpc", "json2"])
def transport(request: pytest.FixtureRequest) -> type[OdooClient]:
    kind: type[OdooClient] = request.param
    return kind


@pytest.fixture
def client(transport: type[OdooClient], key_server: OdooConnection) -> OdooClient:
    return transport.connect(key_server, CareFree)


def load(client: OdooClient, partner: int, level: str = "high") -> int:
    """Make one score."""
    key = f"customer_score:contract:{partner}"
    columns = ["id", "x_key", "x_partner_id/.id", "x_churn_level", "x_active"]
    row = [f"{MODULE}.{external_name(key)}", key, partner, level, "True"]
    reply = client.call(CUSTOMER_SCORE, "load", [columns, [row]])
    return int(reply["ids"][0])


def test_it_knows_server_and_login(client: OdooClient, bot: OdooClient) -> None:
    assert client.version == (19, 0)
    assert client.user_id == bot.user_id
    assert client.saves_many(CUSTOMER_SCORE)
    assert (client.has_right(CUSTOMER_SCORE, "write"), client.has_right("res.partner", "write")) == (True, False)


def test_it_reads_and_writes(client: OdooClient, make_partners: MakePartners) -> None:
    [partner] = make_partners(1)
    made = load(client, partner)
    reply = client.call(
        CUSTOMER_SCORE, "web_save_multi", [[made], [{"x_reasons": "Ça va", "x_currency": False}], {"x_reasons": {}}]
    )
    assert reply == [{"id": made, "x_reasons": "Ça va"}]
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


def test_a_key_that_has_ended_says_so(transport: type[OdooClient], key_server: OdooConnection) -> None:
    client = transport.connect(key_server.model_copy(update={"password": SecretStr("0" * 40)}))
    with pytest.raises(LoginRefusedError, match="may have ended"):
        client.search_read("res.partner", [], ["id"], limit=1)
    with pytest.raises(OdooLoginError, match="may have ended"):
        OdooSource.connect(key_server.model_copy(update={"password": SecretStr("0" * 40)}))


@pytest.mark.parametrize("arrives", [True, False], ids=["reply lost", "request lost"])
def test_a_lost_write_is_maybe_done_and_a_lost_read_is_not(
    transport: type[OdooClient], key_server: OdooConnection, make_partners: MakePartners, arrives: bool
) -> None:
    [partner] = make_partners(1)
    with broken_network(key_server.url, Break(CUSTOMER_SCORE, "load", arrives=arrives)) as url:
        client = transport.connect(key_server.model_copy(update={"url": url}), CareFree)
        with pytest.raises(MaybeDoneError):
            load(client, partner)
        there = client.call(CUSTOMER_SCORE, "search_count", [[["x_partner_id", "=", partner]]])
    assert there == (1 if arrives else 0)
    with broken_network(key_server.url, Break("res.partner", "search_count", arrives=arrives)) as url:
        client = transport.connect(key_server.model_copy(update={"url": url}), CareFree)
        with pytest.raises(UnavailableError):
            client.call("res.partner", "search_count", [[]])


def test_a_whole_apply_with_a_lost_reply(
    world: World,
    admin: OdooClient,
    transport: type[OdooClient],
    key_server: OdooConnection,
    make_partners: MakePartners,
) -> None:
    partners = make_partners(3)
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert("score_churn_current", *(churn_row(f"C{partner}") for partner in partners))
    for method in ("load", "web_save_multi"):
        with broken_network(key_server.url, Break(CUSTOMER_SCORE, method)) as url:
            client = transport.connect(key_server.model_copy(update={"url": url}), SINK_WRITES)
            client.saves_many = lambda model: True  # type: ignore[method-assign]
            settle(world.store, client, ODOO, method)
            result = apply(world.store, client, ODOO, method, world.plan().digest)
            assert (result.status, result.rejected) == ("complete", 0)
        world.execute("update score_churn_current set churn_probability = 0.55")
    assert [row["x_churn_probability"] for row in scores(admin, partners, "x_churn_probability")] == [0.55] * 3
    assert sorted(row["res_id"] for row in activities(admin, partners)) == partners
