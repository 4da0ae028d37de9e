"""What goes wrong on the way to an Odoo is named, says what to do, and tells no secret."""

import logging
import socket
from datetime import datetime

import pytest

from pipelines.settings import OdooConnection
from pipelines.sources.odoo import OdooAccessError, OdooLoginError, OdooSource, OdooUnavailableError
from pipelines.sources.odoo_entities import ODOO_MODELS
from tests.odoo_source.conftest import Admin

SECRET = "s3cret-password"


def test_closed_port_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(OdooUnavailableError, match="check ODOO_URL") as error:
        OdooSource(f"http://127.0.0.1:{port}", "retail", "admin", SECRET)
    assert SECRET not in str(error.value)


def test_server_that_does_not_answer_in_time_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(OdooUnavailableError, match="TimeoutError"):
            OdooSource(url, "retail", "admin", SECRET, timeout=0.2)


@pytest.mark.parametrize("url", ["odoo.example.com", "ftp://odoo.example.com", "https://odoo.example.com/web"])
def test_url_that_is_none_says_how_one_looks(url: str) -> None:
    with pytest.raises(OdooUnavailableError, match="ODOO_URL must read like"):
        OdooSource(url, "retail", "admin", SECRET)


@pytest.mark.odoo
@pytest.mark.parametrize("wrong", ["database", "user", "password"])
def test_refused_login_names_the_variables_and_no_secret(server: OdooConnection, wrong: str) -> None:
    values = server.model_dump() | {"password": server.password.get_secret_value()} | {wrong: f"{SECRET}_{wrong}"}
    with pytest.raises(OdooLoginError, match="ODOO_DB, ODOO_USER, ODOO_PASSWORD") as error:
        OdooSource(values["url"], values["database"], values["user"], values["password"])
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.odoo
def test_model_without_access_is_named(server: OdooConnection, admin: Admin, soon: datetime) -> None:
    groups = admin.call("ir.model.data", "search_read", [["name", "=", "group_user"], ["module", "=", "base"]])
    login = f"reader{soon:%H%M%S}@example.org"
    values = {"name": "Reader", "login": login, "password": SECRET, "group_ids": [(6, 0, [groups[0]["res_id"]])]}
    admin.call("res.users", "create", [values], context={"no_reset_password": True})
    reader = OdooSource(server.url, server.database, login, SECRET)
    entity = ODOO_MODELS["account.move"]
    for read in (lambda: list(reader.pull("account.move", entity, None, soon)), lambda: reader.ids("account.move")):
        with pytest.raises(OdooAccessError, match=r"may not read account\.move") as error:
            read()
        assert error.value.model == "account.move"
        assert SECRET not in str(error.value)


@pytest.mark.odoo
def test_debug_log_shows_no_password(server: OdooConnection, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(OdooLoginError):
        OdooSource(server.url, server.database, server.user, SECRET)
    assert SECRET not in caplog.text
