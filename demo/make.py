"""Makes the demo retailer: landing files, the truth about them, what its Odoo holds, and a manifest.

    python -m demo.make --landing var/demo/landing --truth var/demo/truth

Belongs here: the order of the steps,
    and that a build is whole or absent. The same seed gives the same bytes. Beside the
landing folder come `manifest.json` and beside the truth folder `odoo_seed/`; nothing of the truth is in the landing
folder. Product code never imports this package: it sees files and an Odoo.
"""

import argparse
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from demo import customers, gifts, grocer, headoffice, loyalty, odoo_records, stock, till_returns
from demo.files import open_workspace
from demo.manifest import Manifest, read_manifest

SEED = 20171231


def make_landing(
    landing_dir: Path,
    truth_dir: Path,
    seed: int = SEED,
    multiply: int = 1,
    progress: Callable[[str], object] = print,
    share: float = 1.0,
) -> Manifest:
    """Make everything, or nothing where a finished build of the same seed, size and version is there.

    multiply: that many times the customers, with new ids, over the same calendar. share: of the households, customers
    and guests' invoices kept; below 1 for quick tests.
    """
    manifest = Manifest(seed, multiply, share)
    manifest_path = landing_dir.parent / "manifest.json"
    odoo_dir = truth_dir.parent / "odoo_seed"
    finished = read_manifest(manifest_path)
    targets = (landing_dir, truth_dir, odoo_dir)
    if finished and finished.is_of_same_build(manifest) and all(target.is_dir() for target in targets):
        progress("demo data: already made")
        return finished
    manifest_path.unlink(missing_ok=True)
    building = [target.with_name(f".{target.name}.building") for target in targets]
    work = landing_dir.with_name(f".{landing_dir.name}.work")
    for folder in (*building, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        landing, truth, odoo = building
        _build(landing, truth, odoo, work / "work.duckdb", manifest, progress)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for target, made in zip(targets, building, strict=True):
        shutil.rmtree(target, ignore_errors=True)
        os.replace(made, target)
    manifest.write(manifest_path)
    return manifest


def _build(
    landing: Path, truth: Path, odoo: Path, work: Path, manifest: Manifest, progress: Callable[[str], object]
) -> None:
    started = time.monotonic()

    def report(what: str) -> None:
        progress(f"demo data: {what} ({time.monotonic() - started:.0f} s)")

    con = open_workspace(work, manifest.seed)
    try:
        grocer.load(con, manifest.multiply, manifest.share)
        gifts.load(con, manifest.multiply, manifest.share)
        loyalty.load(con, manifest.multiply, manifest.share)
        headoffice.load(con)
        report("public data read")
        customers.assign(con, manifest.seed)
        customers.write_truth(con, truth)
        report("persons made")
        till_returns.plant(con, manifest.multiply)
        till_returns.write_truth(con, truth, manifest)
        headoffice.write_grocer(con, landing, manifest)
        headoffice.write_gifts(con, landing, manifest)
        report("head offices written")
        grocer.write_tills(con, landing, manifest)
        grocer.write_web_shop(con, landing, manifest)
        report("grocer's tills and web shop written")
        loyalty.write_accounts(con, landing, manifest)
        loyalty.write_events(con, landing, manifest)
        loyalty.write_campaigns(con, landing, manifest, manifest.multiply, manifest.share)
        report("loyalty and campaigns written")
        gifts.write_shop(con, landing, manifest)
        gifts.write_returns(con, landing, manifest)
        gifts.write_books(con, landing, manifest)
        report("gift shop written")
        stock.write(con, stock.grocer_room(manifest.multiply), landing, manifest)
        stock.write(con, stock.gifts_room(), landing, manifest)
        report("stock and purchases written")
        odoo_records.write(con, odoo, landing, manifest.seed, manifest)
    finally:
        con.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo retailer's files.")
    parser.add_argument("--landing", type=Path, required=True, help="folder of the landing files")
    parser.add_argument("--truth", type=Path, required=True, help="folder of the truth, apart from the landing files")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--multiply", type=int, default=1, help="times the customers, with new ids")
    parser.add_argument("--share", type=float, default=1.0, help="share of customers kept, for tests")
    chosen = parser.parse_args()
    manifest = make_landing(chosen.landing, chosen.truth, chosen.seed, chosen.multiply, share=chosen.share)
    for entry in manifest.entries:
        print(f"{entry.source:18} {entry.entity:18} {entry.files:6} files {entry.rows:9} rows {entry.amount or '':>18}")


if __name__ == "__main__":
    main()
