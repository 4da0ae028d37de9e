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


def unreconciled_days(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str, int, str]]:
    """Days on which the facts are not what came: (entity, source, date, currency, rows, amount that differ)."""
    return connection.execute(
        """select
            entity, source_name, cast(business_date as varchar), currency_code, row_count_difference,
            cast(amount_difference as varchar)
        from mart_reconciliation_daily
        where row_count_difference <> 0 or amount_difference <> 0
        order by all"""
    ).fetchall()


def reported_gaps(connection: duckdb.DuckDBPyConnection) -> dict[str, float | None]:
    """What is known to be missing and shown rather than filled: it holds nothing back."""
    linked, differing, without_rate, without_sku = connection.execute(
        """select
            (select round(count(*) filter (link_kind <> 'unlinked') / nullif(count(*), 0), 4) from (
                select return_order_line_id, max(link_kind) as link_kind from fct_return
                where product_id is not null group by return_order_line_id)),
            (select count(*) from mart_order_difference),
            (select coalesce(sum(without_rate_row_count), 0) from mart_reconciliation),
            (select count(*) from dim_product where sku is null)"""
    ).fetchall()[0]
    return {
        "returns_linked_share": linked,
        "orders_that_differ": int(differing),
        "rows_without_rate": int(without_rate),
        "products_without_sku": int(without_sku),
    }


@dg.asset_check(
    asset="mart_reconciliation",
    blocking=True,
    additional_deps=["mart_reconciliation_daily", "mart_order_difference", "fct_return", "dim_product"],
    description=(
        "For each source rows read = rows loaded + rows quarantined, and by day what came = what the facts have "
        "+ what is left out by a named reason, amounts to the cent."
    ),
)
def rows_reconcile() -> dg.AssetCheckResult:
    with connect() as connection:
        loads = unreconciled_loads(connection)
        days = unreconciled_days(connection)
        gaps = reported_gaps(connection)
    return dg.AssetCheckResult(
        passed=not loads and not days,
        metadata={
            "differing_loads": [list(row) for row in loads],
            "differing_days": [list(row) for row in days],
            **gaps,
        },
    )
