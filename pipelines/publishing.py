"""The analysts' files: built beside the old ones, checked, then put in their place in one rename.

Belongs here: which tables and columns go into which file, and the catalog in it. Does not belong here: what they mean;
that is said once, beside each column (`catalog.py` reads it).
"""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.catalog import FILE_TABLES, PIPELINE_TABLES, TableMeaning
from pipelines.state import SCORE_TASKS
from pipelines.warehouse import replace_rows

# Readers of the long-term release 1.4 open it too.
STORAGE_VERSION = "v1.4.0"
DBT_PREFIXES = ("dim_", "fct_", "mart_")


class PublishError(Exception):
    """The new file is not fit to replace the published one, which stays as it is."""


def is_published(name: str) -> bool:
    """Whether a table of that name is for analysts."""
    return name.startswith(DBT_PREFIXES) or name in PIPELINE_TABLES


def publish(
    connection: duckdb.DuckDBPyConnection,
    target: Path,
    dbt_tables: Mapping[str, TableMeaning],
    with_personal: bool,
    as_of: date,
) -> dict[str, int]:
    """Write the public tables to `target` in one rename; gives rows by table.

    Raises PublishError where a table did not arrive whole, or where nobody has said whether a column is personal; the
    published file then stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".new")
    beside.unlink(missing_ok=True)
    public = {name: meaning for name, meaning in dbt_tables.items() if is_published(name)} | PIPELINE_TABLES
    connection.execute(f"attach '{beside}' as published (storage_version '{STORAGE_VERSION}')")
    if with_personal:
        beside.chmod(0o600)
    try:
        rows = {
            name: _copy_table(connection, name, public[name], with_personal) for name in _existing(connection, public)
        }
        connection.execute("use published")
        _create_views(connection)
        _write_catalog(connection, public | FILE_TABLES, rows, as_of)
    finally:
        connection.execute("use warehouse; detach published")
    os.replace(beside, target)
    return rows


def _existing(connection: duckdb.DuckDBPyConnection, public: Mapping[str, TableMeaning]) -> list[str]:
    """Public tables and views that the warehouse has, and no model of an earlier release that is still there."""
    names = connection.execute(
        """select table_name from information_schema.tables
        where table_catalog = 'warehouse' and table_schema = 'main' order by table_name"""
    ).fetchall()
    return [name for (name,) in names if name in public]


def _copy_table(connection: duckdb.DuckDBPyConnection, name: str, meaning: TableMeaning, with_personal: bool) -> int:
    source, copy = f"warehouse.main.{name}", f"published.main.{name}"
    columns = [row[0] for row in connection.execute(f"select column_name from (describe {source})").fetchall()]
    unclassified = [f"{name}.{column}" for column in columns if _is_personal(meaning, column) is None]
    if unclassified:
        raise PublishError(f"Say `personal:` of {', '.join(unclassified)} where the column is described.")
    selected = ", ".join(f'"{column}"' for column in columns if with_personal or not _is_personal(meaning, column))
    connection.execute(f"create table {copy} as select {selected} from {source}")
    before, after = connection.execute(
        f"select (select count(*) from {source}), (select count(*) from {copy})"
    ).fetchall()[0]
    if before != after:
        raise PublishError(f"{name} has {before} rows but {after} arrived in the file to publish.")
    rows: int = after
    return rows


def _is_personal(meaning: TableMeaning, column: str) -> bool | None:
    """None also for a column that nobody has described."""
    return meaning.columns[column].is_personal if column in meaning.columns else None


def _create_views(connection: duckdb.DuckDBPyConnection) -> None:
    for task in SCORE_TASKS:
        connection.execute(
            f"""create view score_{task}_current as
            select * from score_{task} where as_of_date = (select max(as_of_date) from score_{task})"""
        )
    connection.execute(
        """create view banner as
        with
            stale as (
                select source_name, case when count(newest_date) = count(*) then max(age_days) end as age_days
                from ops_freshness where is_stale group by source_name
            ),
            stale_list as (
                select
                    count(*) as stale_source_count,
                    string_agg(
                        source_name || coalesce(' (' || age_days || ' days old)', ' (never came)'), ', '
                        order by source_name
                    ) as sources
                from stale
            ),
            run as (select max(as_of_date) as as_of_date from ops_freshness)
        select
            run.as_of_date,
            stale_list.stale_source_count,
            'Data up to ' || run.as_of_date || '. '
            || coalesce('Stale: ' || stale_list.sources || '.', 'No source is stale.') as message
        from run cross join stale_list"""
    )


def _write_catalog(
    connection: duckdb.DuckDBPyConnection, meanings: Mapping[str, TableMeaning], rows: Mapping[str, int], as_of: date
) -> None:
    """Tables and columns with their meaning, in the file itself."""
    connection.execute(
        """create table catalog (
            table_name varchar, column_name varchar, data_type varchar, unit varchar, description varchar,
            is_personal boolean);
        create table catalog_table (
            table_name varchar, description varchar, owner varchar, row_count bigint, newest_date date,
            age_days integer)"""
    )
    columns = connection.execute(
        """select table_name, column_name, data_type from duckdb_columns()
        where database_name = 'published' order by table_name, column_index"""
    ).fetchall()
    described = {name: meanings[name.removesuffix("_current")] for name, _, _ in columns}
    catalog = [
        (table, column, data_type, meaning.unit, meaning.description, meaning.is_personal)
        for table, column, data_type in columns
        for meaning in [described[table].columns[column]]
    ]
    tables = [
        (name, meaning.description, meaning.owner, rows.get(name), _newest_date(connection, name, meaning, as_of))
        for name, meaning in described.items()
    ]
    replace_rows(
        connection,
        "catalog",
        pl.DataFrame(
            catalog,
            orient="row",
            schema=["table_name", "column_name", "data_type", "unit", "description", "is_personal"],
        ),
    )
    replace_rows(
        connection,
        "catalog_table",
        pl.DataFrame(
            tables,
            orient="row",
            schema={
                "table_name": pl.String,
                "description": pl.String,
                "owner": pl.String,
                "row_count": pl.Int64,
                "newest_date": pl.Date,
            },
        ).with_columns(age_days=(pl.lit(as_of) - pl.col("newest_date")).dt.total_days()),
    )


def _newest_date(connection: duckdb.DuckDBPyConnection, name: str, meaning: TableMeaning, as_of: date) -> date | None:
    if meaning.business_date is None:
        return None
    newest: date | None = connection.execute(
        f"select max({meaning.business_date}) from {name} where {meaning.business_date} <= ?", [as_of]
    ).fetchall()[0][0]
    return newest
