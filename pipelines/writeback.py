"""From the scores in the warehouse to records in each Odoo, and the rule of who may write: the latest day alone.

Belongs here: the order of settling, matching, planning and applying, for assets and commands alike. Does not belong
here: how each is done (`pipelines/odoo`).
"""

from dataclasses import dataclass
from datetime import date
from functools import cache

from pipelines.odoo import approvals, guards, judgements, sink
from pipelines.odoo.client import OdooClient
from pipelines.odoo.ledger import Ledger, PlanChangedError
from pipelines.odoo.plan import Match, Plan, build_desired, build_plan, match_targets, plan_digest, plan_rows
from pipelines.odoo.undo import Undo, build_undo
from pipelines.runs import is_latest
from pipelines.settings import OdooConnection, Settings, config_path, odoo_connection, read_settings, state_dir
from pipelines.state import Connection
from pipelines.warehouse import connect, transaction


@dataclass(frozen=True)
class OdooPlan:
    """The plan for one Odoo, and how many desired records have one there to belong to, by kind.

    stopped_by: why the plan may not be applied.
    """

    odoo_name: str
    plan: Plan
    matches: dict[str, Match]
    stopped_by: list[str]


class NoOdooError(Exception):
    """No Odoo is connected."""


NO_ODOO = "No Odoo is connected: set ODOO_URL, ODOO_DB, ODOO_USER and ODOO_PASSWORD."
# As many of a digest's digits as people are shown.
DIGEST_LENGTH = 12


def read_judgements(settings: Settings) -> dict[str, str]:
    """Bring back what people decided in each connected Odoo about who is one customer; gives counts by Odoo."""
    server = odoo_connection()
    found = {}
    for odoo_name in settings.sources_of("odoo"):
        if server is not None:
            client = _client(server, settings.odoo.transport)
            merges = judgements.read_merges(connect, client, odoo_name)
            answers = judgements.read_answers(connect, client, odoo_name)
            made = judgements.read_made_partners(connect, client, odoo_name)
            found[odoo_name] = f"{merges} merges of partners, {answers} answers, {made} partners made"
    return found


def desire(settings: Settings, run_id: str) -> dict[str, int]:
    """Fill `sync_desired`; gives records by kind. What people ticked in an Odoo is read first and counts."""
    server = odoo_connection()
    with connect() as connection:
        for odoo_name in settings.sources_of("odoo"):
            if server is not None:
                client = _client(server, settings.odoo.transport)
                sink.settle(connection.cursor, client, odoo_name, run_id)
                sink.read_flags(connection.cursor, client, odoo_name, run_id)
                sink.read_tasks(connection.cursor, client, odoo_name, run_id)
                judgements.read_case_outcomes(connection.cursor, client, odoo_name, run_id)
        with transaction(connection):
            return build_desired(
                connection, settings.tasks, settings.seed, settings.languages(), settings.odoo.create_partners
            )


def plan_all(settings: Settings, run_id: str) -> list[OdooPlan]:
    """Plan the changes of each connected Odoo, from what really stands there."""
    server = odoo_connection()
    return [] if server is None else [_plan(settings, name, server, run_id) for name in settings.sources_of("odoo")]


def _plan(settings: Settings, odoo_name: str, server: OdooConnection, run_id: str) -> OdooPlan:
    client = _client(server, settings.odoo.transport)
    with connect() as connection:
        _catch_up(connection, client, odoo_name, run_id)
        with transaction(connection):
            matches = match_targets(connection, odoo_name)
            rules = settings.odoo
            plan = build_plan(
                connection, odoo_name, rules.human_edit_days, rules.approvals, settings.languages(),
                rules.max_new_approvals,
            )  # fmt: skip
        return OdooPlan(odoo_name, plan, matches, _stop_reasons(connection, settings, client, odoo_name))


def _catch_up(connection: Connection, client: OdooClient, odoo_name: str, run_id: str) -> None:
    """Bring the books to what really stands in an Odoo."""
    sink.settle(connection.cursor, client, odoo_name, run_id)
    sink.read_touches(connection.cursor, client, odoo_name, run_id)
    sink.read_tasks(connection.cursor, client, odoo_name, run_id)
    sink.read_decisions(connection.cursor, client, odoo_name, run_id)


