"""Staging builds on raw tables without a row, and its rules hold in any time zone of session and process."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import PROJECT_DIR, load_settings
from pipelines.state import prepare_state
from pipelines.warehouse import warehouse_path, writer_lock

DBT_DIR = PROJECT_DIR / "dbt_project"
PROFILE = """
reknit:
  target: warehouse
  outputs:
    warehouse: {type: duckdb, path: "{{ env_var('REKNIT_WAREHOUSE') }}", schema: main, threads: 2,
                settings: {TimeZone: Asia/Tokyo, autoinstall_known_extensions: false}}
"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse built by dbt on empty raw tables, the unit tests included, with session and process far from UTC."""
    folder = tmp_path_factory.mktemp("staging")
    (folder / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REKNIT_STATE", str(folder))
        prepare_state(load_settings())
        path = warehouse_path()
        writer_lock.release()
    run = subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main", "build", "--select", "path:models/staging", "--no-use-colors",
            "--project-dir", str(DBT_DIR), "--profiles-dir", str(folder), "--target-path", str(folder / "target"),
            "--log-path", str(folder / "logs"),
        ],
        env=os.environ | {"REKNIT_WAREHOUSE": str(path), "TZ": "America/New_York"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:]
    return path


def test_every_staging_model_is_a_table_without_rows(warehouse: Path) -> None:
    models = {path.stem for path in (DBT_DIR / "models" / "staging").rglob("*.sql")}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = dict(
            connection.execute(
                "select table_name, estimated_size from duckdb_tables() where table_name like 'stg_%'"
            ).fetchall()
        )
    # What a large table was last built from is kept beside it (macros/incremental.sql).
    assert models <= set(tables)
    assert {name for name in models if tables[name]} == {"stg_ops__source"}


CONFORMED = [
    ["stg_pos__order_line", "stg_shopify__order_line", "stg_carrier__order_line", "stg_odoo__order_line"],
    ["stg_pos__payment", "stg_shopify__payment", "stg_odoo__payment"],
    ["stg_headoffice__product", "stg_odoo__product", "stg_shopify__product"],
    ["stg_headoffice__stock_level", "stg_odoo__stock_level"],
    ["stg_loyalty__event", "stg_odoo__loyalty_history"],
]


@pytest.mark.parametrize("models", CONFORMED)
def test_conformed_models_have_the_same_columns_in_the_same_order(warehouse: Path, models: list[str]) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        first, *others = (
            connection.execute(f"select column_name, column_type from (describe {model})").fetchall()
            for model in models
        )
    assert all(columns == first for columns in others)
