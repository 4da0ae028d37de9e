"""Applying plans to a real Odoo: what people then see, and that nothing is written twice or over their work."""

from collections.abc import Callable

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.ledger import PlanChangedError
from pipelines.odoo.schema import CASE, CUSTOMER_SCORE, PRODUCT_SCORE, TASK
from pipelines.odoo.sink import apply, read_flags
from tests.odoo_sink.conftest import activities, scores
from tests.odoo_sink.world import AS_OF, ODOO, World, churn_row

pytestmark = pytest.mark.odoo
MakePartners = Callable[[int], list[int]]


def test_scores_and_tasks_arrive_once(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(300)
    customers = [f"C{partner}" for partner in partners]
    world.add_customers(list(zip(customers, partners, strict=True)))
    world.insert(
        "score_churn_current",
        *(churn_row(customer, value=1000 - number) for number, customer in enumerate(customers)),
    )
    world.insert(
        "score_return_anomaly_current",
        (
            f"shop:{partners[0]}", customers[0], "gifts", AS_OF, "m", 3.0, 45.5, "GBP", 0.2, 0.05, 4.0, "high",
            ["3 of 3 came back"], "Check the receipt", False,
        ),
    )  # fmt: skip
    mails = admin.call("mail.mail", "search_count", [[]])

    plan = world.plan()
    assert plan.changes == {("customer_score", "create"): 300, ("activity", "create"): 20, ("case", "create"): 1}
    result = apply(world.store, bot, ODOO, "run-1", plan.digest)

    assert (result.applied, result.rejected, result.delivered, result.status) == (321, 0, 20, "complete")
    assert set(world.status().values()) == {"applied"}
    assert world.execute("select count(*) from sync_state") == [(321,)]
    assert len(scores(admin, partners)) == 300
    shown = admin.search_read(
        "res.partner",
        [["id", "=", partners[0]]],
        ["x_reknit_churn_level", "x_reknit_churn_probability", "x_reknit_value_at_risk", "x_reknit_reasons"],
    )[0]
    assert shown == {
        "id": partners[0],
        "x_reknit_churn_level": "high",
        "x_reknit_churn_probability": 0.8,
        "x_reknit_value_at_risk": 1000,
        "x_reknit_reasons": "No purchase for 64 days; usual gap 14",
    }
    made = activities(admin, partners)
    assert sorted(row["res_id"] for row in made) == partners[:20]
    assert {row["user_id"][0] for row in made} == {admin.user_id}
    assert {row["date_deadline"] for row in made} == {"2018-01-07"}
    assert "No purchase for 64 days" in made[0]["note"]
    case = admin.search_read(CASE, [["partner_id", "=", partners[0]]], ["name", "project_id", "message_partner_ids"])
    assert [row["project_id"][1] for row in case] == ["Reknit cases"]
    # The customer does not follow the case, and nobody got a mail.
    assert partners[0] not in case[0]["message_partner_ids"]
    assert admin.call("mail.mail", "search_count", [[]]) == mails

    written = admin.search_read("res.partner", [["id", "in", partners]], ["write_date"])
    stamps = scores(admin, partners, "write_date")
    again = world.plan()
    assert again.size == 0
    result = apply(world.store, bot, ODOO, "run-2", again.digest)
    assert (result.applied, result.delivered, result.calls) == (0, 0, 0)
    assert admin.search_read("res.partner", [["id", "in", partners]], ["write_date"]) == written
    assert scores(admin, partners, "write_date") == stamps


@pytest.mark.parametrize("saves_many", [True, False], ids=["web_save_multi", "grouped writes"])
def test_only_what_changed_is_written(
    world: World,
    admin: OdooClient,
    bot: OdooClient,
    make_partners: MakePartners,
    monkeypatch: pytest.MonkeyPatch,
    saves_many: bool,
) -> None:
    monkeypatch.setattr(OdooClient, "saves_many", lambda self, model: saves_many)
    partners = make_partners(6)
    for partner in partners:
        world.add_customer(f"C{partner}", partner)
        world.add_churn(f"C{partner}", level="low")
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    # A person marks one, and renames another's action, which is not theirs but is left as long as it does not change.
    rows = scores(admin, partners)
    admin.call(CUSTOMER_SCORE, "write", [[rows[0]["id"]], {"x_is_wrong": True, "x_do_not_contact": True}])
    admin.call(CUSTOMER_SCORE, "write", [[rows[1]["id"]], {"x_suggested_action": "Ring first"}])
    stamps = [row["write_date"] for row in scores(admin, partners, "write_date")]

    changed = {partners[0]: 0.5, partners[1]: 0.5, partners[2]: 0.4}
    for partner, probability in changed.items():
        world.execute(
            "update score_churn_current set churn_probability = ? where customer_id = ?", probability, f"C{partner}"
        )
    result = apply(world.store, bot, ODOO, "run-2", world.plan().digest)

    assert result.applied == 3
    after = scores(
        admin, partners, "x_churn_probability", "x_is_wrong", "x_do_not_contact", "x_suggested_action", "write_date"
    )
    assert [row["x_churn_probability"] for row in after] == [0.5, 0.5, 0.4, 0.8, 0.8, 0.8]
    assert (after[0]["x_is_wrong"], after[0]["x_do_not_contact"]) == (True, True)
    assert after[1]["x_suggested_action"] == "Ring first"
    assert [row["write_date"] for row in after][3:] == stamps[3:]


def test_what_people_tick_comes_back_and_stops_the_task(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(2)
    for partner in partners:
        world.add_customer(f"C{partner}", partner)
        world.add_churn(f"C{partner}", level="low")
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    admin.call(CUSTOMER_SCORE, "write", [[scores(admin, partners)[1]["id"]], {"x_do_not_contact": True}])

    read_flags(world.store, bot, ODOO, "run-2")
    world.execute("update score_churn_current set churn_level = 'high'")
    apply(world.store, bot, ODOO, "run-2", world.plan().digest)

    assert [row["res_id"] for row in activities(admin, partners)] == [partners[0]]


def test_a_closed_task_is_not_raised_again(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    partners = make_partners(2)
    for partner in partners:
        world.add_customer(f"C{partner}", partner)
        world.add_churn(f"C{partner}")
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    done, cancelled = sorted(activities(admin, partners), key=lambda row: row["res_id"])
    admin.call("mail.activity", "action_feedback", [[done["id"]]], {"feedback": "Called, comes back"})
    admin.call("mail.activity", "unlink", [[cancelled["id"]]])

    world.execute("update score_churn_current set as_of_date = as_of_date + 1, churn_probability = 0.9")
    apply(world.store, bot, ODOO, "run-2", world.plan().digest)

    assert [row["id"] for row in activities(admin, partners)] == [done["id"]]
    # The bot sees what became of them, though it may not read activities on partners.
    tasks = bot.search_read(TASK, [["x_partner_id", "in", partners]], ["x_is_open", "x_feedback"], order="x_partner_id")
    assert [(row["x_is_open"], row["x_feedback"]) for row in tasks] == [(False, "Called, comes back"), (False, False)]


def test_the_worst_brand_stands_on_the_partner_and_an_archived_score_does_not(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    [partner] = make_partners(1)
    world.add_customer("C1", partner)
    world.add_customer("C2")
    world.add_churn("C1", probability=0.3, level="low", value=50)
    world.add_churn("C1", brand="gifts", probability=0.6, level="medium", value=20, currency="GBP")
    world.add_churn("C2", level="low")
    world.limits = world.limits.model_copy(update={"max_activities_per_assignee": 0})
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    fields = ["x_reknit_churn_level", "x_reknit_currency", "x_reknit_as_of"]
    shown = admin.search_read("res.partner", [["id", "=", partner]], fields)
    assert shown == [
        {"id": partner, "x_reknit_churn_level": "medium", "x_reknit_currency": "GBP", "x_reknit_as_of": "2017-12-31"}
    ]
    world.execute("delete from score_churn_current where customer_id = 'C1'")
    apply(world.store, bot, ODOO, "run-2", world.plan().digest)
    shown = admin.search_read("res.partner", [["id", "=", partner]], fields)
    assert shown == [
        {"id": partner, "x_reknit_churn_level": False, "x_reknit_currency": False, "x_reknit_as_of": False}
    ]


def test_new_reasons_do_not_touch_the_partner(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    """Else the next pull would bring every scored partner again."""
    [partner] = make_partners(1)
    world.add_customer(f"C{partner}", partner)
    world.add_churn(f"C{partner}", level="low")
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    admin.call("res.partner", "write", [[partner], {"comment": "a person was here"}])
    before = admin.search_read("res.partner", [["id", "=", partner]], ["write_uid"])
    world.execute("update score_churn_current set reasons = ['No purchase for 65 days']")
    assert apply(world.store, bot, ODOO, "run-2", world.plan().digest).applied == 1
    after = admin.search_read("res.partner", [["id", "=", partner]], ["write_uid", "x_reknit_reasons"])
    assert after[0].pop("x_reknit_reasons") == "No purchase for 65 days"
    assert after == before


def test_forecasts_stand_on_the_product(world: World, admin: OdooClient, bot: OdooClient) -> None:
    [template] = admin.call("product.template", "create", [[{"name": "Reknit test", "default_code": "reknit-test:1"}]])
    product = admin.search_read("product.product", [["product_tmpl_id", "=", template]], ["id"])[0]["id"]
    world.insert("stg_odoo__product_product", (ODOO, str(product), str(template), "reknit-test:1", True))
    row = ("reknit-test", AS_OF, "m", 4)
    world.insert(
        "score_demand_current",
        ("reknit-test:1", f"s:{product}a", *row, 12.0, 3.0, 20.0, 4.0, 9.0, 0.25, ["Sold 3 a week"], False),
        ("reknit-test:1", f"s:{product}b", *row, 30.0, 20.0, 40.0, None, None, None, ["Sold 7 a week"], False),
    )
    try:
        apply(world.store, bot, ODOO, "run-1", world.plan().digest)
        fields = [
            "x_reknit_forecast_qty", "x_reknit_cover_days", "x_reknit_stock_out_probability", "x_reknit_store_count",
        ]  # fmt: skip
        assert admin.search_read("product.template", [["id", "=", template]], fields) == [
            {
                "id": template,
                "x_reknit_forecast_qty": 42,
                "x_reknit_cover_days": 9,
                "x_reknit_stock_out_probability": 0.25,
                "x_reknit_store_count": 2,
            }
        ]
        assert world.plan().size == 0
    finally:
        rows = admin.search_read(PRODUCT_SCORE, [["x_product_tmpl_id", "=", template]], ["id"])
        admin.call(PRODUCT_SCORE, "unlink", [[row["id"] for row in rows]])
        admin.call("product.template", "unlink", [[template]])


def test_another_plan_than_the_one_approved_is_refused(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    [partner] = make_partners(1)
    world.add_customer("C1", partner)
    world.add_churn("C1")
    approved = world.plan().digest
    world.execute("update score_churn_current set churn_level = 'medium'")
    world.plan()
    with pytest.raises(PlanChangedError):
        apply(world.store, bot, ODOO, "run-1", approved)
    assert scores(admin, [partner]) == []
