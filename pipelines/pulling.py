"""Odoo into raw tables: changed rows by a window on the write date, deleted rows by comparing ids.

Belongs here: cursors and the upsert. Does not belong here: talking to the server (`sources/odoo.py`).

The window's end is fixed before reading and the next one begins a little earlier, so that a transaction that was open
while we read is not lost; a row that comes twice replaces itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import polars as pl

from pipelines.loading import LoadCount
from pipelines.settings import Source
from pipelines.sources.contract import Entity, System
from pipelines.sources.odoo import OdooSource
from pipelines.sources.odoo_entities import ODOO_MODELS, READ_WHOLE
from pipelines.state import raw_table
from pipelines.warehouse import transaction

# Longer than an Odoo transaction lasts: its rows carry the time at which it began.
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True)
class OdooLoader:
    """Loads the models of one Odoo."""

    connection: duckdb.DuckDBPyConnection
    system: System
    source_name: str
    source: Source
    odoo: OdooSource
    run_id: str

    def load(self, model: str, entity: Entity) -> LoadCount:
        """Pull what changed in a model since the last pull, and forget what is gone from it."""
        until = self.odoo.now()
        since = None if model in READ_WHOLE else self._cursor(entity)
        pages = list(self.odoo.pull(model, entity, since, until))
        present = self.odoo.ids(model)
        with transaction(self.connection):
            rows = sum(self._upsert(entity, page) for page in pages)
            self._forget_deleted(entity, present)
            self._advance(entity, until)
            self._record(entity, rows, until)
        return LoadCount(self.source_name, entity.name, rows_read=rows, rows_loaded=rows)

    def follow_merges(self) -> int:
        """Read again the rows that name a customer who is gone; gives the number of rows read.

        Merging partners, Odoo gives their rows to the one that is left, without a new write date. A partner whom the
        user never saw is not gone.
        """
        partner_table = raw_table(self.system, ODOO_MODELS["res.partner"])
        self.connection.execute(
            f"""create or replace temp table _gone as
            select distinct source_customer_id::bigint as id from identity_xref where source_name = $source_name
            except
            select id from {partner_table} where source_name = $source_name""",
            {"source_name": self.source_name},
        )
        count = 0
        for model, entity in ODOO_MODELS.items():
            links = self.odoo.links(model, entity, "res.partner")
            if not links:
                continue
            names_gone = " or ".join(f"{column} in (from _gone)" for column in links)
            ids = self.connection.execute(
                f"select id from {raw_table(self.system, entity)} where source_name = ? and ({names_gone}) order by id",
                [self.source_name],
            ).fetchall()
            pages = list(self.odoo.rows(model, entity, [row[0] for row in ids]))
            with transaction(self.connection):
                count += sum(self._upsert(entity, page) for page in pages)
        return count

    def _cursor(self, entity: Entity) -> datetime | None:
        rows = self.connection.execute(
            "select cursor_at from ops_cursor where source_name = ? and entity = ?", [self.source_name, entity.name]
        ).fetchall()
        return rows[0][0] - OVERLAP if rows else None

    def _upsert(self, entity: Entity, page: pl.DataFrame) -> int:
        """Put in the rows that are new or say something new; gives the number of rows read.

        A row that says what we know already stays as it is, with the time at which it became known: the write-back
        moves the write date of records that nobody has changed.
        """
        table = raw_table(self.system, entity)
        names = [column.name for column in entity.columns if column.name != "write_date"]
        self.connection.register("_page", page.to_arrow())
        self.connection.execute(
            f"""create or replace temp table _changed as
            with page as (
                select {", ".join(f'"{column.name}"::{column.type} as "{column.name}"' for column in entity.columns)}
                from _page
            )
            select page.* from page left join {table} as known on known.source_name = ? and known.id = page.id
            where known.id is null or {" or ".join(f'page."{n}" is distinct from known."{n}"' for n in names)}""",
            [self.source_name],
        )
        self.connection.unregister("_page")
        self.connection.execute(
            f"delete from {table} where source_name = ? and id in (select id from _changed)", [self.source_name]
        )
        self.connection.execute(
            f"""insert into {table} by name
            select _changed.*, $source_name as source_name, now() at time zone 'UTC' as _loaded_at,
                coalesce(create_date::date <= $history_until or _is_first_pull, true) as _is_history
            from _changed cross join (select count(*) = 0 as _is_first_pull from ops_cursor
                where source_name = $source_name and entity = $entity)""",
            {"source_name": self.source_name, "history_until": self.source.history_until, "entity": entity.name},
        )
        return page.height

    def _forget_deleted(self, entity: Entity, present: list[int]) -> None:
        """Odoo leaves no trace of a deleted row but its absence."""
        self.connection.execute(
            f"delete from {raw_table(self.system, entity)} where source_name = ? and not list_contains(?, id)",
            [self.source_name, present],
        )

    def _advance(self, entity: Entity, until: datetime) -> None:
        self.connection.execute(
            "delete from ops_cursor where source_name = ? and entity = ?", [self.source_name, entity.name]
        )
        self.connection.execute("insert into ops_cursor values (?, ?, ?)", [self.source_name, entity.name, until])

    def _record(self, entity: Entity, rows: int, until: datetime) -> None:
        self.connection.execute(
            """insert into ops_file_load
            (source_name, entity, file, rows_read, rows_loaded, rows_quarantined, loaded_at, run_id)
            values (?, ?, ?, ?, ?, 0, ?, ?)""",
            [self.source_name, entity.name, f"pull until {until:%Y-%m-%d %H:%M:%S}", rows, rows, until, self.run_id],
        )
