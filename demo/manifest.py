"""What a build made: sources, entities, rows, totals, and what is made up.

Belongs here: the manifest's shape and file. Does not belong here: any count that is not the build's own.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path

VERSION = 3
SHIFT_WEEKS = 312


@dataclass(frozen=True)
class Entry:
    """One entity of one source. amount: sum of its money column, in the source's currency."""

    source: str
    entity: str
    files: int
    rows: int
    synthetic: bool
    provenance: str
    amount: str | None = None


@dataclass
class Manifest:
    """gift_places: where each line of Online Retail II went, with lines and sum of quantity times price."""

    seed: int
    multiply: int
    share: float = 1.0
    version: int = VERSION
    gifts_shifted_weeks: int = SHIFT_WEEKS
    entries: list[Entry] = field(default_factory=list)
    gift_places: list[dict[str, str | int]] = field(default_factory=list)

    def add(
        self,
        source: str,
        entity: str,
        *,
        files: int,
        rows: int,
        provenance: str,
        synthetic: bool = False,
        amount: Decimal | None = None,
    ) -> None:
        text = None if amount is None else f"{amount:.4f}"
        self.entries.append(Entry(source, entity, files, rows, synthetic, provenance, text))

    def rows(self, source: str, entity: str) -> int:
        return sum(entry.rows for entry in self.entries if (entry.source, entry.entity) == (source, entity))

    def is_of_same_build(self, other: "Manifest") -> bool:
        return (self.seed, self.multiply, self.share, self.version) == (
            other.seed,
            other.multiply,
            other.share,
            other.version,
        )

    def write(self, path: Path) -> None:
        """Write in one rename: a manifest that exists belongs to a finished build."""
        building = path.with_name(f".{path.name}.building")
        building.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        os.replace(building, path)


def read_manifest(path: Path) -> Manifest | None:
    """The finished build's manifest, or None."""
    if not path.exists():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    values["entries"] = [Entry(**entry) for entry in values["entries"]]
    return Manifest(**values)
