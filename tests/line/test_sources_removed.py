"""The line builds with each source removed in turn: empty typed tables take its place."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from models import identity, registry
from pipelines import standings, writeback
from pipelines.assets.identity import TABLES
from pipelines.assets.scores import COMPUTE
from pipelines.dbt import AFTER_IDENTITY, AS_OF_VARIABLE, BEFORE_IDENTITY, DBT_DIR, WAREHOUSE_VARIABLE
from pipelines.identities import remember_households
from pipelines.settings import CONFIG_VARIABLE, STATE_VARIABLE, load_settings
from pipelines.sources import SYSTEMS
from pipelines.state import prepare_state, raw_table
from pipelines.warehouse import connect, replace_rows, transaction, writer_lock
from tests.line.line import AS_OF, ROOT, Retailer

SYSTEM_OF = {
    name: source["system"]
    for name, source in yaml.safe_load((ROOT / "retail.yaml").read_text(encoding="utf-8"))["sources"].items()
}
# One source of each system every time; a second till differs from the first in its rows only.
FIRST_OF_SYSTEM = {system: name for name, system in reversed(SYSTEM_OF.items())}
SOURCES = [
    pytest.param(name, marks=() if FIRST_OF_SYSTEM[system] == name else pytest.mark.long)
    for name, system in SYSTEM_OF.items()
]


@pytest.fixture(scope="module")
def dbt_options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    target = str(tmp_path_factory.mktemp("dbt"))
    return ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", target]


@pytest.fixture(scope="module")
def manifest(dbt_options: list[str]) -> Manifest:
    """Parsed once for all sources."""
    with pytest.MonkeyPatch.context() as patch:
        # Parsing opens no warehouse, but the profile names one, and its stem is the database's name.
        patch.setenv(WAREHOUSE_VARIABLE, "warehouse.duckdb")
        result = dbtRunner().invoke(["--quiet", "parse", *dbt_options]).result
    assert isinstance(result, Manifest)
    return result


@pytest.fixture
def state(finished: Retailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the finished retailer's settings and warehouse."""
    shutil.copy(finished.folder / "retail.yaml", tmp_path / "retail.yaml")
    (tmp_path / "var").mkdir()
    shutil.copy(finished.warehouse, tmp_path / "var" / "warehouse.duckdb")
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "retail.yaml"))
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "var"))
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(tmp_path / "var" / "warehouse.duckdb"))
    monkeypatch.setenv(AS_OF_VARIABLE, AS_OF)
    monkeypatch.delenv("ODOO_URL", raising=False)
    load_settings.cache_clear()
    yield tmp_path
    writer_lock.release()
    load_settings.cache_clear()


def remove(source: str, folder: Path) -> None:
    """As if the source had never been: off in the settings, and no row of it loaded."""
    path = folder / "retail.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["sources"][source]["enabled"] = False
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    system = SYSTEMS[settings["sources"][source]["system"]]
    with connect() as connection:
        for entity in system.entities:
            connection.execute(f"delete from {raw_table(system, entity)} where source_name = ?", [source])
        for table in TABLES:
            connection.execute(f"delete from {table}")
    prepare_state(load_settings())


def run_dbt(manifest: Manifest, options: list[str], selection: str) -> None:
    result = dbtRunner(manifest=manifest).invoke(["--quiet", "run", "--select", *selection.split(), *options])
    # dbt keeps its connection for the next call, and nobody else may open the warehouse meanwhile.
    DuckDBConnectionManager.close_all_connections()
    assert result.success, f"{result.exception or result.result}"


def resolve_identities(day: date) -> None:
    with connect() as connection:
        records = connection.sql("select * from stg_customer_record").pl()
    result = identity.resolve(records, identity.PreviousIdentity.none(), day, load_settings().seed)
    with connect() as connection, transaction(connection):
        # The history of households follows from them.
        for table in TABLES[:-1]:
            replace_rows(connection, table, getattr(result, table))
        remember_households(connection, day)


@pytest.mark.parametrize("source", SOURCES)
def test_the_line_builds_without(source: str, state: Path, manifest: Manifest, dbt_options: list[str]) -> None:
    day = date.fromisoformat(AS_OF)
    remove(source, state)
    run_dbt(manifest, dbt_options, BEFORE_IDENTITY)
    resolve_identities(day)
    run_dbt(manifest, dbt_options, AFTER_IDENTITY)
    for task, read in COMPUTE.items():
        with connect() as connection:
            compute = read(connection, day, load_settings().seed, registry.Standing())
        scores, models = compute()
        for model in models:
            registry.save(model, standings.models_dir())
        with connect() as connection, transaction(connection):
            replace_rows(connection, f"score_{task}", scores)
    writeback.desire(load_settings(), "test")
    with connect() as connection:
        assert connection.execute("select count(*) from fct_order_line where source_name = ?", [source]).fetchall() == [
            (0,)
        ]
        assert connection.execute(
            "select count(*) from mart_reconciliation where amount_difference <> 0 or row_count_difference <> 0"
        ).fetchall() == [(0,)]
        assert connection.execute("select count(*) > 0 from fct_order_line").fetchall() == [(True,)]
