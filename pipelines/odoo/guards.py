"""Guards: reasons why a plan must not be applied, found before a byte is sent.

Belongs here: questions to the warehouse and reads of the server whose answer is a reason in plain words, or none. Does
not belong here: the kill switch, which is asked at every batch (`sink.py`).
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from models import registry
from pipelines.odoo.client import NotSetUpError, OdooClient, ValidationError
from pipelines.odoo.schema import CONTROL, SCORE_MODELS
from pipelines.settings import WriteRules

Connection = duckdb.DuckDBPyConnection

# Of a handful of records any share can change.
MIN_RECORDS = 50
_SCORES = {
    "score_churn_current": "churn_probability",
    "score_demand_current": "stock_out_probability",
    "score_return_anomaly_current": "return_probability",
}
_QUANTITIES = {"score_order_current": "suggested_order_qty"}


def plan_reasons(connection: Connection, odoo_name: str, rules: WriteRules, models_dir: Path) -> list[str]:
    """Why the plan of an Odoo must not be applied, from what stands in the warehouse."""
    return [
        *_too_many_turned(connection, odoo_name, rules.max_turned_share),
        *_too_many_tasks(connection, odoo_name, rules.max_new_tasks),
        *_silent_sources(connection, rules.max_source_age_days),
        *_impossible_scores(connection),
        *_failed_models(connection, rules.min_model_auc, models_dir),
    ]


def server_reasons(connection: Connection, client: OdooClient, odoo_name: str, currency_code: str) -> list[str]:
    """Why the server that was reached is not the one that the warehouse speaks of."""
    set_up_at, database = _identity(client)
    reasons = []
    if database != client.database:
        reasons.append(
            f"The Odoo was set up as the database {database} and is now {client.database}: if it is no copy of "
            f"{database}, an administrator says so by `retail odoo setup`."
        )
    known = connection.execute(
        "select set_up_at::varchar, database_name from sync_server where odoo_name = ?", [odoo_name]
    ).fetchall()
    if known and known[0][0] != set_up_at:
        reasons.append(
            f"The ledger of {odoo_name} speaks of another Odoo, {known[0][1]}: point ODOO_URL and ODOO_DB back to it, "
            "or give this one a name of its own in retail.yaml."
        )
    companies = client.search_read("res.company", [], ["name", "currency_id"])
    currencies = sorted({row["currency_id"][1] for row in companies})
    if currency_code not in currencies:
        reasons.append(
            f"retail.yaml says that the company of {odoo_name} keeps its books in {currency_code}; those of "
            f"{client.database} use {', '.join(currencies)}."
        )
    return reasons


def remember_server(connection: Connection, client: OdooClient, odoo_name: str) -> None:
    """Bind the ledger to the server that is written to."""
    set_up_at, database = _identity(client)
    connection.execute("delete from sync_server where odoo_name = ?", [odoo_name])
    connection.execute("insert into sync_server values (?, ?, ?)", [odoo_name, set_up_at, database])


def _identity(client: OdooClient) -> tuple[str, str]:
    """When the database was set up, and as which. Raises NotSetUpError."""
    try:
        rows = client.search_read(CONTROL, [], ["create_date", "x_database"], order="id", limit=1)
    except ValidationError:
        rows = []
    if not rows:
        raise NotSetUpError(f"{client.url} has no {CONTROL}: run `retail odoo setup` as an administrator.")
    return rows[0]["create_date"], rows[0]["x_database"]


def _too_many_turned(connection: Connection, odoo_name: str, max_share: float) -> Iterable[str]:
    rows = connection.execute(
        f"""with standing as (
            select target_kind, count(*) as records from sync_state
            where odoo_name = $odoo_name and model in {SCORE_MODELS}
                and json_extract(values_json, '$.x_active')::varchar = 'true'
            group by target_kind
        ),
        change as (
            select
                target_kind, operation, new_values_json ->> '$.x_churn_level' as new_level,
                coalesce(old_values_json ->> '$.x_forecast_qty', old_values_json ->> '$.x_suggested_qty')::double
                    as old_qty,
                coalesce(new_values_json ->> '$.x_forecast_qty', new_values_json ->> '$.x_suggested_qty')::double
                    as new_qty
            from sync_plan
            -- What was ordered is not suggested any more: many at once on the day of an order.
            where odoo_name = $odoo_name and operation <> 'create'
                and not (target_kind = 'order' and operation = 'archive')
        )
        select target_kind, count(*), any_value(records)
        from change inner join standing using (target_kind)
        where records >= {MIN_RECORDS}
            and (
                operation = 'archive' or new_level is not null
                or greatest(old_qty, new_qty) >= 2 * least(old_qty, new_qty)
            )
        group by target_kind having count(*) > $max_share * any_value(records)
        order by target_kind""",
        {"odoo_name": odoo_name, "max_share": max_share},
    ).fetchall()
    for kind, turned, records in rows:
        yield (
            f"{turned:,} of {records:,} records of {kind} would turn (another level, half or twice as much, or "
            f"none any more): more than odoo.max_turned_share = {max_share:g} in retail.yaml allows."
        )


def _too_many_tasks(connection: Connection, odoo_name: str, max_tasks: int) -> Iterable[str]:
    tasks: int = connection.execute(
        """select count(*) from sync_plan
        where odoo_name = ? and operation = 'create' and target_kind in ('activity', 'case', 'review', 'approval')""",
        [odoo_name],
    ).fetchall()[0][0]
    if tasks > max_tasks:
        yield (
            f"{tasks:,} tasks would be made, requests for approval counted: more than odoo.max_new_tasks = "
            f"{max_tasks:,} in retail.yaml allows."
        )


def _silent_sources(connection: Connection, max_age_days: int) -> Iterable[str]:
    """A source that never sent anything is new, not silent."""
    rows = connection.execute(
        """select source_name, min(age_days) from ops_freshness where is_transactional
        group by source_name having min(age_days) > ? order by source_name""",
        [max_age_days],
    ).fetchall()
    for source, age in rows:
        yield (
            f"{source} has been silent for {age} days, longer than odoo.max_source_age_days = {max_age_days} in "
            "retail.yaml allows."
        )


def _impossible_scores(connection: Connection) -> Iterable[str]:
    for table, column in _SCORES.items():
        wrong: int = connection.execute(
            f"select count(*) from {table} where {column} not between 0 and 1 or isnan({column})"
        ).fetchall()[0][0]
        if wrong:
            yield f"{wrong:,} rows of {table} have a {column} that is no probability."
    for table, column in _QUANTITIES.items():
        wrong = connection.execute(
            f"select count(*) from {table} where {column} < 0 or isnan({column}) or isinf({column})"
        ).fetchall()[0][0]
        if wrong:
            yield f"{wrong:,} rows of {table} have a {column} that is no quantity."


def _failed_models(connection: Connection, min_auc: float, models_dir: Path) -> Iterable[str]:
    """Rules that stand in for a model have no test period and are not judged."""
    union = " union ".join(f"select model_version from {table} where not is_fallback" for table in _SCORES)
    never_champion = """
        select model_version, arg_max(reason, decided_at) as reason from model_registry
        group by model_version having not bool_or(role = 'champion')"""
    rows = connection.execute(
        f"select model_version, reason from ({union}) left join ({never_champion}) using (model_version) order by 1"
    ).fetchall()
    for version, reason in rows:
        try:
            card = registry.load(version, models_dir).card
        except registry.RegistryError as error:
            yield f"Scores name a model that cannot be checked: {error}."
            continue
        auc = card.metrics.get("auc")
        if auc is not None and auc < min_auc:
            yield (
                f"The {card.task} model of {card.brand} ({version}) tells apart with an AUC of {auc:.2f} on its test "
                f"period, less than odoo.min_model_auc = {min_auc:g} in retail.yaml asks for."
            )
        elif reason is not None:
            yield f"The {card.task} model of {card.brand} ({version}) is no champion: {reason}"
