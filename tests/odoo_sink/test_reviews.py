"""Questions as cards in a real Odoo, their answers, and merges of partners: what comes back is a decision."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest

from pipelines.odoo.client import OdooClient
from pipelines.odoo.judgements import read_answers, read_merges
from pipelines.odoo.removal import plan_removal
from pipelines.odoo.schema import CASE, MODULE, REVIEW_PROJECT, REVIEW_STAGES
from pipelines.odoo.sink import apply, read_touches, settle
from pipelines.settings import OdooConnection
from tests.odoo_sink.world import AS_OF, ODOO, World

pytestmark = pytest.mark.odoo

MERGE = "base.partner.merge.automatic.wizard"


@pytest.fixture
def asked(world: World, admin: OdooClient) -> Iterator[World]:
    """Three questions; the names of the second hold what would be markup."""
    for number, name in ((1, "Ann Lee"), (2, "A. <b>Lee</b>"), (3, "Bo Marsh"), (4, "Bo Marsh")):
        world.insert(
            "stg_customer_record",
            ("shop", str(number), name, f"x{number}@y.example", None, None, "LS1", "Leeds", "GB", date(1980, 5, number),
             None, None, datetime(2017, 3, number)),
        )  # fmt: skip
    for number, (left, right) in enumerate((("1", "2"), ("3", "4"), ("1", "3")), start=1):
        world.insert(
            "identity_review",
            (f"R{number}", "shop", left, "shop", right, 0.4711, "even", AS_OF, None, None, None, None, None),
        )
    yield world
    ids = [card["id"] for card in cards(admin)]
    admin.call(CASE, "unlink", [ids])


def cards(admin: OdooClient) -> list[dict[str, Any]]:
    """Cards of this test's questions, whose ids are short."""
    names = [f"One customer or two? R{number}" for number in (1, 2, 3)]
    domain: list[object] = [["project_id", "=", xml_id(admin, REVIEW_PROJECT)], ["name", "in", names]]
    return admin.search_read(CASE, domain, ["name", "description", "state"], order="name")


def xml_id(admin: OdooClient, name: str) -> int:
    domain: list[object] = [["module", "=", MODULE], ["name", "=", name.partition(".")[2]]]
    return int(admin.search_read("ir.model.data", domain, ["res_id"])[0]["res_id"])


def run(world: World, bot: OdooClient, run_id: str) -> int:
    """The line from the pull's end on; gives the number of answers."""
    answers = read_answers(world.store, bot, ODOO)
    settle(world.store, bot, ODOO, run_id)
    read_touches(world.store, bot, ODOO, run_id)
    result = apply(world.store, bot, ODOO, run_id, world.plan().digest)
    assert result.status == "complete", world.execute("select key, error from sync_rejected")
    return answers


def test_questions_go_to_odoo_and_come_back_answered(asked: World, admin: OdooClient, bot: OdooClient) -> None:
    assert run(asked, bot, "run-1") == 0
    first, second, third = cards(admin)
    assert [card["name"] for card in (first, second, third)] == [f"One customer or two? R{n}" for n in (1, 2, 3)]
    for shown in ("Ann Lee", "A. &lt;b&gt;Lee&lt;/b&gt;", "x1@y.example", "x2@y.example", "1980-05-02", "Leeds"):
        assert shown in first["description"]
    # Blind: no score. And nothing personal in the tables of plan and ledger.
    assert "4711" not in first["description"]
    for table in ("sync_desired", "sync_plan", "sync_state", "sync_ledger"):
        assert asked.execute(f"select count(*) from {table} where values_json::varchar like '%Lee%'") == [(0,)], table

    for card, answer in ((first, "same"), (second, "different"), (third, "unsure")):
        admin.call(CASE, "write", [[card["id"]], {"stage_id": xml_id(admin, REVIEW_STAGES[answer])}])
    assert run(asked, bot, "run-2") == 3
    assert asked.execute("select review_id, answer, answered_by from identity_review order by all") == [
        ("R1", "same", "admin"), ("R2", "different", "admin"), ("R3", "unsure", "admin"),
    ]  # fmt: skip
    kept = asked.execute("select kind, source, decided_by, records from identity_decision order by kind desc")
    assert [row[:3] for row in kept] == [("same", "odoo review", "admin"), ("different", "odoo review", "admin")]
    assert [(one["source_customer_id"], one["group_no"]) for one in kept[1][3]] == [("3", 1), ("4", 2)]
    # Closed with a note that takes the table's place.
    closed = cards(admin)
    assert {card["state"] for card in closed} == {"1_done"}
    assert "Answered: one customer. Decision D" in closed[0]["description"]
    assert not any("Lee" in card["description"] for card in closed)

    ledger = asked.execute("select count(*) from sync_ledger")
    assert run(asked, bot, "run-3") == 0
    assert asked.execute("select count(*) from sync_ledger") == ledger


def test_a_question_that_is_moot_is_closed(asked: World, admin: OdooClient, bot: OdooClient) -> None:
    run(asked, bot, "run-1")
    asked.execute("update identity_review set answer = 'moot' where review_id = 'R2'")
    run(asked, bot, "run-2")
    states = {card["name"][-2:]: card["state"] for card in cards(admin)}
    assert states == {"R1": "01_in_progress", "R2": "1_done", "R3": "01_in_progress"}
    # What is open shows values of other systems: a removal takes it away.
    planned = {change.name for change in plan_removal(admin) if change.model == CASE}
    assert planned >= {"One customer or two? R1", "One customer or two? R3"}
    assert "One customer or two? R2" not in planned


def test_a_merge_of_partners_is_a_decision(
    world: World,
    server: OdooConnection,
    admin: OdooClient,
    bot: OdooClient,
    make_partners: Callable[[int], list[int]],
) -> None:
    gone, survivor, other = make_partners(3)
    read_merges(world.store, bot, ODOO)
    writes = frozenset({(MERGE, "create"), (MERGE, "action_merge"), ("res.partner", "message_post")})
    merger = OdooClient.connect(server, writes)
    values = {"state": "selection", "partner_ids": [[6, 0, [gone, survivor]]], "dst_partner_id": survivor}
    [wizard] = merger.call(MERGE, "create", [[values]])
    merger.call(MERGE, "action_merge", [[wizard]])
    # What a person writes is no merge, and what still is there was not merged.
    merger.call("res.partner", "message_post", [[other]], {"body": f"Was once (ID {gone})"})
    typed = {"body": f"Was once A <a@b.example> (ID {gone})", "message_type": "comment"}
    merger.call("res.partner", "message_post", [[other]], typed)
    assert read_merges(world.store, bot, ODOO) == 1
    [(kind, source, who, records)] = world.execute(
        "select kind, source, decided_by, records from identity_decision where records[1].source_customer_id = ?",
        str(gone),
    )
    assert (kind, source, who) == ("same", "odoo merge", "admin")
    assert [(one["source_name"], one["source_customer_id"], one["group_no"]) for one in records] == [
        (ODOO, str(gone), 1), (ODOO, str(survivor), 2),
    ]  # fmt: skip
    assert read_merges(world.store, bot, ODOO) == 0
