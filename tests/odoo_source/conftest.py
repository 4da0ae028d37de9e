"""A real Odoo 19 with a small retailer in it: the server that the environment names, or a fresh database of our own."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import odoorpc
import polars as pl
import pytest

from demo import odoo_seed
from demo.odoo_server import database_for_tests
from pipelines.odoo.setup import prepare_bot
from pipelines.settings import OdooConnection
from pipelines.sources.odoo import OdooSource
from pipelines.sources.odoo_entities import ODOO_MODELS
from tests.odoo_source.retailer import write_seed_files


class Admin:
    """An administrator, for making what a test then reads."""

    def __init__(self, server: OdooConnection) -> None:
        parts = urlsplit(server.url)
        protocol = "jsonrpc+ssl" if parts.scheme == "https" else "jsonrpc"
        self._odoo = odoorpc.ODOO(parts.hostname, protocol, parts.port or (443 if parts.scheme == "https" else 80))
        self._odoo.login(server.database, server.user, server.password.get_secret_value())

    def call(self, model: str, method: str, *arguments: Any, **options: Any) -> Any:
        return self._odoo.execute_kw(model, method, list(arguments), options)

    def written_at(self, model: str, record_id: int) -> datetime:
        row = self.call(model, "read", [record_id], ["write_date"])[0]
        return datetime.fromisoformat(row["write_date"])


@pytest.fixture(scope="session")
def seed_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odoo_seed")
    write_seed_files(folder)
    return folder


@pytest.fixture(scope="session")
def server(seed_dir: Path) -> Iterator[OdooConnection]:
    with database_for_tests() as found:
        odoo_seed.seed(found, seed_dir, progress=lambda text: None)
        # The tasks that come back are rows of a model that the set-up makes.
        prepare_bot(found)
        yield found


@pytest.fixture(scope="session")
def admin(server: OdooConnection) -> Admin:
    return Admin(server)


@pytest.fixture
def source(server: OdooConnection) -> OdooSource:
    return OdooSource.connect(server)


@pytest.fixture
def soon(source: OdooSource) -> datetime:
    """A window's end that no row of the test lies behind; a run would take `now()`."""
    return source.now() + timedelta(minutes=5)


def pulled(source: OdooSource, model: str, lo: datetime | None, hi: datetime) -> pl.DataFrame:
    return pl.concat(source.pull(model, ODOO_MODELS[model], lo, hi))
