"""The analysts' files: built beside the old ones, checked, then put in their place in one rename.

Belongs here: which tables and columns go into which file, and the catalog. Does not belong here: what they mean; that
is said once, beside each column in dbt.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.catalog import COLUMN_MEANINGS
from pipelines.state import SCORE_TASKS

# Readers of the long-term release 1.4 open it too.
STORAGE_VERSION = "v1.4.0"
PUBLIC_PREFIXES = ("dim_", "fct_", "mart_", "score_")
# Tables of the pipeline that people ask about, with the columns that name nobody.
OPERATIONS = {
    "identity_xref": "*",
    "ops_source": "*",
    "ops_run": "*",
    "ops_file_load": "*",
    "ops_quarantine": "* exclude (row_json)",
    "sync_desired": "*",
}


class PublishError(Exception):
    """The new file is not fit to replace the published one, which stays as it is."""


@dataclass(frozen=True)
class DocumentedColumn:
    """A column as its dbt model describes it."""

    table: str
    column: str
    description: str
    is_personal: bool


def documented_columns(manifest_path: Path) -> list[DocumentedColumn]:
    """Columns of every model in dbt's manifest."""
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    return [
        DocumentedColumn(
            table=node["name"],
            column=column["name"],
            description=column["description"],
            is_personal=bool(
                column.get("config", {}).get("meta", {}).get("personal") or column["meta"].get("personal")
            ),
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for column in node["columns"].values()
    ]


def publish(
    connection: duckdb.DuckDBPyConnection, target: Path, columns: Iterable[DocumentedColumn], with_personal: bool
) -> dict[str, int]:
    """Write the public tables to `target` in one rename; gives rows by table.

    Raises PublishError where a table did not arrive whole; the published file then stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".new")
    beside.unlink(missing_ok=True)
    columns = list(columns)
    hidden = {} if with_personal else _personal_columns(columns)
    connection.execute(f"attach '{beside}' as published (storage_version '{STORAGE_VERSION}')")
    try:
        rows = _copy_tables(connection, hidden)
        _write_catalog(connection, columns, hidden)
        _create_current_views(connection)
    finally:
        connection.execute("use warehouse; detach published")
    if with_personal:
        beside.chmod(0o600)
    os.replace(beside, target)
    return rows


def _personal_columns(columns: list[DocumentedColumn]) -> dict[str, list[str]]:
    hidden: dict[str, list[str]] = {}
    for column in columns:
        if column.is_personal:
            hidden.setdefault(column.table, []).append(column.column)
    return hidden


def _public_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What is published: table name and the columns as SQL."""
    tables = connection.execute(
        """select table_name from information_schema.tables
        where table_catalog = 'warehouse' and table_schema = 'main' and table_name not like 'score_%_current'
        order by table_name"""
    ).fetchall()
    names = [name for (name,) in tables]
    return {name: "*" for name in names if name.startswith(PUBLIC_PREFIXES)} | {
        name: columns for name, columns in OPERATIONS.items() if name in names
    }


def _copy_tables(connection: duckdb.DuckDBPyConnection, hidden: dict[str, list[str]]) -> dict[str, int]:
    rows = {}
    for name, selected in _public_tables(connection).items():
        if name in hidden:
            selected = "* exclude ({})".format(", ".join(f'"{column}"' for column in hidden[name]))
        connection.execute(f"create table published.main.{name} as select {selected} from warehouse.main.{name}")
        before, after = connection.execute(
            f"select (select count(*) from warehouse.main.{name}), (select count(*) from published.main.{name})"
        ).fetchall()[0]
        if before != after:
            raise PublishError(f"{name} has {before} rows but {after} arrived in the file to publish.")
        rows[name] = after
    return rows


def _write_catalog(
    connection: duckdb.DuckDBPyConnection, columns: list[DocumentedColumn], hidden: dict[str, list[str]]
) -> None:
    """Tables and columns with their meaning, in the file itself."""
    documented = [(c.table, c.column, c.description) for c in columns if c.column not in hidden.get(c.table, [])]
    connection.execute(
        """create or replace temp table _meaning (table_name varchar, column_name varchar, description varchar)"""
    )
    connection.executemany(
        "insert into _meaning values (?, ?, ?)",
        [*documented, *((None, name, meaning) for name, meaning in COLUMN_MEANINGS.items())],
    )
    connection.execute(
        """create table published.main.catalog as
        select c.table_name, c.column_name, c.data_type, coalesce(own.description, shared.description) as description
        from duckdb_columns() as c
        left join _meaning as own on own.table_name = c.table_name and own.column_name = c.column_name
        left join _meaning as shared on shared.table_name is null and shared.column_name = c.column_name
        where c.database_name = 'published' order by c.table_name, c.column_index"""
    )


def _create_current_views(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("use published")
    for task in SCORE_TASKS:
        connection.execute(
            f"""create view score_{task}_current as
            select * from score_{task} where as_of_date = (select max(as_of_date) from score_{task})"""
        )
