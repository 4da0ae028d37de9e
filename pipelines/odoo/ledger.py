"""The sync's bookkeeping in the warehouse: what was sent, what became of it, and what therefore stands in Odoo.

Belongs here: reading and writing `sync_ledger`, `sync_state` and `sync_rejected`, each step one short transaction.
Does not belong here: talking to a server (`sink.py`).

A row is `sent` before its call and `applied` or `failed` after it; `unknown` in between says that the reply was lost.
A process that dies leaves `sent` or `unknown`, which the next one settles by reading back. State moves in the same
transaction as the ledger.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import polars as pl

from pipelines.odoo.plan import KINDS, plan_digest
from pipelines.warehouse import transaction

Store = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]

_COLUMNS = "key, target_kind, operation, model, res_id, new_values_json::varchar, values_json::varchar"
_FRAME = {
    "key": pl.String,
    "target_kind": pl.String,
    "operation": pl.String,
    "model": pl.String,
    "res_id": pl.Int64,
    "values_json": pl.String,
    "error": pl.String,
}


@dataclass(frozen=True)
class Change:
    """One row of a plan. `values` is what is sent; `values_json` is everything that then stands in Odoo."""

    key: str
    target_kind: str
    operation: str
    model: str
    res_id: int | None
    values: dict[str, Any]
    values_json: str
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of some changes. `gone`: their record is not there any more."""

    applied: tuple[Change, ...] = ()
    rejected: tuple[Change, ...] = ()
    gone: tuple[Change, ...] = ()

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.applied + other.applied, self.rejected + other.rejected, self.gone + other.gone)


class PlanChangedError(Exception):
    """The plan in the warehouse is not the one that was to be applied."""


