"""What a person without any special right sees in the web client: the tab, the filters, the activity.

It needs Debian's chromium, which not every machine has, and has Odoo put its web client together, which takes long.
"""

import secrets
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from pydantic import SecretStr

from demo.pictures import CHROMIUM, TIMEOUT_MS, OdooScreen, chromium
from pipelines.odoo.client import OdooClient
from pipelines.odoo.json2 import Json2Client
from pipelines.odoo.sink import apply
from pipelines.settings import OdooConnection, TaskLimits
from tests.odoo_sink.test_plan import profile
from tests.odoo_sink.world import ODOO, World

pytestmark = [
    pytest.mark.odoo,
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium"),
]


@pytest.fixture
def person(admin_server: OdooConnection, server: OdooConnection) -> Iterator[OdooConnection]:
    """An internal user with no other right, who gets the tasks."""
    users = Json2Client.connect(admin_server, frozenset({("res.users", "create"), ("res.users", "write")}))
    login, password = f"screens_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    rows = users.search_read("ir.model.data", [["module", "=", "base"], ["name", "=", "group_user"]], ["res_id"])
    group = rows[0]["res_id"]
    values = {"name": "A person", "login": login, "password": password, "group_ids": [[6, 0, [group]]]}
    [user] = users.call("res.users", "create", [[values]])
    yield server.model_copy(update={"user": login, "password": SecretStr(password)})
    users.call("res.users", "write", [[user], {"active": False}])


def test_a_person_sees_the_tab_the_filters_and_the_activity(
    world: World,
    bot: OdooClient,
    admin: OdooClient,
    person: OdooConnection,
    make_partners: Callable[[int], list[int]],
) -> None:
    at_risk, safe = make_partners(2)
    world.add_customers([("C1", at_risk), ("C2", safe)])
    world.add_churn("C1", value=800)
    world.add_churn("C2", value=8, level="low")
    world.insert("mart_customer_brand", profile("C1", 500, "given", ["online", "store"], 350))
    world.insert("stg_odoo__user", (ODOO, str(OdooClient.connect(person).user_id), None, person.user, True))
    world.limits = TaskLimits(assignee_login=person.user)
    assert apply(world.store, bot, ODOO, "run-1", world.plan().digest).status == "complete"
    names = {
        row["id"]: row["name"] for row in admin.search_read("res.partner", [["id", "in", [at_risk, safe]]], ["name"])
    }

    with chromium() as browser:
        expect.set_options(timeout=TIMEOUT_MS)
        screen = OdooScreen.log_in(browser, person)
        screen.open_record("res.partner", at_risk)
        expect(screen.page.locator(".o-mail-Activity")).to_contain_text("Win back a customer of Demo Grocer")
        screen.open_tab()
        tab = screen.page.locator(".o_notebook .tab-pane.active")
        for shown in (
            "High", "80%", "1,500.00", "USD", "Loyal", "Web shop, Store", "350", "Given",
            "No purchase for 64 days; usual gap 14", "Contact the customer this week",
        ):  # fmt: skip
            expect(tab).to_contain_text(shown)

        screen.open_list("contacts.action_contacts")
        screen.open_search()
        screen.choose("High churn risk")
        screen.choose("High value")
        rows = screen.page.locator(".o_data_row")
        expect(rows.filter(has_text=names[at_risk])).to_have_count(1)
        expect(rows.filter(has_text=names[safe])).to_have_count(0)
        for column in ("x_reknit_churn_level", "x_reknit_value_at_risk", "x_reknit_lifetime_value"):
            expect(screen.page.locator(f"th[data-name={column}]")).to_be_visible()
