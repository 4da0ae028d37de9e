"""The sync's bookkeeping in the warehouse: what was sent, what became of it, and what therefore stands in Odoo.

Belongs here: reading and writing `sync_ledger`, `sync_state` and `sync_rejected`, each step one short transaction.
Does not belong here: talking to a server (`sink.py`).

A row is `sent` before its call and `applied` or `failed` after it; `unknown` in between says that the reply was lost.
A process that dies leaves `sent` or `unknown`, which the next one settles by reading back. State moves in the same
transaction as the ledger.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import duckdb
import polars as pl

from pipelines.odoo.plan import PLANNED_KINDS, plan_digest
from pipelines.warehouse import transaction

Store = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]

Row = tuple[Any, ...]

_COLUMNS = """key, target_kind, operation, model, res_id, new_values_json::varchar, values_json::varchar,
    old_values_json::varchar"""
# Until the same values are tried again: the next day's run, then every second day's, every fourth, ...
RETRY_HOURS = 20
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
    """One row of a plan. `values` is what is sent; `values_json` is everything that then stands in Odoo.

    old_values_json: what we last knew to stand there in the fields that change.
    """

    key: str
    target_kind: str
    operation: str
    model: str
    res_id: int | None
    values: dict[str, Any]
    values_json: str
    old_values_json: str = "{}"
    error: str = ""

    @property
    def old_values(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(self.old_values_json)
        return values


@dataclass(frozen=True)
class Touch:
    """A field of ours that a person changed, and the person's value."""

    key: str
    field: str
    value: Any


@dataclass(frozen=True)
class Outcome:
    """What became of some changes. `gone`: their record is not there any more; `touched`: left to the person."""

    applied: tuple[Change, ...] = ()
    rejected: tuple[Change, ...] = ()
    gone: tuple[Change, ...] = ()
    touched: tuple[Touch, ...] = ()

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.applied + other.applied,
            self.rejected + other.rejected,
            self.gone + other.gone,
            self.touched + other.touched,
        )


class PlanChangedError(Exception):
    """The plan in the warehouse is not the one that was to be applied."""


