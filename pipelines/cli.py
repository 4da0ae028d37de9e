"""The `retail` command. It is thin: each command calls the room that does the work and shows the result."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines import runs
from pipelines.settings import PROJECT_DIR, SettingsError, state_dir
from pipelines.warehouse import WarehouseBusyError, connect, personal_path, published_path, read_published

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Knit a retailer's customers together again.")
console = Console()

AsOf = Annotated[str | None, typer.Option(help="Business date, inclusive (YYYY-MM-DD); the last full day if left out.")]


def prepare_dagster() -> None:
    """Point Dagster at this project's instance."""
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_DIR))
    os.environ.setdefault("REKNIT_DAGSTER_DIR", str(state_dir() / "dagster"))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    (state_dir() / "dagster").mkdir(parents=True, exist_ok=True)


@app.command(epilog="Example: retail run --as-of 2017-12-31")
def run(as_of: AsOf = None) -> None:
    """Run the whole line as of a day: load, build, resolve, score, plan, write to Odoo, publish."""
    prepare_dagster()
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.partitions import daily

    partition = as_of or daily.get_last_partition_key()
    if partition is None or not daily.has_partition_key(partition):
        _fail(f"{partition} is no day of the line: it begins on retail.yaml's start_date and ends yesterday.")
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("line").execute_in_process(
            partition_key=partition,
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},
        )
    if not result.success:
        _fail("The run failed; what is published is still the last good run. The error stands above.")
    show_summary()


@app.command(epilog="Example: retail plan")
def plan() -> None:
    """Show what the last run would have Odoo show."""
    with read_published() as connection:
        table = Table("what", "records", title="What Odoo should show")
        for kind, count in runs.desired_by_kind(connection):
            table.add_row(kind, f"{count:,}")
        console.print(table)


@app.command(epilog="Example: retail dev --port 3001")
def dev(port: Annotated[int, typer.Option(help="Port of the Dagster UI on this machine.")] = 3000) -> None:
    """Open the Dagster UI on the same definitions."""
    prepare_dagster()
    executable = str(Path(sys.executable).parent / "dagster")
    os.execv(executable, [executable, "dev", "-m", "pipelines.definitions", "--host", "127.0.0.1", "--port", str(port)])


@app.command(epilog="Example: retail status")
def status() -> None:
    """Show the last run: rows in, in quarantine, customers, scores and plan."""
    show_summary()


def show_summary() -> None:
    """What the published run found."""
    with read_published() as connection:
        loads = Table("source", "entity", "read", "loaded", "quarantined", "amount read", "amount loaded")
        for source, entity, read, loaded, quarantined, amount_read, amount_loaded in runs.loads_by_source(connection):
            loads.add_row(
                source, entity, f"{read:,}", f"{loaded:,}", f"{quarantined:,}", amount_read or "", amount_loaded or ""
            )
        counts = Table("found", "rows")
        for name, count in runs.headline(connection).items():
            counts.add_row(name, f"{count:,}")
        desired = Table("for Odoo", "records")
        for kind, count in runs.desired_by_kind(connection):
            desired.add_row(kind, f"{count:,}")
    for table in (loads, counts, desired):
        console.print(table)
    console.print(f"Analysts open {published_path()}")


@app.command(epilog="Example: retail customer C0123456789ab")
def customer(customer_id: Annotated[str, typer.Argument(help="A customer_id, as in dim_customer.")]) -> None:
    """Show a customer: golden record, the records behind it, and the scores. Needs the personal copy."""
    with read_published(personal_path()) as connection:
        columns = [row[0] for row in connection.execute("describe dim_customer").fetchall()]
        found = connection.execute("select * from dim_customer where customer_id = ?", [customer_id]).fetchall()
        if not found:
            _fail(f"No customer is called {customer_id}: ids stand in dim_customer of {published_path()}.")
        golden = Table("field", "value", title=customer_id)
        for name, value in zip(columns, found[0], strict=True):
            golden.add_row(name, "" if value is None else str(value))
        records = Table("source", "record", "match probability", "since")
        for row in connection.execute(
            """select source_name, source_customer_id, match_probability, valid_from
            from identity_xref where customer_id = ? and valid_to is null order by all""",
            [customer_id],
        ).fetchall():
            records.add_row(*("" if value is None else str(value) for value in row))
        scores = Table("brand", "as of", "churn", "level", "at risk", "reasons")
        for row in connection.execute(
            """select brand, as_of_date, round(churn_probability, 3), churn_level,
                value_at_risk_amount || ' ' || currency_code, array_to_string(reasons, '; ')
            from score_churn_current where customer_id = ? order by brand""",
            [customer_id],
        ).fetchall():
            scores.add_row(*("" if value is None else str(value) for value in row))
    for table in (golden, records, scores):
        console.print(table)


def _fail(message: str) -> None:
    console.print(message, style="red", soft_wrap=True)
    raise typer.Exit(code=1)


def main() -> None:
    """Entry point: an error that a person can mend is shown as one line."""
    try:
        app()
    except (SettingsError, WarehouseBusyError, FileNotFoundError) as error:
        console.print(str(error), style="red", soft_wrap=True)
        raise SystemExit(1) from None
