"""The whole line without an Odoo: it reconciles, says what it found, and changes nothing the second time."""

import json
import threading
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.line.line import AS_OF, Retailer, checksums


def query(database: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_each_source_reconciles_with_the_manifest(finished: Retailer) -> None:
    manifest = json.loads((finished.landing.parent / "manifest.json").read_text(encoding="utf-8"))
    expected = {
        (entry["source"], entry["entity"]): (entry["rows"], Decimal(entry["amount"]) if entry["amount"] else None)
        for entry in manifest["entries"]
        if (finished.landing / entry["source"]).exists() and entry["entity"] != "planted_returns"
    }
    found = {
        (source, entity): (rows, amount)
        for source, entity, rows, amount in query(
            finished.published,
            "select source_name, entity, sum(rows_read)::bigint, sum(amount_read) from ops_file_load group by all",
        )
    }
    assert found == expected
    assert query(
        finished.published,
        """select count(*) from ops_file_load where rows_read <> rows_loaded + rows_quarantined
        or coalesce(amount_read, 0) <> coalesce(amount_loaded, 0) + coalesce(amount_quarantined, 0)""",
    ) == [(0,)]


def test_facts_hold_every_amount_of_the_sources(finished: Retailer) -> None:
    assert query(
        finished.published,
        "select count(*) from mart_reconciliation where amount_difference <> 0 or row_count_difference <> 0",
    ) == [(0,)]
    # The tills' net amount, lines of sales and returns, to the cent.
    tills = query(
        finished.published,
        "select sum(amount_read) from ops_file_load where source_name like 'till_%' and entity = 'receipt_lines'",
    )
    assert (
        query(finished.published, "select sum(net_amount) from fct_order_line where source_name like 'till_%'") == tills
    )


def test_there_is_something_for_an_odoo_to_show(finished: Retailer) -> None:
    kinds = dict(query(finished.published, "select target_kind, count(*) from sync_desired group by all"))
    assert set(kinds) == {"customer_score", "product_score", "order", "activity", "case", "review"}
    assert kinds["activity"] <= 20
    assert query(
        finished.published,
        "select count(*) from sync_desired where target_kind = 'activity' and len(reasons) = 0",
    ) == [(0,)]


def test_nobody_without_consent_gets_a_win_back_task(finished: Retailer) -> None:
    assert query(
        finished.published,
        """select count(*) from sync_desired join dim_customer using (customer_id)
        where target_kind = 'activity' and has_marketing_consent is false""",
    ) == [(0,)]


def test_published_file_names_nobody(finished: Retailer) -> None:
    personal = {"first_name", "last_name", "full_name", "email", "phone", "street", "postcode", "birth_date", "tax_id"}
    columns = query(finished.published, "select distinct column_name from catalog")
    assert personal.isdisjoint({name for (name,) in columns})
    private = finished.published.with_name("retail_personal.duckdb")
    assert private.stat().st_mode & 0o077 == 0
    assert personal & {name for (name,) in query(private, "select distinct column_name from catalog")}


def test_every_published_column_is_described(finished: Retailer) -> None:
    assert (
        query(finished.published, "select table_name, column_name from catalog where coalesce(description, '') = ''")
        == []
    )


def test_the_documentation_is_one_page_that_names_nobody(finished: Retailer) -> None:
    page = finished.published.with_name("docs.html").read_text(encoding="utf-8")
    assert "fct_order_line" in page
    private = finished.published.with_name("retail_personal.duckdb")
    emails = query(private, "select distinct email from dim_customer where email is not null")
    assert emails
    assert [email for (email,) in emails if str(email) in page] == []


def test_the_data_says_how_old_it_is(finished: Retailer) -> None:
    """The gifts brand's files end on 1 December, 30 days before the run's day; its returns on 30 November."""
    [(message,)] = query(finished.published, "select message from banner")
    assert message == (
        "Data up to 2017-12-31. Stale: headoffice_gifts (30 days old), returns_gifts (31 days old),"
        " shop_gifts (30 days old)."
    )
    assert str(message) in finished.run("status")
    assert query(
        finished.published,
        "select newest_date::varchar, age_days from catalog_table where table_name = 'fct_order_line'",
    ) == [(AS_OF, 0)]


def test_again_changes_nothing_and_a_reader_is_never_blocked(finished: Retailer) -> None:
    before = checksums(finished.published)
    loads = query(finished.published, "select count(*) from ops_file_load")
    done, reads = threading.Event(), []

    def read_in_a_loop() -> None:
        while not done.wait(0.05):
            reads.append(query(finished.published, "select count(*) from fct_order_line"))

    reader = threading.Thread(target=read_in_a_loop)
    reader.start()
    finished.run_line()
    done.set()
    reader.join()
    assert checksums(finished.published) == before
    assert query(finished.published, "select count(*) from ops_file_load") == loads
    assert len(reads) > 100
    assert len({tuple(read) for read in reads}) == 1


def test_commands_that_read(finished: Retailer) -> None:
    assert "customers" in finished.run("status")
    assert "No Odoo is connected" in finished.run("odoo", "plan")
    [(customer_id,)] = query(finished.published, "select min(customer_id) from score_churn")
    assert str(customer_id) in finished.run("customer", str(customer_id))


@pytest.mark.parametrize("command", ["run", "odoo plan", "odoo apply", "status", "customer"])
def test_help_shows_an_example(finished: Retailer, command: str) -> None:
    assert f"Example: retail {command}" in finished.run(*command.split(), "--help")
