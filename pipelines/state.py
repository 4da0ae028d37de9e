"""State tables: what must outlive every rebuild, and how a warehouse of an earlier version is brought forward.

Belongs here: statements that create and migrate them. dbt's tables are rebuilt and do not belong here.
"""

import shutil
from collections.abc import Callable

import duckdb

from models.identity.model import MODEL_COLUMNS
from pipelines.odoo.state import SYNC_TABLES
from pipelines.settings import Settings, odoo_connection
from pipelines.sources import SYSTEMS
from pipelines.sources.contract import Entity, System
from pipelines.warehouse import connect, transaction, warehouse_path

SCHEMA_VERSION = 6

BOOKKEEPING = {
    "source_name": "VARCHAR",
    "_file": "VARCHAR",
    "_file_line": "BIGINT",
    "_loaded_at": "TIMESTAMP",
    "_is_history": "BOOLEAN",
}

_TABLES = {
    "ops_schema_version": "version INTEGER, migrated_at TIMESTAMP DEFAULT current_timestamp",
    "ops_file_load": """
        source_name VARCHAR, entity VARCHAR, file VARCHAR, content_hash VARCHAR,
        rows_read BIGINT, rows_loaded BIGINT, rows_quarantined BIGINT,
        amount_read DECIMAL(18,4), amount_loaded DECIMAL(18,4), amount_quarantined DECIMAL(18,4),
        loaded_at TIMESTAMP, run_id VARCHAR""",
    "ops_quarantine": """
        source_name VARCHAR, entity VARCHAR, file VARCHAR, file_line BIGINT,
        reason VARCHAR, row_json VARCHAR, quarantined_at TIMESTAMP""",
    "ops_withdrawn": """
        source_name VARCHAR, system VARCHAR, entity VARCHAR, key VARCHAR[], withdrawn_at TIMESTAMP""",
    "ops_cursor": "source_name VARCHAR, entity VARCHAR, cursor_at TIMESTAMP",
    "ops_run": """
        run_id VARCHAR, as_of_date DATE, started_at TIMESTAMP, finished_at TIMESTAMP, status VARCHAR""",
    "identity_xref": """
        source_name VARCHAR, source_customer_id VARCHAR, customer_id VARCHAR, match_probability DOUBLE,
        valid_from DATE, valid_to DATE""",
    "identity_link": """
        left_source_name VARCHAR, left_source_customer_id VARCHAR, right_source_name VARCHAR,
        right_source_customer_id VARCHAR, match_probability DOUBLE, match_weight DOUBLE""",
    "identity_golden": """
        customer_id VARCHAR, first_name VARCHAR, last_name VARCHAR, full_name VARCHAR, email VARCHAR, phone VARCHAR,
        street VARCHAR, city VARCHAR, postcode VARCHAR, country_code VARCHAR, birth_date DATE, record_kind VARCHAR,
        has_marketing_consent BOOLEAN, record_count BIGINT, source_count BIGINT""",
    "identity_golden_source": """
        customer_id VARCHAR, field VARCHAR, source_name VARCHAR, source_customer_id VARCHAR, rule VARCHAR""",
    "identity_event": """
        event_id VARCHAR, customer_id VARCHAR, kind VARCHAR, other_customer_id VARCHAR, cause VARCHAR,
        as_of_date DATE, evidence VARCHAR, run_id VARCHAR""",
    "identity_decision": """
        decision_id VARCHAR, kind VARCHAR,
        records STRUCT(source_name VARCHAR, source_customer_id VARCHAR, group_no INTEGER)[], reason VARCHAR,
        source VARCHAR, decided_by VARCHAR, decided_at TIMESTAMP, withdrawn_at TIMESTAMP""",
    "identity_review": """
        review_id VARCHAR, left_source_name VARCHAR, left_source_customer_id VARCHAR, right_source_name VARCHAR,
        right_source_customer_id VARCHAR, match_probability DOUBLE, reason VARCHAR, asked_date DATE,
        asked_at TIMESTAMP, answer VARCHAR, answered_at TIMESTAMP, answered_by VARCHAR, decision_id VARCHAR""",
    "identity_household": "customer_id VARCHAR, household_id VARCHAR, customer_count BIGINT",
    "identity_household_history": "customer_id VARCHAR, household_id VARCHAR, valid_from DATE, valid_to DATE",
    "identity_model": MODEL_COLUMNS,
    "model_registry": """
        task VARCHAR, brand VARCHAR, model_version VARCHAR, as_of_date DATE, role VARCHAR, reason VARCHAR, auc DOUBLE,
        baseline_auc DOUBLE, compared_version VARCHAR, loss_name VARCHAR, compared_row_count BIGINT,
        loss_difference DOUBLE, loss_difference_low DOUBLE, loss_difference_high DOUBLE, promoted_by VARCHAR,
        decided_at TIMESTAMP""",
    "score_churn": """
        customer_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR, churn_probability DOUBLE,
        churn_level VARCHAR, expected_value_amount DECIMAL(18,4), value_at_risk_amount DECIMAL(18,4),
        currency_code VARCHAR, reasons VARCHAR[], suggested_action VARCHAR, is_fallback BOOLEAN""",
    "score_demand": """
        product_id VARCHAR, store_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR,
        horizon_weeks INTEGER, forecast_qty DOUBLE, forecast_low_qty DOUBLE, forecast_high_qty DOUBLE,
        forecast_std_qty DOUBLE, on_hand_qty DOUBLE, cover_days DOUBLE, stock_out_probability DOUBLE,
        reasons VARCHAR[], is_fallback BOOLEAN""",
    "score_demand_backtest": """
        brand VARCHAR, as_of_date DATE, model_version VARCHAR, origin_date DATE, group_kind VARCHAR,
        group_name VARCHAR, series_count BIGINT, sold_qty DOUBLE, forecast_qty DOUBLE, wape DOUBLE, bias DOUBLE,
        rmsse DOUBLE, revenue_weighted_rmsse DOUBLE, scaled_pinball_loss DOUBLE, coverage_share DOUBLE,
        naive_rmsse DOUBLE, mean13_rmsse DOUBLE, skill_over_naive_share DOUBLE""",
    "score_order": """
        product_id VARCHAR, store_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR,
        on_hand_qty DOUBLE, on_order_qty DOUBLE, reserved_qty DOUBLE, lead_time_days DOUBLE,
        lead_time_std_days DOUBLE, review_days INTEGER, service_level DOUBLE, reorder_point_qty DOUBLE,
        order_up_to_qty DOUBLE, suggested_order_qty DOUBLE, supplier_id VARCHAR, unit_cost_amount DECIMAL(18,4),
        order_amount DECIMAL(18,4), currency_code VARCHAR, transfer_from_store_id VARCHAR, transfer_qty DOUBLE,
        markdown_share DOUBLE, reasons VARCHAR[], is_fallback BOOLEAN""",
    "score_promotion": """
        product_id VARCHAR, store_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR,
        week_start_date DATE, has_display BOOLEAN, has_mailer BOOLEAN, discount_share DOUBLE, forecast_qty DOUBLE,
        forecast_without_qty DOUBLE, uplift_qty DOUBLE, uplift_share DOUBLE, margin_amount DECIMAL(18,4),
        margin_without_amount DECIMAL(18,4), incremental_margin_amount DECIMAL(18,4), currency_code VARCHAR""",
    "score_return_anomaly": """
        return_order_id VARCHAR, customer_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR,
        returned_qty DOUBLE, returned_amount DECIMAL(18,4), currency_code VARCHAR, expected_return_qty DOUBLE,
        return_probability DOUBLE, improbability DOUBLE, anomaly_level VARCHAR, reasons VARCHAR[],
        suggested_action VARCHAR, is_fallback BOOLEAN,
        evidence STRUCT(kind VARCHAR, improbability DOUBLE, weight DOUBLE)[]""",
    "score_return_excess": """
        brand VARCHAR, product_id VARCHAR, dimension VARCHAR, lot_no VARCHAR, store_id VARCHAR, return_reason VARCHAR,
        as_of_date DATE, model_version VARCHAR, buyer_count BIGINT, returning_buyer_count BIGINT,
        expected_returning_buyer_count DOUBLE, p_value DOUBLE, q_value DOUBLE, is_excess BOOLEAN,
        returned_amount DECIMAL(18,4), currency_code VARCHAR, finding VARCHAR, suggested_action VARCHAR,
        is_fallback BOOLEAN""",
}

