"""The database in memory that identity works in.

Belongs here: how it is opened. Does not belong here: any table of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

THREADS = 2


@contextmanager
def workspace() -> Iterator[duckdb.DuckDBPyConnection]:
    """A closed memory: nothing is fetched, nothing is left behind."""
    options: dict[str, str | bool | int | float | list[str]] = {
        "threads": THREADS,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=options)
    try:
        yield connection
    finally:
        connection.close()
