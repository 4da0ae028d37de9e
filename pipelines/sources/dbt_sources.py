"""dbt's description of the raw tables, written from the entities that the source modules declare.

Belongs here: the sources files below `dbt_project/models/staging`. They are written, not edited:
`python -m pipelines.sources.dbt_sources` writes them anew after an entity changed.
Does not belong here: dbt's models, or the tables of the pipeline itself (source `ops`).
"""

from pathlib import Path
from typing import Any

import yaml

from pipelines.sources import SYSTEMS
from pipelines.sources.contract import Column, Entity, System

STAGING_DIR = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "staging"

# Columns that every raw table has beside its entity's.
BOOKKEEPING = (
    Column("source_name", "VARCHAR", "Source that the row came from, as named in retail.yaml."),
    Column("_file", "VARCHAR", "File that brought the row."),
    Column("_file_line", "BIGINT", "Its line in that file."),
    Column("_loaded_at", "TIMESTAMP", "When it was loaded, UTC."),
    Column("_is_history", "BOOLEAN", "Whether the row belongs to the bulk history."),
)
_HEADER = "# Written by `python -m pipelines.sources.dbt_sources` from pipelines/sources: do not edit.\n"


def sources_path(system: System) -> Path:
    return STAGING_DIR / system.name / f"_{system.name}__sources.yml"


def sources_yaml(system: System) -> str:
    """The sources file of a system."""
    source = {
        "name": system.schema,
        "schema": system.schema,
        "description": f"{system.description} Raw rows as they came; a key may stand here more than once.",
        "tables": [_table(entity) for entity in system.entities],
    }
    return _HEADER + yaml.safe_dump({"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=120)


def _table(entity: Entity) -> dict[str, Any]:
    return {
        "name": entity.name,
        "description": f"{entity.description} Key: source_name, {', '.join(entity.key)}.",
        "columns": [_column(column) for column in (*entity.columns, *BOOKKEEPING)],
    }


def _column(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column.name,
        "description": column.description,
        "data_type": column.type.lower(),
    }
    if column.personal:
        described["config"] = {"meta": {"personal": True}}
    return described


def main() -> None:
    for system in SYSTEMS.values():
        path = sources_path(system)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sources_yaml(system), encoding="utf-8")


if __name__ == "__main__":
    main()
