"""The `retail` command. It is thin: each command calls the room that does the work and shows the result."""

import os
import sys
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.identity.explanation import named, spelt
from models.identity.settings import Engine
from pipelines import deciding, decisions, forecasting, identities, runs, standings, writeback
from pipelines.odoo import removal, setup
from pipelines.odoo.client import OdooError
from pipelines.odoo.json2 import connected
from pipelines.odoo.ledger import PlanChangedError
from pipelines.odoo.schema import BOT_LOGIN
from pipelines.odoo.sink import ApplyResult
from pipelines.settings import PROJECT_DIR, Settings, SettingsError, load_settings, odoo_connection, state_dir
from pipelines.state import prepare_state
from pipelines.warehouse import WarehouseBusyError, docs_path, personal_path, published_path, read_published

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Knit a retailer's customers together again.")
odoo_app = typer.Typer(no_args_is_help=True, help="The connected Odoo.")
app.add_typer(odoo_app, name="odoo")
models_app = typer.Typer(invoke_without_command=True, help="Which models score, and why.")
app.add_typer(models_app, name="models")
identity_app = typer.Typer(no_args_is_help=True, help="Who is one customer, and why. Shows personal values.")
app.add_typer(identity_app, name="identity")
demand_app = typer.Typer(no_args_is_help=True, help="What will be sold, and what a promotion changes.")
app.add_typer(demand_app, name="demand")
# A log file has no width of its own.
console = Console(width=None if sys.stdout.isatty() else 140)

# Errors that a person can mend: shown as one line, without a traceback.
EXPECTED_ERRORS = (
    SettingsError,
    WarehouseBusyError,
    FileNotFoundError,
    PlanChangedError,
    OdooError,
    writeback.NoOdooError,
    identities.IdentityError,
    decisions.DecisionError,
    standings.PromotionError,
    forecasting.NoForecastError,
)

AsOf = Annotated[str | None, typer.Option(help="Business date, inclusive (YYYY-MM-DD); the last full day if left out.")]


def prepare_dagster() -> None:
    """Point Dagster at this project's instance."""
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_DIR))
    os.environ.setdefault("REKNIT_DAGSTER_DIR", str(state_dir() / "dagster"))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    (state_dir() / "dagster").mkdir(parents=True, exist_ok=True)


@app.command(epilog="Example: retail run --as-of 2017-12-31")
def run(
    as_of: AsOf = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Build large tables anew.")] = False,
    accept_identity: Annotated[
        bool, typer.Option("--accept-identity", help="Keep customers that the gate would hold back.")
    ] = False,
    engine: Annotated[
        Engine | None, typer.Option(help="Where customer records are compared, instead of identity.engine.")
    ] = None,
) -> None:
    """Run the whole line as of a day: load, build, resolve, score, plan, write to Odoo, publish."""
    prepare_dagster()
    import dagster as dg

    from pipelines.assets.identity import ACCEPT_TAG, ENGINE_TAG
    from pipelines.dbt import FULL_REFRESH_TAG
    from pipelines.definitions import defs
    from pipelines.partitions import daily

    partition = as_of or daily.get_last_partition_key()
    if partition is None or not daily.has_partition_key(partition):
        _fail(f"{partition} is no day of the line: it begins on retail.yaml's start_date and ends yesterday.")
    tags = {FULL_REFRESH_TAG: "true"} if full_refresh else {}
    tags |= {ACCEPT_TAG: "true"} if accept_identity else {}
    tags |= {ENGINE_TAG: engine} if engine else {}
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("line").execute_in_process(
            partition_key=partition,
            instance=instance,
            raise_on_error=False,
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},
        )
    if not result.success:
        checks = result.get_asset_check_evaluations()
        _show_stops(check.description for check in checks if not check.passed and check.description)
        _fail("The run failed; what is published is still the last good run. The error stands above.")
    show_summary()


