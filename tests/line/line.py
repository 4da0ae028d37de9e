"""A retailer with a small share of the demo's data, and the line run over it as a person would: by the command."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[2]
AS_OF = "2017-12-31"
# Differ from run to run without meaning anything.
BOOKKEEPING = {"run_id", "loaded_at", "_loaded_at", "started_at", "finished_at"}


@dataclass(frozen=True)
class Retailer:
    """A state folder with settings of its own. landing: the files that it reads."""

    folder: Path
    landing: Path

    @classmethod
    def make(cls, folder: Path, landing: Path) -> "Retailer":
        settings = yaml.safe_load((ROOT / "retail.yaml").read_text(encoding="utf-8"))
        settings["landing_dir"] = str(landing)
        folder.mkdir(parents=True)
        (folder / "retail.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        return cls(folder, landing)

    @property
    def published(self) -> Path:
        return self.folder / "var" / "published" / "retail.duckdb"

    @property
    def warehouse(self) -> Path:
        return self.folder / "var" / "warehouse.duckdb"

    def environment(self, **more: str) -> dict[str, str]:
        without_odoo = {name: value for name, value in os.environ.items() if not name.startswith("ODOO_")}
        return without_odoo | {
            "REKNIT_CONFIG": str(self.folder / "retail.yaml"),
            "REKNIT_STATE": str(self.folder / "var"),
            "REKNIT_DAGSTER_DIR": str(self.folder / "var" / "dagster"),
            "DAGSTER_HOME": str(ROOT),
            **more,
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a `retail` command."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", *arguments],
            cwd=ROOT,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> str:
        """Run a `retail` command to its end; gives what it printed. It must succeed."""
        process = self.start(*arguments, **environment)
        output, _ = process.communicate()
        assert process.returncode == 0, output[-6000:]
        return output

    def kill_within(self, step: str, after_seconds: float, **environment: str) -> None:
        """Start the line and kill it with all its children some time after a step of it began."""
        process = self.start("run", "--as-of", AS_OF, **environment)
        assert process.stdout is not None
        output = []
        for line in process.stdout:
            output.append(line)
            if f" - {step} - " in line:
                break
        else:
            raise AssertionError(f"the line ended before {step} began: {''.join(output)[-6000:]}")
        time.sleep(after_seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def run_line(self, **environment: str) -> str:
        return self.run("run", "--as-of", AS_OF, **environment)


def checksums(database: Path, kinds: str = "dim|fct|mart|score") -> dict[str, tuple[int, int]]:
    """Rows and content of each table of those kinds, the public ones if none are named.

    The order of rows does not matter; run ids and load times are left out, floats rounded.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            """select table_name from information_schema.tables
            where table_schema = 'main' and table_name similar to ? order by table_name""",
            [f"({kinds})_.*"],
        ).fetchall()
        return {table: _checksum(connection, table) for (table,) in tables}


def _checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    columns = connection.execute(f"select column_name, column_type from (describe {table})").fetchall()
    values = ", ".join(
        f'round("{name}", 6)' if kind in ("DOUBLE", "FLOAT") else f'"{name}"'
        for name, kind in columns
        if name not in BOOKKEEPING
    )
    rows, content = connection.execute(f"select count(*), sum(hash({values})) from {table}").fetchall()[0]
    return rows, content or 0
