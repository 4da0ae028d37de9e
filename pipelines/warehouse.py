"""The warehouse file: the only Python that opens it.

Belongs here: connections, the lock that keeps a second writer out, the paths of warehouse and published files.
Does not belong here: what stands in the tables (`state.py`, dbt) or how it is published (`publishing.py`).

A connection is short: it is closed before dbt, which is another process, opens the file.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import duckdb
import polars as pl

from pipelines.settings import state_dir

# One configuration for every connection of a process: DuckDB refuses two.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "autoinstall_known_extensions": False,
}
LOCK_WAIT_SECONDS = 60


class WarehouseBusyError(Exception):
    """Another process is writing; the message names it."""


def warehouse_path() -> Path:
    return state_dir() / "warehouse.duckdb"


def published_path() -> Path:
    return state_dir() / "published" / "retail.duckdb"


def personal_path() -> Path:
    return state_dir() / "published" / "retail_personal.duckdb"


def docs_path() -> Path:
    return state_dir() / "published" / "docs.html"


class _WriterLock:
    """A lock on a file beside the warehouse, held from the first write of a process until it ends.

    The operating system frees it when the process dies, however it dies, so that a killed run never blocks the next.
    """

    def __init__(self) -> None:
        self._handle: IO[str] | None = None
        self._path: Path | None = None

    def acquire(self) -> None:
        path = state_dir() / "warehouse.lock"
        if self._handle is not None and self._path == path:
            return
        self.release()
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+", encoding="utf-8")
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    handle.seek(0)
                    holder = handle.read().strip() or "an unknown process"
                    handle.close()
                    raise WarehouseBusyError(
                        f"{warehouse_path()} is being written by {holder}: wait for it to end, or stop it."
                    ) from None
                time.sleep(0.2)
        handle.truncate(0)
        handle.write(f"process {os.getpid()}")
        handle.flush()
        self._handle, self._path = handle, path

    def release(self) -> None:
        if self._handle is not None:
            self._handle.close()
        self._handle = self._path = None


writer_lock = _WriterLock()


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that may write. Raises WarehouseBusyError where another process writes."""
    writer_lock.acquire()
    connection = duckdb.connect(str(warehouse_path()), config=CONFIG)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block, or nothing."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def replace_rows(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame, where: str = "true") -> None:
    """Put the frame's rows in the place of those that `where` names. Columns are matched by name."""
    connection.execute(f"delete from {table} where {where}")
    connection.register("_frame", frame.to_arrow())
    connection.execute(f"insert into {table} by name select * from _frame")
    connection.unregister("_frame")


@contextmanager
def read_published(path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reader of a published file; it never blocks a run."""
    target = path or published_path()
    if not target.exists():
        raise FileNotFoundError(f"Nothing is published at {target} yet: run `retail run` first.")
    connection = duckdb.connect(str(target), read_only=True)
    try:
        yield connection
    finally:
        connection.close()
