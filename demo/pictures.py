"""The pictures of README and docs, taken in headless Chromium from the real servers.

Belongs here: where to click and what to keep. `make pictures` runs it after `make demo ODOO=1`; needs Debian's
chromium. The tests of screens click by the same functions.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from demo import odoo_server
from demo.run import partner_with_task
from pipelines import writeback
from pipelines.cli import prepare_dagster
from pipelines.odoo.client import OdooClient
from pipelines.odoo.schema import APPROVAL, CASE, CASE_PROJECT, MODULE, POS_ORDER, RETURN_SCORE
from pipelines.odoo.setup import prepare_bot
from pipelines.settings import PROJECT_DIR, OdooConnection, load_settings
from pipelines.warehouse import connect

PICTURES = PROJECT_DIR / "docs" / "pictures"
CHROMIUM = Path("/usr/bin/chromium")
# Without these Chromium asks hosts of its maker for updates at every start.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DAGSTER_PORT = 3177
TIMEOUT_MS = 120_000
WIDTH = 1160
_RUN_ID = "pictures"


def _wait_for(url: str, seconds: int = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def lineage(browser: Browser, target: Path) -> None:
    """The line in the Dagster UI, one box a stage."""
    prepare_dagster()
    command = [sys.executable, "-m", "dagster", "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1"]
    server = subprocess.Popen([*command, "-p", str(DAGSTER_PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{DAGSTER_PORT}/server_info")
        page = browser.new_page(viewport={"width": 1700, "height": 620})
        page.goto(f"http://127.0.0.1:{DAGSTER_PORT}/asset-groups", wait_until="networkidle")
        page.get_by_role("button", name="Skip").click()
        page.wait_for_timeout(3000)
        page.screenshot(path=target)
    finally:
        server.terminate()
        server.wait()


@dataclass(frozen=True)
class OdooScreen:
    """The web client of one user."""

    page: Page
    url: str

    @classmethod
    def log_in(cls, browser: Browser, server: OdooConnection) -> "OdooScreen":
        page = browser.new_page(viewport={"width": WIDTH, "height": 800})
        # The first page of a database has its scripts put together.
        page.set_default_timeout(TIMEOUT_MS)
        page.goto(f"{server.url}/web/login?db={server.database}")
        page.fill("input[name=login]", server.user)
        page.fill("input[name=password]", server.password.get_secret_value())
        page.click("button[type=submit]")
        page.wait_for_selector(".o_main_navbar")
        return cls(page, server.url)

    def open_record(self, model: str, record_id: int) -> None:
        self.page.goto(f"{self.url}/odoo/{model}/{record_id}")
        self.page.wait_for_selector(".o_form_view")

    def open_tab(self) -> None:
        """What the pipeline shows on the record that is open."""
        self.page.get_by_role("tab", name="Reknit").click()

    def open_list(self, action: str) -> None:
        self.page.goto(f"{self.url}/odoo/action-{action}")
        self.page.wait_for_selector(".o_list_view")

    def open_search(self) -> None:
        self.page.click(".o_searchview_dropdown_toggler")

    def choose(self, name: str) -> None:
        """A filter or a grouping of the search that is open."""
        self.page.locator(".o_search_bar_menu .o_menu_item", has_text=name).first.click()

    def keep(self, target: Path, height: int = 800) -> None:
        self.page.set_viewport_size({"width": WIDTH, "height": height})
        self.page.mouse.move(0, 0)
        # What comes after the frame: names, pictures, the chatter. The web client never stops asking for news.
        self.page.wait_for_timeout(4000)
        self.page.screenshot(path=target)


def customer(screen: OdooScreen, partner: int, target: Path) -> None:
    """A customer with score, reasons and activity."""
    screen.open_record("res.partner", partner)
    screen.open_tab()
    screen.keep(target, height=1260)


def customers(screen: OdooScreen, target: Path) -> None:
    """Those of high value and high churn risk."""
    screen.open_list("contacts.action_contacts")
    screen.open_search()
    screen.choose("High churn risk")
    screen.choose("High value")
    screen.page.keyboard.press("Escape")
    screen.keep(target)


def filters(screen: OdooScreen, target: Path) -> None:
    """Customers by segment, and the filters that there are."""
    screen.open_list("contacts.action_contacts")
    screen.open_search()
    screen.choose("With a churn score")
    screen.choose("Segment")
    screen.keep(target)


def task(screen: OdooScreen, target: Path) -> None:
    screen.open_list("mail.mail_activity_action_my")
    screen.keep(target, height=450)


def record(screen: OdooScreen, model: str, record_id: int, target: Path) -> None:
    screen.open_record(model, record_id)
    screen.open_tab()
    screen.keep(target)


def approvals(screen: OdooScreen, target: Path) -> None:
    screen.open_list(f"{MODULE}.action_approval")
    screen.keep(target, height=620)


def case(screen: OdooScreen, case_id: int, target: Path) -> None:
    screen.open_record(CASE, case_id)
    screen.keep(target)


def approve_one(admin: OdooClient) -> None:
    """As a reviewer says yes, and the next plan makes the case."""
    waiting = admin.search_read(APPROVAL, [["x_decision", "=", False]], ["id"], order="x_amount desc", limit=1)
    if waiting:
        admin.call(APPROVAL, "write", [[waiting[0]["id"]], {"x_decision": "approved"}])
        settings = load_settings()
        for plan in writeback.plan_all(settings, _RUN_ID):
            writeback.apply_digest(settings, _RUN_ID, plan.plan.digest)


def product_in_short() -> int:
    """Odoo id of the product template whose stock lasts least by the last run."""
    with connect() as connection:
        [(template,)] = connection.execute(
            """select (link_json ->> 'x_product_tmpl_id')::bigint
            from sync_target as target inner join sync_desired as desired on desired.key = target.desired_key
            where target.target_kind = 'product_score' and (desired.values_json ->> 'x_is_stock_known')::boolean
            order by (desired.values_json ->> 'x_stock_out_probability')::double desc, target.key limit 1"""
        ).fetchall()
    return int(template)


def take_odoo(screen: OdooScreen, admin: OdooClient) -> None:
    returned = admin.search_read(RETURN_SCORE, [["x_pos_order_id", "!=", False]], ["x_pos_order_id"], order="id")
    project = f"{CASE_PROJECT}.".split(".")[1]
    [project_row] = admin.search_read("ir.model.data", [["module", "=", MODULE], ["name", "=", project]], ["res_id"])
    cases = admin.search_read(CASE, [["project_id", "=", project_row["res_id"]]], ["id"], order="id desc", limit=1)
    partner = partner_with_task()
    pictures: dict[str, Callable[[Path], None]] = {
        "odoo-customers": partial(customers, screen),
        "odoo-filters": partial(filters, screen),
        "odoo-tasks": partial(task, screen),
        "odoo-product": partial(record, screen, "product.template", product_in_short()),
        "odoo-approvals": partial(approvals, screen),
    }
    if partner:
        pictures["odoo-partner"] = partial(customer, screen, partner)
    if returned:
        pictures["odoo-return"] = partial(record, screen, POS_ORDER, returned[0]["x_pos_order_id"][0])
    if cases:
        pictures["odoo-case"] = partial(case, screen, cases[0]["id"])
    for name, take in pictures.items():
        take(PICTURES / f"{name}.png")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    server = odoo_server.connection()
    admin = OdooClient.connect(server, frozenset({(APPROVAL, "write")}))
    os.environ.update(prepare_bot(server))
    approve_one(admin)
    with chromium() as browser:
        take_odoo(OdooScreen.log_in(browser, server), admin)
        lineage(browser, PICTURES / "lineage.png")


if __name__ == "__main__":
    main()
