"""What a reviewer gets beside a return, cases about products, and how the reviewers' decisions come back."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.judgements import read_case_outcomes
from pipelines.odoo.schema import CASE, CASE_STAGES, MODULE
from pipelines.odoo.sink import apply
from tests.odoo_sink.test_cases import add_return, planned
from tests.odoo_sink.test_plan import applied
from tests.odoo_sink.world import AS_OF, ODOO, World


@pytest.fixture
def offline(tmp_path: Path) -> World:
    world = World.create(tmp_path / "warehouse.duckdb")
    world.connect_odoo()
    return world


def add_evidence(world: World, name: str, amount: float, day: object = AS_OF, **evidence: float) -> None:
    listed = [{"kind": kind, "improbability": value, "weight": 1.0} for kind, value in evidence.items()]
    world.insert("score_return_anomaly", (name, "gifts", day, amount, "GBP", listed))


def decided(world: World, name: str, outcome: str) -> None:
    world.insert("sync_case_outcome", (ODOO, f"case:return:gifts:{name}", outcome, 7, "2018-01-02", None))


def description(world: World, key: str) -> str:
    world.plan()
    [(values,)] = world.execute("select values_json::varchar from sync_desired where key = ?", key)
    return str(json.loads(values)["description"])


def test_a_case_names_its_sale_and_the_cases_most_like_it(offline: World) -> None:
    add_return(offline, "r:1", 60, currency="GBP")
    add_evidence(offline, "r:1", 60, no_sale=4.0, one_cashier=3.0)
    # Of the same kinds, one of a nearer amount; of one kind of the two; of another.
    add_evidence(offline, "far", 900, no_sale=8.0, one_cashier=6.0)
    add_evidence(offline, "near", 50, no_sale=2.0, one_cashier=1.5)
    add_evidence(offline, "half", 60, no_sale=5.0)
    add_evidence(offline, "other", 60, other_tender=5.0)
    add_evidence(offline, "undecided", 60, no_sale=4.0, one_cashier=3.0)
    for name, outcome in (("far", "confirmed"), ("near", "fine"), ("half", "fine"), ("other", "confirmed")):
        decided(offline, name, outcome)
    offline.insert(
        "fct_return", ("r:1", "o:5", "2017-12-01", 20), ("r:1", "o:9", "2017-12-03", 40), ("x", "o:1", AS_OF, 1)
    )
    assert description(offline, "case:return:gifts:r:1") == (
        "<p>Check the receipt</p><ul><li>3 of 3 came back</li></ul>"
        "<p>Returned: 60.00 GBP. Sold as o:9 on 2017-12-03, and in 1 more.</p>"
        "<ul><li>Similar case near, 50.00 GBP: found to be fine</li>"
        "<li>Similar case far, 900.00 GBP: confirmed</li>"
        "<li>Similar case half, 60.00 GBP: found to be fine</li></ul>"
    )


def test_past_cases_are_told_in_the_company_s_language(offline: World) -> None:
    offline.languages = {"gifts": "de"}
    add_return(offline, "r:1", 60, currency="GBP")
    add_evidence(offline, "r:1", 60, no_sale=4.0)
    assert "Noch kein ähnlicher Fall wurde entschieden." in description(offline, "case:return:gifts:r:1")
    assert "Ein Verkauf ist nicht bekannt." in description(offline, "case:return:gifts:r:1")
    # What it was unusual by when it was decided last counts.
    add_evidence(offline, "old", 10, day="2017-12-30", other_tender=9.0)
    add_evidence(offline, "old", 10, no_sale=1.0)
    decided(offline, "old", "confirmed")
    assert "Ähnlicher Fall old, 10.00 GBP: bestätigt" in description(offline, "case:return:gifts:r:1")


def add_excess(
    world: World, product: str, dimension: str, finding: str, q_value: float, is_excess: bool = True, amount: float = 80
) -> None:
    world.insert(
        "score_return_excess_current",
        ("gifts", product, dimension, AS_OF, "m", q_value, is_excess, amount, "GBP", finding, "Look at the goods"),
    )


def test_a_faulty_product_is_a_case_until_it_is_over(offline: World) -> None:
    offline.insert("dim_product", ("p:1", "Red <mug>"), ("p:2", "Blue mug"))
    add_excess(offline, "p:1", "product", "Sold in 90 days: 12 of 40 buyers brought it back; 2 to be expected", 0.001)
    add_excess(offline, "p:1", "lot", "Lot L7: 9 of 10 buyers brought it back; 0.5 to be expected", 0.00001, amount=55)
    add_excess(offline, "p:1", "store", "Bought in s:1: 3 of 9 buyers brought it back; 1 to be expected", 0.4, False)
    add_excess(offline, "p:2", "product", "Sold in 90 days: 3 of 90 buyers brought it back; 3 to be expected", 1, False)
    assert planned(offline) == [("create", "case:product:gifts:p:1")]
    [(values,)] = offline.execute("select values_json::varchar from sync_plan")
    assert json.loads(values) == {
        "name": "More returns than expected at Demo Gifts: Red <mug>",
        "description": "<p>Look at the goods</p>"
        "<ul><li>Sold in 90 days: 12 of 40 buyers brought it back; 2 to be expected</li>"
        "<li>Lot L7: 9 of 10 buyers brought it back; 0.5 to be expected</li></ul><p>Returned: 80.00 GBP.</p>",
        "partner_id": False,
    }
    applied(offline)
    assert planned(offline) == []
    offline.execute("update score_return_excess_current set finding = replace(finding, '12 of 40', '13 of 41')")
    assert planned(offline) == [("update", "case:product:gifts:p:1")]
    applied(offline)
    # A stage that did not run closes nothing.
    rows = offline.execute("from score_return_excess_current")
    offline.execute("delete from score_return_excess_current")
    assert planned(offline) == []
    offline.insert("score_return_excess_current", *rows)
    offline.execute("update score_return_excess_current set is_excess = false")
    assert planned(offline) == [("close", "case:product:gifts:p:1")]
    applied(offline)
    assert planned(offline) == []


def test_a_product_s_case_speaks_the_company_s_language_and_can_wait_for_a_yes(offline: World) -> None:
    offline.languages = {"gifts": "fr"}
    offline.approvals = {"case": 100}
    add_excess(offline, "p:1", "product", "Sold in 90 days: 12 of 40 buyers brought it back; 2.5 to be expected", 0.001)
    assert planned(offline) == [("create", "approval:case:product:gifts:p:1")]
    assert (
        "Vendu en 90 jours : 12 sur 40 acheteurs l'ont rapporté ; 2,5 attendus"
        in description(offline, "case:product:gifts:p:1")
    )  # fmt: skip


class Cards:
    """An Odoo that has cards in columns."""

    def __init__(self, stage_of: dict[int, str]) -> None:
        self.stages = {11: "stage_fine", 12: "stage_odd", 13: "stage_new"}
        self.stage_of = stage_of

    def search_read(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], order: str = ""
    ) -> list[dict[str, Any]]:
        asked = {field: value for field, _, value in domain}
        if model == "ir.model.data":
            assert asked["module"] == MODULE
            return [{"name": name, "res_id": at} for at, name in self.stages.items() if name in asked["name"]]
        assert (model, order) == (CASE, "id")
        ids = {name: at for at, name in self.stages.items()}
        return [
            {"id": card, "stage_id": [ids[name], name], "write_uid": [7, "Ann"],
             "date_last_stage_update": "2018-01-02 10:00:00"}
            for card, name in self.stage_of.items() if card in asked["id"] and ids[name] in asked["stage_id"]
        ]  # fmt: skip


def outcomes(world: World) -> list[tuple[Any, ...]]:
    return world.execute(
        "select key, outcome, decided_by_user_id, decided_at::varchar from sync_case_outcome order by key"
    )


def test_the_column_of_a_card_is_the_reviewer_s_decision(offline: World) -> None:
    for card, key in ((1, "case:return:gifts:r:1"), (2, "case:return:gifts:r:2"), (3, "case:return:gifts:r:3"),
                      (4, "case:product:gifts:p:1"), (5, "review:x")):  # fmt: skip
        offline.insert("sync_state", (ODOO, key, key.partition(":")[0], CASE, card, "{}", None, "run"))
    odoo = Cards({1: "stage_odd", 2: "stage_fine", 3: "stage_new", 4: "stage_odd", 5: "stage_odd", 6: "stage_odd"})
    client = cast(OdooClient, odoo)
    assert read_case_outcomes(offline.store, client, ODOO, "run") == 2
    assert outcomes(offline) == [
        ("case:return:gifts:r:1", "confirmed", 7, "2018-01-02 10:00:00"),
        ("case:return:gifts:r:2", "fine", 7, "2018-01-02 10:00:00"),
    ]
    # A card that is moved back is not decided any more.
    odoo.stage_of |= {1: "stage_new"}
    assert read_case_outcomes(offline.store, client, ODOO, "run") == 1
    assert [key for key, *_ in outcomes(offline)] == ["case:return:gifts:r:2"]


@pytest.mark.odoo
def test_a_reviewer_moves_a_card_in_odoo(
    world: World, admin: OdooClient, bot: OdooClient, make_partners: Callable[[int], list[int]]
) -> None:
    partners = make_partners(2)
    world.add_customers([(f"C{partner}", partner) for partner in partners])
    names = [f"r:{partner}" for partner in partners]
    for name, partner in zip(names, partners, strict=True):
        add_return(world, name, 10, customer=f"C{partner}")
    apply(world.store, bot, ODOO, "run-1", world.plan().digest)
    cards = admin.search_read(CASE, [["partner_id", "in", partners]], ["partner_id"], order="name")
    assert read_case_outcomes(world.store, bot, ODOO, "run-2") == 0
    stage_ids = {
        row["name"]: row["res_id"]
        for row in admin.search_read("ir.model.data", [["module", "=", MODULE]], ["name", "res_id"])
    }
    for card, outcome in zip(cards, ("confirmed", "fine"), strict=True):
        stage = stage_ids[CASE_STAGES[outcome].partition(".")[2]]
        admin.call(CASE, "write", [[card["id"]], {"stage_id": stage}])
    assert read_case_outcomes(world.store, bot, ODOO, "run-3") == 2
    found = {key.removeprefix("case:return:gifts:"): (outcome, by) for key, outcome, by, _ in outcomes(world)}
    order = [f"r:{card['partner_id'][0]}" for card in cards]
    assert found == {order[0]: ("confirmed", admin.user_id), order[1]: ("fine", admin.user_id)}
