"""Working database of a build and writers of files whose bytes depend on the data alone.

Belongs here: how rows become files. What the rows are is each subject's own matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import duckdb
import numpy as np
import polars as pl


@dataclass(frozen=True)
class Written:
    """What a writer put on disk."""

    files: int = 0
    rows: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.files + other.files, self.rows + other.rows)


def open_workspace(path: Path, seed: int) -> duckdb.DuckDBPyConnection:
    """A database for intermediate tables, with `draw(stream, key)`: a uniform number that a seed and a key fix."""
    con = duckdb.connect(
        str(path),
        config={"threads": 2, "memory_limit": "2500MB", "autoinstall_known_extensions": False},
    )
    con.execute("SET TimeZone = 'UTC'")
    con.execute(
        "CREATE MACRO draw(stream, key) AS "
        f"(md5_number_lower('{seed}:' || stream || ':' || CAST(key AS VARCHAR)) >> 11)::DOUBLE / 9007199254740992"
    )
    return con


def random_stream(seed: int, stream: str) -> np.random.Generator:
    """Numbers of one purpose: adding a purpose leaves the others as they are."""
    return np.random.default_rng([seed, crc32(stream.encode())])


def write_csv_files(con: duckdb.DuckDBPyConnection, query: str, folder: Path) -> Written:
    """One CSV a value of the query's first column `_file`. The query must be ordered by it and then completely."""
    written = Written()
    for name, part in _parts(con, query):
        folder.mkdir(parents=True, exist_ok=True)
        part.write_csv(folder / name, datetime_format="%Y-%m-%d %H:%M:%S")
        written += Written(1, part.height)
    return written


def write_parquet_files(con: duckdb.DuckDBPyConnection, query: str, folder: Path) -> Written:
    """One Parquet file a value of the query's first column `_file`, under the same condition."""
    written = Written()
    for name, part in _parts(con, query):
        folder.mkdir(parents=True, exist_ok=True)
        part.write_parquet(folder / name, compression="zstd", row_group_size=250_000)
        written += Written(1, part.height)
    return written


def write_jsonl_files(con: duckdb.DuckDBPyConnection, query: str, folder: Path) -> Written:
    """One file a value of the query's first column `_file`; its second column is the object as JSON text."""
    written = Written()
    for name, part in _parts(con, query):
        folder.mkdir(parents=True, exist_ok=True)
        lines = part.to_series(0).to_list()
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        written += Written(1, part.height)
    return written


def _parts(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[str, pl.DataFrame]]:
    frame = con.sql(query).pl()
    if frame.height == 0:
        return
    runs = frame["_file"].rle().struct.unnest()
    rows = frame.drop("_file")
    offset = 0
    for length, name in runs.iter_rows():
        yield name, rows.slice(offset, length)
        offset += length