@odoo_app.command("plan", epilog="Example: retail odoo plan --rows 50")
def odoo_plan(rows: Annotated[int, typer.Option(help="Changes shown one by one.")] = 10) -> None:
    """Show what the last run would have Odoo show, what that changes in each connected Odoo, and what stops it."""
    console.print(_table("What an Odoo should show", ["kind", "records"], _desired()))
    settings = _migrated_settings()
    plans = writeback.plan_all(settings, run_id=f"plan-{uuid.uuid4().hex[:8]}")
    if not plans:
        console.print("No Odoo is connected; records are matched once ODOO_URL and its companions are set.")
    for found in plans:
        matches = [[kind, match.matched, match.unmatched] for kind, match in found.matches.items()]
        console.print(_table("Records that the Odoo has", ["kind", "found", "not found"], matches))
        first = writeback.first_changes(found.odoo_name, rows)
        console.print(_table(f"First changes in {found.odoo_name}", ["key", "what", "values"], first))
        changes = [[kind, operation, count] for (kind, operation), count in found.plan.changes.items()]
        console.print(_table(f"Changes in {found.odoo_name}", ["kind", "operation", "records"], changes))
        _show_stops(found.stopped_by)
        digest = found.plan.digest[: writeback.DIGEST_LENGTH]
        console.print(f"The plan is {digest}. To apply exactly it: retail odoo apply {digest}", soft_wrap=True)


@odoo_app.command("apply", epilog="Example: retail odoo apply 3f9a2c51d0e7")
def odoo_apply(digest: Annotated[str, typer.Argument(help="The digest that `retail odoo plan` showed.")]) -> None:
    """Apply exactly the plan that `retail odoo plan` showed, or refuse if the world has moved on."""
    _show_result(writeback.apply_digest(_migrated_settings(), f"apply-{uuid.uuid4().hex[:8]}", digest))


@odoo_app.command("undo", epilog="Example: retail odoo undo apply-3f9a2c51")
def odoo_undo(
    run_id: Annotated[str, typer.Argument(help="A run_id of sync_ledger; `retail odoo runs` lists them.")],
) -> None:
    """Take back what a run wrote, where nobody has touched it since, and say what is left."""
    for odoo_name, (undone, result) in writeback.undo(
        _migrated_settings(), run_id, f"undo-{uuid.uuid4().hex[:8]}"
    ).items():
        console.print(_table(f"Left in {odoo_name}", ["why", "records"], undone.left.items()))
        _show_result(result)


@odoo_app.command("runs", epilog="Example: retail odoo runs")
def odoo_runs() -> None:
    """Show which runs wrote to an Odoo, the newest first."""
    _migrated_settings()
    columns = ["run", "Odoo", "began, UTC", "applied", "failed"]
    console.print(_table("Runs that wrote", columns, writeback.runs_that_wrote()))


@odoo_app.command("approvals", epilog="Example: retail odoo approvals")
def odoo_approvals() -> None:
    """Show what waits for a reviewer in Odoo, and who decided what, when."""
    _migrated_settings()
    columns = ["Odoo", "what", "decision", "by user", "at, UTC"]
    console.print(_table("Approvals", columns, writeback.decisions()))


def _migrated_settings() -> Settings:
    """The settings, once the warehouse is of this release: the last run may have been of an earlier one."""
    settings = load_settings()
    prepare_state(settings)
    return settings


def _show_result(result: ApplyResult) -> None:
    console.print(
        f"{result.status}: {result.applied:,} applied, {result.rejected:,} refused, {result.left:,} values left "
        f"to people, {result.calls:,} calls."
    )
    _show_stops(result.stopped_by)
    if result.stopped_by:
        raise typer.Exit(code=1)


def _show_stops(reasons: Iterable[str]) -> None:
    for reason in reasons:
        console.print(f"Stopped: {reason}", style="red", soft_wrap=True)


@odoo_app.command("setup", epilog="Example: ODOO_USER=admin ODOO_PASSWORD=... retail odoo setup --check")
def odoo_setup(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; say what is missing or differs, with exit code 1.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take everything away again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
) -> None:
    """Once, as an administrator: make models, fields, views and the bot in the connected Odoo, or take them away."""
    server = odoo_connection()
    if server is None:
        raise writeback.NoOdooError("Set ODOO_URL, ODOO_DB, and an administrator's ODOO_USER and ODOO_PASSWORD.")
    writable = removal.REMOVAL_WRITES if remove else setup.SETUP_WRITES
    client = connected(server, load_settings().odoo.transport, writable)
    changes = removal.plan_removal(client) if remove else setup.plan_setup(client)
    for change in changes:
        console.print(str(change), soft_wrap=True)
    if not changes:
        console.print("Nothing of it is there." if remove else "Everything is set up.")
    elif check:
        raise typer.Exit(code=1)
    elif remove:
        if not yes:
            typer.confirm(f"Do this in {server.database} at {server.url}?", abort=True)
        removal.remove(client)
        console.print("Done. What is archived above, Odoo does not delete; cases and activities stay with people.")
    else:
        setup.setup(client)
        console.print(f"Done. Give the user {BOT_LOGIN} a password or an API key, and set ODOO_USER to it.")


