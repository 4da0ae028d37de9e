"""Write-back to a real Odoo 19: how fast, how exact when killed, and how still when there is no news.

Cases: `scores_10k_xmlrpc` and `scores_10k_json2` (every score of 10,000 customers changes in six values and more; plan,
ledger and read-back included), `activities_1000`, `no_news_100k` (the pull of partners included) and `kill_100` (an
apply of 5,000 changes and 200 tasks, killed again and again). The server is a database of our own, which needs what
`make demo ODOO=1` needs, or the one of ODOO_URL and its companions, an administrator's.
"""

import argparse
import logging
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml

from benchmarks.report import report
from demo.odoo_api_key import make_api_key
from demo.odoo_server import database_for_tests
from pipelines import writeback
from pipelines.freshness import write_freshness
from pipelines.odoo import sink
from pipelines.odoo.client import OdooClient
from pipelines.odoo.ledger import Ledger, changes_of
from pipelines.odoo.schema import CUSTOMER_SCORE, TASK, WIN_BACK_TYPE
from pipelines.odoo.setup import SETUP_WRITES, prepare_bot
from pipelines.pulling import OdooLoader
from pipelines.settings import PROJECT_DIR, OdooConnection, load_settings, odoo_connection
from pipelines.sources import odoo_entities
from pipelines.sources.odoo import OdooSource
from pipelines.state import prepare_state
from pipelines.warehouse import connect, transaction, writer_lock

T = TypeVar("T")
BENCHMARK = "odoo_sync"
ODOO = "odoo_main"
AS_OF = date(2017, 12, 31)
BATCH_ROWS = 1_000
ONE_BY_ONE = 300
ROUNDS = 3
SEED = 20171231
_ADMIN_WRITES = (
    SETUP_WRITES
    | {("res.partner", "create"), ("res.partner", "write"), ("mail.activity", "create")}
    | {(model, "unlink") for model in ("mail.activity", TASK)}
)

# What dbt leaves to the sync.
_DBT_TABLES = """
    create table stg_odoo__partner (
        source_name varchar, source_customer_id varchar, is_active boolean, is_own boolean, language_code varchar);
    create table stg_odoo__user (
        source_name varchar, source_user_id varchar, source_partner_id varchar, login varchar, is_active boolean);
    create table stg_odoo__product_product (
        source_name varchar, source_product_id varchar, source_template_id varchar, product_id varchar,
        is_active boolean);
    create table stg_odoo__warehouse (source_name varchar, store_id varchar);
    create table stg_odoo__orderpoint (
        source_name varchar, source_orderpoint_id varchar, store_id varchar, source_product_id varchar,
        is_at_stock_location boolean, is_active boolean);
    create table int_stock_store (store_id varchar, stock_store_id varchar);
    create table dim_product (product_id varchar, product_name varchar);
    create table dim_store (store_id varchar, store_name varchar);
    create table mart_customer_brand (
        customer_id varchar, brand varchar, segment varchar, net_sales_amount decimal(18, 4), currency_code varchar,
        channel_kinds varchar[], points_balance bigint, has_points boolean, marketing_consent varchar);
    create table fct_order (order_id varchar, source_order_id varchar);
    create table fct_return (
        return_order_id varchar, sale_order_id varchar, sale_date date, net_amount decimal(18, 4));
    create table stg_odoo__pos_order (
        order_id varchar, source_name varchar, source_order_id varchar, order_name varchar, source_invoice_id varchar);
    create table stg_odoo__sale_order (
        order_id varchar, source_name varchar, source_order_id varchar, order_name varchar);
    create table stg_odoo__refund (
        order_id varchar, source_name varchar, source_refund_id varchar, refund_name varchar);
    create table fct_order_line (currency_code varchar, order_date date, exchange_rate decimal(28, 10));
    insert into fct_order_line values ('USD', date '2017-12-31', 1)
"""

# Six values that people see, and text; `$round` changes every one of them.
_SCORES = """
    update score_churn set
        churn_probability = 0.3 + (hash(customer_id) % 40 + $round % 30) / 100,
        churn_level = if($round % 2 = 0, 'high', 'medium'),
        value_at_risk_amount = 100 + hash(customer_id) % 900 + $round,
        expected_value_amount = 200 + hash(customer_id) % 900 + $round,
        reasons = ['No purchase for ' || (60 + $round) || ' days; usual gap 14', 'Spent 40 % less than before'],
        suggested_action = 'Call the customer before day ' || (7 + $round),
        as_of_date = date '2017-12-31'
"""


@dataclass(frozen=True)
class Shop:
    """A warehouse and an Odoo with customers that both know."""

    folder: Path
    admin: OdooClient
    partners: list[int]


