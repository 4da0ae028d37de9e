"""What a run was and what it found: its row in `ops_run`, and the summary that people read.

Belongs here: facts about runs. Does not belong here: how they are shown (`cli.py`).
"""

from datetime import date

import duckdb

Connection = duckdb.DuckDBPyConnection


def start_run(connection: Connection, run_id: str, as_of: date) -> None:
    connection.execute("delete from ops_run where run_id = ?", [run_id])
    connection.execute(
        """insert into ops_run (run_id, as_of_date, started_at, status)
        values (?, ?, now() at time zone 'UTC', 'started')""",
        [run_id, as_of],
    )


def finish_run(connection: Connection, run_id: str) -> None:
    connection.execute(
        "update ops_run set finished_at = now() at time zone 'UTC', status = 'succeeded' where run_id = ?", [run_id]
    )


def is_latest(connection: Connection, as_of: date) -> bool:
    """Whether no later day has ever run: only the latest may write to Odoo."""
    later: int = connection.execute("select count(*) from ops_run where as_of_date > ?", [as_of]).fetchall()[0][0]
    return later == 0


def banner(connection: Connection) -> str:
    """How far the data goes and what is stale, in one line."""
    message: str = connection.execute("select message from banner").fetchall()[0][0]
    return message


def age_by_source(connection: Connection) -> list[tuple[str, date | None, int | None, str | None, bool]]:
    """Source, newest date of its transactions, their age in days, last load (UTC), whether it is stale."""
    return connection.execute(
        """select source_name, max(newest_date) filter (is_transactional), min(age_days) filter (is_transactional),
            strftime(max(loaded_at), '%Y-%m-%d %H:%M'), bool_or(is_stale)
        from ops_freshness group by source_name order by source_name"""
    ).fetchall()


def loads_by_source(connection: Connection) -> list[tuple[str, str, int, int, int, str | None, str | None]]:
    """Source, entity, rows read, loaded, quarantined, amount read, amount loaded; over all loads."""
    return connection.execute(
        """select source_name, entity, sum(rows_read)::bigint, sum(rows_loaded)::bigint, sum(rows_quarantined)::bigint,
            sum(amount_read)::decimal(18, 2)::varchar, sum(amount_loaded)::decimal(18, 2)::varchar
        from ops_file_load group by all order by all"""
    ).fetchall()


def headline(connection: Connection) -> dict[str, int]:
    """The counts a person asks for first."""
    queries = {
        "customer records": "select count(*) from identity_xref where valid_to is null",
        "customers": "select count(*) from dim_customer",
        "order lines": "select count(*) from fct_order_line",
        "products": "select count(*) from dim_product",
        "stores": "select count(*) from dim_store",
        "churn scores": "select count(*) from score_churn_current",
        "demand scores": "select count(*) from score_demand_current",
        "order suggestions": "select count(*) from score_order_current",
        "return anomaly scores": "select count(*) from score_return_anomaly_current",
    }
    return {name: connection.execute(query).fetchall()[0][0] for name, query in queries.items()}


def desired_by_kind(connection: Connection) -> list[tuple[str, int]]:
    """How many records and tasks the run would have an Odoo show."""
    return connection.execute("select target_kind, count(*) from sync_desired group by all order by all").fetchall()