@app.command(epilog="Example: retail dev --port 3001")
def dev(port: Annotated[int, typer.Option(help="Port of the Dagster UI on this machine.")] = 3000) -> None:
    """Open the Dagster UI on the same definitions."""
    prepare_dagster()
    executable = str(Path(sys.executable).parent / "dagster")
    os.execv(executable, [executable, "dev", "-m", "pipelines.definitions", "--host", "127.0.0.1", "--port", str(port)])


@app.command(epilog="Example: retail status")
def status() -> None:
    """Show the last run: how old the data is, rows in, in quarantine, customers, scores and plan."""
    show_summary()


def show_summary() -> None:
    """What the published run found."""
    with read_published() as connection:
        banner = runs.banner(connection)
        ages = runs.age_by_source(connection)
        loads = runs.loads_by_source(connection)
        counts = runs.headline(connection)
    columns = ["source", "entity", "read", "loaded", "quarantined", "amount read", "amount loaded"]
    console.print(banner, soft_wrap=True)
    console.print(_table("Age of the data", ["source", "newest date", "days old", "loaded at, UTC", "stale"], ages))
    console.print(_table("Rows in", columns, loads))
    console.print(_table("Found", ["what", "rows"], counts.items()))
    console.print(_table("What an Odoo should show", ["kind", "records"], _desired()))
    console.print(f"Analysts open {published_path()}; {docs_path()} describes it.", soft_wrap=True)


def _desired() -> list[tuple[str, int]]:
    with read_published() as connection:
        return runs.desired_by_kind(connection)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(_text(value) for value in row))
    return table


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    # A value in square brackets is no markup.
    return "" if value is None else escape(str(value))


@app.command(epilog="Example: retail customer C0123456789ab")
def customer(customer_id: Annotated[str, typer.Argument(help="A customer_id, as in dim_customer.")]) -> None:
    """Show a customer: golden record, the records behind it, and the scores. Needs the personal copy."""
    with read_published(personal_path()) as connection:
        columns = [row[0] for row in connection.execute("describe dim_customer").fetchall()]
        found = connection.execute("select * from dim_customer where customer_id = ?", [customer_id]).fetchall()
        if not found:
            _fail(f"No customer is called {customer_id}: ids stand in dim_customer of {published_path()}.")
        golden = _table(customer_id, ["field", "value"], zip(columns, found[0], strict=True))
        records = connection.execute(
            """select source_name, source_customer_id, round(match_probability, 3), valid_from
            from identity_xref where customer_id = ? and valid_to is null order by all""",
            [customer_id],
        ).fetchall()
        scores = connection.execute(
            """select brand, as_of_date, round(churn_probability, 3), churn_level,
                value_at_risk_amount::decimal(18, 2) || ' ' || currency_code, array_to_string(reasons, '; ')
            from score_churn_current where customer_id = ? order by brand""",
            [customer_id],
        ).fetchall()
    console.print(golden)
    console.print(_table("Records", ["source", "record", "match probability", "since"], records))
    console.print(_table("Churn", ["brand", "as of", "probability", "level", "at risk", "reasons"], scores))


@models_app.callback(epilog="Example: retail models")
def models(context: typer.Context) -> None:
    """Show the models that were trained, which of them are champions, and why."""
    _migrated_settings()
    if context.invoked_subcommand is None:
        columns = ["task", "brand", "model", "as of", "became", "AUC", "best rule", "why", "by", "champion now"]
        console.print(_table("Models", columns, standings.listing()))


@models_app.command("promote", epilog="Example: retail models promote 3f9a2c51d0e7")
def models_promote(version: Annotated[str, typer.Argument(help="A model that `retail models` lists.")]) -> None:
    """Make a challenger the champion of its task and brand, from the next day's run on."""
    task, brand = standings.promote(version)
    console.print(f"{version} scores {task} for {brand} from the next day's run on.")


