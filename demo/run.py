"""`make demo`: the demo retailer's files, the whole line over them, and where to look.

Belongs here: the order of the steps and what a newcomer is told. Does not belong here: any step's work.
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

from pipelines.settings import PROJECT_DIR, OdooConnection
from pipelines.warehouse import connect

AS_OF = "2017-12-31"
DEMO_DIR = PROJECT_DIR / "var" / "demo"
# Name of the database that tests/odoo_server makes.
OWN_DATABASE = "retail"


def _step(title: str, work: Callable[[], None]) -> None:
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    work()
    print(f"   {time.monotonic() - began:.0f} s", flush=True)


def _make_files() -> None:
    from demo.make import make_landing

    make_landing(DEMO_DIR / "landing", DEMO_DIR / "truth", progress=lambda text: print(f"   {text}", flush=True))


def _prepare_odoo(server: OdooConnection) -> None:
    from demo.odoo_seed import seed
    from pipelines.odoo.setup import prepare_bot

    seed(server, DEMO_DIR / "odoo_seed", progress=lambda text: print(f"   {text}", flush=True))
    bot = prepare_bot(server)
    os.environ.update(bot)


def partner_with_task() -> int | None:
    """Odoo id of a partner with a score, reasons and an activity of the last run."""
    with connect() as connection:
        [(partner,)] = connection.execute(
            """select min(link_json ->> 'x_partner_id')::bigint from sync_target where target_kind = 'activity'"""
        ).fetchall()
    return None if partner is None else int(partner)


def _say_where_to_look(server: OdooConnection) -> None:
    print(f"\nOdoo: log in at {server.url}/web/login?db={server.database} as {server.user}")
    if server.database == OWN_DATABASE:
        print(f"   (the demo's own server; the password is {server.password.get_secret_value()})")
    print("   Contacts: the filter 'High churn risk', and the tab Reknit on a customer")
    if partner := partner_with_task():
        print(f"   a customer with a task: {server.url}/odoo/res.partner/{partner}")
    print("   Inventory, Products: the tab Reknit; Inventory, Operations, Replenishment: the filter 'Order now'")
    print("   Reknit approvals: the oddest returns and the largest orders, made once you approve")


def _run_line() -> None:
    from pipelines.cli import run

    run(as_of=AS_OF)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--odoo", action="store_true", help="bring up a real Odoo 19, fill it, and write to it")
    with_odoo = parser.parse_args().odoo
    _step("The demo retailer's files", _make_files)
    server = None
    if with_odoo:
        from demo import odoo_server

        server = odoo_server.connection()
        _step("A real Odoo 19 with the demo retailer in it", partial(_prepare_odoo, server))
    _step(f"The line as of {AS_OF}: load, build, resolve, score, plan, publish", _run_line)
    if server:
        _say_where_to_look(server)
    else:
        print("\nWhat an Odoo would show stands in sync_desired; targets are matched once one is connected (ODOO=1).")
    print(
        "Next: `make dev` shows the line in Dagster, `.venv/bin/retail --help` the commands, docs/ the three readers."
    )


if __name__ == "__main__":
    main()
