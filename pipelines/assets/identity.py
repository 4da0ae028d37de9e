"""Stage 3: which records are one customer."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import dagster as dg

from models import identity
from models.identity.chart_pages import Chart
from models.identity.gate import GateFindings
from models.identity.settings import Engine
from pipelines import decisions, identities
from pipelines.dbt import as_of
from pipelines.odoo import merges
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.runs import is_latest
from pipelines.settings import load_settings, state_dir
from pipelines.warehouse import connect, transaction

TABLES = (
    "identity_xref",
    "identity_link",
    "identity_golden",
    "identity_golden_source",
    "identity_event",
    "identity_household",
    "identity_household_history",
)
INPUTS = ("stg_customer_record", "stg_odoo__partner", "stg_odoo__company")

# A run with this tag keeps and publishes a resolution that the gate would hold back.
ACCEPT_TAG = "reknit/accept_identity"
# A run with this tag compares on that engine, whatever the settings say.
ENGINE_TAG = "reknit/identity_engine"


class _HeldBackError(Exception):
    """Undoes what was written of a resolution that the gate holds back."""


@dataclass(frozen=True)
class Resolution:
    """What a run found. `charts`: none where it was held back."""

    summary: identity.IdentitySummary
    findings: GateFindings
    is_kept: bool
    charts: Mapping[str, Chart]


def resolve(context: dg.AssetExecutionContext) -> Resolution | None:
    """Customers as of the run's day; None for a past day, on which identities stay as the latest day left them."""
    settings, day = load_settings(), as_of(context)
    is_accepted = context.run.tags.get(ACCEPT_TAG) == "true"
    is_on_spark = context.run.tags.get(ENGINE_TAG, settings.identity.engine) == "spark"
    engine: Engine = "spark" if is_on_spark else "duckdb"
    with connect() as connection:
        if not is_latest(connection, day):
            return None
        config = identities.config(connection, settings)
        human = decisions.human_input(connection, settings.identity.review, day)
        with identity.update(
            connection,
            "stg_customer_record",
            day,
            settings.seed,
            config,
            context.run.run_id,
            engine=engine,
            human=human,
        ) as run:
            try:
                with transaction(connection):
                    run.write()
                    summary = identity.summarise(run)
                    found = identity.judge(run, summary, settings.identity.gate.limits)
                    if found.reasons and not is_accepted:
                        raise _HeldBackError
            except _HeldBackError:
                return Resolution(summary, found, is_kept=False, charts={})
            charts, questions = identity.charts(run), identity.questions(run)
        with transaction(connection):
            decisions.ask(connection, questions, day)
            identities.remember_households(connection, day)
            rules = settings.identity.review
            room = decisions.room_for_questions(connection, rules, day, is_about_merges=True)
            decisions.ask(connection, merges.suggestions(connection, room), day)
    _charts_dir().mkdir(parents=True, exist_ok=True)
    for old in _charts_dir().glob("identity_*.html"):
        old.unlink()
    for name, chart in charts.items():
        (_charts_dir() / f"identity_{name}.html").write_text(chart.page, encoding="utf-8")
    return Resolution(summary, found, is_kept=True, charts=charts)


def _charts_dir() -> Path:
    return state_dir() / "charts"


@dg.multi_asset(
    name="identity",
    specs=[dg.AssetSpec(table, deps=INPUTS, group_name="identity", kinds={"splink", "duckdb"}) for table in TABLES],
    check_specs=[
        dg.AssetCheckSpec(
            "within_gate",
            asset="identity_xref",
            blocking=True,
            description="Links are precise enough, no customer is too large, few records have another customer_id.",
        )
    ],
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
)
def resolve_identities(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Splink over the staged customer records of all systems; customers keep their ids."""
    found = resolve(context)
    for kind, reason in (found.summary.estimated if found else {}).items():
        context.log.info(f"The model of the {kind} records was estimated anew: {reason}.")
    for one in found.summary.unfollowed if found else ():
        context.log.warning(f"Decision {one.decision_id} is not followed: {one.why}.")
    if found and not found.is_kept:
        context.log.error(
            "Customers stay as they were, nothing is published: %s. Let it pass: retail run --accept-identity",
            "; ".join(found.findings.reasons),
        )
    with connect() as connection:
        rows = {table: connection.sql(f"select count(*) from {table}").fetchall()[0][0] for table in TABLES}
    about = {"identity_xref": _counts(found.summary), "identity_link": _pictures(found.charts)} if found else {}
    for table in TABLES:
        counted = {"rows": rows[table], "records_due": found.summary.records_due} if found else {"rows": None}
        yield dg.MaterializeResult(asset_key=table, metadata={**counted, **about.get(table, {})})
    yield _check(found)


def _counts(summary: identity.IdentitySummary) -> dict[str, dg.MetadataValue]:
    """What became of the records' values and of each kind of record; no personal value."""
    return {
        "kinds": _table(
            ("kind", "records", "customers", "pairs", "refused", "largest", "method"), map(astuple, summary.kinds)
        ),
        "nulled_values": _table(("column", "reason", "records"), map(astuple, summary.nulled_values)),
        "read_by_libraries": _table(
            ("field", "library", "values", "asked", "rewritten", "seconds"), summary.library_shares
        ),
    }


def _pictures(charts: Mapping[str, Chart]) -> dict[str, dg.MetadataValue]:
    """Each chart small; the pages with all figures lie in `charts`."""
    pictures: dict[str, dg.MetadataValue] = {"charts": dg.MetadataValue.path(_charts_dir())}
    for name, chart in charts.items():
        drawn = b64encode(chart.picture.encode()).decode()
        pictures[name] = dg.MetadataValue.md(f"![{chart.title}](data:image/svg+xml;base64,{drawn})")
    return pictures


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MetadataValue:
    cells = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    lines = (columns, ["---"] * len(columns), *cells)
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _check(found: Resolution | None) -> dg.AssetCheckResult:
    if found is None:
        return dg.AssetCheckResult(check_name="within_gate", asset_key="identity_xref", passed=True)
    return dg.AssetCheckResult(
        check_name="within_gate",
        asset_key="identity_xref",
        passed=found.is_kept,
        description="; ".join(found.findings.reasons) or None,
        metadata={
            "estimated_precision": found.findings.precision,
            "largest_customer_records": found.findings.largest_customer,
            "changed_id_share": found.findings.changed_share,
        },
    )
