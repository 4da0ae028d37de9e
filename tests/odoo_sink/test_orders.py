"""Suggested orders: on which rule they stand, who approves large ones, and that only a person takes one over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.odoo.client import AccessDeniedError, ForbiddenWriteError, OdooClient
from pipelines.odoo.guards import plan_reasons
from pipelines.odoo.json2 import Json2Client
from pipelines.odoo.plan import Match, build_desired, build_plan, match_targets
from pipelines.odoo.schema import APPROVAL, ORDER, ORDERPOINT, TAKE_OVER
from pipelines.odoo.sink import apply, read_decisions, read_touches
from pipelines.odoo.undo import build_undo
from pipelines.settings import OdooConnection, TaskLimits, WriteRules
from tests.odoo_sink.test_cases import decide
from tests.odoo_sink.test_plan import applied, values
from tests.odoo_sink.world import AS_OF, ODOO, World

WAREHOUSE = f"{ODOO}:warehouse:1"


@pytest.fixture
def offline(tmp_path: Path) -> World:
    """An Odoo with one warehouse and the products 101 and 102."""
    world = World.create(tmp_path / "warehouse.duckdb")
    world.connect_odoo()
    world.insert("stg_odoo__warehouse", (ODOO, WAREHOUSE))
    world.insert("dim_store", (WAREHOUSE, "Main warehouse"), ("grocer:7", "Main Street"))
    for number in (1, 2):
        world.insert("dim_product", (f"grocer:{number}", f"Mug {number}"))
        world.insert("stg_odoo__product_product", (ODOO, f"10{number}", f"20{number}", f"grocer:{number}", True))
    return world


def suggest(
    world: World,
    product: str,
    store: str,
    quantity: float | None,
    amount: float | None = None,
    currency: str = "USD",
) -> None:
    reasons = ["Sold 3 a week"]
    row = (product, store, "grocer", AS_OF, "m", 4.0, 0.0, 9.0, 16.04, quantity, amount, currency, reasons, False)
    world.insert("score_order_current", row)


def planned(world: World) -> list[tuple[str, str]]:
    world.plan()
    return world.execute("select operation, key from sync_plan order by key")


def test_a_suggestion_stands_on_the_rule_of_its_warehouse_else_on_the_product_alone(offline: World) -> None:
    suggest(offline, "grocer:1", WAREHOUSE, 12.04, 60.4)
    suggest(offline, "grocer:1", "grocer:7", 3.26)
    suggest(offline, "grocer:2", WAREHOUSE, 0.0)
    suggest(offline, "grocer:2", "grocer:7", None)
    suggest(offline, "grocer:3", WAREHOUSE, 5.0)
    offline.insert(
        "stg_odoo__orderpoint",
        (ODOO, "6", WAREHOUSE, "101", False, True),
        (ODOO, "7", WAREHOUSE, "101", True, False),
        (ODOO, "8", WAREHOUSE, "101", True, True),
        (ODOO, "9", f"{ODOO}:warehouse:2", "101", True, True),
    )
    with offline.store() as connection:
        build_desired(connection, TaskLimits())
        # Odoo does not have the third product; of the two that it has, one has a rule.
        assert match_targets(connection, ODOO) == {"order": Match(2, 1), "order on a rule": Match(1, 1)}
        build_plan(connection, ODOO)
    assert values(offline, "sync_plan", f"order:{WAREHOUSE}:101") == {
        "x_active": True,
        "x_name": "Order 12 × Mug 1 for Main warehouse",
        "x_store": "Main warehouse",
        "x_suggested_qty": 12,
        "x_amount": 60,
        "x_currency": "USD",
        "x_is_stock_known": True,
        "x_on_hand_qty": 4,
        "x_is_on_order_known": True,
        "x_on_order_qty": 0,
        "x_reorder_point_qty": 9,
        "x_order_up_to_qty": 16,
        "x_reasons": "Sold 3 a week",
        "x_as_of": "2017-12-31",
        "x_model_version": "m",
        "x_key": f"order:{WAREHOUSE}:101",
        "x_product_tmpl_id": 201,
        "x_product_id": 101,
        "x_orderpoint_id": 8,
    }
    other = values(offline, "sync_plan", "order:grocer:7:101")
    assert (other["x_suggested_qty"], other["x_orderpoint_id"]) == (3.3, False)
    assert offline.execute("select count(*) from sync_plan") == [(2,)]


def test_the_rule_of_a_warehouse_that_is_a_store_serves_the_store(offline: World) -> None:
    suggest(offline, "grocer:1", "grocer:7", 3)
    offline.insert("int_stock_store", (f"{ODOO}:warehouse:2", "grocer:7"))
    offline.insert("stg_odoo__orderpoint", (ODOO, "9", f"{ODOO}:warehouse:2", "101", True, True))
    offline.plan()
    assert values(offline, "sync_plan", "order:grocer:7:101")["x_orderpoint_id"] == 9


def test_an_odoo_without_inventory_gets_no_link_to_a_rule(offline: World) -> None:
    suggest(offline, "grocer:1", "grocer:7", 3)
    offline.execute("delete from stg_odoo__warehouse")
    offline.plan()
    assert "x_orderpoint_id" not in values(offline, "sync_plan", "order:grocer:7:101")


def test_noise_plans_nothing_and_what_needs_no_order_any_more_is_archived(offline: World) -> None:
    suggest(offline, "grocer:1", WAREHOUSE, 12)
    offline.plan()
    applied(offline)
    offline.execute("update score_order_current set suggested_order_qty = 12.3, as_of_date = date '2018-01-01'")
    assert planned(offline) == []
    # Nothing else is to be ordered either: that is a result, and no stage that did not run.
    offline.execute("update score_order_current set suggested_order_qty = 0")
    assert planned(offline) == [("archive", f"order:{WAREHOUSE}:101")]
    assert offline.execute("select reason from sync_plan") == [("nothing to order any more",)]
    offline.execute("delete from score_order_current")
    assert planned(offline) == []


def test_reasons_and_name_are_in_the_company_s_language(offline: World) -> None:
    suggest(offline, "grocer:1", "grocer:7", 3.5)
    offline.execute("update score_order_current set reasons = ['Sold 3.5 a week over the last 13 that have data']")
    offline.languages = {"grocer": "de"}
    offline.plan()
    sent = values(offline, "sync_plan", "order:grocer:7:101")
    assert sent["x_name"] == "3,5 × Mug 1 bestellen für Main Street"
    assert sent["x_reasons"] == "3,5 je Woche über die letzten 13 mit Daten verkauft"


def test_from_an_amount_on_an_order_waits_for_a_yes(offline: World) -> None:
    # 60 GBP are 120 USD; what an order of unknown cost is worth nobody knows.
    suggest(offline, "grocer:1", WAREHOUSE, 5, 99.99)
    suggest(offline, "grocer:1", "grocer:7", 5, 60, "GBP")
    suggest(offline, "grocer:2", WAREHOUSE, 5, None)
    offline.approvals = {"order": 100}
    assert planned(offline) == [
        ("create", "approval:order:grocer:7:101:2017-12-31:240"),
        ("create", f"approval:order:{WAREHOUSE}:102:2017-12-31:0"),
        ("create", f"order:{WAREHOUSE}:101"),
    ]
    request = values(offline, "sync_plan", "approval:order:grocer:7:101:2017-12-31:240")
    assert request == {
        "x_key": "approval:order:grocer:7:101:2017-12-31:240",
        "x_name": "Order 5 × Mug 1 for Main Street",
        "x_note": "<p>Sold 3 a week</p>",
        "x_partner_id": None,
        "x_amount": 60,
        "x_currency": "GBP",
    }
    with offline.store() as connection:
        build_plan(connection, ODOO, approvals={"order": 100}, max_new_approvals=1)
        asked = connection.execute("select key from sync_plan where target_kind = 'approval'").fetchall()
    assert asked == [("approval:order:grocer:7:101:2017-12-31:240",)]


def test_a_yes_holds_for_one_need_up_to_twice_its_amount(offline: World) -> None:
    need = f"order:{WAREHOUSE}:101"
    suggest(offline, "grocer:1", WAREHOUSE, 10, 150)
    offline.approvals = {"order": 100}

    def becomes(amount: float, day: int = 0) -> list[tuple[str, str]]:
        as_of = AS_OF + timedelta(days=day)
        offline.execute(
            "update score_order_current set order_amount = $1, suggested_order_qty = $1 / 15, as_of_date = $2",
            amount, as_of,
        )  # fmt: skip
        return planned(offline)

    assert becomes(150) == [("create", f"approval:{need}:2017-12-31:300")]
    applied(offline)
    # Asked and not answered: neither is a larger one asked about while the first covers it.
    assert becomes(290, day=1) == []
    decide(offline, f"{need}:2017-12-31:300", "approved", 1)
    assert becomes(290, day=1) == [("create", need)]
    applied(offline)
    # More than twice as much: it stays as it is until somebody says yes, and a no leaves it so.
    assert becomes(301, day=2) == [("create", f"approval:{need}:2017-12-31:602")]
    applied(offline)
    decide(offline, f"{need}:2017-12-31:602", "rejected", 3)
    assert becomes(315, day=3) == []
    assert becomes(60, day=4) == [("update", need)]
    applied(offline)
    # It was ordered. The next need is a new question.
    assert becomes(0, day=5) == [("archive", need)]
    applied(offline)
    assert becomes(150, day=6) == [("create", f"approval:{need}:2018-01-06:300")]
    # A small one asks nobody.
    assert becomes(90, day=6) == [("update", need)]


def test_doubled_suggestions_and_impossible_ones_stop_a_plan_and_ordered_ones_do_not(
    offline: World, tmp_path: Path
) -> None:
    for number in range(100):
        offline.insert("stg_odoo__product_product", (ODOO, f"3{number:02}", f"4{number:02}", f"p:{number}", True))
        suggest(offline, f"p:{number}", WAREHOUSE, 10)
    offline.execute("update score_order_current set is_fallback = true")
    offline.plan()
    applied(offline)

    def reasons() -> list[str]:
        offline.plan()
        with offline.store() as connection:
            return plan_reasons(connection, ODOO, WriteRules(), tmp_path)

    offline.execute("update score_order_current set suggested_order_qty = 0 where product_id[3:]::int < 60")
    assert reasons() == []
    offline.execute("update score_order_current set suggested_order_qty = 20 where product_id[3:]::int < 31")
    [reason] = reasons()
    assert reason.startswith("31 of 100 records of order would turn")
    offline.execute("update score_order_current set suggested_order_qty = 10 where product_id[3:]::int < 31")
    offline.execute("update score_order_current set suggested_order_qty = 'inf' where product_id = 'p:99'")
    [reason] = reasons()
    assert reason == "1 rows of score_order_current have a suggested_order_qty that is no quantity."


@dataclass(frozen=True)
class Shop:
    """Two products of an Odoo, of which one has a reordering rule; a test may make and undo anything in it."""

    keeper: OdooClient
    store: str
    rule: int
    ruled_template: int
    bare_template: int

    def read(self, model: str, record: int, *fields: str) -> list[Any]:
        [row] = self.keeper.search_read(model, [["id", "=", record]], list(fields))
        return [row[field] for field in fields]

    def suggestions(self) -> dict[str, dict[str, Any]]:
        """The suggestions for both products by key, archived ones too."""
        domain: list[object] = [["x_product_tmpl_id", "in", [self.ruled_template, self.bare_template]]]
        rows = self.keeper.search_read(ORDER, domain, ["x_key", "x_active", "x_suggested_qty", "x_orderpoint_id"])
        return {row["x_key"]: row for row in rows}


@pytest.fixture
def shop(world: World, admin_server: OdooConnection, admin: OdooClient) -> Iterator[Shop]:
    writes = {(model, method) for model in ("product.product", ORDERPOINT, ORDER) for method in ("create", "write")}
    writes |= {("product.product", "unlink"), ("ir.actions.server", "run"), ("res.users", "create")}
    writes |= {("res.users", "unlink"), (APPROVAL, "write")}
    keeper = Json2Client.connect(admin_server, frozenset(writes))
    products = [{"name": f"Reknit test {name}", "is_storable": True} for name in ("ruled", "bare")]
    ruled, bare = keeper.call("product.product", "create", [products])
    rows = admin.search_read("product.product", [["id", "in", [ruled, bare]]], ["product_tmpl_id"], order="id")
    templates = [row["product_tmpl_id"][0] for row in rows]
    [warehouse] = admin.search_read("stock.warehouse", [], ["lot_stock_id"], order="id", limit=1)
    rule = {
        "product_id": ruled, "location_id": warehouse["lot_stock_id"][0], "warehouse_id": warehouse["id"],
        "product_min_qty": 2, "product_max_qty": 5, "trigger": "manual",
    }  # fmt: skip
    [rule_id] = keeper.call(ORDERPOINT, "create", [[rule]])
    store = f"{ODOO}:warehouse:{warehouse['id']}"
    world.insert("stg_odoo__warehouse", (ODOO, store))
    world.insert("stg_odoo__orderpoint", (ODOO, str(rule_id), store, str(ruled), True, True))
    for product, template, name in zip((ruled, bare), templates, ("ruled", "bare"), strict=True):
        world.insert("stg_odoo__product_product", (ODOO, str(product), str(template), f"test:{name}", True))
    suggest(world, "test:ruled", store, 12, 120)
    suggest(world, "test:ruled", "grocer:7", 30, 300)
    suggest(world, "test:bare", store, 4, 40)
    yield Shop(keeper, store, rule_id, *templates)
    # Rules and suggestions go with the products.
    keeper.call("product.product", "unlink", [[ruled, bare]])


@pytest.mark.odoo
def test_a_suggestion_is_shown_on_the_rule_and_taken_over_only_by_who_may(
    world: World, shop: Shop, server: OdooConnection, bot: OdooClient, bot_server: OdooConnection
) -> None:
    own = ("product_min_qty", "product_max_qty", "trigger", "qty_to_order_manual", "qty_to_order")
    before = shop.read(ORDERPOINT, shop.rule, *own)
    first = apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    assert (first.status, first.applied) == ("complete", 3)
    shown = ("x_reknit_suggested_qty", "x_reknit_order_reasons", "x_reknit_order_as_of")
    assert shop.read(ORDERPOINT, shop.rule, *shown) == [12, "Sold 3 a week", "2017-12-31"]
    assert shop.read(ORDERPOINT, shop.rule, *own) == before
    for template, total in ((shop.ruled_template, 42), (shop.bare_template, 4)):
        assert shop.read("product.template", template, "x_reknit_suggested_qty") == [total]
    for model, record in ((ORDERPOINT, shop.rule), ("product.template", shop.ruled_template)):
        domain: list[object] = [["id", "=", record], ["x_reknit_suggested_qty", ">", 0]]
        assert len(shop.keeper.search_read(model, domain, ["id"])) == 1
    assert (world.plan().size, apply(world.store, bot, ODOO, "run-2", world.plan().digest).calls) == (0, 0)

    module, _, name = TAKE_OVER.partition(".")
    [action] = shop.keeper.search_read("ir.model.data", [["module", "=", module], ["name", "=", name]], ["res_id"])
    click = {"context": {"active_model": ORDERPOINT, "active_ids": [shop.rule], "active_id": shop.rule}}
    with pytest.raises(AccessDeniedError):
        bot.call("ir.actions.server", "run", [[action["res_id"]]], click)
    careless = OdooClient.connect(bot_server, frozenset({(ORDERPOINT, method) for method in ("write", "create")}))
    with pytest.raises(AccessDeniedError):
        careless.call(ORDERPOINT, "write", [[shop.rule], {"qty_to_order": 12}])
    with pytest.raises(AccessDeniedError):
        careless.call(ORDERPOINT, "create", [{"product_id": 1, "product_min_qty": 1}])
    with pytest.raises(ForbiddenWriteError):
        bot.call(ORDERPOINT, "write", [[shop.rule], {"qty_to_order": 12}])
    assert shop.read(ORDERPOINT, shop.rule, *own) == before
    shop.keeper.call("ir.actions.server", "run", [[action["res_id"]]], click)
    assert shop.read(ORDERPOINT, shop.rule, "qty_to_order", "qty_to_order_manual") == [12, 12]
    assert shop.read(ORDERPOINT, shop.rule, *own[:3]) == before[:3]


@pytest.mark.odoo
def test_a_reviewer_s_yes_brings_the_order_people_s_edits_stay_and_undo_takes_it_back(
    world: World, shop: Shop, bot: OdooClient
) -> None:
    world.approvals = {"order": 100}
    asked = apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    assert (asked.status, asked.applied) == ("complete", 3)
    assert [row["x_suggested_qty"] for row in shop.suggestions().values()] == [4]
    requests = shop.keeper.search_read(APPROVAL, [["x_key", "like", "approval:order:"]], ["x_amount"], order="x_amount")
    assert [request["x_amount"] for request in requests] == [120, 300]
    for request, decision in zip(requests, ("approved", "rejected"), strict=True):
        shop.keeper.call(APPROVAL, "write", [[request["id"]], {"x_decision": decision}])
    assert read_decisions(world.store, bot, ODOO, "run-2") == 2
    approved = apply(world.store, bot, ODOO, "run-2", world.plan().digest)
    assert (approved.status, approved.applied) == ("complete", 1)
    assert shop.read(ORDERPOINT, shop.rule, "x_reknit_suggested_qty") == [12]

    # A person takes less; the reasons go on.
    [ruled] = [row for row in shop.suggestions().values() if row["x_orderpoint_id"]]
    shop.keeper.call(ORDER, "write", [[ruled["id"]], {"x_suggested_qty": 7}])
    assert read_touches(world.store, bot, ODOO, "run-3") == 1
    world.execute(
        """update score_order_current set suggested_order_qty = 14, order_amount = 140, reasons = ['Sold 4 a week']
        where product_id = 'test:ruled'"""
    )
    assert apply(world.store, bot, ODOO, "run-3", world.plan().digest).status == "complete"
    shown = shop.read(ORDERPOINT, shop.rule, "x_reknit_suggested_qty", "x_reknit_order_reasons")
    assert shown == [7, "Sold 4 a week"]

    # It was ordered.
    world.execute("update score_order_current set suggested_order_qty = 0 where product_id = 'test:ruled'")
    assert apply(world.store, bot, ODOO, "run-4", world.plan().digest).status == "complete"
    assert shop.read(ORDERPOINT, shop.rule, "x_reknit_suggested_qty", "x_reknit_order_reasons") == [0, False]
    assert shop.read("product.template", shop.ruled_template, "x_reknit_suggested_qty") == [0]
    with world.store() as connection:
        undone = build_undo(connection, ODOO, "run-4")
    assert apply(world.store, bot, ODOO, "undo-1", undone.plan.digest).status == "complete"
    assert shop.read(ORDERPOINT, shop.rule, "x_reknit_suggested_qty") == [7]
