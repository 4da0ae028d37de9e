"""Partners of one Odoo that are one customer: which of them people are asked to merge."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.decisions import MERGE, ask, room_for_questions
from pipelines.odoo.language import set_languages
from pipelines.odoo.merges import suggestions
from pipelines.odoo.reviews import cards
from pipelines.settings import ReviewRules
from tests.odoo_sink.world import AS_OF, ODOO, World

RULES = ReviewRules(max_new=2, max_open=3)


@pytest.fixture
def offline(tmp_path: Path) -> World:
    return World.create(tmp_path / "warehouse.duckdb")


def add_partners(world: World, customer_id: str, *partners: int, parent: str | None = None) -> None:
    world.insert("identity_xref", *((ODOO, str(partner), customer_id, None) for partner in partners))
    world.insert("stg_odoo__partner", *((ODOO, str(partner), True, False, None, parent) for partner in partners))
    for partner in partners:
        world.insert("stg_customer_record", (ODOO, str(partner), f"Ann {partner}"))


def pairs(world: World, limit: int = 9) -> list[tuple[str, str]]:
    with world.store() as connection:
        found = suggestions(connection, limit)
    assert found["reason"].unique().to_list() in ([], [MERGE])
    return found.select("left_source_customer_id", "right_source_customer_id").rows()


def test_each_older_partner_is_set_beside_the_newest(offline: World) -> None:
    add_partners(offline, "C1", 9, 12, 10)
    add_partners(offline, "C2", 30, 31)
    # One partner alone; one and its own address; one and an archived one; one and that of a user.
    add_partners(offline, "C3", 40)
    add_partners(offline, "C4", 50)
    add_partners(offline, "C4", 51, parent="50")
    add_partners(offline, "C5", 60, 61)
    offline.execute("update stg_odoo__partner set is_active = false where source_customer_id = '61'")
    add_partners(offline, "C6", 70, 71)
    offline.execute("update stg_odoo__partner set is_own = true where source_customer_id = '70'")
    assert pairs(offline) == [("30", "31"), ("10", "12"), ("9", "12")]
    assert pairs(offline, limit=1) == [("30", "31")]


def test_they_are_asked_about_once_and_a_few_a_day(offline: World) -> None:
    add_partners(offline, "C1", 1, 2, 3, 4, 5)
    # A question of another kind takes no room.
    offline.insert("identity_review", ("R1", "a", "1", "b", "2", 0.5, "even", AS_OF))
    asked = []
    for day in (AS_OF, AS_OF, date(2018, 1, 1), date(2018, 1, 2)):
        with offline.store() as connection:
            room = room_for_questions(connection, RULES, day, is_about_merges=True)
            found = suggestions(connection, room)
            ask(connection, found, day)
        asked.append(found["left_source_customer_id"].to_list())
    # Two a day, three open at a time; the same day again asks nothing more.
    assert asked == [["4", "3"], [], ["2"], []]


def test_the_card_says_what_to_do(offline: World) -> None:
    add_partners(offline, "C1", 1, 2)
    with offline.store() as connection:
        found = suggestions(connection, 1)
        ask(connection, found, AS_OF)
        key = f"review:{found['review_id'][0]}"
        set_languages(connection, {})
        shown = cards(connection, [key])[key]["description"]
    assert shown is not None
    assert "merge them" in shown
    assert "Ann 1" in shown
    assert "Ann 2" in shown


def test_a_merged_pair_is_moot(offline: World) -> None:
    add_partners(offline, "C1", 1, 2)
    with offline.store() as connection:
        ask(connection, suggestions(connection, 1), AS_OF)
    offline.execute("delete from stg_customer_record where source_customer_id = '1'")
    with offline.store() as connection:
        ask(connection, suggestions(connection, 0), AS_OF)
    assert offline.execute("select answer from identity_review") == [("moot",)]
