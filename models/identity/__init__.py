"""Decides which customer records of all systems are one person, and gives persons ids that stay.

Belongs here: the ways in. `update` is for a database that keeps what a run leaves for the next one; `resolve` for
tables alone, a pure function of them.
Does not belong here: opening a warehouse.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

import duckdb
import polars as pl

from models.identity import linkage
from models.identity.chart_pages import Chart, draw
from models.identity.decisions import HumanInput
from models.identity.golden_record import GOLDEN_SCHEMA, GOLDEN_SOURCE_SCHEMA
from models.identity.households import HOUSEHOLD_SCHEMA
from models.identity.model import MODEL_COLUMNS
from models.identity.resolution import Run
from models.identity.settings import RECORD_KINDS, Engine, IdentityConfig
from models.identity.stable_ids import EVENT_SCHEMA, XREF_SCHEMA, PreviousIdentity
from models.identity.summary import IdentitySummary, KindSummary, judge, links, questions, sizes, summarise
from models.identity.threshold import threshold_bits
from models.identity.workspace import workspace, workspace_beside

__all__ = [
    "HumanInput", "IdentityConfig", "IdentityResult", "IdentitySummary", "KindSummary", "PreviousIdentity", "Run",
    "charts", "create_tables", "judge", "questions", "resolve", "summarise", "update",
]  # fmt: skip

LINK_SCHEMA = {
    "left_source_name": pl.String(), "left_source_customer_id": pl.String(), "right_source_name": pl.String(),
    "right_source_customer_id": pl.String(), "match_probability": pl.Float64(), "match_weight": pl.Float64(),
}  # fmt: skip
_TABLES: dict[str, Mapping[str, pl.DataType]] = {
    "identity_xref": XREF_SCHEMA, "identity_link": LINK_SCHEMA, "identity_golden": GOLDEN_SCHEMA,
    "identity_golden_source": GOLDEN_SOURCE_SCHEMA, "identity_event": EVENT_SCHEMA,
    "identity_household": HOUSEHOLD_SCHEMA,
}  # fmt: skip


@dataclass(frozen=True)
class IdentityResult:
    """The identity tables, whole, history included. `charts`: by kind and name.

    identity_model: what each kind's records were judged by; null where no two had to be compared.
    questions: pairs to ask people about.
    """

    identity_xref: pl.DataFrame
    identity_link: pl.DataFrame
    identity_golden: pl.DataFrame
    identity_golden_source: pl.DataFrame
    identity_event: pl.DataFrame
    identity_household: pl.DataFrame
    identity_model: pl.DataFrame
    questions: pl.DataFrame
    summary: IdentitySummary
    charts: dict[str, Chart]


@contextmanager
def update(
    con: duckdb.DuckDBPyConnection, source: str, as_of: date, seed: int, config: IdentityConfig | None = None,
    run_id: str | None = None, reestimate_because: str | None = None, engine: Engine = "duckdb",
    human: HumanInput | None = None,
) -> Iterator[Run]:  # fmt: skip
    """Resolves the customer records of relation `source` as of a day, at the cost of what changed since the last run.
    What people decided binds it.

    The connection's database has the tables of `create_tables`. Yields the run, computed but not written: `write` puts
    it in place. `reestimate_because`: judge all records by a new estimate, for this reason. `engine`: where pairs are
    compared when all records are.
    """
    with workspace_beside(con) as catalog:
        human = human or HumanInput.none()
        judged = replace(config or IdentityConfig(), threshold_bits=threshold_bits(human.answers))
        run = Run(con, catalog, as_of, seed, judged, run_id, engine, human)
        run.resolve(f'"{catalog}".main.{source}', reestimate_because)
        yield run


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """The identity tables, empty, in the connection's database."""
    for name, schema in _TABLES.items():
        con.register("_empty", pl.DataFrame(schema=schema).to_arrow())
        con.execute(f"create table {name} as from _empty")
        con.unregister("_empty")
    con.execute(f"create table identity_model ({MODEL_COLUMNS})")


def resolve(
    records: pl.DataFrame,
    previous: PreviousIdentity,
    as_of: date,
    seed: int,
    config: IdentityConfig | None = None,
    with_charts: bool = False,
    human: HumanInput | None = None,
) -> IdentityResult:
    """Resolves `stg_customer_record` (one row a source record) into customers as of a date, by an estimate of its own.

    The result depends on the values of the rows, not on their order. Raises ValueError for a repeated or missing
    record key, a missing column, and an `as_of` before the last change of `previous`.
    """
    with workspace() as con:
        create_tables(con)
        con.register("_records", records.to_arrow())
        con.execute("create view customer_record as from _records")
        for table, frame in (("identity_xref", previous.xref), ("identity_event", previous.events)):
            con.register("_previous", frame.to_arrow())
            con.execute(f"insert into {table} by name from _previous")
            con.unregister("_previous")
        with update(con, "customer_record", as_of, seed, config, human=human) as run:
            run.write()
            summary, asked = summarise(run), questions(run)
            pages = charts(run) if with_charts else {}
        tables = {name: con.sql(f"select * from {name} order by all").pl() for name in _TABLES}
        kept = con.sql("from identity_model order by record_kind").pl()
    return IdentityResult(**tables, identity_model=kept, questions=asked, summary=summary, charts=pages)


def charts(run: Run) -> dict[str, Chart]:
    """The charts of each kind of record that a written run judged by learnt parameters or starting weights."""
    drawn: dict[str, Chart] = {}
    for kind in RECORD_KINDS:
        parameters = run.models[kind.name].parameters
        if parameters is not None:
            table = f"charted_{kind.name}"
            of_kind = f"select * from {run.stored('record')} where record_kind = '{kind.name}'"
            run.con.execute(f"create or replace view {table} as {of_kind}")
            page = linkage.charts(run.con, kind, table, parameters)
            found = draw(run.con, kind, table, parameters, page, links(run, kind), sizes(run, kind))
            drawn |= {f"{kind.name}_{name}": chart for name, chart in found.items()}
    return drawn
