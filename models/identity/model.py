"""What one kind of record is judged by, from one estimate to the next.

Belongs here: all that an estimate holds fixed, as one row of `identity_model`, and whether this release can use it.
Does not belong here: how it is estimated (linkage).

An estimate holds fixed, beside the parameters, what comparisons read from all records: how common names, cities and
occupations are, and which blocking keys too many records shared. Were these to follow each day's records, a new record
could change pairs that it has no part in. Where there are too few records to learn from, nothing is held: such a kind
is judged anew by each run.
"""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import duckdb
import polars as pl

from models.identity.linkage import Parameters
from models.identity.normalise import FREQUENCY_SCHEMA
from models.identity.settings import RecordKind

MODEL_COLUMNS = """
    record_kind VARCHAR, as_of_date DATE, parameters_json JSON, model_version VARCHAR, reason VARCHAR,
    key_probe UBIGINT, crowded_keys UBIGINT[],
    frequencies STRUCT(record_kind VARCHAR, column_name VARCHAR, column_value VARCHAR, share DOUBLE)[]"""
KEY_SCHEMA = {"key": pl.UInt64()}


@dataclass(frozen=True)
class Model:
    """One estimate. `parameters`: none where no two records could be compared. `frequencies`: shares of the kind's
    records that have a value. `reason`: why it was made."""

    kind: RecordKind
    as_of: date
    parameters: Parameters | None
    frequencies: pl.DataFrame
    crowded_keys: pl.DataFrame
    reason: str

    @property
    def is_trained(self) -> bool:
        return self.parameters is not None and self.parameters.is_trained

    @property
    def learnt(self) -> Parameters:
        """The parameters, where there are pairs that were judged by them."""
        if self.parameters is None:
            raise ValueError(f"no two {self.kind.name} records share a value that could link them")
        return self.parameters

    @property
    def parameters_json(self) -> str | None:
        return None if self.parameters is None else self.parameters.to_json(self.kind)

    @property
    def version(self) -> str:
        """A hash of the content."""
        parts = (
            self.parameters_json or "",
            self.frequencies.sort(pl.all()).write_csv(),
            self.crowded_keys.sort("key").write_csv(),
        )
        return sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def save(con: duckdb.DuckDBPyConnection, table: str, model: Model) -> None:
    """Earlier estimates stay, but for one of the same day and one that nothing was learnt for."""
    name = model.kind.name
    con.execute(
        f"""
        delete from {table} where record_kind = ?
            and (as_of_date = ? or not coalesce((parameters_json ->> 'is_trained')::boolean, false))
        """,
        [name, model.as_of],
    )
    con.register("_frequency", model.frequencies.to_arrow())
    con.register("_crowded", model.crowded_keys.to_arrow())
    con.execute(
        f"""
        insert into {table} by name
        select
            $kind as record_kind, $as_of as as_of_date, $parameters as parameters_json, $version as model_version,
            $reason as reason, hash('key') as key_probe,
            (select list(f) from _frequency as f) as frequencies,
            (select list(key order by key) from _crowded) as crowded_keys
        """,
        {
            "kind": name,
            "as_of": model.as_of,
            "parameters": model.parameters_json,
            "version": model.version,
            "reason": model.reason,
        },
    )
    con.unregister("_frequency")
    con.unregister("_crowded")


def load(con: duckdb.DuckDBPyConnection, table: str, kind: RecordKind) -> Model | str:
    """The last estimate, or why there is none that this release can use."""
    rows = con.sql(
        f"""
        select as_of_date, parameters_json, reason, key_probe = hash('key') from {table}
        where record_kind = $kind order by as_of_date desc limit 1
        """,
        params={"kind": kind.name},
    ).fetchall()
    if not rows:
        return "nothing was learnt before"
    as_of, kept, reason, is_same_key = rows[0]
    if is_same_key is None:
        return "the last estimate is of an earlier release, which held nothing fixed"
    if not is_same_key:
        return "this DuckDB numbers blocking keys otherwise"
    try:
        parameters = None if kept is None else Parameters.from_json(kept, kind)
    except ValueError as error:
        return str(error)
    latest = f"(select * from {table} where record_kind = $kind and as_of_date = $as_of)"
    found = {"kind": kind.name, "as_of": as_of}
    frequencies = con.sql(f"select unnest(frequencies, recursive := true) from {latest}", params=found).pl()
    keys = con.sql(f"select unnest(crowded_keys) as key from {latest}", params=found).pl()
    return Model(
        kind, as_of, parameters, frequencies.select(list(FREQUENCY_SCHEMA)).cast(FREQUENCY_SCHEMA),
        keys.cast(KEY_SCHEMA), reason,
    )  # fmt: skip
