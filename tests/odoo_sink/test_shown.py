"""What an Odoo shows on its own records of what was written: computed fields, filters, and requests that go."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.json2 import Json2Client
from pipelines.odoo.schema import APPROVAL, CASE, CREDIT_NOTE, RETURN_SCORE, SALE_ORDER
from pipelines.odoo.sink import apply, read_decisions
from pipelines.settings import OdooConnection
from tests.odoo_sink.test_cases import add_return
from tests.odoo_sink.test_plan import profile
from tests.odoo_sink.world import AS_OF, ODOO, World

pytestmark = pytest.mark.odoo

MakePartners = Callable[[int], list[int]]


@pytest.fixture
def seller(admin_server: OdooConnection) -> OdooClient:
    """Makes sales orders and credit notes, which the other clients of the tests may not."""
    made = (SALE_ORDER, CREDIT_NOTE)
    return Json2Client.connect(
        admin_server, frozenset((model, method) for model in made for method in ("create", "unlink"))
    )


def test_a_customer_shows_worth_segment_channels_points_consent_and_open_cases(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    best, other = make_partners(2)
    world.add_customers([("C1", best), ("C2", other)])
    world.add_churn("C1", value=800, level="low")
    world.add_churn("C2", value=8, level="low")
    # Another brand is likelier to lose the one who is worth most to the grocer.
    world.add_churn("C1", brand="gifts", probability=0.9, value=9, level="medium", currency="GBP")
    world.insert("mart_customer_brand", profile("C1", 500, "partly", ["online", "store"], 350))
    assert apply(world.store, bot, ODOO, "run-1", world.plan().digest).status == "complete"
    for _ in range(2):
        admin.call(CASE, "create", [{"name": "Where is my parcel?", "partner_id": best}])
    [first] = admin.search_read(CASE, [["partner_id", "=", best]], ["id"], limit=1)
    admin.call(CASE, "write", [[first["id"]], {"state": "1_done"}])

    names = [
        "brand", "churn_level", "main_brand", "lifetime_value", "lifetime_currency", "is_high_value", "segment",
        "channels", "points_balance", "consent", "open_case_count",
    ]  # fmt: skip
    fields = [f"x_reknit_{name}" for name in names]
    rows = admin.search_read("res.partner", [["id", "in", [best, other]]], fields, order="id")
    # 500 bought and 800 / 0.8 = 1,000 expected; 8 / 0.8 = 10 expected of the other.
    assert [tuple(row[field] for field in fields) for row in rows] == [
        ("Demo Gifts", "medium", "Demo Grocer", 1500, "USD", True, "loyal", "Web shop, Store", 350, "partly", 1),
        ("Demo Grocer", "low", "Demo Grocer", 10, "USD", False, False, False, 0, "not_stated", 0),
    ]
    high_value: list[object] = [["x_reknit_score_ids.x_is_high_value", "=", True], ["id", "in", [best, other]]]
    assert [row["id"] for row in admin.search_read("res.partner", high_value, ["id"])] == [best]


@pytest.fixture
def orders(seller: OdooClient, make_partners: MakePartners) -> Iterator[tuple[int, int]]:
    """A sales order, and one that brings it back."""
    [partner] = make_partners(1)
    sold, returned = seller.call(SALE_ORDER, "create", [[{"partner_id": partner}, {"partner_id": partner}]])
    yield sold, returned
    seller.call(SALE_ORDER, "unlink", [[sold, returned]])


def test_an_unusual_return_stands_on_the_order_with_its_sale(
    world: World, admin: OdooClient, bot: OdooClient, orders: tuple[int, int]
) -> None:
    sold, returned = orders
    ids = [f"{ODOO}:sale-{order}" for order in orders]
    world.insert("stg_odoo__sale_order", *((i, ODOO, str(o), f"S{o}") for i, o in zip(ids, orders, strict=True)))
    world.insert("fct_order", (ids[0], str(sold)))
    world.insert("fct_return", (ids[1], ids[0], AS_OF - timedelta(days=3), 45))
    add_return(world, ids[1], 45)
    assert apply(world.store, bot, ODOO, "run-1", world.plan().digest).status == "complete"

    names = ("anomaly_level", "reasons", "suggested_action", "sale", "sale_order_id")
    fields = [f"x_reknit_return_{name}" for name in names]
    unusual: list[object] = [["x_reknit_return_ids.x_anomaly_level", "in", ["high", "medium"]], ["id", "in", orders]]
    [row] = admin.search_read(SALE_ORDER, unusual, fields)
    assert row["id"] == returned
    assert [row[field] for field in fields[:4]] == [
        "high", "3 of 3 came back", "Check the receipt", f"S{sold} (2017-12-28)",
    ]  # fmt: skip
    assert row["x_reknit_return_sale_order_id"][0] == sold

    world.execute("update score_return_anomaly_current set anomaly_level = 'low'")
    assert apply(world.store, bot, ODOO, "run-2", world.plan().digest).applied == 1
    [row] = admin.search_read(SALE_ORDER, [["id", "=", returned]], fields)
    assert [row[field] for field in fields] == [False] * 5
    assert admin.search_read(RETURN_SCORE, [["x_order_id", "=", returned]], ["x_active"])[0]["x_active"] is False


@pytest.fixture
def credit_note(seller: OdooClient, orders: tuple[int, int]) -> Iterator[int]:
    [note] = seller.call(CREDIT_NOTE, "create", [[{"move_type": "out_refund"}]])
    yield note
    seller.call(CREDIT_NOTE, "unlink", [[note]])


def test_an_unusual_credit_note_names_the_order_that_it_gives_back(
    world: World, admin: OdooClient, bot: OdooClient, orders: tuple[int, int], credit_note: int
) -> None:
    sold, _ = orders
    order, refund = f"{ODOO}:sale-{sold}", f"{ODOO}:refund-{credit_note}"
    world.insert("stg_odoo__sale_order", (order, ODOO, str(sold), f"S{sold}"))
    world.insert("stg_odoo__refund", (refund, ODOO, str(credit_note), "RINV/1"))
    world.insert("fct_order", (order, str(sold)))
    world.insert("fct_return", (refund, order, AS_OF - timedelta(days=3), 45))
    add_return(world, refund, 45)
    assert apply(world.store, bot, ODOO, "run-1", world.plan().digest).status == "complete"

    fields = [f"x_reknit_return_{name}" for name in ("anomaly_level", "reasons", "sale", "sale_order_id")]
    unusual: list[object] = [["x_reknit_return_ids.x_anomaly_level", "in", ["high"]], ["id", "=", credit_note]]
    [row] = admin.search_read(CREDIT_NOTE, unusual, fields)
    assert [row[field] for field in fields[:3]] == ["high", "3 of 3 came back", f"S{sold} (2017-12-28)"]
    assert row["x_reknit_return_sale_order_id"][0] == sold


def listed(admin: OdooClient, partner: int) -> list[str]:
    """What a reviewer sees in the list."""
    domain: list[object] = [["x_partner_id", "=", partner], ["x_active", "=", True]]
    rows = admin.search_read(APPROVAL, domain, ["x_name"], order="x_key")
    return [row["x_name"].rpartition(" ")[2] for row in rows]


def test_a_request_whose_matter_is_over_leaves_the_list(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: MakePartners
) -> None:
    [partner] = make_partners(1)
    world.add_customer("C1", partner)
    names = [f"r:{partner}{letter}" for letter in "ab"]
    for name in names:
        add_return(world, name, 10, customer="C1")
    world.approvals = {"case": 0}
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    assert listed(admin, partner) == names

    plan = world.plan_of("update score_return_anomaly_current set anomaly_level = 'low'")
    # A reviewer is faster with one of them: it stays as decided.
    [request] = admin.search_read(APPROVAL, [["x_name", "like", names[1]]], ["id"])
    admin.call(APPROVAL, "write", [[request["id"]], {"x_decision": "approved"}])
    assert apply(world.store, bot, ODOO, "run-2", plan.digest).status == "complete"
    assert listed(admin, partner) == names[1:]
    assert read_decisions(world.store, bot, ODOO, "run-3") >= 1

    apply(
        world.store, bot, ODOO, "run-3",
        world.plan_of("update score_return_anomaly_current set anomaly_level = 'high'").digest,
    )  # fmt: skip
    assert listed(admin, partner) == names
    # What was approved is made; what is asked again still waits.
    cases = admin.search_read(CASE, [["partner_id", "=", partner]], ["name"])
    assert [case["name"].rpartition(" ")[2] for case in cases] == names[1:]