SCORE_TASKS = ("churn", "demand", "demand_backtest", "order", "promotion", "return_anomaly", "return_excess")

Connection = duckdb.DuckDBPyConnection


def _add_run_id(connection: Connection) -> None:
    """1 to 2: a file's load names the run that made it."""
    connection.execute("alter table ops_file_load add column if not exists run_id VARCHAR")


def _add_assignee_and_attempts(connection: Connection) -> None:
    """2 to 3: a matter names the person who got its task, a refused row how often it was tried."""
    connection.execute("alter table if exists sync_matter add column if not exists assignee_login VARCHAR")
    for column in ("values_json JSON", "attempts INTEGER", "retry_at TIMESTAMP"):
        connection.execute(f"alter table if exists sync_rejected add column if not exists {column}")


def _add_evidence_and_what_a_model_holds(connection: Connection) -> None:
    """3 to 4: an identity event names its evidence and run, a model all that it holds fixed."""
    for column in ("evidence VARCHAR", "run_id VARCHAR"):
        connection.execute(f"alter table if exists identity_event add column if not exists {column}")
    added = (
        "model_version VARCHAR", "reason VARCHAR", "key_probe UBIGINT", "crowded_keys UBIGINT[]",
        "frequencies STRUCT(record_kind VARCHAR, column_name VARCHAR, column_value VARCHAR, share DOUBLE)[]",
    )  # fmt: skip
    for column in added:
        connection.execute(f"alter table if exists identity_model add column if not exists {column}")


def _add_order_suggestions(connection: Connection) -> None:
    """4 to 5: orders are suggested, promotions forecast, models have a standing, households a history: tables created
    with the others. A return's score says what it is made of."""
    connection.execute(
        "alter table if exists score_return_anomaly"
        " add column if not exists evidence STRUCT(kind VARCHAR, improbability DOUBLE, weight DOUBLE)[]"
    )


