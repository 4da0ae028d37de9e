"""The plan, without a server: what is wanted, on which records, and which changes that needs."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.odoo.plan import Match, build_desired, build_plan, match_targets
from pipelines.odoo.schema import SEGMENTS
from pipelines.settings import PROJECT_DIR, TaskLimits
from tests.odoo_sink.world import AS_OF, ODOO, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.create(tmp_path / "warehouse.duckdb")


def applied(world: World) -> None:
    """As if Odoo had taken the plan."""
    world.execute(
        """insert into sync_state by name
        select odoo_name, key, target_kind, model, coalesce(res_id, 1000 + row_number() over ()) as res_id, values_json
        from sync_plan where operation = 'create'"""
    )
    world.execute(
        """update sync_state set values_json = plan.values_json from sync_plan as plan
        where plan.key = sync_state.key and plan.operation <> 'create'"""
    )


def values(world: World, table: str, key: str) -> dict[str, object]:
    column = "values_json" if table == "sync_desired" else "new_values_json"
    return json.loads(world.execute(f"select {column}::varchar from {table} where key = ?", key)[0][0])


def activities(world: World) -> list[str]:
    rows = world.execute("select customer_id from sync_desired where target_kind = 'activity' order by 1")
    return [row[0] for row in rows]


def test_desired_needs_no_odoo(world: World) -> None:
    world.add_customer("C1")
    world.add_churn("C1", probability=0.734, value=128.6)
    with world.store() as connection:
        assert build_desired(connection, TaskLimits()) == {
            "customer_score": 1,
            "product_score": 0,
            "order": 0,
            "return_score": 0,
            "activity": 1,
            "case": 0,
            "review": 0,
            "partner": 0,
        }
    assert values(world, "sync_desired", "customer_score:grocer:C1") == {
        "x_active": True,
        "x_name": "Demo Grocer",
        "x_brand": "Demo Grocer",
        "x_churn_probability": 0.73,
        "x_churn_level": "high",
        "x_value_at_risk": 129,
        "x_expected_value": 175,
        "x_lifetime_value": 175,
        "x_is_high_value": True,
        "x_currency": "USD",
        "x_segment": None,
        "x_channels": None,
        "x_has_points": False,
        "x_points_balance": 0,
        "x_consent": "not_stated",
        "x_reasons": "No purchase for 64 days; usual gap 14",
        "x_suggested_action": "Contact the customer this week",
        "x_as_of": "2017-12-31",
        "x_model_version": "model-1",
    }


def profile(customer: str, net: float, consent: str, channels: list[str], points: int | None) -> tuple[object, ...]:
    return (
        customer, "grocer", AS_OF, "loyal", net, "USD", channels, points or 0, points is not None, consent,
    )  # fmt: skip


def test_a_customer_s_worth_channels_points_and_consent(world: World) -> None:
    for customer, value in (("C1", 160), ("C2", 80), ("C3", 80), ("C4", 80), ("C5", 80)):
        world.add_customer(customer)
        world.add_churn(customer, value=value)
    # Expected of each in a year: value at risk / 0.8, 200 and four times 100. Of the five sums the fourth smallest,
    # 423.10, is the cut: 420 with two digits.
    world.insert(
        "mart_customer_brand",
        profile("C1", 1000.4, "given", ["online", "store"], 350),
        profile("C2", 323.1, "refused", ["order_desk"], None),
        profile("C3", 319.4, "partly", [], 0),
        profile("C4", 20.0, "not_stated", ["kiosk"], None),
    )
    world.plan()
    names = ("x_lifetime_value", "x_is_high_value", "x_channels", "x_has_points", "x_points_balance", "x_consent")
    shown = {c: values(world, "sync_desired", f"customer_score:grocer:{c}") for c in ("C1", "C2", "C3", "C5")}
    assert {customer: tuple(row[name] for name in names) for customer, row in shown.items()} == {
        "C1": (1200, True, "Web shop, Store", True, 350, "given"),
        "C2": (423, True, "Order desk", False, 0, "refused"),
        "C3": (419, False, "", True, 0, "partly"),
        "C5": (100, False, None, False, 0, "not_stated"),
    }
    assert shown["C1"]["x_segment"] == "loyal"
    actions = {customer: row["x_suggested_action"] for customer, row in shown.items()}
    assert actions["C1"] == "Contact the customer this week"
    # Who refuses is not to be contacted, and the score says nothing else.
    assert actions["C2"] == "No contact: the customer refuses marketing."


def test_odoo_can_show_every_segment_that_there_is() -> None:
    macro = (PROJECT_DIR / "dbt_project" / "macros" / "segments.sql").read_text(encoding="utf-8")
    assert re.findall(r"'(\w+)'", macro) == [segment for segment, _ in SEGMENTS]


def test_noise_in_what_a_customer_bought_plans_nothing(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    world.add_churn("C1", level="low")
    world.insert("mart_customer_brand", profile("C1", 55.1, "given", ["store"], 7))
    world.plan()
    applied(world)
    world.execute("update mart_customer_brand set net_sales_amount = 55.4")
    assert world.plan().size == 0
    world.execute("update mart_customer_brand set net_sales_amount = 56.4, marketing_consent = 'refused'")
    world.plan()
    assert values(world, "sync_plan", "customer_score:grocer:11") == {"x_lifetime_value": 181, "x_consent": "refused"}


def test_activities_are_the_n_worth_most_in_one_currency(world: World) -> None:
    limits = TaskLimits(max_activities_per_assignee=2)
    for customer, value, currency in (("C1", 100, "USD"), ("C2", 150, "USD"), ("C3", 90, "GBP"), ("C4", 500, "XXX")):
        world.add_customer(customer)
        world.add_churn(customer, value=value, currency=currency)
    with world.store() as connection:
        build_desired(connection, limits)
    # 90 GBP are 180 USD; what has no rate comes last.
    assert activities(world) == ["C2", "C3"]


def test_no_task_for_who_refused_is_low_or_flagged(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11, consent=False)
    world.add_customer("C2", 12, consent=True)
    world.add_customer("C3", 13, consent=None)
    world.add_customer("C4", 14)
    world.add_customer("C5", 15)
    world.add_customer("C6")
    for customer in ("C1", "C2", "C3", "C5", "C6"):
        world.add_churn(customer)
    world.add_churn("C4", level="low")
    world.insert("sync_flag", (ODOO, "customer_score:gifts:15", 15, False, True, None))
    world.plan()
    # C6 is nobody's partner: with an Odoo, no place among the N is spent on it.
    assert activities(world) == ["C2", "C3"]


def test_a_matter_keeps_its_key_for_90_days(world: World) -> None:
    world.add_customer("C1")
    world.add_churn("C1")
    world.plan()
    days = (0, 1, 90, 91)
    keys = []
    for day in days:
        world.execute("update score_churn_current set as_of_date = ?", AS_OF + timedelta(days=day))
        world.plan()
        keys += world.execute("select key from sync_desired where target_kind = 'activity'")
    assert [key for (key,) in keys] == [
        "activity:churn:grocer:C1:2017-12-31",
        "activity:churn:grocer:C1:2017-12-31",
        "activity:churn:grocer:C1:2017-12-31",
        "activity:churn:grocer:C1:2018-04-01",
    ]


def test_score_on_each_partner_and_task_on_the_newest_active_one(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11, 12, 13, 14)
    world.execute("update stg_odoo__partner set is_active = false where source_customer_id = '14'")
    world.add_customer("C2")
    world.add_churn("C1")
    world.add_churn("C2")
    with world.store() as connection:
        build_desired(connection, TaskLimits())
        matches = match_targets(connection, ODOO)
    assert matches == {"customer_score": Match(1, 1), "activity": Match(1, 0)}
    targets = world.execute("select target_kind, key, res_id, link_json::varchar from sync_target order by 1, 2")
    assert [(kind, key, res_id) for kind, key, res_id, _ in targets] == [
        ("activity", "activity:churn:grocer:C1:2017-12-31", 13),
        ("customer_score", "customer_score:grocer:11", 11),
        ("customer_score", "customer_score:grocer:12", 12),
        ("customer_score", "customer_score:grocer:13", 13),
    ]
    assert json.loads(targets[0][3]) == {"x_key": targets[0][1], "x_partner_id": 13, "x_user_id": 2}


def test_without_the_assignee_a_task_is_unmatched(world: World) -> None:
    world.connect_odoo()
    world.execute("update stg_odoo__user set login = 'somebody'")
    world.add_customer("C1", 11)
    world.add_churn("C1")
    with world.store() as connection:
        build_desired(connection, TaskLimits())
        assert match_targets(connection, ODOO)["activity"] == Match(0, 1)


def test_products_match_by_their_id(world: World) -> None:
    world.connect_odoo()
    world.insert("dim_store", ("grocer:7", "Main Street"))
    world.insert(
        "score_demand_current",
        ("grocer:1", "grocer:7", "grocer", AS_OF, "m", 4, 12.6, 3.24, 20.4, None, None, None, ["Sold 3 a week"], False),
        ("grocer:2", "grocer:8", "grocer", AS_OF, "m", 4, 1.26, 0.0, 2.0, 4.0, 30.6, 0.118, ["Sold 1 a week"], False),
        ("grocer:3", "grocer:7", "grocer", AS_OF, "m", 4, 1.0, 0.0, 2.0, 4.0, 30.6, 0.118, ["Sold 1 a week"], False),
    )
    world.insert(
        "stg_odoo__product_product",
        (ODOO, "101", "201", "grocer:1", True),
        (ODOO, "102", "202", "grocer:2", True),
        (ODOO, "103", "203", "grocer:3", False),
    )
    with world.store() as connection:
        build_desired(connection, TaskLimits())
        assert match_targets(connection, ODOO) == {"product_score": Match(2, 1)}
        build_plan(connection, ODOO)
    assert values(world, "sync_plan", "product_score:grocer:7:101") == {
        "x_active": True,
        "x_name": "Main Street",
        "x_store": "Main Street",
        "x_horizon_weeks": 4,
        "x_forecast_qty": 13,
        "x_forecast_low_qty": 3.2,
        "x_forecast_high_qty": 20,
        "x_is_stock_known": False,
        "x_on_hand_qty": None,
        "x_cover_days": None,
        "x_stock_out_probability": None,
        "x_reasons": "Sold 3 a week",
        "x_as_of": "2017-12-31",
        "x_model_version": "m",
        "x_key": "product_score:grocer:7:101",
        "x_product_tmpl_id": 201,
        "x_product_id": 101,
    }
    other = values(world, "sync_plan", "product_score:grocer:8:102")
    assert (other["x_store"], other["x_is_stock_known"], other["x_cover_days"]) == ("grocer:8", True, 31)


def test_cases_for_the_oddest_returns_with_or_without_a_partner(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    row = ("gifts", AS_OF, "m", 3.0, 45.5, "GBP", 0.2, 0.05)
    world.insert(
        "score_return_anomaly_current",
        ("r:1", "C1", *row, 4.0, "high", ["3 of 3 came <back> & more"], "Check the receipt", False),
        ("r:2", None, *row, 5.0, "high", ["3 of 3 came back"], "Check the receipt", False),
        ("r:3", "C1", *row, 3.0, "high", ["3 of 3 came back"], "Check the receipt", False),
        ("r:4", "C1", *row, 9.0, "low", ["as usual"], "Nothing to do", False),
    )
    world.limits = TaskLimits(max_cases=2)
    world.plan()
    assert values(world, "sync_plan", "case:return:gifts:r:1") == {
        "name": "Unusual return at Demo Gifts: r:1",
        "description": "<p>Check the receipt</p><ul><li>3 of 3 came &lt;back&gt; &amp; more</li></ul>"
        "<p>Returned: 45.50 GBP. No sale of it is known.</p><p>No similar case has been decided yet.</p>",
        "partner_id": 11,
    }
    assert values(world, "sync_plan", "case:return:gifts:r:2")["partner_id"] is False
    assert world.execute("select count(*) from sync_plan") == [(2,)]


def test_a_return_that_odoo_has_is_marked_there_and_is_no_case(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    row = ("grocer", AS_OF, "m", 3.0, 45.5, "USD", 0.2, 0.05)
    said = (["1 of 1 return of this customer: no known sale"], "Check the receipt", False)
    world.insert(
        "score_return_anomaly_current",
        (f"{ODOO}:pos-7", "C1", *row, 6.0, "high", *said),
        (f"{ODOO}:sale-4", "C1", *row, 4.0, "medium", *said),
        (f"{ODOO}:refund-71", "C1", *row, 4.0, "medium", *said),
        (f"{ODOO}:pos-8", "C1", *row, 1.0, "low", *said),
        ("shop:1", "C1", *row, 6.0, "high", *said),
    )
    world.insert(
        "stg_odoo__pos_order",
        *((f"{ODOO}:pos-{n}", ODOO, str(n), f"Till/{n}", invoice) for n, invoice in ((3, None), (7, "70"), (8, None))),
    )
    world.insert("stg_odoo__sale_order", (f"{ODOO}:sale-4", ODOO, "4", "S4"), (f"{ODOO}:sale-2", ODOO, "2", "S2"))
    # The first is that of the till's order.
    world.insert("stg_odoo__refund", *((f"{ODOO}:refund-{n}", ODOO, str(n), f"RINV/{n}") for n in (70, 71)))
    world.insert("fct_order", (f"{ODOO}:pos-3", "3"), ("shop:9", "1009"), (f"{ODOO}:sale-2", "2"))
    world.insert(
        "fct_return",
        (f"{ODOO}:pos-7", "shop:9", AS_OF - timedelta(days=9), 5),
        (f"{ODOO}:pos-7", f"{ODOO}:pos-3", AS_OF - timedelta(days=2), 30),
        (f"{ODOO}:pos-7", f"{ODOO}:pos-3", AS_OF - timedelta(days=2), 10),
        (f"{ODOO}:sale-4", None, None, 10),
        (f"{ODOO}:refund-71", f"{ODOO}:sale-2", AS_OF - timedelta(days=5), 10),
    )
    world.plan()
    assert world.execute("select key from sync_plan order by key") == [
        ("case:return:grocer:shop:1",), (f"return_score:{ODOO}:pos-7",), (f"return_score:{ODOO}:refund-71",),
        (f"return_score:{ODOO}:sale-4",),
    ]  # fmt: skip
    assert values(world, "sync_plan", f"return_score:{ODOO}:pos-7") == {
        "x_active": True,
        "x_name": "Till/7",
        "x_anomaly_level": "high",
        "x_reasons": "1 of 1 return of this customer: no known sale",
        "x_suggested_action": "Check the receipt",
        "x_sale": "Till/3 (2017-12-29), 1009 (2017-12-22)",
        "x_as_of": "2017-12-31",
        "x_model_version": "m",
        "x_key": f"return_score:{ODOO}:pos-7",
        "x_pos_order_id": 7,
        "x_move_id": 70,
        "x_sale_pos_order_id": 3,
    }
    sale = values(world, "sync_plan", f"return_score:{ODOO}:sale-4")
    assert (sale["x_order_id"], sale["x_sale"], "x_pos_order_id" in sale) == (4, None, False)
    note = values(world, "sync_plan", f"return_score:{ODOO}:refund-71")
    assert (note["x_name"], note["x_move_id"], note["x_sale_order_id"], note["x_sale"]) == (
        "RINV/71", 71, 2, "S2 (2017-12-26)",
    )  # fmt: skip
    applied(world)
    assert world.plan().size == 0
    # What is too old to be scored is no news; what is usual again goes.
    world.execute("update score_return_anomaly_current set anomaly_level = 'low' where return_order_id like '%pos-7'")
    world.execute("delete from score_return_anomaly_current where return_order_id like '%sale-4'")
    world.plan()
    assert world.execute("select key, operation, reason from sync_plan") == [
        (f"return_score:{ODOO}:pos-7", "archive", "not unusual any more")
    ]


def test_noise_and_a_new_day_plan_nothing(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    world.add_churn("C1", probability=0.7312, value=12.12)
    assert world.plan().changes == {("activity", "create"): 1, ("customer_score", "create"): 1}
    applied(world)
    assert world.plan().size == 0
    world.execute(
        """update score_churn_current set churn_probability = 0.7289, value_at_risk_amount = 12.120000000000001,
        as_of_date = date '2018-01-01', model_version = 'model-2'"""
    )
    assert world.plan().size == 0


def test_only_changed_values_go_and_the_day_with_them(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    world.add_churn("C1", probability=0.8, value=100)
    world.plan()
    applied(world)
    world.execute(
        "update score_churn_current set churn_probability = 0.6, churn_level = 'medium', as_of_date = date '2018-01-01'"
    )
    plan = world.plan()
    assert plan.changes == {("customer_score", "update"): 1}
    row = world.execute("select old_values_json::varchar, new_values_json::varchar, reason, res_id from sync_plan")[0]
    assert json.loads(row[0]) == {"x_churn_probability": 0.8, "x_churn_level": "high", "x_as_of": "2017-12-31"}
    assert json.loads(row[1]) == {"x_churn_probability": 0.6, "x_churn_level": "medium", "x_as_of": "2018-01-01"}
    assert row[2] == "changed: x_churn_level, x_churn_probability"
    applied(world)
    assert world.plan().size == 0


def test_a_score_that_is_not_given_any_more_is_archived_and_comes_back(world: World) -> None:
    world.connect_odoo()
    for customer, partner in (("C1", 11), ("C2", 12)):
        world.add_customer(customer, partner)
        world.add_churn(customer, level="low")
    world.plan()
    applied(world)
    world.execute("update score_churn_current set customer_id = 'C3' where customer_id = 'C1'")
    plan = world.plan()
    assert plan.changes == {("customer_score", "archive"): 1}
    assert world.execute("select key, new_values_json::varchar, reason from sync_plan") == [
        ("customer_score:grocer:11", '{"x_active":false}', "no longer scored")
    ]
    applied(world)
    assert world.plan().size == 0
    world.execute("update score_churn_current set customer_id = 'C1' where customer_id = 'C3'")
    world.plan()
    assert values(world, "sync_plan", "customer_score:grocer:11") == {"x_active": True}


def test_a_stage_that_gave_nothing_archives_nothing(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    world.add_churn("C1")
    world.plan()
    applied(world)
    world.execute("delete from score_churn_current")
    assert world.plan().size == 0


def test_a_merge_moves_the_score_and_makes_no_second_row(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    world.add_customer("C2", 12)
    world.add_churn("C1", level="low", value=100)
    world.add_churn("C2", level="low", value=50)
    world.plan()
    applied(world)
    world.execute("update identity_xref set customer_id = 'C1'")
    world.execute("delete from score_churn_current where customer_id = 'C2'")
    plan = world.plan()
    assert plan.changes == {("customer_score", "update"): 1}
    assert values(world, "sync_plan", "customer_score:grocer:12") == {
        "x_value_at_risk": 100,
        "x_expected_value": 125,
        "x_lifetime_value": 125,
        "x_is_high_value": True,
    }


def test_the_digest_names_the_content(world: World) -> None:
    world.connect_odoo()
    world.add_customer("C1", 11)
    world.add_churn("C1")
    first = world.plan().digest
    assert world.plan().digest == first
    world.execute("update score_churn_current set churn_level = 'medium'")
    assert world.plan().digest != first


def test_control_characters_do_not_reach_odoo(world: World) -> None:
    world.add_customer("C1")
    world.add_churn("C1", reasons=("Ca\x00f\x0bé\nand more",))
    world.plan()
    assert values(world, "sync_desired", "customer_score:grocer:C1")["x_reasons"] == "Café\nand more"
