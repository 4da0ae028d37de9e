"""Which model of each task and brand is champion, as the warehouse keeps it, and what a person decides about it.

Belongs here: reading and writing `model_registry`. Does not belong here: how two models are judged, or their files
(`models/registry.py`).

A day's run finds the champions that were decided before that day, so that running a past day again repeats it.
"""

import getpass
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

from models import registry
from pipelines.settings import load_settings, state_dir
from pipelines.warehouse import connect, transaction

Connection = duckdb.DuckDBPyConnection

# The decision in force is the last one; of the same day a person's.
_CHAMPIONS = """
    select task, brand, arg_max(model_version, (as_of_date, promoted_by is not null, decided_at)) as model_version
    from model_registry
    where role = 'champion' and as_of_date < coalesce($before, date '9999-12-31')
    group by task, brand
"""


class PromotionError(Exception):
    """The model cannot become champion; the message says why."""


def models_dir() -> Path:
    return state_dir() / "models"


def standing(connection: Connection, task: str, day: date) -> registry.Standing:
    """What stands before the run of a day. A champion whose file is lost is none."""
    rows = connection.execute(
        f"select brand, model_version from ({_CHAMPIONS}) where task = $task order by brand",
        {"before": day, "task": task},
    ).fetchall()
    champions = {}
    for brand, version in rows:
        try:
            champions[brand] = registry.load(version, models_dir())
        except registry.RegistryError:
            continue
    return registry.Standing(champions, load_settings().odoo.min_model_auc)


def record(connection: Connection, task: str, day: date, models: Iterable[registry.SavedModel]) -> None:
    """What a day's run decided about the models that it trained; what it had decided before is replaced."""
    connection.execute(
        "delete from model_registry where task = ? and as_of_date = ? and promoted_by is null", [task, day]
    )
    rows = []
    for model in models:
        card, compared = model.card, model.card.comparison
        if card.role is None:
            continue
        figures: list[object] = [None] * 6
        if compared is not None:
            figures = [
                compared.champion_version, compared.loss_name, compared.rows, compared.difference,
                compared.difference_low, compared.difference_high,
            ]  # fmt: skip
        of_rules = [
            value for name, value in card.baseline_metrics.items() if name.endswith("auc") and value is not None
        ]
        judged = [card.role, card.role_reason, card.metrics.get("auc"), max(of_rules, default=None)]
        rows.append([task, card.brand, model.version, day, *judged, *figures])
    if rows:
        connection.executemany(
            "insert into model_registry values (?,?,?,?,?,?,?,?,?,?,?,?,?,?, null, now()::timestamp)", rows
        )


def promote(version: str) -> tuple[str, str]:
    """Make a challenger champion from the next day on; gives its task and brand. Raises PromotionError."""
    with connect() as connection, transaction(connection):
        known = connection.execute(
            "select task, brand from model_registry where model_version = ? limit 1", [version]
        ).fetchall()
        if not known:
            raise PromotionError(f"No model is called {version}: `retail models` lists them.")
        [(task, brand)] = known
        card = _card(version)
        failed = registry.failed_checks(card, load_settings().odoo.min_model_auc)
        if failed:
            raise PromotionError(f"{version} failed its checks and cannot be champion: {' '.join(failed)}")
        if version in _champions(connection):
            raise PromotionError(f"{version} is the champion of {task} for {brand} already.")
        connection.execute(
            """insert into model_registry by name
            select
                task, brand, model_version,
                (select max(as_of_date) from model_registry where task = $task and brand = $brand) as as_of_date,
                'champion' as role, 'Promoted by hand.' as reason, auc, baseline_auc, $who as promoted_by,
                now()::timestamp as decided_at
            from model_registry where model_version = $version order by decided_at limit 1""",
            {"version": version, "task": task, "brand": brand, "who": getpass.getuser()},
        )
    return task, brand


def _card(version: str) -> registry.ModelCard:
    try:
        return registry.load(version, models_dir()).card
    except registry.RegistryError as error:
        raise PromotionError(str(error)) from error


def _champions(connection: Connection) -> set[str]:
    rows = connection.execute(f"select model_version from ({_CHAMPIONS})", {"before": None}).fetchall()
    return {version for (version,) in rows}


def listing() -> list[tuple[object, ...]]:
    """Decisions, the newest first: task, brand, version, day, role, AUC, the best rule's, reason, by whom, in force."""
    with connect() as connection:
        return connection.execute(
            f"""select
                task, brand, model_version, as_of_date, role, round(auc, 3), round(baseline_auc, 3), reason,
                coalesce(promoted_by, ''),
                role = 'champion' and model_version in (select model_version from ({_CHAMPIONS}))
            from model_registry order by task, brand, as_of_date desc, decided_at desc, model_version""",
            {"before": None},
        ).fetchall()
