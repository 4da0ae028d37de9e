"""The database in memory that identity works in.

Belongs here: how it is opened, by itself or beside the database that keeps what a run leaves behind.
Does not belong here: any table of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

THREADS = 2
NAME = "identity_workspace"


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


@contextmanager
def workspace_beside(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Unqualified names of the connection stand for a workspace of its own; yields the name of its own database."""
    kept: str = connection.sql("select current_database()").fetchall()[0][0]
    connection.execute(f"attach ':memory:' as {NAME}")
    connection.execute(f"use {NAME}")
    try:
        yield kept
    finally:
        connection.execute(f'use "{kept}"')
        connection.execute(f"detach {NAME}")