def _add_forecast_spread(connection: Connection) -> None:
    """5 to 6: a forecast says the spread that orders reckon with, which its range no longer tells."""
    connection.execute("alter table if exists score_demand add column if not exists forecast_std_qty DOUBLE")


# From the version in the key to the next.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {
    1: _add_run_id,
    2: _add_assignee_and_attempts,
    3: _add_evidence_and_what_a_model_holds,
    4: _add_order_suggestions,
    5: _add_forecast_spread,
}


def raw_table(system: System, entity: Entity) -> str:
    return f"{system.schema}.{entity.name}"


def prepare_state(settings: Settings) -> None:
    """Create what is missing and migrate what an earlier version wrote; a backup is kept before a migration."""
    with connect() as connection:
        version = _version(connection)
    if version is not None and version < SCHEMA_VERSION:
        path = warehouse_path()
        shutil.copy2(path, path.with_suffix(f".v{version}.backup"))
    with connect() as connection, transaction(connection):
        for step in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
            MIGRATIONS[step](connection)
        _create_tables(connection)
        if version != SCHEMA_VERSION:
            connection.execute("delete from ops_schema_version")
            connection.execute("insert into ops_schema_version (version) values (?)", [SCHEMA_VERSION])
        _write_settings(connection, settings)


def _version(connection: Connection) -> int | None:
    exists = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'main' and table_name = 'ops_schema_version'"
    ).fetchall()
    if not exists:
        return None
    rows = connection.execute("select max(version) from ops_schema_version").fetchall()
    version: int | None = rows[0][0]
    if version is not None and version > SCHEMA_VERSION:
        raise RuntimeError(f"The warehouse has schema version {version}, this release {SCHEMA_VERSION}: update reknit.")
    return version


def _create_tables(connection: Connection) -> None:
    for name, columns in {**_TABLES, **SYNC_TABLES}.items():
        connection.execute(f"create table if not exists {name} ({columns})")
    for task in SCORE_TASKS:
        connection.execute(
            f"""create or replace view score_{task}_current as
            select * from score_{task} where as_of_date = (select max(as_of_date) from score_{task})"""
        )
    for system in SYSTEMS.values():
        connection.execute(f"create schema if not exists {system.schema}")
        for entity in system.entities:
            _create_raw_table(connection, system, entity)


def _create_raw_table(connection: Connection, system: System, entity: Entity) -> None:
    """The entity's table; one that exists gets what a later contract adds, and is pulled as a whole once for it."""
    columns = {**{column.name: column.type for column in entity.columns}, **BOOKKEEPING}
    table = raw_table(system, entity)
    definition = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    connection.execute(f"create table if not exists {table} ({definition})")
    present = {row[0] for row in connection.execute(f"select column_name from (describe {table})").fetchall()}
    for name, type_ in columns.items():
        if name not in present:
            connection.execute(f'alter table {table} add column "{name}" {type_}')
            connection.execute("delete from ops_cursor where entity = ?", [entity.name])


def _write_settings(connection: Connection, settings: Settings) -> None:
    """Sources and brands as tables, for dbt."""
    connection.execute(
        """create or replace table ops_source (
            source_name VARCHAR, system VARCHAR, brand VARCHAR, company VARCHAR, code_space VARCHAR,
            customer_source_name VARCHAR, country_code VARCHAR, currency_code VARCHAR, time_zone VARCHAR,
            closing_hour INTEGER, known_after_hours INTEGER, history_until DATE, is_enabled BOOLEAN)"""
    )
    connection.execute(
        """create or replace table ops_brand (
            brand VARCHAR, brand_name VARCHAR, company VARCHAR, company_name VARCHAR, country_code VARCHAR,
            currency_code VARCHAR, time_zone VARCHAR, closing_hour INTEGER,
            churn_horizon_days INTEGER, churn_active_days INTEGER, return_window_days INTEGER)"""
    )
    sources = []
    for name, source in settings.sources.items():
        brand = settings.brands[source.brand]
        company = settings.companies[brand.company]
        is_enabled = source.enabled and (source.system != "odoo" or odoo_connection() is not None)
        sources.append(
            [
                name, source.system, source.brand, brand.company, source.code_space or name,
                source.customer_source or name, company.country_code, company.currency_code, brand.time_zone,
                brand.closing_hour, source.known_after_hours, source.history_until, is_enabled,
            ]
        )  # fmt: skip
    brands = []
    for key, brand in settings.brands.items():
        company = settings.companies[brand.company]
        brands.append(
            [
                key, brand.name, brand.company, company.name, company.country_code, company.currency_code,
                brand.time_zone, brand.closing_hour, brand.churn.horizon_days, brand.churn.active_days,
                brand.returns.window_days,
            ]
        )  # fmt: skip
    if sources:
        connection.executemany("insert into ops_source values (?,?,?,?,?,?,?,?,?,?,?,?,?)", sources)
    connection.executemany("insert into ops_brand values (?,?,?,?,?,?,?,?,?,?,?)", brands)
