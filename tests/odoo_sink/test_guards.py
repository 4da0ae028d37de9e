"""Guards and switches: what stops a plan before a byte is sent, and a run while it writes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import registry
from pipelines.odoo import sink
from pipelines.odoo.client import OdooClient
from pipelines.odoo.guards import plan_reasons, remember_server, server_reasons
from pipelines.odoo.schema import CONTROL
from pipelines.odoo.sink import apply
from pipelines.settings import WriteRules
from tests.odoo_sink.conftest import activities, scores
from tests.odoo_sink.world import AS_OF, ODOO, World, churn_row

MakePartners = Callable[[int], list[int]]


@pytest.fixture
def offline(tmp_path: Path) -> World:
    """100 customers of an Odoo whose low scores stand there."""
    world = World.create(tmp_path / "warehouse.duckdb")
    world.connect_odoo()
    world.add_customers([(f"C{partner}", partner) for partner in range(100)])
    world.insert("score_churn_current", *(churn_row(f"C{number}", level="low") for number in range(100)))
    world.plan()
    world.execute(
        """insert into sync_state by name select odoo_name, key, target_kind, model, 1 as res_id, values_json
        from sync_plan"""
    )
    return world


def reasons(world: World, models_dir: Path, **rules: float) -> list[str]:
    world.plan()
    with world.store() as connection:
        return plan_reasons(connection, ODOO, WriteRules.model_validate(rules), models_dir)


def test_new_numbers_do_not_stop_a_plan_and_new_levels_do(offline: World, tmp_path: Path) -> None:
    offline.execute("update score_churn_current set churn_probability = 0.1")
    assert reasons(offline, tmp_path) == []
    offline.execute("update score_churn_current set churn_level = 'medium' where customer_id[2:]::int < 31")
    [reason] = reasons(offline, tmp_path)
    assert reason.startswith("31 of 100 records of customer_score would turn")
    assert reasons(offline, tmp_path, max_turned_share=0.31) == []


def test_scores_that_vanish_stop_a_plan(offline: World, tmp_path: Path) -> None:
    offline.execute("delete from score_churn_current where customer_id[2:]::int < 31")
    [reason] = reasons(offline, tmp_path)
    assert reason.startswith("31 of 100 records of customer_score would turn")


def test_too_many_tasks_stop_a_plan(offline: World, tmp_path: Path) -> None:
    offline.execute("update score_churn_current set churn_level = 'high' where customer_id[2:]::int < 6")
    assert reasons(offline, tmp_path, max_new_tasks=6) == []
    [reason] = reasons(offline, tmp_path, max_new_tasks=5)
    assert reason.startswith("6 tasks would be made")


def test_a_silent_source_stops_a_plan_and_a_new_one_does_not(offline: World, tmp_path: Path) -> None:
    offline.insert(
        "ops_freshness",
        ("till", "sales", 8, True), ("till", "payments", 7, True), ("till", "products", 400, False),
        ("shop", "orders", 8, True), ("other", "orders", None, True),
    )  # fmt: skip
    [reason] = reasons(offline, tmp_path)
    assert reason.startswith("shop has been silent for 8 days")
    assert reasons(offline, tmp_path, max_source_age_days=8) == []


def test_a_model_that_cannot_be_checked_and_a_score_that_is_none_stop_a_plan(offline: World, tmp_path: Path) -> None:
    offline.execute("update score_churn_current set is_fallback = false, model_version = '0123456789ab'")
    offline.execute("update score_churn_current set churn_probability = 1.01 where customer_id = 'C7'")
    found = reasons(offline, tmp_path)
    assert [reason.split(" ")[0] for reason in found] == ["1", "Scores"]
    assert "no model 0123456789ab" in found[1]


def test_a_model_no_better_than_chance_stops_a_plan(offline: World, tmp_path: Path) -> None:
    card = registry.ModelCard(
        task="churn", brand="grocer", as_of=AS_OF, method="m", is_fallback=False, data_from=None, data_to=None,
        train_rows=1, test_from=None, test_to=None, test_rows=1, features=(), metrics={"auc": 0.59}, baseline_name="b",
        baseline_metrics={}, calibration=(), counts={}, seed=1, limits=(),
    )  # fmt: skip
    model = registry.SavedModel(task="churn", brand="grocer", model_texts={}, encoding=None, calibration={}, card=card)
    version = registry.save(model, tmp_path)
    offline.execute("update score_churn_current set is_fallback = false, model_version = ?", version)
    [reason] = reasons(offline, tmp_path)
    assert "AUC of 0.59" in reason
    assert reasons(offline, tmp_path, min_model_auc=0.59) == []
    # A model that failed its checks when it was trained is no champion, whatever is asked for now.
    offline.execute(
        """insert into model_registry (task, brand, model_version, as_of_date, role, reason, decided_at)
        values ('churn', 'grocer', ?, date '2017-12-31', 'challenger', 'It failed.', now()::timestamp)""",
        version,
    )
    [reason] = reasons(offline, tmp_path, min_model_auc=0.59)
    assert reason.endswith("is no champion: It failed.")
    offline.execute("update model_registry set role = 'champion'")
    assert reasons(offline, tmp_path, min_model_auc=0.59) == []


@pytest.mark.odoo
def test_another_server_database_or_company_is_told(world: World, admin: OdooClient, bot: OdooClient) -> None:
    with world.store() as connection:
        assert server_reasons(connection, bot, ODOO, "USD") == []
        remember_server(connection, bot, ODOO)
        assert server_reasons(connection, bot, ODOO, "USD") == []
        [reason] = server_reasons(connection, bot, ODOO, "GBP")
        assert "keeps its books in GBP" in reason

        connection.execute("update sync_server set set_up_at = set_up_at + interval 1 day")
        [reason] = server_reasons(connection, bot, ODOO, "USD")
        assert "speaks of another Odoo" in reason
        remember_server(connection, bot, ODOO)

        [control] = admin.search_read(CONTROL, [], ["x_database"])
        admin.call(CONTROL, "write", [[control["id"]], {"x_database": "original"}])
        try:
            [reason] = server_reasons(connection, bot, ODOO, "USD")
            assert "set up as the database original" in reason
        finally:
            admin.call(CONTROL, "write", [[control["id"]], {"x_database": control["x_database"]}])


@pytest.mark.odoo
def test_a_switch_in_the_middle_stops_at_the_next_batch_and_the_rest_follows(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "BATCH_ROWS", 4)
    partners = make_partners(10)
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    world.insert("score_churn_current", *(churn_row(f"C{partner}") for partner in partners))
    digest = world.plan().digest
    answers = iter([True, True, False])
    first = apply(world.store, bot, ODOO, "run-1", digest, lambda: next(answers))
    assert (first.status, first.applied) == ("stopped", 8)
    assert len(scores(admin, partners)) == 8

    [control] = admin.search_read(CONTROL, [], ["id"])
    admin.call(CONTROL, "write", [[control["id"]], {"x_is_stopped": True}])
    try:
        stopped = apply(world.store, bot, ODOO, "run-2", digest)
        assert (stopped.status, stopped.calls) == ("stopped", 0)
    finally:
        admin.call(CONTROL, "write", [[control["id"]], {"x_is_stopped": False}])
    rest = apply(world.store, bot, ODOO, "run-3", digest)
    assert (rest.status, rest.applied, rest.delivered) == ("complete", 12, 10)
    assert len(scores(admin, partners)) == len(activities(admin, partners)) == 10
