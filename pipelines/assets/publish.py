"""Stage 6: the analysts' files."""

import dagster as dg

from pipelines.dbt import prepare_manifest
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.publishing import OPERATIONS, PUBLIC_PREFIXES, documented_columns, publish
from pipelines.runs import finish_run
from pipelines.warehouse import connect, personal_path, published_path


def is_published(key: dg.AssetKey) -> bool:
    """Whether an asset is a table that analysts get."""
    name = key.path[-1]
    return len(key.path) == 1 and (name.startswith(PUBLIC_PREFIXES) or name in OPERATIONS)


def published_asset(upstream: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that publishes; `upstream` is every table that a file holds."""

    @dg.asset(
        name="published",
        deps=upstream,
        group_name="publish",
        partitions_def=daily,
        pool=WRITE_POOL,
        backfill_policy=ONE_DAY_A_RUN,
        kinds={"duckdb"},
        description="retail.duckdb without personal columns, and retail_personal.duckdb with them.",
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        columns = documented_columns(prepare_manifest())
        with connect() as connection:
            finish_run(connection, context.run_id)
            rows = publish(connection, published_path(), columns, with_personal=False)
            publish(connection, personal_path(), columns, with_personal=True)
        return dg.MaterializeResult(metadata={"tables": len(rows), "rows": sum(rows.values())})

    return published
