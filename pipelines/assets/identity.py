"""Stage 3: which records are one customer."""

from collections.abc import Iterator

import dagster as dg

from models import identity
from pipelines.dbt import as_of
from pipelines.partitions import WRITE_POOL, daily
from pipelines.settings import load_settings
from pipelines.warehouse import connect, replace_rows, transaction

TABLES = ("identity_xref", "identity_link", "identity_golden", "identity_event")


@dg.multi_asset(
    name="identity",
    specs=[
        dg.AssetSpec(table, deps=["stg_customer_record"], group_name="identity", kinds={"splink", "duckdb"})
        for table in TABLES
    ],
    partitions_def=daily,
    pool=WRITE_POOL,
)
def resolve_identities(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Splink over the staged customer records of all systems; customers keep their ids."""
    with connect() as connection:
        records = connection.sql("select * from stg_customer_record").pl()
        previous = identity.PreviousIdentity(
            xref=connection.sql("select * from identity_xref").pl(),
            events=connection.sql("select * from identity_event").pl(),
        )
    result = identity.resolve(records, previous, as_of(context), load_settings().seed)
    frames = {table: getattr(result, table) for table in TABLES}
    with connect() as connection, transaction(connection):
        for table, frame in frames.items():
            replace_rows(connection, table, frame)
    for table, frame in frames.items():
        yield dg.MaterializeResult(asset_key=table, metadata={"rows": frame.height})
