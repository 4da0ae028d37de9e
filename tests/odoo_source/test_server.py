"""Finding a server: the environment's comes first, and what is missing is said in one sentence."""

import os
import subprocess

import pytest

from demo import odoo_server

VARIABLES = {"ODOO_URL": "http://odoo.example.org", "ODOO_DB": "shop", "ODOO_USER": "bot", "ODOO_PASSWORD": "key"}


def test_server_of_the_environment_is_taken_without_bringing_one_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odoo_server, "SCRIPT", "/bin/false")
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    found = odoo_server.connection()
    assert (found.url, found.database, found.user) == ("http://odoo.example.org", "shop", "bot")


def test_script_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ODOO_URL", raising=False)
    monkeypatch.setattr(odoo_server, "SCRIPT", "/bin/false")
    with pytest.raises(odoo_server.OdooServerError, match="the line above says why"):
        odoo_server.connection()


def test_what_is_missing_is_one_sentence() -> None:
    # On a machine that is no Debian, or without root, the sentence is about that; elsewhere about the name.
    run = subprocess.run(
        [odoo_server.SCRIPT], env=os.environ | {"ODOO_DB": "production"}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert any(word in run.stderr for word in ("needs Debian", "needs root", "ODOO_DB must begin"))