@identity_app.command("explain", epilog="Example: retail identity explain loyalty_grocer:1042 shop_gifts:88213")
def identity_explain(
    left: Annotated[str, typer.Argument(help="A source's record (source:id) or a customer_id.")],
    right: Annotated[str, typer.Argument(help="Another one.")],
) -> None:
    """Say why two records or customers are linked or not, weight by weight, and draw it."""
    _migrated_settings()
    explained = identities.explain(left, right)
    pair = explained.explanation.pair
    rows = [
        ["starting odds", "", "", f"against {pair.alternative}", f"{pair.starting_bits:+.2f}"],
        *(
            [spelt(one.comparison), one.left_value, one.right_value, spelt(one.agreement), f"{one.bits:+.2f}"]
            for one in pair.weighed
        ),
        ["other alternatives", "", "", "", f"{pair.remaining_bits:+.2f}"],
        ["total", "", "", f"probability {pair.match_probability:.4f}", f"{pair.total_bits:+.2f}"],
    ]
    columns = ["comparison", named(pair.left), named(pair.right), "agreement", "bits"]
    console.print(_table("Bits for one customer", columns, rows))
    for sentence in explained.sentences:
        console.print(escape(sentence), soft_wrap=True)
    console.print(f"The picture, with the values: {explained.picture}", soft_wrap=True)


@identity_app.command("customer", epilog="Example: retail identity customer C0123456789ab")
def identity_customer(customer_id: Annotated[str, typer.Argument(help="A customer_id, past ones too.")]) -> None:
    """Show a customer's records, the links between them and to others, events and household."""
    _migrated_settings()
    for title, (columns, rows) in identities.customer(customer_id).items():
        console.print(_table(title, columns, rows))


Why = Annotated[str, typer.Option(help="The reason, for whoever reads it later.")]


@identity_app.command("same", epilog="Example: retail identity same shop:12 loyalty:77 --why 'asked at the till'")
def identity_same(
    names: Annotated[list[str], typer.Argument(help="Records (source:id) or customer_ids, two or more.")], why: Why = ""
) -> None:
    """Decide that records or customers are one customer, from the next run on and for good."""
    _migrated_settings()
    _show_decided(deciding.same(names, why))


@identity_app.command("different", epilog="Example: retail identity different shop:12 loyalty:77 --why 'her sister'")
def identity_different(
    left: Annotated[str, typer.Argument(help="A source's record (source:id) or a customer_id.")],
    right: Annotated[str, typer.Argument(help="Another one.")],
    why: Why = "",
) -> None:
    """Decide that two records or customers are never one customer, whatever links them."""
    _migrated_settings()
    _show_decided(deciding.different(left, right, why))


@identity_app.command("split", epilog="Example: retail identity split C0123456789ab --records shop:12,shop:14")
def identity_split(
    customer_id: Annotated[str, typer.Argument(help="A current customer_id.")],
    records: Annotated[
        list[str] | None,
        typer.Option(help="Records of one person, joined by commas; once a person. The rest is another."),
    ] = None,
    why: Why = "",
) -> None:
    """Decide that a customer's records are of several; without --records, that each is of another."""
    _migrated_settings()
    _show_decided(deciding.split(customer_id, [part.split(",") for part in records or []], why))


@identity_app.command("decisions", epilog="Example: retail identity decisions")
def identity_decisions() -> None:
    """List what people decided, the newest first, and which of it is in force."""
    _migrated_settings()
    columns = ["decision", "kind", "records", "when, UTC", "who", "where", "why", "state"]
    console.print(_table("Decisions", columns, deciding.every_decision()))


@identity_app.command("withdraw", epilog="Example: retail identity withdraw D0123456789ab")
def identity_withdraw(
    decision_id: Annotated[str, typer.Argument(help="As `retail identity decisions` shows it.")],
) -> None:
    """End a decision: from the next run on the records are judged without it."""
    _migrated_settings()
    deciding.withdraw(decision_id)
    console.print(f"{decision_id} is withdrawn. The next run follows.")


