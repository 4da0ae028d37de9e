"""A real Odoo for the sink's tests: the one that ODOO_URL and its companions name, as an administrator.

The set-up is made once; each test makes records of its own and removes them.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.schema import BOT_LOGIN, CASE, CUSTOMER_SCORE, MODULE, PRODUCT_SCORE, TASK
from pipelines.odoo.setup import SETUP_WRITES, setup
from pipelines.odoo.sink import SINK_WRITES
from tests.odoo_sink.world import World

# What `tests/odoo_server/odoo-up.sh` brings up when nothing is said.
URL = os.environ.get("ODOO_URL", "http://127.0.0.1:18169")
DATABASE = os.environ.get("ODOO_DB", "retail")
ADMIN = os.environ.get("ODOO_USER", "admin")
ADMIN_PASSWORD = os.environ.get("ODOO_PASSWORD", "admin")
BOT_PASSWORD = "bot-of-the-tests"

_OWN = (CUSTOMER_SCORE, PRODUCT_SCORE, TASK, CASE)
_ADMIN_WRITES = SETUP_WRITES | {
    (model, method)
    for model in (*_OWN, "res.partner", "product.template", "ir.model.data", "mail.activity", "project.project")
    for method in ("create", "write", "unlink", "action_feedback")
}


@pytest.fixture(scope="session")
def admin() -> OdooClient:
    client = OdooClient(URL, DATABASE, ADMIN, ADMIN_PASSWORD, writable=_ADMIN_WRITES)
    setup(client, BOT_PASSWORD)
    return client


@pytest.fixture
def bot(admin: OdooClient) -> OdooClient:
    return bot_client()


def bot_client(url: str = URL, timeout: float = 120) -> OdooClient:
    """The bot as the pipeline uses it, maybe through a proxy."""
    return OdooClient(url, DATABASE, BOT_LOGIN, BOT_PASSWORD, writable=SINK_WRITES, timeout=timeout)


@pytest.fixture
def make_partners(admin: OdooClient) -> Iterator[Callable[[int], list[int]]]:
    """Makes partners, and removes them with everything that the sink hung on them."""
    made: list[int] = []

    def make(count: int) -> list[int]:
        tag = uuid.uuid4().hex[:8]
        ids: list[int] = admin.call(
            "res.partner", "create", [[{"name": f"Reknit test {tag} {number}"} for number in range(count)]]
        )
        made.extend(ids)
        return ids

    yield make
    for model, field in ((CUSTOMER_SCORE, "x_partner_id"), (TASK, "x_partner_id"), (CASE, "partner_id")):
        _remove(admin, model, [[field, "in", made]])
    _remove(admin, "res.partner", [["id", "in", made]])


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
    ids = [row["id"] for row in admin.search_read(model, domain, ["id"])]
    if ids:
        admin.call(model, "unlink", [ids])
        if model in _OWN:
            left = admin.search_read(
                "ir.model.data", [["module", "=", MODULE], ["model", "=", model], ["res_id", "in", ids]], ["id"]
            )
            admin.call("ir.model.data", "unlink", [[row["id"] for row in left]])
