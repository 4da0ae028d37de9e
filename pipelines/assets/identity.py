"""Stage 3: which records are one customer."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from models import identity
from pipelines.dbt import as_of
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.runs import is_latest
from pipelines.settings import load_settings, state_dir
from pipelines.warehouse import connect, replace_rows, transaction

TABLES = ("identity_xref", "identity_link", "identity_golden", "identity_event", "identity_household")


def _resolve(context: dg.AssetExecutionContext) -> identity.IdentityResult | None:
    """The customers as of the run's day; None for a past day, on which identities stay as the latest day left them."""
    with connect() as connection:
        if not is_latest(connection, as_of(context)):
            return None
        records = connection.sql("select * from stg_customer_record").pl()
        previous = identity.PreviousIdentity(
            xref=connection.sql("select * from identity_xref").pl(),
            events=connection.sql("select * from identity_event").pl(),
        )
    return identity.resolve(records, previous, as_of(context), load_settings().seed, with_charts=True)


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
        dg.AssetSpec(table, deps=["stg_customer_record"], group_name="identity", kinds={"splink", "duckdb"})
        for table in TABLES
    ],
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
)
def resolve_identities(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Splink over the staged customer records of all systems; customers keep their ids."""
    result = _resolve(context)
    if result is not None:
        _keep(result, as_of(context))
    for table in TABLES:
        rows = None if result is None else getattr(result, table).height
        yield dg.MaterializeResult(asset_key=table, metadata={"rows": rows})
