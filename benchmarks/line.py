"""The whole line on the demo retailer: seconds and memory by stage, rows that do not reconcile, writes of a second run.

Cases: `demo`, and `demo_x10` with ten times the customers over the same calendar. Seconds and memory are those of a
first run without an Odoo. `rerun_writes` counts what a run with nothing new writes into an Odoo that the run before has
filled: the one of ODOO_URL and its companions, else a database of our own, which needs what `make demo ODOO=1` needs.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import yaml

from benchmarks.processes import MemorySampler
from benchmarks.report import report

AS_OF = "2017-12-31"
MULTIPLY = {"demo": 1, "demo_x10": 10}
# The step of the job whose time goes to a stage; what is named nowhere is `raw`.
STAGES = {
    "staging": "staging",
    "identity": "identity",
    "marts": "marts",
    "score_churn": "scores",
    "score_demand": "scores",
    "score_return_anomaly": "scores",
    "score_return_excess": "scores",
    "sync_desired": "sync",
    "sync_plan": "sync",
    "sync_ledger": "sync",
    "published": "publish",
}


def prepare(case: str, folder: Path) -> None:
    """Make the case's files, and point the settings and the state of this process at them."""
    from demo.make import make_landing

    example = Path(__file__).resolve().parent.parent / "retail.yaml"
    make_landing(folder / "landing", folder / "truth", multiply=MULTIPLY[case], progress=lambda text: None)
    settings = yaml.safe_load(example.read_text(encoding="utf-8"))
    settings["landing_dir"] = str(folder / "landing")
    (folder / "retail.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    os.environ["REKNIT_CONFIG"] = str(folder / "retail.yaml")
    os.environ["REKNIT_STATE"] = str(folder / "var")
    os.environ["REKNIT_DAGSTER_DIR"] = str(folder / "var" / "dagster")


def run_line() -> dict[str, tuple[float, float]]:
    """Run the job; gives the moments at which each step began and ended."""
    import dagster as dg

    from pipelines.cli import prepare_dagster
    from pipelines.definitions import defs

    prepare_dagster()
    # What dbt prints is no figure.
    with dg.DagsterInstance.get() as instance, redirect_stdout(sys.stderr):
        result = defs.resolve_job_def("line").execute_in_process(
            partition_key=AS_OF,
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        )
        steps = instance.get_run_step_stats(result.run_id)
    return {step.step_key: (step.start_time or 0.0, step.end_time or 0.0) for step in steps}


def by_stage(steps: dict[str, tuple[float, float]]) -> dict[str, list[tuple[float, float]]]:
    stages: dict[str, list[tuple[float, float]]] = {}
    for step, moments in steps.items():
        stages.setdefault(STAGES.get(step, "raw"), []).append(moments)
    return stages


def measure(case: str, folder: Path) -> None:
    prepare(case, folder)
    with MemorySampler() as memory:
        begin = time.time()
        stages = by_stage(run_line())
        end = time.time()
    for stage, spans in stages.items():
        report("line", case, "seconds", round(sum(until - since for since, until in spans), 1), "s", stage=stage)
        report("line", case, "peak_mb", round(max(memory.peak_mb(*span) for span in spans)), "MB", stage=stage)
    report("line", case, "seconds", round(end - begin, 1), "s", stage="total")
    report("line", case, "peak_mb", round(memory.peak_mb(begin, end)), "MB", stage="total")
    if case == "demo":
        report("line", case, "unreconciled_rows", unreconciled_rows(), "rows")
        report("line", case, "rerun_writes", rerun_writes(folder / "odoo_seed"), "writes")


def unreconciled_rows() -> int:
    """Rows read that were neither loaded nor quarantined, and rows loaded that are not there."""
    from pipelines.checks import unreconciled_loads
    from pipelines.warehouse import connect

    with connect() as connection:
        differing = unreconciled_loads(connection)
    return sum(abs(read - loaded - quarantined) + abs(loaded - raw) for *_, read, loaded, quarantined, raw in differing)


def rerun_writes(seed_files: Path) -> int:
    """Run the line against an Odoo with the demo retailer in it, and once more: the second run's writes."""
    from demo.odoo_seed import seed
    from demo.odoo_server import database_for_tests
    from pipelines.odoo.setup import prepare_bot

    with database_for_tests() as server:
        seed(server, seed_files, progress=lambda text: None)
        os.environ.update(prepare_bot(server))
        run_line()
        before = ledger_size()
        run_line()
        return ledger_size() - before


def ledger_size() -> int:
    from pipelines.warehouse import connect

    with connect() as connection:
        size: int = connection.execute("select count(*) from sync_ledger").fetchall()[0][0]
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=MULTIPLY, default="demo")
    parser.add_argument("--data", type=Path, help="folder to work in and keep; a temporary one if left out")
    arguments = parser.parse_args()
    if arguments.data:
        arguments.data.mkdir(parents=True, exist_ok=True)
        measure(arguments.case, arguments.data.resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(arguments.case, Path(folder))


if __name__ == "__main__":
    main()
