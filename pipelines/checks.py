"""Checks that hold a run back from publishing.

Belongs here: what must be true of the whole line. What must be true of one table is a dbt test beside it.
"""

import dagster as dg
import duckdb

from pipelines.sources import SYSTEMS
from pipelines.state import raw_table
from pipelines.warehouse import connect


def unreconciled_loads(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int, int, int, int]]:
    """Sources and entities whose rows do not add up: (source, entity, read, loaded, quarantined, in the raw table).

    For files each row read is loaded or in quarantine, its amount too, and what was loaded stands in the raw table.
    """
    raw_counts = " union all ".join(
        f"select source_name, '{entity.name}' as entity, count(*) as raw_rows "
        f"from {raw_table(system, entity)} group by all"
        for system in SYSTEMS.values()
        for entity in system.entities
    )
    return connection.execute(
        f"""with loads as (
            select
                source_name, entity, sum(rows_read) as rows_read, sum(rows_loaded) as rows_loaded,
                sum(rows_quarantined) as rows_quarantined,
                coalesce(sum(amount_read), 0) as amount_read,
                coalesce(sum(amount_loaded), 0) + coalesce(sum(amount_quarantined), 0) as amount_kept,
                bool_and(content_hash is not null) as is_file
            from ops_file_load group by all
        ),
        raws as ({raw_counts})
        select source_name, entity, rows_read, rows_loaded, rows_quarantined, coalesce(raw_rows, 0)
        from loads left join raws using (source_name, entity)
        where rows_read <> rows_loaded + rows_quarantined
            or amount_read <> amount_kept
            or (is_file and rows_loaded <> coalesce(raw_rows, 0))
        order by all"""
    ).fetchall()


@dg.asset_check(
    asset="mart_reconciliation",
    blocking=True,
    description="For each source rows read = rows loaded + rows quarantined, amounts to the cent.",
)
def rows_reconcile() -> dg.AssetCheckResult:
    with connect() as connection:
        differences = unreconciled_loads(connection)
    return dg.AssetCheckResult(passed=not differences, metadata={"differing": [list(row) for row in differences]})
