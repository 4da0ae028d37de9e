"""dbt beside Dagster: the project, its manifest, and the two selections of the line.

Belongs here: how dbt is called. Does not belong here: any SQL.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject

from pipelines.settings import PROJECT_DIR, Settings, load_settings
from pipelines.warehouse import warehouse_path, writer_lock

DBT_DIR = PROJECT_DIR / "dbt_project"
WAREHOUSE_VARIABLE = "REKNIT_WAREHOUSE"
AS_OF_VARIABLE = "REKNIT_AS_OF"
# A run with this tag builds the large tables anew, not only what changed.
FULL_REFRESH_TAG = "reknit/full_refresh"
BEFORE_IDENTITY = "fqn:reknit.staging"
AFTER_IDENTITY = "fqn:reknit.intermediate fqn:reknit.marts fqn:reknit.features"

_EXECUTABLE = str(Path(sys.executable).parent / "dbt")


def _set_environment() -> None:
    os.environ[WAREHOUSE_VARIABLE] = str(warehouse_path())
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")


def _project_hash() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(DBT_DIR.rglob("*")):
        if path.suffix in {".sql", ".yml", ".csv", ".md"} and "target" not in path.relative_to(DBT_DIR).parts:
            digest.update(path.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare_manifest() -> Path:
    """The project's manifest, parsed again only where a file of the project, a variable or the warehouse is another.

    dbt reads what was parsed only for the same ones: a run that must parse for itself takes seconds more.
    """
    _set_environment()
    manifest, stamp = DBT_DIR / "target" / "manifest.json", DBT_DIR / "target" / "reknit_parsed_for"
    variables = _variables(load_settings())
    current = f"{warehouse_path()} {variables}"
    if not manifest.exists() or not stamp.exists() or stamp.read_text() != current:
        _run("parse")
        stamp.write_text(current)
    return manifest


def _variables(settings: Settings) -> str:
    """The same at every call of one retailer and release."""
    return json.dumps({"reporting_currency": settings.reporting_currency, "project_hash": _project_hash()})


def _run(*arguments: str) -> None:
    command = [
        _EXECUTABLE, "--quiet", *arguments, "--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR),
        "--vars", _variables(load_settings()),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"dbt {arguments[0]} failed on {DBT_DIR.name}: {result.stdout}{result.stderr}")


class Translator(DagsterDbtTranslator):
    """Models are grouped by their stage, which is the first folder below `models`."""

    def get_group_name(self, dbt_resource_props: Any) -> str | None:
        folder: str = dbt_resource_props["fqn"][1]
        return {"intermediate": "marts"}.get(folder, folder)


def dbt_resource() -> DbtCliResource:
    _set_environment()
    return DbtCliResource(project_dir=DbtProject(DBT_DIR, profiles_dir=DBT_DIR), dbt_executable=_EXECUTABLE)


def build(context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: Settings) -> Iterator[Any]:
    """Build and test the selection of the calling asset, as of the run's partition."""
    _set_environment()
    os.environ[AS_OF_VARIABLE] = context.partition_key
    writer_lock.acquire()
    # Unit tests say whether the code is right, data tests whether the day's data is: a run needs the latter.
    command = ["build", "--exclude-resource-type", "unit_test", "--vars", _variables(settings)]
    if context.run.tags.get(FULL_REFRESH_TAG) == "true":
        command.append("--full-refresh")
    yield from dbt.cli(command, context=context).stream()


def write_docs(target: Path) -> None:
    """dbt's documentation of every model as one self-contained page, made again where the project has changed."""
    prepare_manifest()
    page = DBT_DIR / "target" / f"docs-{_project_hash()}.html"
    if not page.exists():
        _run("docs", "generate", "--static", "--no-compile", "--empty-catalog")
        os.replace(DBT_DIR / "target" / "static_index.html", page)
    beside = target.with_suffix(".new")
    shutil.copyfile(page, beside)
    os.replace(beside, target)


def as_of(context: dg.AssetExecutionContext) -> date:
    """The business date that a run computes, inclusive."""
    return date.fromisoformat(context.partition_key)
