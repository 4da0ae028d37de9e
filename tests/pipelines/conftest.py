"""A state folder and a small retailer of their own for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import CONFIG_VARIABLE, STATE_VARIABLE, Settings, load_settings
from pipelines.state import prepare_state
from pipelines.warehouse import connect, writer_lock
from tests.identity.records import frame

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
  till: {system: pos, brand: b, customer_source: card, history_until: 2017-01-31}
  shop: {system: shopify, brand: b, history_until: 2017-01-31}
  card: {system: loyalty, brand: b, history_until: 2017-01-31}
  office: {system: headoffice, brand: b, history_until: 2017-01-31}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    (tmp_path / "retail.yaml").write_text(RETAIL, encoding="utf-8")
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "retail.yaml"))
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "var"))
    monkeypatch.delenv("ODOO_URL", raising=False)
    load_settings.cache_clear()
    yield load_settings()
    load_settings.cache_clear()
    writer_lock.release()


@pytest.fixture
def prepared(settings: Settings) -> Settings:
    prepare_state(settings)
    return settings


def stage(*rows: dict[str, Any]) -> None:
    """Stages customer records, of a retailer without an Odoo."""
    with connect() as connection:
        staged = frame(*rows).to_arrow()
        connection.register("_staged", staged)
        connection.execute(
            """create or replace table stg_customer_record as select * from _staged;
            create table if not exists stg_odoo__partner (
                source_name VARCHAR, source_customer_id VARCHAR, email VARCHAR, phone VARCHAR, street VARCHAR,
                postcode VARCHAR, country_code VARCHAR, parent_source_customer_id VARCHAR, is_active BOOLEAN,
                is_own BOOLEAN);
            create table if not exists stg_odoo__company (source_name VARCHAR, source_partner_id VARCHAR)"""
        )
