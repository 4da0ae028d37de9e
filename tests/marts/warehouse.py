"""A warehouse file of one test, and dbt run over it as the line runs it.

Belongs here: how a test builds tables with dbt. Does not belong here: rows, and what must come of them.
"""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.dbt import AS_OF_VARIABLE, DBT_DIR, WAREHOUSE_VARIABLE
from pipelines.settings import CONFIG_VARIABLE, STATE_VARIABLE, load_settings
from pipelines.state import prepare_state
from pipelines.warehouse import warehouse_path, writer_lock

# Values must not depend on the time zone of session or process: those of the staging tests are others, the line's UTC.
PROFILE = """
reknit:
  target: warehouse
  outputs:
    warehouse: {type: duckdb, path: "{{ env_var('REKNIT_WAREHOUSE') }}", schema: main, threads: 2,
                settings: {TimeZone: America/New_York, autoinstall_known_extensions: false}}
"""

Rows = list[tuple[Any, ...]]


class Warehouse:
    """A warehouse file of this test and the dbt project that builds it."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self.path = path
        (folder / "profiles.yml").write_text(PROFILE, encoding="utf-8")

    @classmethod
    def make(cls, folder: Path, retail: str) -> "Warehouse":
        """An empty warehouse of the retailer whose settings are given as text."""
        (folder / "retail.yaml").write_text(retail, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(CONFIG_VARIABLE, str(folder / "retail.yaml"))
            patch.setenv(STATE_VARIABLE, str(folder))
            load_settings.cache_clear()
            prepare_state(load_settings())
            writer_lock.release()
            warehouse = cls(folder, warehouse_path())
        load_settings.cache_clear()
        return warehouse

    def dbt(self, *arguments: str, as_of: date = date(2017, 12, 31)) -> None:
        run = subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", *arguments, "--no-use-colors", "--project-dir", str(DBT_DIR),
                "--profiles-dir", str(self.folder), "--target-path", str(self.folder / "target"),
                "--log-path", str(self.folder / "logs"),
            ],
            env=os.environ | {WAREHOUSE_VARIABLE: str(self.path), AS_OF_VARIABLE: str(as_of), "TZ": "Asia/Tokyo"},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout[-4000:]

    def rows(self, query: str) -> Rows:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads((self.folder / "target" / "manifest.json").read_text(encoding="utf-8"))
        return manifest
