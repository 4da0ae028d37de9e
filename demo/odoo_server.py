"""An Odoo for the demo and the tests: the one that the environment names, or else one that is brought up here.

Belongs here: finding or starting the server, and databases that a test may spoil. Does not belong here: how a server is
installed (`tests/odoo_server/odoo-up.sh`) and what is put into it (`odoo_seed.py`).
"""

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from pipelines.settings import ODOO_VARIABLES, PROJECT_DIR, OdooConnection, odoo_connection

SERIES = "19"
SCRIPT = PROJECT_DIR / "tests" / "odoo_server" / "odoo-up.sh"


class OdooServerError(Exception):
    """No Odoo could be had; the script has said on stderr what is missing."""


def connection() -> OdooConnection:
    """The Odoo of ODOO_URL and its companions, else a server of our own, brought up if it is not up."""
    return odoo_connection() or _connection_of(_run("up"))


@contextmanager
def database_for_tests(series: str = SERIES) -> Iterator[OdooConnection]:
    """The database of ODOO_URL and its companions, else a fresh one of our own, gone afterwards.

    Of another series than the newest it is always a fresh one.

    A fresh one has the modules and no records, and takes about a second, Odoo two more at the first call. Each has a
    name of its own, because Odoo keeps what it knows of a database in memory.
    """
    if series == SERIES and (given := odoo_connection()):
        yield given
        return
    _run("up", series=series)
    name = f"retail_{uuid.uuid4().hex[:12]}"
    try:
        yield _connection_of(_run("fresh", name, series=series))
    finally:
        _run("drop", name, series=series)


def _run(*arguments: str, series: str = SERIES) -> str:
    environment = os.environ | {"ODOO_SERIES": series}
    done = subprocess.run([SCRIPT, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise OdooServerError(f"odoo-up.sh {arguments[0]} ended with {done.returncode}; the line above says why.")
    return done.stdout


def _connection_of(output: str) -> OdooConnection:
    values = dict(line.split("=", 1) for line in output.splitlines())
    url, database, user, password = (values[variable] for variable in ODOO_VARIABLES.values())
    return OdooConnection(url=url, database=database, user=user, password=SecretStr(password))
