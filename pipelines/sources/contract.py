"""What a source promises: the entities of a system, their columns and keys.

Belongs here: the vocabulary that every source module declares its entities in.
Does not belong here: reading files, calling servers, or anything of one system.
"""

from dataclasses import dataclass
from enum import StrEnum


class FileFormat(StrEnum):
    """How an entity's rows lie in a file. `JSONL` holds one object a line."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Column:
    """One column of an entity.

    name: the raw column. field: the source's own name where it differs. type: DuckDB type after the cast.
    required: a row without it waits in quarantine. personal: its values tell who a person is.
    is_time_zone: its values are names of the IANA list; a row with another one waits in quarantine.
    description: meaning and unit.
    """

    name: str
    type: str
    description: str
    required: bool = False
    personal: bool = False
    field: str | None = None
    is_time_zone: bool = False

    @property
    def source_field(self) -> str:
        return self.field or self.name


@dataclass(frozen=True)
class Entity:
    """One kind of row that a system sends.

    key: columns that name a row within its source; the newest version of a key wins in staging.
    amount: the money column that is reconciled to the cent, if there is one.
    event_time: column that says when a row happened or changed; rows up to the source's `history_until` are history.
    is_transactional: rows come with every day of trade, so that their age says whether the source is stale.
    files: glob below the source's folder, for file sources.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    amount: str | None = None
    event_time: str | None = None
    is_transactional: bool = False
    files: str | None = None
    format: FileFormat = FileFormat.CSV

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class System:
    """A kind of outside system; `retail.yaml` names its instances, the sources."""

    name: str
    description: str
    entities: tuple[Entity, ...]

    @property
    def schema(self) -> str:
        return f"raw_{self.name}"