@contextmanager
def shop(folder: Path, customers: int, tasks: int, transport: str = "xmlrpc") -> Iterator[Shop]:
    """An Odoo with this many partners, and a warehouse with a score of each; at most so many tasks a day."""
    with database_for_tests() as server:
        os.environ.update(prepare_bot(server))
        if transport == "json2":
            os.environ["ODOO_PASSWORD"] = make_api_key(_server())
        admin = OdooClient.connect(server, _ADMIN_WRITES)
        partners: list[int] = []
        for numbers in chunks(range(customers)):
            partners += admin.call("res.partner", "create", [[{"name": f"Customer {n}"} for n in numbers]])
        settings = yaml.safe_load((PROJECT_DIR / "retail.yaml").read_text(encoding="utf-8"))
        settings["odoo"] |= {"max_new_tasks": tasks, "max_turned_share": 1, "transport": transport}
        settings["tasks"] = {"max_activities_per_assignee": tasks, "max_open_per_person": customers, "max_cases": 0}
        (folder / "retail.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        _point_at(folder)
        _fill(partners, admin.user_id)
        yield Shop(folder, admin, partners)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + BATCH_ROWS] for start in range(0, len(items), BATCH_ROWS))


def _point_at(folder: Path) -> None:
    os.environ |= {"REKNIT_CONFIG": str(folder / "retail.yaml"), "REKNIT_STATE": str(folder / "var")}
    load_settings.cache_clear()


def _fill(partners: Sequence[int], admin_id: int) -> None:
    prepare_state(load_settings())
    with connect() as connection, transaction(connection):
        write_freshness(connection, load_settings().sources, AS_OF)
        connection.execute(_DBT_TABLES)
        connection.execute("create temp table partner as select unnest(?) as id", [list(partners)])
        connection.execute(
            f"""insert into stg_odoo__user values ('{ODOO}', '{admin_id}', null, 'admin', true);
            insert into stg_odoo__partner select '{ODOO}', id::varchar, true, false, null from partner;
            insert into identity_xref by name select
                '{ODOO}' as source_name, id::varchar as source_customer_id, 'C' || id as customer_id from partner;
            insert into identity_golden by name select 'C' || id as customer_id from partner;
            insert into score_churn by name
                select 'C' || id as customer_id, 'grocer' as brand, 'USD' as currency_code, 'model-1' as model_version,
                    true as is_fallback from partner"""
        )
    change_scores(0)


def change_scores(round_: int, day: date = AS_OF) -> None:
    with connect() as connection, transaction(connection):
        connection.execute(_SCORES, {"round": round_})
        connection.execute("update score_churn set as_of_date = ?", [day])


def plan_and_apply(run_id: str) -> sink.ApplyResult:
    """What a run does once the scores stand."""
    settings = load_settings()
    writeback.desire(settings, run_id)
    [plan] = writeback.plan_all(settings, run_id)
    result = writeback.apply_current(settings, run_id, AS_OF)[plan.odoo_name]
    if result.status != "complete":
        raise RuntimeError(f"{result}")
    return result