@identity_app.command("review", epilog="Example: retail identity review")
def identity_review() -> None:
    """List the pairs of records that the line asks about."""
    _migrated_settings()
    questions = deciding.open_questions()
    console.print(_table("Open questions", ["question", "asked", "record", "other record", "why"], questions))
    for review_id, _, left, right, _ in questions[:1]:
        console.print(f"To see both: retail identity explain {left} {right}", soft_wrap=True)
        console.print(f"To answer: retail identity answer {review_id} {'|'.join(decisions.ANSWERS)}", soft_wrap=True)


@identity_app.command("answer", epilog="Example: retail identity answer R0123456789ab different")
def identity_answer(
    review_id: Annotated[str, typer.Argument(help="As `retail identity review` shows it.")],
    answer: Annotated[str, typer.Argument(help="same, different or unsure.")],
) -> None:
    """Answer a question; same and different become decisions."""
    if answer not in decisions.ANSWERS:
        _fail(f"An answer is {', '.join(decisions.ANSWERS)}, not {answer}.")
    _migrated_settings()
    made = deciding.answer(review_id, answer)
    console.print(f"{review_id} is answered{f' by decision {made}' if made else ''}. The next run follows.")


def _show_decided(decided: deciding.Decided) -> None:
    console.print(f"Decision {decided.decision_id}. The next run follows.")
    for one in decided.unfollowed:
        console.print(f"{one.decision_id} is not followed: {one.why}.", style="red", soft_wrap=True)


@identity_app.command("reestimate", epilog="Example: retail identity reestimate --apply")
def identity_reestimate(
    apply: Annotated[bool, typer.Option("--apply", help="Keep the new estimate, and what it changes.")] = False,
) -> None:
    """Learn anew how records of one customer agree, and show what that changes: parameters, pairs, customers, ids."""
    _migrated_settings()
    found = identities.reestimate(apply)
    for title, (columns, rows) in found.tables.items():
        console.print(_table(title, columns, rows))
    console.print(f"The report: {found.report}", soft_wrap=True)
    if apply:
        console.print("The new estimate is kept. The next `retail run` builds the tables that follow from it.")
    else:
        console.print("Nothing was changed. To keep the new estimate: retail identity reestimate --apply")


@demand_app.command(
    "what-if", epilog="Example: retail demand what-if --product grocer:1029743 --display --discount 0.2"
)
def demand_what_if(
    product: Annotated[
        str | None, typer.Option(help="A product_id; the planned promotions of all if left out.")
    ] = None,
    store: Annotated[str | None, typer.Option(help="A store_id; all stores if left out.")] = None,
    display: Annotated[bool, typer.Option("--display", help="As if it stood on a display.")] = False,
    mailer: Annotated[bool, typer.Option("--mailer", help="As if it stood in the mailer.")] = False,
    discount: Annotated[
        float | None,
        typer.Option(min=0, max=0.9, help="Share off the usual price; what past promotions gave if left out."),
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows shown one by one.")] = 20,
) -> None:
    """Show units and margin of the coming four weeks with a promotion, or a price, and without it."""
    found = forecasting.what_if(product, store, display, mailer, discount)
    sums = forecasting.sums(found).rows()
    columns = ["currency", "promotions", "units with", "without", "uplift", "margin with", "without", "more margin"]
    console.print(_table("All of them", columns, sums))
    shown = forecasting.largest(found, rows)
    columns = [
        "product", "store", "week of", "display", "mailer", "discount", "units with", "without", "more margin",
        "currency",
    ]  # fmt: skip
    console.print(_table("The largest uplifts", columns, shown.rows()))
    if discount is not None and (unmeasured := found["price_elasticity"].null_count()):
        console.print(
            f"No effect of price could be measured for {unmeasured:,} of these {found.height:,}: the sales of their "
            "category do not tell it. The discount moves their margin and no units."
        )


@demand_app.command("daily", epilog="Example: retail demand daily coming-days.parquet")
def demand_daily(
    target: Annotated[Path, typer.Argument(help="The Parquet file to write: a row a product, store and day.")],
) -> None:
    """Forecast each of the coming 28 days of every product and store with a year of sales, with a range."""
    console.print(f"{forecasting.daily_forecast(target):,} rows in {target}", soft_wrap=True)


def _fail(message: str) -> None:
    console.print(message, style="red", soft_wrap=True)
    raise typer.Exit(code=1)


def main() -> None:
    """Entry point: an error that a person can mend is shown as one line."""
    try:
        app()
    except EXPECTED_ERRORS as error:
        console.print(str(error), style="red", soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
