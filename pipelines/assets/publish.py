"""Stage 6: the analysts' files."""

import dagster as dg

from pipelines.catalog import dbt_tables
from pipelines.dbt import as_of, prepare_manifest, write_docs
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.publishing import is_published, publish
from pipelines.runs import banner, finish_run
from pipelines.warehouse import connect, docs_path, personal_path, published_path, read_published


def is_input(key: dg.AssetKey) -> bool:
    """Whether an asset is a table that analysts get."""
    return len(key.path) == 1 and is_published(key.path[-1])


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
        description="retail.duckdb without personal columns, retail_personal.duckdb with them, and their description.",
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        tables, day = dbt_tables(prepare_manifest()), as_of(context)
        with connect() as connection:
            finish_run(connection, context.run.run_id)
            rows = publish(connection, published_path(), tables, with_personal=False, as_of=day)
            publish(connection, personal_path(), tables, with_personal=True, as_of=day)
        write_docs(docs_path())
        with read_published() as connection:
            message = banner(connection)
        return dg.MaterializeResult(metadata={"tables": len(rows), "rows": sum(rows.values()), "banner": message})

    return published
