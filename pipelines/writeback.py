"""From the scores in the warehouse to records in each Odoo, and the rule of who may write: the latest day alone.

Belongs here: the order of settling, matching, planning and applying, for assets and commands alike. Does not belong
here: how each is done (`pipelines/odoo`).
"""

from dataclasses import dataclass
from datetime import date

from pipelines.odoo import sink
from pipelines.odoo.plan import Match, Plan, build_desired, build_plan, match_targets, plan_digest
from pipelines.runs import is_latest
from pipelines.settings import OdooConnection, Settings, odoo_connection
from pipelines.warehouse import connect, transaction


@dataclass(frozen=True)
class OdooPlan:
    """The plan for one Odoo, and how many desired records have one there to belong to, by kind."""

    odoo_name: str
    plan: Plan
    matches: dict[str, Match]


class NoOdooError(Exception):
    """No Odoo is connected."""


def desire(settings: Settings, run_id: str) -> dict[str, int]:
    """Fill `sync_desired`; gives records by kind. What people ticked in an Odoo is read first and counts."""
    server = odoo_connection()
    for odoo_name in settings.sources_of("odoo"):
        if server is not None:
            client = sink.sink_client(server)
            sink.settle(connect, client, odoo_name, run_id)
            sink.read_flags(connect, client, odoo_name, run_id)
    with connect() as connection, transaction(connection):
        return build_desired(connection, settings.tasks)


def plan_all(settings: Settings, run_id: str) -> list[OdooPlan]:
    """Plan the changes of each connected Odoo, from what really stands there."""
    server = odoo_connection()
    return [] if server is None else [_plan(name, server, run_id) for name in settings.sources_of("odoo")]


def _plan(odoo_name: str, server: OdooConnection, run_id: str) -> OdooPlan:
    sink.settle(connect, sink.sink_client(server), odoo_name, run_id)
    with connect() as connection, transaction(connection):
        matches = match_targets(connection, odoo_name)
        return OdooPlan(odoo_name, build_plan(connection, odoo_name), matches)


def apply_current(settings: Settings, run_id: str, as_of: date) -> dict[str, sink.ApplyResult]:
    """Apply the plan of each connected Odoo; a past day writes nothing."""
    with connect() as connection:
        if not is_latest(connection, as_of):
            return {}
    return {name: apply_one(name, run_id, digest) for name, digest in current_digests(settings).items()}


def current_digests(settings: Settings) -> dict[str, str]:
    """Digest of the plan of each connected Odoo."""
    with connect() as connection:
        return {name: plan_digest(connection, name) for name in settings.sources_of("odoo")}


def apply_one(odoo_name: str, run_id: str, digest: str) -> sink.ApplyResult:
    """Apply exactly the plan of this digest. Raises PlanChangedError where it is another by now."""
    server = odoo_connection()
    if server is None:
        raise NoOdooError("No Odoo is connected: set ODOO_URL, ODOO_DB, ODOO_USER and ODOO_PASSWORD.")
    return sink.apply(connect, sink.sink_client(server), odoo_name, run_id, digest)
