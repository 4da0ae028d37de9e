"""Merged partners: Odoo moves their rows without a new write date, and a pull finds them all the same."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.pulling import OdooLoader
from pipelines.settings import CONFIG_VARIABLE, STATE_VARIABLE, load_settings
from pipelines.sources.odoo import OdooSource
from pipelines.sources.odoo_entities import ODOO_MODELS, SYSTEM
from pipelines.state import prepare_state
from pipelines.warehouse import connect, writer_lock
from tests.odoo_source.conftest import Admin

RETAIL = """
retailer: Test
reporting_currency: USD
start_date: 2017-01-01
landing_dir: landing
companies: {c: {name: C, country_code: US, currency_code: USD}}
brands:
  b:
    name: B
    company: c
    time_zone: America/New_York
    churn: {horizon_days: 28, active_days: 84}
    returns: {window_days: 60}
sources:
  odoo_main: {system: odoo, brand: b, history_until: 2017-01-31}
"""


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    (tmp_path / "retail.yaml").write_text(RETAIL, encoding="utf-8")
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "retail.yaml"))
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "var"))
    load_settings.cache_clear()
    prepare_state(load_settings())
    with connect() as connection:
        yield connection
    load_settings.cache_clear()
    writer_lock.release()


def test_rows_of_a_merged_partner_come_to_the_one_that_is_left(
    warehouse: duckdb.DuckDBPyConnection,
    source: OdooSource,
    admin: Admin,
    soon: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source, "now", lambda: soon)
    gone, survivor = admin.call("res.partner", "create", [{"name": "Ann Lee"}, {"name": "A. Lee"}])
    (contact,) = admin.call("res.partner", "create", [{"name": "Bo", "parent_id": gone}])
    (order,) = admin.call("sale.order", "create", [{"partner_id": gone}])
    loader = OdooLoader(warehouse, SYSTEM, "odoo_main", load_settings().sources["odoo_main"], source, "run")

    def pull() -> tuple[int, int, list[int]]:
        """The order's partner, the contact's parent, and which of the two partners are there."""
        for model in ("res.partner", "sale.order"):
            loader.load(model, ODOO_MODELS[model])
        partner = warehouse.execute("select partner_id from raw_odoo.sale_order where id = ?", [order]).fetchall()
        parent = warehouse.execute("select parent_id from raw_odoo.res_partner where id = ?", [contact]).fetchall()
        there = warehouse.execute(
            "select id from raw_odoo.res_partner where id in (?, ?) order by id", [gone, survivor]
        ).fetchall()
        return partner[0][0], parent[0][0], [row[0] for row in there]

    assert pull() == (gone, gone, [gone, survivor])
    # Later pulls begin after all that is written here.
    warehouse.execute("update ops_cursor set cursor_at = cursor_at + interval 1 hour")
    wizard = admin.call(
        "base.partner.merge.automatic.wizard",
        "create",
        {"state": "selection", "partner_ids": [(6, 0, [gone, survivor])], "dst_partner_id": survivor},
    )
    admin.call("base.partner.merge.automatic.wizard", "action_merge", [wizard])
    assert pull() == (gone, gone, [survivor])
    # A partner whom no run knew may be one that the user does not see.
    assert loader.follow_merges() == 0
    known = [(str(partner),) for partner in (gone, survivor)]
    warehouse.executemany("insert into identity_xref (source_name, source_customer_id) values ('odoo_main', ?)", known)
    assert loader.follow_merges() >= 2
    assert pull() == (survivor, survivor, [survivor])
    assert loader.follow_merges() == 0
