"""A real Odoo for the sink's tests: the one that ODOO_URL and its companions name, or a fresh database of our own.

The set-up is made once; each test makes records of its own and removes them.
"""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from demo.odoo_api_key import make_api_key
from demo.odoo_server import database_for_tests
from pipelines.odoo.client import OdooClient
from pipelines.odoo.json2 import Json2Client
from pipelines.odoo.schema import APPROVAL, CASE, CUSTOMER_SCORE, NEW_PARTNER, PRODUCT_SCORE, TASK
from pipelines.odoo.setup import SETUP_WRITES, prepare_bot
from pipelines.odoo.sink import SINK_WRITES
from pipelines.settings import ODOO_VARIABLES, OdooConnection, odoo_connection
from tests.odoo_sink.world import World

_OWN = (CUSTOMER_SCORE, PRODUCT_SCORE, TASK, CASE, APPROVAL, NEW_PARTNER)
ADMIN_WRITES = SETUP_WRITES | {
    (model, method)
    for model in (*_OWN, "res.partner", "product.template", "ir.model.data", "mail.activity", "project.project")
    for method in ("create", "write", "unlink", "action_feedback")
}


@pytest.fixture(scope="session")
def server() -> Iterator[OdooConnection]:
    """An administrator's connection."""
    with database_for_tests() as connection:
        yield connection


@pytest.fixture(scope="session")
def admin_server(server: OdooConnection) -> OdooConnection:
    """The same with an API key: Odoo looks at a password anew, and long, each time the set-up changed something."""
    return server.model_copy(update={"password": SecretStr(make_api_key(server))})


@pytest.fixture(scope="session")
def bot_server(admin_server: OdooConnection) -> OdooConnection:
    """The bot's connection, the set-up made."""
    environment = prepare_bot(admin_server, "json2")
    return OdooConnection.model_validate({name: environment[variable] for name, variable in ODOO_VARIABLES.items()})


@pytest.fixture(scope="session")
def admin(admin_server: OdooConnection, bot_server: OdooConnection) -> OdooClient:
    return Json2Client.connect(admin_server, ADMIN_WRITES)


@pytest.fixture
def bot(bot_server: OdooConnection) -> OdooClient:
    return OdooClient.connect(bot_server, SINK_WRITES)


def bot_through(bot_server: OdooConnection, url: str) -> OdooClient:
    """The bot as the pipeline uses it, through a proxy."""
    return OdooClient.connect(bot_server.model_copy(update={"url": url}), SINK_WRITES)


@pytest.fixture(scope="session")
def partners_made(admin: OdooClient) -> Iterator[list[int]]:
    """Ids of all partners of the session; a database that is not ours is rid of them once, because that takes long."""
    made: list[int] = []
    yield made
    if odoo_connection():
        _remove(admin, "res.partner", [["id", "in", made]])


@pytest.fixture
def make_partners(admin: OdooClient, partners_made: list[int]) -> Iterator[Callable[[int], list[int]]]:
    """Makes partners, and removes what the sink hung on them."""
    made: list[int] = []

    def make(count: int) -> list[int]:
        tag = uuid.uuid4().hex[:8]
        ids: list[int] = admin.call(
            "res.partner", "create", [[{"name": f"Reknit test {tag} {number}"} for number in range(count)]]
        )
        made.extend(ids)
        return ids

    yield make
    partners_made += made
    for model in (CUSTOMER_SCORE, TASK, CASE, APPROVAL):
        _remove(admin, model, [["partner_id" if model == CASE else "x_partner_id", "in", made]])


@pytest.fixture
def world(tmp_path: Path, admin: OdooClient) -> World:
    """A warehouse with an Odoo whose administrator gets the tasks."""
    world = World.create(tmp_path / "warehouse.duckdb")
    world.connect_odoo(admin.user_id)
    world.execute("update stg_odoo__user set login = 'admin'")
    return world


def scores(client: OdooClient, partners: list[int], *fields: str) -> list[dict[str, Any]]:
    """Score rows of partners, archived ones too."""
    return client.search_read(CUSTOMER_SCORE, [["x_partner_id", "in", partners]], ["x_key", *fields], order="x_key")


def activities(client: OdooClient, partners: list[int]) -> list[dict[str, Any]]:
    """Activities of the set-up's type on partners."""
    domain: list[object] = [
        ["res_model", "=", "res.partner"],
        ["res_id", "in", partners],
        ["activity_type_id.name", "like", "Reknit:"],
    ]
    return client.search_read("mail.activity", domain, ["res_id", "user_id", "summary", "note", "date_deadline"])


def _remove(admin: OdooClient, model: str, domain: list[object]) -> None:
    if ids := [row["id"] for row in admin.search_read(model, domain, ["id"])]:
        admin.call(model, "unlink", [ids])
