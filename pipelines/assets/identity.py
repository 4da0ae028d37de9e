"""Stage 3: which records are one customer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from datetime import date

import dagster as dg
import polars as pl

from models import identity
from models.identity.gate import GateFindings, judge
from pipelines import identities
from pipelines.dbt import as_of
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.runs import is_latest
from pipelines.settings import load_settings, state_dir
from pipelines.warehouse import connect, replace_rows, transaction

TABLES = (
    "identity_xref",
    "identity_link",
    "identity_golden",
    "identity_golden_source",
    "identity_event",
    "identity_household",
)


INPUTS = ("stg_customer_record", "stg_odoo__partner", "stg_odoo__company")

# A run with this tag keeps and publishes a resolution that the gate would hold back.
ACCEPT_TAG = "reknit/accept_identity"


def _resolve(context: dg.AssetExecutionContext) -> tuple[identity.IdentityResult, GateFindings] | None:
    """The customers as of the run's day; None for a past day, on which identities stay as the latest day left them."""
    settings = load_settings()
    with connect() as connection:
        if not is_latest(connection, as_of(context)):
            return None
        records = connection.sql("select * from stg_customer_record").pl()
        previous = identity.PreviousIdentity(
            xref=connection.sql("select * from identity_xref").pl(),
            events=connection.sql("select * from identity_event").pl(),
        )
        config = identities.config(connection, settings)
    result = identity.resolve(records, previous, as_of(context), settings.seed, config, with_charts=True)
    answers = pl.DataFrame(schema={"match_probability": pl.Float64, "is_same": pl.Boolean})
    found = judge(result.identity_xref, result.identity_link, previous.xref, answers, settings.identity.gate.limits)
    return result, found


def _keep(result: identity.IdentityResult, day: date) -> None:
    with connect() as connection, transaction(connection):
        for table in TABLES:
            replace_rows(connection, table, getattr(result, table))
        replace_rows(connection, "identity_model", result.identity_model, f"as_of_date = date '{day}'")
    folder = state_dir() / "charts"
    folder.mkdir(parents=True, exist_ok=True)
    for kind, page in result.charts.items():
        (folder / f"identity_{kind}.html").write_text(page, encoding="utf-8")


@dg.multi_asset(
    name="identity",
    specs=[
        dg.AssetSpec(
            table,
            deps=["stg_customer_record", "stg_odoo__partner", "stg_odoo__company"],
            group_name="identity",
            kinds={"splink", "duckdb"},
        )
        for table in TABLES
    ],
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
    resolved = _resolve(context)
    if resolved is None:
        kept, check = None, dg.AssetCheckResult(check_name="within_gate", asset_key="identity_xref", passed=True)
    else:
        result, found = resolved
        is_accepted = not found.reasons or context.run.tags.get(ACCEPT_TAG) == "true"
        kept = result if is_accepted else None
        check = _check(found, is_accepted)
    if kept is not None:
        _keep(kept, as_of(context))
    elif resolved is not None:
        # Nothing is kept: the next run is compared with the same ids as this one.
        context.log.error(
            "Customers stay as they were, nothing is published: %s. Let it pass: retail run --accept-identity",
            "; ".join(found.reasons),
        )
    for table in TABLES:
        rows = None if kept is None else getattr(kept, table).height
        about = _metadata(resolved[0].summary) if resolved is not None and table == "identity_xref" else {}
        yield dg.MaterializeResult(asset_key=table, metadata={"rows": rows, **about})
    yield check


def _metadata(summary: identity.IdentitySummary) -> dict[str, dg.MetadataValue]:
    """What became of the records' values and of each kind of record, in counts."""
    return {
        "kinds": _table(
            ("kind", "records", "customers", "pairs", "refused", "largest", "method"), map(astuple, summary.kinds)
        ),
        "nulled_values": _table(("column", "reason", "records"), map(astuple, summary.nulled_values)),
        "read_by_libraries": _table(
            ("field", "library", "values", "asked", "rewritten", "seconds"), summary.library_shares
        ),
    }


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MetadataValue:
    cells = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    lines = (columns, ["---"] * len(columns), *cells)
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _check(found: GateFindings, is_accepted: bool) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="within_gate",
        asset_key="identity_xref",
        passed=is_accepted,
        description="; ".join(found.reasons) or None,
        metadata={
            "estimated_precision": found.precision,
            "answered_share": found.answered_share,
            "largest_customer_records": found.largest_customer,
            "changed_id_share": found.changed_share,
        },
    )
