"""The README's pictures, taken in headless Chromium from the real servers.

Belongs here: where to click and what to keep. `make pictures` runs it after `make demo ODOO=1`; needs Debian's
chromium.
"""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from demo import odoo_server
from demo.run import partner_with_task
from pipelines.cli import prepare_dagster
from pipelines.settings import PROJECT_DIR, OdooConnection

PICTURES = PROJECT_DIR / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
# Without these Chromium asks hosts of its maker for updates at every start.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DAGSTER_PORT = 3177


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


def log_in(browser: Browser, server: OdooConnection) -> Page:
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    page.goto(f"{server.url}/web/login?db={server.database}")
    page.fill("input[name=login]", server.user)
    page.fill("input[name=password]", server.password.get_secret_value())
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    return page


def partner_form(page: Page, server: OdooConnection, target: Path) -> None:
    """A partner with score, reasons and activity."""
    page.goto(f"{server.url}/odoo/res.partner/{partner_with_task()}")
    page.get_by_role("tab", name="Reknit").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=target)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    server = odoo_server.connection()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        partner_form(log_in(browser, server), server, PICTURES / "odoo-partner.png")
        lineage(browser, PICTURES / "lineage.png")
        browser.close()


if __name__ == "__main__":
    main()