def undo(settings: Settings, undone_run_id: str, run_id: str) -> dict[str, tuple[Undo, sink.ApplyResult]]:
    """Take back what a run wrote to each connected Odoo, where nobody has touched it since."""
    server = odoo_connection()
    if server is None:
        raise NoOdooError(NO_ODOO)
    client = _client(server, settings.odoo.transport)
    done = {}
    for odoo_name in settings.sources_of("odoo"):
        with connect() as connection:
            _catch_up(connection, client, odoo_name, run_id)
            with transaction(connection):
                found = build_undo(connection, odoo_name, undone_run_id)
            reasons = guards.server_reasons(connection, client, odoo_name, _currency_code(settings, odoo_name))
            result = (
                sink.ApplyResult(stopped_by=tuple(reasons))
                if reasons
                else sink.apply(connection.cursor, client, odoo_name, run_id, found.plan.digest, is_writing_on)
            )
        done[odoo_name] = found, result
    return done


def _stop_reasons(connection: Connection, settings: Settings, client: OdooClient, odoo_name: str) -> list[str]:
    return [
        *guards.plan_reasons(connection, odoo_name, settings.odoo, state_dir() / "models"),
        *guards.server_reasons(connection, client, odoo_name, _currency_code(settings, odoo_name)),
    ]


def _currency_code(settings: Settings, odoo_name: str) -> str:
    brand = settings.brands[settings.sources[odoo_name].brand]
    return settings.companies[brand.company].currency_code


def first_changes(odoo_name: str, limit: int) -> list[tuple[str, str, str]]:
    """Key, what happens with it and the values, old and new, of the first rows of the plan for an Odoo."""
    with connect() as connection:
        return plan_rows(connection, odoo_name, limit)


def apply_current(settings: Settings, run_id: str, as_of: date) -> dict[str, sink.ApplyResult]:
    """Apply the plan of each connected Odoo; a past day writes nothing."""
    # Held open: closing and opening the file between the steps costs as much as a batch.
    with connect() as connection:
        if not is_latest(connection, as_of):
            return {}
        return {name: _apply(settings, name, run_id, digest) for name, digest in current_digests(settings).items()}


def apply_digest(settings: Settings, run_id: str, digest: str) -> sink.ApplyResult:
    """Apply exactly the plan whose digest begins so. Raises PlanChangedError where there is none such by now."""
    if odoo_connection() is None:
        raise NoOdooError(NO_ODOO)
    found = {name: full for name, full in current_digests(settings).items() if full.startswith(digest)}
    if len(found) != 1 or len(digest) < DIGEST_LENGTH:
        raise PlanChangedError(f"No plan has the digest {digest} any more: `retail odoo plan` shows what there is.")
    [(odoo_name, full)] = found.items()
    return _apply(settings, odoo_name, run_id, full)


def current_digests(settings: Settings) -> dict[str, str]:
    """Digest of the plan of each connected Odoo."""
    with connect() as connection:
        return {name: plan_digest(connection, name) for name in settings.sources_of("odoo")}


def _apply(settings: Settings, odoo_name: str, run_id: str, digest: str) -> sink.ApplyResult:
    """Apply a plan unless a guard stops it."""
    server = odoo_connection()
    if server is None:
        raise NoOdooError(NO_ODOO)
    client = _client(server, settings.odoo.transport)
    with connect() as connection:
        if reasons := _stop_reasons(connection, settings, client, odoo_name):
            return sink.ApplyResult(stopped_by=tuple(reasons))
        guards.remember_server(connection, client, odoo_name)
        return sink.apply(connection.cursor, client, odoo_name, run_id, digest, is_writing_on, settings.languages())


def runs_that_wrote() -> list[tuple[str, str, str, int, int]]:
    """Run, Odoo, when it began (UTC), rows applied and failed; the newest first."""
    with connect() as connection:
        return connection.execute(
            """select run_id, odoo_name, strftime(min(booked_at), '%Y-%m-%d %H:%M'),
                count(*) filter (status = 'applied'), count(*) filter (status = 'failed')
            from sync_ledger group by run_id, odoo_name order by min(ledger_id) desc"""
        ).fetchall()


def decisions() -> list[tuple[str, str, str, str, str]]:
    """Odoo, key, decision, the deciding user's id and when (UTC) of all that was to be approved; open ones first."""
    with connect() as connection:
        return connection.execute(approvals.DECISIONS, {"prefix": approvals.PREFIX}).fetchall()


@cache
def _client(server: OdooConnection, transport: str) -> OdooClient:
    """The sink's client, which logs in once a process."""
    return sink.sink_client(server, transport)


def refused_rows(odoo_name: str, limit: int) -> list[tuple[str, int, str]]:
    """Key, attempts and Odoo's reason of rows that Odoo refused, the newest first."""
    return Ledger(connect, odoo_name, "").refused_rows(limit)


def is_writing_on() -> bool:
    """What retail.yaml says at this moment."""
    return read_settings(config_path()).odoo.is_writing_on
