"""The README's pictures, taken in headless Chromium from the real servers.

Belongs here: where to click and what to keep. `make pictures` runs it after `make demo ODOO=1`; needs Debian's
chromium and the development packages.
"""

import argparse
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from pipelines.cli import prepare_dagster
from pipelines.settings import PROJECT_DIR

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


def log_in(browser: Browser, url: str, database: str, user: str, password: str) -> Page:
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    page.goto(f"{url}/web/login?db={database}")
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    return page


def partner_form(page: Page, url: str, partner_id: int, target: Path) -> None:
    """The partner with score, reasons and activity."""
    page.goto(f"{url}/odoo/res.partner/{partner_id}")
    page.get_by_role("tab", name="Reknit").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partner", type=int, help="id of the partner to show; without it only the lineage is taken")
    arguments = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        lineage(browser, PICTURES / "lineage.png")
        if arguments.partner:
            url = os.environ["ODOO_URL"]
            page = log_in(browser, url, os.environ["ODOO_DB"], os.environ["ODOO_USER"], os.environ["ODOO_PASSWORD"])
            partner_form(page, url, arguments.partner, PICTURES / "odoo-partner.png")
        browser.close()


if __name__ == "__main__":
    main()