@dataclass(frozen=True)
class Ledger:
    """The books of one Odoo during one run."""

    store: Store
    odoo_name: str
    run_id: str

    def require_plan(self, digest: str) -> None:
        """Raises PlanChangedError unless the plan in the warehouse has this digest."""
        with self.store() as connection:
            actual = plan_digest(connection, self.odoo_name)
        if actual != digest:
            raise PlanChangedError(
                f"The plan for {self.odoo_name} is now {actual[:12]}, not {digest[:12]}: plan again."
            )

    def due(self, limit: int) -> list[Change]:
        """The next rows of the plan, of one model and operation: not yet in Odoo, and not refused in this run.

        Rows that were refused before come last, so that they hold up nobody.
        """
        with self.store() as connection:
            rows = connection.execute(
                f"""with due as (
                    select plan.*, list_position($kinds, plan.target_kind) as position,
                        plan.key in (select key from sync_rejected where odoo_name = $odoo_name) as was_rejected
                    from sync_plan as plan
                    left join sync_state as state using (odoo_name, key)
                    where plan.odoo_name = $odoo_name
                        and (plan.operation = 'create' or state.key is not null)
                        and state.values_json::varchar is distinct from plan.values_json::varchar
                        and not exists (
                            from sync_rejected as rejected
                            where rejected.odoo_name = $odoo_name and rejected.key = plan.key
                                and rejected.run_id = $run_id
                        )
                ),
                first as (
                    select position, operation, was_rejected from due
                    order by position, was_rejected, operation limit 1
                )
                select {_COLUMNS} from due semi join first using (position, operation, was_rejected)
                order by key limit $limit""",
                {"kinds": list(KINDS), "odoo_name": self.odoo_name, "run_id": self.run_id, "limit": limit},
            ).fetchall()
        return [_change(row) for row in rows]

    def pending(self) -> list[Change]:
        """Changes that were sent and of which nobody knows what became."""
        with self.store() as connection:
            rows = connection.execute(
                """select key, target_kind, operation, model, res_id, values_json::varchar, values_json::varchar
                from sync_ledger
                where odoo_name = $odoo_name
                qualify row_number() over (partition by key order by ledger_id desc) = 1
                    and status in ('sent', 'unknown')
                order by key""",
                {"odoo_name": self.odoo_name},
            ).fetchall()
        return [_change(row) for row in rows]

    def sent(self, changes: Sequence[Change]) -> None:
        with self.store() as connection, transaction(connection):
            self._write(connection, "sent", changes)

    def unknown(self, changes: Sequence[Change], error: str) -> None:
        with self.store() as connection, transaction(connection):
            self._write(connection, "unknown", [replace(change, error=error) for change in changes])

    def interrupted(self, changes: Sequence[Change]) -> None:
        """Changes that were sent and did not arrive: the next plan has them again."""
        with self.store() as connection, transaction(connection):
            self._write(connection, "failed", [replace(change, error="did not arrive") for change in changes])

    def settle(self, outcome: Outcome) -> None:
        """Book what became of changes: ledger, state and rejected rows in one transaction."""
        with self.store() as connection, transaction(connection):
            self._write(connection, "applied", outcome.applied)
            self._set_state(connection, outcome.applied)
            self._write(connection, "failed", [*outcome.rejected, *outcome.gone])
            self._forget_state(connection, outcome.gone)
            self._set_rejected(connection, outcome)

    def rejected(self) -> int:
        """How many rows of the plan Odoo refused in this run."""
        with self.store() as connection:
            count: int = connection.execute(
                "select count(*) from sync_rejected where odoo_name = ? and run_id = ?", [self.odoo_name, self.run_id]
            ).fetchall()[0][0]
        return count

    def replace_flags(self, flags: Sequence[tuple[str, int, bool, bool]]) -> None:
        """What people ticked: key, partner's id, wrong, do not contact."""
        columns = {"key": pl.String, "res_id": pl.Int64, "is_wrong": pl.Boolean, "is_do_not_contact": pl.Boolean}
        frame = pl.DataFrame(list(flags), schema=columns, orient="row")
        with self.store() as connection, transaction(connection):
            connection.execute("delete from sync_flag where odoo_name = ?", [self.odoo_name])
            connection.register("_flags", frame.to_arrow())
            connection.execute(
                """insert into sync_flag by name
                select $odoo_name as odoo_name, *, now() at time zone 'UTC' as read_at from _flags""",
                {"odoo_name": self.odoo_name},
            )
            connection.unregister("_flags")

    def _write(self, connection: duckdb.DuckDBPyConnection, status: str, changes: Sequence[Change]) -> None:
        self._execute(
            connection,
            f"""insert into sync_ledger by name
            select
                (select coalesce(max(ledger_id), 0) from sync_ledger) + row_number() over () as ledger_id,
                run_id, odoo_name, key, target_kind, operation, model, res_id, values_json,
                '{status}' as status, nullif(error, '') as error,
                now() at time zone 'UTC' as booked_at
            from _changes""",
            changes,
        )

    def _set_state(self, connection: duckdb.DuckDBPyConnection, changes: Sequence[Change]) -> None:
        self._forget_state(connection, changes)
        self._execute(
            connection,
            """insert into sync_state by name
            select odoo_name, key, target_kind, model, res_id, values_json, now() at time zone 'UTC' as written_at,
                run_id
            from _changes""",
            changes,
        )

    def _forget_state(self, connection: duckdb.DuckDBPyConnection, changes: Sequence[Change]) -> None:
        self._execute(
            connection,
            "delete from sync_state where (odoo_name, key) in (select (odoo_name, key) from _changes)",
            changes,
        )

    def _set_rejected(self, connection: duckdb.DuckDBPyConnection, outcome: Outcome) -> None:
        """A refused row stands here until it goes through or is not wanted any more."""
        # A record that was to be archived and is gone has what it should have.
        refused = [*outcome.rejected, *(change for change in outcome.gone if change.operation != "archive")]
        self._execute(
            connection,
            "delete from sync_rejected where (odoo_name, key) in (select (odoo_name, key) from _changes)",
            [*outcome.applied, *outcome.rejected, *outcome.gone],
        )
        self._execute(
            connection,
            """insert into sync_rejected by name
            select odoo_name, key, target_kind, operation, model, res_id, error, run_id,
                now() at time zone 'UTC' as rejected_at
            from _changes""",
            refused,
        )

    def _execute(self, connection: duckdb.DuckDBPyConnection, statement: str, changes: Sequence[Change]) -> None:
        """Run a statement over changes as the table `_changes`."""
        if not changes:
            return
        rows = [[getattr(change, name) for name in _FRAME] for change in changes]
        frame = pl.DataFrame(rows, schema=_FRAME, orient="row").with_columns(
            odoo_name=pl.lit(self.odoo_name), run_id=pl.lit(self.run_id)
        )
        connection.register("_changes", frame.to_arrow())
        connection.execute(statement)
        connection.unregister("_changes")


def _change(row: tuple[Any, ...]) -> Change:
    key, target_kind, operation, model, res_id, new_values_json, values_json = row
    return Change(key, target_kind, operation, model, res_id, json.loads(new_values_json), values_json)
