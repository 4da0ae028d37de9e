"""The warehouse file: one writer at a time, named to whoever waits; state tables move forward and are backed up."""

import gzip
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import state, warehouse
from pipelines.settings import Settings
from pipelines.warehouse import WarehouseBusyError, connect, transaction, warehouse_path, writer_lock

# A warehouse as each schema version wrote it, with one row in every state table.
WAREHOUSES = Path(__file__).parent / "warehouses"


def test_a_second_writer_is_told_who_holds_the_file(prepared: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    writer_lock.release()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from pipelines.warehouse import connect\nwith connect(): print('held', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    monkeypatch.setattr(warehouse, "LOCK_WAIT_SECONDS", 0)
    with pytest.raises(WarehouseBusyError, match=f"process {holder.pid}"), connect():
        pass
    holder.kill()
    holder.wait()
    with connect() as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_a_transaction_is_all_or_nothing(prepared: Settings) -> None:
    with connect() as connection:
        with pytest.raises(duckdb.BinderException), transaction(connection):
            connection.execute("insert into ops_cursor values ('a', 'b', now()); select no_such_column")
        assert connection.execute("select count(*) from ops_cursor").fetchall() == [(0,)]


def test_an_earlier_schema_is_migrated_not_rebuilt(settings: Settings) -> None:
    warehouse_path().parent.mkdir(parents=True)
    with connect() as connection:
        connection.execute(
            """create table ops_schema_version (version integer, migrated_at timestamp default current_timestamp);
            insert into ops_schema_version (version) values (1);
            create table ops_file_load (source_name varchar, entity varchar, file varchar, content_hash varchar,
                rows_read bigint, rows_loaded bigint, rows_quarantined bigint, amount_read decimal(18, 4),
                amount_loaded decimal(18, 4), amount_quarantined decimal(18, 4), loaded_at timestamp);
            insert into ops_file_load values ('till', 'payments', 'f.csv', 'h', 1, 1, 0, 2.5, 2.5, null, now());
            create schema raw_pos;
            create table raw_pos.payments (receipt_no varchar, source_name varchar);
            insert into raw_pos.payments values ('7', 'till')"""
        )
    state.prepare_state(settings)
    with connect() as connection:
        assert connection.execute("select version from ops_schema_version").fetchall() == [(state.SCHEMA_VERSION,)]
        assert connection.execute("select file, amount_read, run_id from ops_file_load").fetchall() == [
            ("f.csv", Decimal("2.5000"), None)
        ]
        assert connection.execute("select receipt_no, amount from raw_pos.payments").fetchall() == [("7", None)]
    assert warehouse_path().with_suffix(".v1.backup").exists()


def test_a_warehouse_of_every_schema_version_is_kept() -> None:
    assert (WAREHOUSES / f"v{state.SCHEMA_VERSION}.duckdb.gz").exists()


def state_rows(tables: list[str]) -> dict[str, list[dict[str, Any]]]:
    with connect() as connection:
        return {table: connection.sql(f"from {table}").pl().to_dicts() for table in tables}


@pytest.mark.parametrize("path", sorted(WAREHOUSES.iterdir()), ids=lambda path: path.name)
def test_no_row_of_an_earlier_release_is_lost(settings: Settings, path: Path) -> None:
    warehouse_path().parent.mkdir(parents=True)
    warehouse_path().write_bytes(gzip.decompress(path.read_bytes()))
    rewritten = {"ops_schema_version", "ops_brand", "ops_source"}
    with connect() as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
    names = sorted({name for (name,) in tables} - rewritten)
    before = state_rows(names)
    assert all(len(rows) == 1 for rows in before.values())
    state.prepare_state(settings)
    after = state_rows(names)
    for name in names:
        assert [{column: row[column] for column in before[name][0]} for row in after[name]] == before[name]


def test_a_later_schema_is_refused(settings: Settings) -> None:
    state.prepare_state(settings)
    with connect() as connection:
        connection.execute("update ops_schema_version set version = 99")
    with pytest.raises(RuntimeError, match="99"):
        state.prepare_state(settings)
