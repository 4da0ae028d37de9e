"""The whole line against a real Odoo 19: killed while it writes, run again, and then with nothing new."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.odoo_seed import seed
from demo.odoo_server import database_for_tests
from pipelines.odoo.client import OdooClient
from pipelines.odoo.schema import CASE, CUSTOMER_SCORE, ORDER, ORDERPOINT, PRODUCT_SCORE, TASK
from pipelines.odoo.setup import prepare_bot
from pipelines.settings import OdooConnection
from tests.line.line import AS_OF, Retailer

pytestmark = pytest.mark.odoo


@dataclass(frozen=True)
class Written:
    """A retailer whose line was killed while it wrote to an Odoo and then ran, and the administrator's view of that."""

    retailer: Retailer
    bot: dict[str, str]
    admin: OdooClient
    mails_before: int


@pytest.fixture(scope="module")
def server() -> Iterator[OdooConnection]:
    with database_for_tests() as connection:
        yield connection


@pytest.fixture(scope="module")
def written(landing: Path, server: OdooConnection, tmp_path_factory: pytest.TempPathFactory) -> Written:
    seed(server, landing.parent / "odoo_seed", progress=lambda text: None)
    bot = prepare_bot(server)
    retailer = Retailer.make(tmp_path_factory.mktemp("odoo") / "retailer", landing)
    admin = OdooClient.connect(server)
    mails = len(admin.search_read("mail.mail", [], ["id"]))
    # Killed while it writes and run again: what follows holds as if nothing had happened.
    retailer.kill_within("sync_ledger", after_seconds=0.2, **bot)
    retailer.run_line(**bot)
    return Written(retailer, bot, admin, mails)


def query(retailer: Retailer, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(retailer.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def write_dates(admin: OdooClient) -> dict[str, list[tuple[int, str]]]:
    return {
        model: sorted((row["id"], row["write_date"]) for row in admin.search_read(model, [], ["write_date"]))
        for model in (
            "res.partner",
            CUSTOMER_SCORE,
            PRODUCT_SCORE,
            ORDER,
            ORDERPOINT,
            TASK,
            CASE,
            "mail.activity",
        )
    }


def test_odoo_shows_the_scores_of_the_warehouse(written: Written) -> None:
    shown = {
        (row["x_partner_id"][0], row["x_brand"]): round(row["x_churn_probability"], 2)
        for row in written.admin.search_read(CUSTOMER_SCORE, [], ["x_partner_id", "x_brand", "x_churn_probability"])
    }
    expected = {
        (partner, brand): float(probability)
        for partner, brand, probability in query(
            written.retailer,
            """select x.source_customer_id::bigint, b.brand_name, round(s.churn_probability, 2)
            from score_churn_current as s
            join ops_brand as b using (brand)
            join identity_xref as x on x.customer_id = s.customer_id and x.valid_to is null
            join raw_odoo.res_partner as p on p.id = x.source_customer_id::bigint and p.active
            where x.source_name = 'odoo_main'""",
        )
    }
    assert len(expected) > 20
    assert shown == expected


def test_suggested_orders_stand_on_the_rules_of_their_stores(written: Written) -> None:
    rules = written.admin.search_read(ORDERPOINT, [["x_reknit_suggested_qty", ">", 0]], ["x_reknit_suggested_qty"])
    expected = query(
        written.retailer,
        """select rule.source_orderpoint_id::bigint, score.suggested_order_qty
        from score_order_current as score
        join stg_odoo__warehouse as warehouse on score.store_id = 'grocer:' || warehouse.warehouse_code
        join stg_odoo__orderpoint as rule using (product_id)
        where rule.store_id = warehouse.store_id and score.suggested_order_qty > 0""",
    )
    assert len(expected) >= 3
    assert {row["id"]: row["x_reknit_suggested_qty"] for row in rules} == dict(expected)


def test_every_row_of_the_plan_was_applied(written: Written) -> None:
    assert query(written.retailer, "select count(*) from sync_rejected") == [(0,)]
    assert query(
        written.retailer,
        """select count(*) from (select key, arg_max(status, ledger_id) as status from sync_ledger group by key)
        where status <> 'applied'""",
    ) == [(0,)]


def test_the_plan_is_shown_and_another_digest_is_refused(written: Written) -> None:
    shown = written.retailer.run("odoo", "plan", **written.bot)
    assert "Stopped" not in shown
    [digest] = re.findall(r"retail odoo apply (\w{12})\s", shown)
    assert "complete: 0 applied" in written.retailer.run("odoo", "apply", digest, **written.bot)
    process = written.retailer.start("odoo", "apply", "0123456789ab", **written.bot)
    output, _ = process.communicate()
    assert process.returncode == 1
    assert "No plan has the digest 0123456789ab any more" in output


def test_tasks_are_quiet_few_and_on_partners(written: Written) -> None:
    activities = written.admin.search_read(
        "mail.activity", [["activity_type_id.name", "like", "Reknit:"]], ["res_model", "user_id", "note"]
    )
    assert 0 < len(activities) <= 20
    assert {row["res_model"] for row in activities} == {"res.partner"}
    assert len(written.admin.search_read("mail.mail", [], ["id"])) == written.mails_before


def test_a_second_run_writes_nothing(written: Written) -> None:
    before = write_dates(written.admin)
    ledger = query(written.retailer, "select count(*) from sync_ledger")
    written.retailer.run_line(**written.bot)
    assert query(written.retailer, "select count(*) from sync_ledger") == ledger
    assert write_dates(written.admin) == before


def test_a_past_day_writes_nothing(written: Written) -> None:
    before = write_dates(written.admin)
    written.retailer.run("run", "--as-of", "2017-12-30", **written.bot)
    assert write_dates(written.admin) == before
    days = query(written.retailer, "select distinct as_of_date::varchar from score_churn order by 1")
    assert days == [("2017-12-30",), (AS_OF,)]


def test_odoo_orders_stand_in_the_facts(written: Written) -> None:
    orders = written.admin.search_read("pos.order", [], ["amount_total"])
    assert query(
        written.retailer,
        "select sum(net_amount + coalesce(tax_amount, 0))::double from fct_order_line where channel = 'odoo_pos'",
    )[0][0] == pytest.approx(sum(row["amount_total"] for row in orders), abs=0.01)
