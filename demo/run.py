"""`make demo`: the demo retailer's files, the whole line over them, and where to look.

Belongs here: the order of the steps and what a newcomer is told. Does not belong here: any step's work.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.settings import PROJECT_DIR

AS_OF = "2017-12-31"
DEMO_DIR = PROJECT_DIR / "var" / "demo"


def _step(title: str, work: Callable[[], None]) -> None:
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    work()
    print(f"   {time.monotonic() - began:.0f} s", flush=True)


def _make_files() -> None:
    from demo.make import make_landing

    make_landing(DEMO_DIR / "landing", DEMO_DIR / "truth", progress=lambda text: print(f"   {text}", flush=True))


def _prepare_odoo() -> None:
    from demo import odoo_server
    from demo.odoo_seed import seed
    from pipelines.odoo.setup import prepare_bot

    server = odoo_server.connection()
    seed(server, DEMO_DIR / "odoo_seed", progress=lambda text: print(f"   {text}", flush=True))
    bot = prepare_bot(server)
    os.environ.update(bot)


def _run_line() -> None:
    from pipelines.cli import run

    run(as_of=AS_OF)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--odoo", action="store_true", help="bring up a real Odoo 19, fill it, and write to it")
    with_odoo = parser.parse_args().odoo
    _step("The demo retailer's files", _make_files)
    if with_odoo:
        _step("A real Odoo 19 with the demo retailer in it", _prepare_odoo)
    _step(f"The line as of {AS_OF}: load, build, resolve, score, plan, publish", _run_line)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