def seconds_of(action: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def scores_10k(folder: Path, transport: str) -> None:
    case, customers = f"scores_10k_{transport}", 10_000
    with shop(folder, customers, 0, transport) as made:
        creating = seconds_of(lambda: plan_and_apply("create"))
        report(BENCHMARK, case, "rows_created_per_second", round(customers / creating), "rows/s")
        ours, bare = [], []
        for number in range(1, ROUNDS + 1):
            change_scores(number)
            ours.append(seconds_of(lambda number=number: plan_and_apply(f"update-{number}")))  # type: ignore[misc]
            # An odd number further on, so that every value differs, from what stands there and from the next round's.
            bare.append(_bare_seconds(number + 11))
        one_by_one = _one_by_one_seconds(made) / ONE_BY_ONE * customers
        seconds, bare_seconds = statistics.median(ours), statistics.median(bare)
        report(BENCHMARK, case, "rows_per_second", round(customers / seconds), "rows/s", "bare web_save_multi loop",
               round(customers / bare_seconds))  # fmt: skip
        report(BENCHMARK, case, "ratio_to_bare", round(bare_seconds / seconds, 2), "ratio")
        report(BENCHMARK, case, "ratio_to_one_by_one", round(one_by_one / seconds, 1), "ratio", "one write a partner",
               round(customers / one_by_one))  # fmt: skip
        report(BENCHMARK, case, "values_wrong", _values_wrong(made), "rows")


def _bare_seconds(round_: int) -> float:
    """The same change, sent by the same client without plan, ledger and checks."""
    change_scores(round_)
    writeback.desire(load_settings(), "bare")
    [plan] = writeback.plan_all(load_settings(), "bare")
    changes = changes_of(Ledger(connect, plan.odoo_name, "bare").due(1_000_000))
    client = sink.sink_client(_server(), load_settings().odoo.transport)
    calls = [([c.res_id for c in batch], [c.values for c in batch]) for batch in chunks(changes)]
    # Neither pays for a login.
    _ = client.user_id
    begin = time.perf_counter()
    for ids, values in calls:
        client.call(CUSTOMER_SCORE, "web_save_multi", [ids, values, {"id": {}}], {"context": sink.QUIET})
    return time.perf_counter() - begin


def _one_by_one_seconds(made: Shop) -> float:
    """What a script does: fields on the partner, one write each."""
    [model] = made.admin.search_read("ir.model", [["model", "=", "res.partner"]], ["id"])
    types = {"probability": "float", "level": "char", "value": "float", "expected": "float", "reasons": "text",
             "action": "char"}  # fmt: skip
    fixed = {"model_id": model["id"], "state": "manual"}
    fields = [
        {**fixed, "name": f"x_bench_{name}", "field_description": name, "ttype": ttype} for name, ttype in types.items()
    ]
    made.admin.call("ir.model.fields", "create", [fields])
    values = {"probability": 0.7, "level": "high", "value": 120.0, "expected": 240.0,
              "reasons": "No purchase for 60 days; usual gap 14", "action": "Call the customer"}  # fmt: skip
    named = {f"x_bench_{name}": value for name, value in values.items()}
    begin = time.perf_counter()
    for partner in made.partners[:ONE_BY_ONE]:
        made.admin.call("res.partner", "write", [[partner], named])
    return time.perf_counter() - begin


def activities_1000(folder: Path) -> None:
    case, tasks = "activities_1000", 1_000
    with shop(folder, tasks, tasks=0) as made:
        plan_and_apply("scores")
        _change_settings(folder, odoo={"max_new_tasks": tasks}, tasks={"max_activities_per_assignee": tasks})
        seconds = seconds_of(lambda: plan_and_apply("tasks"))
        [type_] = made.admin.search_read(
            "ir.model.data", [["module", "=", "reknit"], ["name", "=", WIN_BACK_TYPE.partition(".")[2]]], ["res_id"]
        )
        [model] = made.admin.search_read("ir.model", [["model", "=", "res.partner"]], ["id"])
        begin = time.perf_counter()
        for partner in made.partners[:ONE_BY_ONE]:
            values = {"activity_type_id": type_["res_id"], "res_model_id": model["id"], "res_id": partner,
                      "user_id": made.admin.user_id, "summary": "Win back", "note": "<p>Call</p>"}  # fmt: skip
            made.admin.call("mail.activity", "create", [values], {"context": {"mail_activity_quick_update": True}})
        baseline = ONE_BY_ONE / (time.perf_counter() - begin)
        report(BENCHMARK, case, "rows_per_second", round(tasks / seconds), "rows/s", "one create an activity",
               round(baseline))  # fmt: skip


def _change_settings(folder: Path, **changes: dict[str, Any]) -> None:
    settings = yaml.safe_load((folder / "retail.yaml").read_text(encoding="utf-8"))
    for section, values in changes.items():
        settings[section] |= values
    (folder / "retail.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    load_settings.cache_clear()


def no_news(folder: Path, customers: int) -> None:
    case = "no_news_100k"
    with shop(folder, customers, tasks=0, transport="json2"):
        plan_and_apply("first")
        _pull_partners("first")

        def again(transport: str) -> None:
            _pull_partners(f"again-{transport}")
            result = plan_and_apply(f"again-{transport}")
            report(BENCHMARK, case, "writes", result.calls, "calls", transport=transport)

        for transport in ("xmlrpc", "json2"):
            _change_settings(folder, odoo={"transport": transport})
            # What was written in the last minutes comes with every pull once more: longer ago is the common case.
            with connect() as connection:
                connection.execute("update ops_cursor set cursor_at = cursor_at + interval 15 minute")
            seconds = seconds_of(lambda transport=transport: again(transport))  # type: ignore[misc]
            report(BENCHMARK, case, "seconds", round(seconds, 1), "s", transport=transport, customers=str(customers))


def _pull_partners(run_id: str) -> None:
    settings = load_settings()
    entity = odoo_entities.ODOO_MODELS["res.partner"]
    source = OdooSource.connect(_server())
    with connect() as connection:
        loader = OdooLoader(connection, odoo_entities.SYSTEM, ODOO, settings.sources[ODOO], source, run_id)
        loader.load("res.partner", entity)


def kill(folder: Path, kills: int) -> None:
    """Each round changes every score and opens 200 new matters, is killed at a random moment, and is run again."""
    case, customers, tasks = "kill_100", 5_000, 200
    randomness = random.Random(SEED)
    # The processes start from one that has everything imported and nothing open.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["benchmarks.odoo_sync"])
    with shop(folder, customers, tasks=tasks) as made:
        plan_and_apply("first")
        counts = [_check_and_clear(made, tasks)]
        undisturbed, hit = 0.0, 0
        for number in range(kills + 1):
            # Later than a matter lasts, so that the same customers get a task again.
            change_scores(number + 1, AS_OF + timedelta(days=91 * (number + 1)))
            settings, run = load_settings(), f"killed-{number}"
            writeback.desire(settings, run)
            writeback.plan_all(settings, run)
            writer_lock.release()
            process = processes.Process(target=_apply, args=(str(folder), run))
            begin = time.perf_counter()
            process.start()
            # The first one is not disturbed.
            process.join(timeout=randomness.uniform(0, undisturbed) if number else None)
            if process.is_alive():
                process.kill()
                process.join()
                hit += 1
            elif process.exitcode:
                raise RuntimeError(f"The apply of round {number} ended by itself with {process.exitcode}.")
            else:
                undisturbed = time.perf_counter() - begin
            plan_and_apply(f"resumed-{number}")
            counts.append(_check_and_clear(made, tasks))
        wrong, doubled, missing = (sum(values) for values in zip(*counts, strict=True))
        report(BENCHMARK, case, "kills_that_hit", hit, "kills", rounds=str(kills))
        report(BENCHMARK, case, "values_wrong", wrong, "rows", "an undisturbed run", counts[1][0])
        report(BENCHMARK, case, "tasks_doubled", doubled, "tasks", "an undisturbed run", counts[1][1])
        report(BENCHMARK, case, "tasks_missing", missing, "tasks", "an undisturbed run", counts[1][2])


def _check_and_clear(made: Shop, tasks: int) -> tuple[int, int, int]:
    """Scores that are wrong, tasks and activities too many and too few; the round's are then removed."""
    rows = made.admin.search_read(TASK, [], ["x_key"])
    activities = made.admin.search_read("mail.activity", [["res_model", "=", "res.partner"]], ["id"])
    keys = {row["x_key"] for row in rows}
    counts = (
        _values_wrong(made),
        max(len(rows) - len(keys), len(activities) - tasks, 0),
        max(tasks - len(keys), tasks - len(activities), 0),
    )
    made.admin.call("mail.activity", "unlink", [[row["id"] for row in activities]])
    made.admin.call(TASK, "unlink", [[row["id"] for row in rows]])
    return counts


def _apply(folder: str, run_id: str) -> None:
    """The process that is killed."""
    _point_at(Path(folder))
    writeback.apply_current(load_settings(), run_id, AS_OF)


def _values_wrong(made: Shop) -> int:
    """Scores in Odoo that are not those of the warehouse, or are not there once."""
    rows = made.admin.search_read(CUSTOMER_SCORE, [], ["x_partner_id", "x_churn_probability", "x_value_at_risk",
                                                       "x_reasons"])  # fmt: skip
    with connect() as connection:
        wanted = connection.execute(
            """select customer_id[2:]::bigint, round(churn_probability, 2), round(value_at_risk_amount)::double,
                array_to_string(reasons, chr(10)) from score_churn"""
        ).fetchall()
    expected = {partner: (share, amount, reasons) for partner, share, amount, reasons in wanted}
    shown = [
        (row["x_partner_id"][0], (row["x_churn_probability"], row["x_value_at_risk"], row["x_reasons"])) for row in rows
    ]
    return sum(expected.get(partner) != values for partner, values in shown) + abs(len(shown) - len(expected))


def _server() -> OdooConnection:
    server = odoo_connection()
    if server is None:
        raise RuntimeError("No Odoo is connected.")
    return server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    cases = ["scores_10k_xmlrpc", "scores_10k_json2", "activities_1000", "no_news_100k", "kill_100"]
    parser.add_argument("--case", choices=cases, default=cases[0])
    parser.add_argument("--customers", type=int, default=100_000, help="of no_news_100k")
    parser.add_argument("--kills", type=int, default=100, help="of kill_100")
    arguments = parser.parse_args()
    logging.getLogger("odoorpc").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        match arguments.case:
            case "activities_1000":
                activities_1000(folder)
            case "no_news_100k":
                no_news(folder, arguments.customers)
            case "kill_100":
                kill(folder, arguments.kills)
            case case:
                scores_10k(folder, case.removeprefix("scores_10k_"))


if __name__ == "__main__":
    main()