@dataclass(frozen=True)
class Ledger:
    """The books of one Odoo during one run. Several threads may book, one at a time."""

    store: Store
    odoo_name: str
    run_id: str
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @contextmanager
    def booking(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.lock, self.store() as connection, transaction(connection):
            yield connection

    def require_plan(self, digest: str) -> None:
        """Raises PlanChangedError unless the plan in the warehouse has this digest."""
        with self.store() as connection:
            actual = plan_digest(connection, self.odoo_name)
        if actual != digest:
            raise PlanChangedError(
                f"The plan for {self.odoo_name} is now {actual[:12]}, not {digest[:12]}: plan again."
            )

    def due(self, limit: int) -> list[Row]:
        """The next rows of the plan, of one kind and operation: not yet in Odoo, and not refused in this run.

        Rows that were refused before come last, so that they hold up nobody. Rows of one record of Odoo, which two
        writes at the same time would fight over, stand together.
        """
        with self.store() as connection:
            rows: list[Row] = connection.execute(
                f"""with due as (
                    select plan.*, list_position($kinds, plan.target_kind) as position,
                        plan.key in (select key from sync_rejected where odoo_name = $odoo_name) as was_rejected
                    from sync_plan as plan
                    left join sync_state as state using (odoo_name, key)
                    where plan.odoo_name = $odoo_name
                        and (plan.operation = 'create' or state.key is not null)
                        and state.values_json::varchar is distinct from plan.values_json::varchar
                        and plan.key not in (
                            select key from sync_ledger
                            where odoo_name = $odoo_name and run_id = $run_id and status = 'applied'
                        )
                        and not exists (
                            from sync_rejected as rejected
                            where rejected.odoo_name = $odoo_name and rejected.key = plan.key
                                and (
                                    rejected.run_id = $run_id
                                    or (
                                        rejected.operation = plan.operation
                                        and rejected.values_json::varchar = plan.values_json::varchar
                                        and rejected.retry_at > now() at time zone 'UTC'
                                    )
                                )
                        )
                ),
                first as (
                    select position, operation, was_rejected from due
                    order by position, was_rejected, operation limit 1
                )
                select {_COLUMNS} from due semi join first using (position, operation, was_rejected)
                order by split_part(key, ':', -1), key limit $limit""",
                {"kinds": list(PLANNED_KINDS), "odoo_name": self.odoo_name, "run_id": self.run_id, "limit": limit},
            ).fetchall()
        return rows

    def pending(self) -> list[Change]:
        """Changes that were sent and of which nobody knows what became."""
        with self.store() as connection:
            rows = connection.execute(
                """with doubtful as (
                    select max(ledger_id) as ledger_id from sync_ledger where odoo_name = $odoo_name
                    group by key having arg_max(status, ledger_id) in ('sent', 'unknown')
                )
                select key, target_kind, operation, model, res_id, values_json::varchar, values_json::varchar, null
                from sync_ledger semi join doubtful using (ledger_id)
                where odoo_name = $odoo_name
                order by key""",
                {"odoo_name": self.odoo_name},
            ).fetchall()
        return changes_of(rows)

    def sent(self, changes: Sequence[Change]) -> None:
        with self.booking() as connection:
            self._run(connection, changes, _write("sent"))

    def unknown(self, changes: Sequence[Change], error: str) -> None:
        with self.booking() as connection:
            self._run(connection, [replace(change, error=error) for change in changes], _write("unknown"))

    def interrupted(self, changes: Sequence[Change]) -> None:
        """Changes that were sent and did not arrive: the next plan has them again."""
        with self.booking() as connection:
            self._run(connection, [replace(change, error="did not arrive") for change in changes], _write("failed"))

    def settle(self, outcome: Outcome) -> None:
        """Book what became of changes: ledger, state and rejected rows in one transaction."""
        with self.booking() as connection:
            self._run(connection, outcome.applied, _write("applied"), _FORGET_STATE, _SET_STATE, _FORGET_REJECTED)
            self._run(connection, outcome.gone, _write("failed"), _FORGET_STATE)
            self._run(connection, outcome.rejected, _write("failed"))
            self._set_rejected(connection, outcome)
            self._touch(connection, outcome.touched)

    def touch(self, touches: Sequence[Touch]) -> None:
        """Book what people changed: the state has their values then, and no plan changes them for a while."""
        with self.booking() as connection:
            self._touch(connection, touches)

    def held(self, changes: Sequence[Change]) -> set[tuple[str, str]]:
        """(key, field) of those fields of the changes that a person changed."""
        with self.store() as connection:
            rows = connection.execute(
                "select key, field from sync_touch where odoo_name = ? and key in (select unnest(?))",
                [self.odoo_name, [change.key for change in changes]],
            ).fetchall()
        return set(rows)

    def written(self, model: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What we know to stand in Odoo for these keys of a model."""
        with self.store() as connection:
            rows = connection.execute(
                """select key, values_json::varchar from sync_state
                where odoo_name = ? and model = ? and key in (select unnest(?))""",
                [self.odoo_name, model, list(keys)],
            ).fetchall()
        return {key: json.loads(values) for key, values in rows}

    def rejected(self) -> int:
        """How many rows of the plan Odoo refused in this run."""
        with self.store() as connection:
            count: int = connection.execute(
                "select count(*) from sync_rejected where odoo_name = ? and run_id = ?", [self.odoo_name, self.run_id]
            ).fetchall()[0][0]
        return count

    def refused_rows(self, limit: int) -> list[tuple[str, int, str]]:
        """Key, attempts and Odoo's reason of rows that Odoo refused, the newest first."""
        with self.store() as connection:
            return connection.execute(
                """select key, attempts, error from sync_rejected where odoo_name = ?
                order by rejected_at desc, key limit ?""",
                [self.odoo_name, limit],
            ).fetchall()

    def replace_flags(self, flags: Sequence[tuple[str, int, bool, bool]]) -> None:
        """What people ticked: key, partner's id, wrong, do not contact."""
        columns = {"key": pl.String, "res_id": pl.Int64, "is_wrong": pl.Boolean, "is_do_not_contact": pl.Boolean}
        self._replace("sync_flag", pl.DataFrame(list(flags), schema=columns, orient="row"))

    def replace_tasks(self, tasks: Sequence[tuple[str, int, bool, bool]]) -> None:
        """What became of tasks: key, the task's id, open, taken over by a person."""
        columns = {"key": pl.String, "res_id": pl.Int64, "is_open": pl.Boolean, "is_taken_over": pl.Boolean}
        self._replace("sync_task", pl.DataFrame(list(tasks), schema=columns, orient="row"))

    def replace_case_outcomes(self, outcomes: Sequence[tuple[str, str, int, str]]) -> None:
        """What reviewers decided on cases: key, outcome, the user's id, when (UTC)."""
        columns = {"key": pl.String, "outcome": pl.String, "decided_by_user_id": pl.Int64, "decided_at": pl.String}
        frame = pl.DataFrame(list(outcomes), schema=columns, orient="row")
        self._replace("sync_case_outcome", frame.with_columns(pl.col("decided_at").str.to_datetime()))

    def add_decisions(self, decisions: Sequence[tuple[str, str, int, str]]) -> None:
        """What reviewers decided, as far as it is new: key, decision, the user's id, when (UTC)."""
        columns = {"key": pl.String, "decision": pl.String, "decided_by_user_id": pl.Int64, "decided_at": pl.String}
        with self.booking() as connection:
            connection.register("_read", pl.DataFrame(list(decisions), schema=columns, orient="row").to_arrow())
            connection.execute(
                """insert into sync_approval by name
                select $odoo_name as odoo_name, * replace (decided_at::timestamp as decided_at),
                    now() at time zone 'UTC' as read_at
                from _read
                anti join sync_approval as known
                    on known.odoo_name = $odoo_name and known.key = _read.key
                    and known.decided_at = _read.decided_at::timestamp""",
                {"odoo_name": self.odoo_name},
            )
            connection.unregister("_read")

    def _replace(self, table: str, frame: pl.DataFrame) -> None:
        """Put what was just read of the Odoo in the place of what was read before."""
        with self.booking() as connection:
            connection.execute(f"delete from {table} where odoo_name = ?", [self.odoo_name])
            connection.register("_read", frame.to_arrow())
            connection.execute(
                f"""insert into {table} by name
                select $odoo_name as odoo_name, *, now() at time zone 'UTC' as read_at from _read""",
                {"odoo_name": self.odoo_name},
            )
            connection.unregister("_read")

    def _set_rejected(self, connection: duckdb.DuckDBPyConnection, outcome: Outcome) -> None:
        """A refused row stands here until it goes through or is not wanted any more."""
        refused = [*outcome.rejected, *(change for change in outcome.gone if change.operation != "archive")]
        self._run(connection, refused, _REFUSE, _FORGET_REJECTED, "insert into sync_rejected by name from _refused")
        # A record that was to be archived and is gone has what it should have.
        done = [change for change in outcome.gone if change.operation == "archive"]
        self._run(connection, done, _FORGET_REJECTED)

    def records(self, model: str) -> dict[int, str]:
        """Keys of the records of a model that we know to stand in Odoo, by id."""
        with self.store() as connection:
            rows = connection.execute(
                "select res_id, key from sync_state where odoo_name = ? and model = ?", [self.odoo_name, model]
            ).fetchall()
        return dict(rows)

    def _touch(self, connection: duckdb.DuckDBPyConnection, touches: Sequence[Touch]) -> None:
        if not touches:
            return
        rows = [(self.odoo_name, touch.key, touch.field, json.dumps({touch.field: touch.value})) for touch in touches]
        frame = pl.DataFrame(
            rows,
            schema=dict.fromkeys(("odoo_name", "key", "field", "patch_json"), pl.String),
            orient="row",
        )
        connection.register("_touches", frame.to_arrow())
        connection.execute(
            """delete from sync_touch
            where (odoo_name, key, field) in (select (odoo_name, key, field) from _touches);
            insert into sync_touch by name
            select odoo_name, key, field, now() at time zone 'UTC' as touched_at from _touches"""
        )
        # One field at a time: a patch changes one field, and a record may have several.
        for name in sorted({touch.field for touch in touches}):
            connection.execute(
                """update sync_state set values_json = json_merge_patch(sync_state.values_json, patch_json::json)
                from _touches where _touches.odoo_name = sync_state.odoo_name and _touches.key = sync_state.key
                    and _touches.field = ?""",
                [name],
            )
        connection.unregister("_touches")

    def _run(self, connection: duckdb.DuckDBPyConnection, changes: Sequence[Change], *statements: str) -> None:
        """Run statements over changes as the table `_changes`."""
        if not changes:
            return
        columns = {name: [getattr(change, name) for change in changes] for name in _FRAME}
        frame = pl.DataFrame(columns, schema=_FRAME).with_columns(
            odoo_name=pl.lit(self.odoo_name), run_id=pl.lit(self.run_id)
        )
        connection.register("_changes", frame.to_arrow())
        for statement in statements:
            connection.execute(statement)
        connection.unregister("_changes")


def _write(status: str) -> str:
    """SQL that books changes."""
    return f"""
        insert into sync_ledger by name
        select
            (select coalesce(max(ledger_id), 0) from sync_ledger) + row_number() over () as ledger_id,
            run_id, odoo_name, key, target_kind, operation, model, res_id, values_json,
            '{status}' as status, nullif(error, '') as error,
            now() at time zone 'UTC' as booked_at
        from _changes"""


_FORGET_STATE = "delete from sync_state where (odoo_name, key) in (select (odoo_name, key) from _changes)"
_SET_STATE = """
    insert into sync_state by name
    select odoo_name, key, target_kind, model, res_id, values_json, now() at time zone 'UTC' as written_at, run_id
    from _changes"""
_FORGET_REJECTED = "delete from sync_rejected where (odoo_name, key) in (select (odoo_name, key) from _changes)"
# A row keeps the number of its attempts: what is refused is put together before the row of the last time goes.
_REFUSE = f"""
    create or replace temp table _refused as
    select odoo_name, key, change.target_kind, change.operation, change.model, change.res_id, change.error,
        change.run_id, now() at time zone 'UTC' as rejected_at, change.values_json::json as values_json,
        coalesce(known.attempts, 0) + 1 as attempts,
        now() at time zone 'UTC' + to_hours({RETRY_HOURS} << least(coalesce(known.attempts, 0), 4)) as retry_at
    from _changes as change left join sync_rejected as known using (odoo_name, key)"""


def changes_of(rows: Sequence[Row]) -> list[Change]:
    """The changes that rows of `due` stand for."""
    return [
        Change(
            key,
            target_kind,
            operation,
            model,
            res_id,
            json.loads(new_values_json),
            values_json,
            old_values_json or "{}",
        )
        for key, target_kind, operation, model, res_id, new_values_json, values_json, old_values_json in rows
    ]
