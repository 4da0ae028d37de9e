"""Marts and features as dbt builds them: without any row, from a handmade till, and with nothing left undescribed.

Rules with values of their own are dbt unit tests beside the models; here the whole selection runs on a warehouse.
"""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.marts.warehouse import DBT_DIR, Warehouse

FOLDERS = ("intermediate", "marts", "features")

RETAIL = """
retailer: Test
reporting_currency: USD
start_date: 2017-01-01
landing_dir: landing
companies: {c: {name: C, country_code: GB, currency_code: GBP}}
brands:
  b:
    name: B
    company: c
    time_zone: Europe/London
    churn: {horizon_days: 28, active_days: 84}
    returns: {window_days: 60}
sources:
  till: {system: pos, brand: b, code_space: b, customer_source: card, known_after_hours: 6, history_until: 2017-12-31}
  card: {system: loyalty, brand: b, known_after_hours: 6, history_until: 2017-12-31}
  office: {system: headoffice, brand: b, code_space: b, known_after_hours: 6, history_until: 2017-12-31}
"""

# Two pens at 2.50 less 1.00 on 2 May, one of them back on 9 May with its receipt: 4.00 and -2.00 pounds. The pound is
# worth 1.5 dollars on 1 May, 8 days before the return: that has no rate. A pen costs 1.20 from 1 January on.
RAW_ROWS = """
insert into raw_pos.receipt_lines by name
select
    'till' as source_name, 'r.csv' as _file, row_number() over () as _file_line, timestamp '2018-01-01' as _loaded_at,
    true as _is_history, '7' as store_no, 'pen' as sku, 'piece' as unit_of_measure, '42' as loyalty_number, line.*
from (
    values
        ('100', 1, timestamp '2017-05-02 10:00:00', 'sale', 2, 5.00, 1.00, 4.00, null),
        ('200', 1, timestamp '2017-05-09 23:30:00', 'return', 1, 2.00, 0.00, -2.00, '100')
) as line (
    receipt_no, line_no, sold_at, line_type, quantity, gross_amount, retail_discount_amount, net_amount,
    original_receipt_no
);
insert into raw_pos.payments by name
select
    'till' as source_name, 'p.csv' as _file, 1 as _file_line, timestamp '2018-01-01' as _loaded_at,
    true as _is_history, '7' as store_no, '100' as receipt_no, 1 as payment_no,
    timestamp '2017-05-02 10:00:00' as paid_at, 'cash' as tender, 4.00 as amount;
insert into raw_headoffice.currency_rates by name
select
    'office' as source_name, 'c.csv' as _file, 1 as _file_line, timestamp '2018-01-01' as _loaded_at,
    true as _is_history, date '2017-05-01' as rate_date, 'GBP' as base_currency_code, 'USD' as currency_code,
    1.5 as rate;
insert into raw_headoffice.product_costs by name
select
    'office' as source_name, 'k.csv' as _file, 1 as _file_line, timestamp '2018-01-01' as _loaded_at,
    true as _is_history, 'pen' as sku, date '2017-01-01' as valid_from_date, 1.20 as unit_cost_amount,
    'GBP' as currency_code;
insert into identity_xref values ('card', '42', 'C42', 1.0, date '1900-01-01', null);
insert into identity_golden by name select 'C42' as customer_id, 'person' as record_kind, 1 as record_count;
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse that dbt built on raw tables without a row; the unit tests run too."""
    warehouse = Warehouse.make(tmp_path_factory.mktemp("marts"), RETAIL)
    warehouse.dbt("build", "--exclude", "path:models/staging,test_type:unit")
    return warehouse


@pytest.fixture(scope="module")
def empty_counts(empty: Warehouse) -> dict[str, int]:
    """Rows of each mart and feature table on empty raw tables."""
    tables = sorted(path.stem for folder in FOLDERS for path in (DBT_DIR / "models" / folder).glob("*.sql"))
    return {table: empty.rows(f"select count(*) from {table}")[0][0] for table in tables}


@pytest.fixture(scope="module")
def handmade(empty: Warehouse, empty_counts: dict[str, int]) -> Warehouse:
    """The same warehouse with the rows of one till; every other system still has none."""
    with duckdb.connect(str(empty.path)) as connection:
        connection.execute(RAW_ROWS)
    empty.dbt("build", "--exclude-resource-type", "unit_test")
    return empty


def test_every_model_builds_on_empty_raw_tables(empty_counts: dict[str, int]) -> None:
    assert {table for table, rows in empty_counts.items() if rows} == {"dim_date", "int_holiday"}


@pytest.mark.usefixtures("empty_counts")
def test_every_model_and_column_is_described_and_public_tables_have_a_contract(empty: Warehouse) -> None:
    models = {
        node["name"]: node
        for node in empty.manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["path"].split("/")[0] in FOLDERS
    }
    assert models
    assert [name for name, node in models.items() if not node["description"]] == []
    undescribed = [
        f"{name}.{column}"
        for name, node in models.items()
        for (column,) in empty.rows(f"select column_name from (describe {name})")
        if not node["columns"].get(column, {}).get("description")
    ]
    assert undescribed == []
    public = [node for name, node in models.items() if name.startswith(("dim_", "fct_", "mart_"))]
    assert [node["name"] for node in public if not node["config"]["contract"]["enforced"]] == []


@pytest.mark.usefixtures("empty_counts")
def test_only_the_customer_dimension_has_personal_columns(empty: Warehouse) -> None:
    personal = {
        node["name"]
        for node in empty.manifest()["nodes"].values()
        if node["resource_type"] == "model"
        and node["path"].split("/")[0] in FOLDERS
        and any(column["config"].get("meta", {}).get("personal") for column in node["columns"].values())
    }
    assert personal == {"dim_customer"}


@pytest.mark.usefixtures("empty_counts")
def test_no_fact_changes_with_the_identity(empty: Warehouse) -> None:
    """A merge or split moves history through the cross-reference; only a return looks among all sales of a person."""
    readers = empty.manifest()["child_map"]
    found, waiting = set(), ["source.reknit.identity.identity_xref", "source.reknit.identity.identity_golden"]
    while waiting:
        node = waiting.pop()
        found.add(node.rsplit(".", 1)[-1])
        waiting += [reader for reader in readers[node] if reader.startswith("model.")]
    assert {name for name in found if name.startswith("fct_")} == {"fct_return"}


def test_order_lines_carry_both_currencies_cost_and_the_day_they_were_known(handmade: Warehouse) -> None:
    lines = handmade.rows(
        """select order_line_id, quantity, net_amount, discount_amount, net_amount_reporting, cost_amount,
            cast(order_date as varchar), cast(known_date as varchar)
        from fct_order_line order by ordered_at"""
    )
    money = Decimal
    assert lines == [
        ("till:7-100:1", money(2), money(4), money(1), money(6), money("2.40"), "2017-05-02", "2017-05-02"),
        ("till:7-200:1", money(-1), money(-2), money(0), None, money("-1.20"), "2017-05-09", "2017-05-10"),
    ]


def test_the_return_is_linked_to_its_sale_and_to_its_customer(handmade: Warehouse) -> None:
    assert handmade.rows("select return_order_line_id, sale_order_line_id, link_kind from int_return_link") == [
        ("till:7-200:1", "till:7-100:1", "receipt")
    ]
    assert handmade.rows(
        """select return_order_id, customer_id, linked_share, customer_past_order_count, days_to_return_mean
        from feat_return__actual"""
    ) == [("till:7-200", "C42", 1.0, 1, 7.0)]
    assert handmade.rows("select returned, returned_qty from feat_return__expected") == [(True, 1.0)]


def test_orders_and_returns_add_up(handmade: Warehouse) -> None:
    money = Decimal
    assert handmade.rows(
        """select order_id, net_amount, margin_amount, total_amount, returned_total_amount, paid_amount,
            total_difference_amount
        from fct_order order by ordered_at"""
    ) == [
        ("till:7-100", money(4), money("1.60"), money(4), money(0), money(4), money(0)),
        ("till:7-200", money(-2), money("-0.80"), money(0), money(2), None, None),
    ]
    assert handmade.rows("select return_id, link_kind, quantity, net_amount, sale_net_amount from fct_return") == [
        ("till:7-200:1:1", "receipt", money(1), money(2), money(2))
    ]
    assert handmade.rows("select * from mart_order_difference") == []


def test_customer_and_unknown_product_and_store_have_a_member(handmade: Warehouse) -> None:
    assert handmade.rows("select customer_id, order_count, net_amount_reporting from dim_customer") == [
        ("C42", 1, Decimal(6))
    ]
    assert handmade.rows("select product_id, sku, is_described from dim_product") == [("b:pen", "pen", False)]
    assert handmade.rows("select store_id, brand, channel, country_code, currency_code from dim_store") == [
        ("b:7", "b", "store", "GB", "GBP")
    ]


def test_reconciliation_counts_each_fact_by_source_and_currency(handmade: Warehouse) -> None:
    assert handmade.rows(
        """select entity, source_name, currency_code, staged_row_count, staged_amount, fact_row_count, fact_amount,
            row_count_difference, amount_difference
        from mart_reconciliation order by entity"""
    ) == [
        ("order_line", "till", "GBP", 2, Decimal(2), 2, Decimal(2), 0, Decimal(0)),
        ("payment", "till", "GBP", 1, Decimal(4), 1, Decimal(4), 0, Decimal(0)),
    ]
    assert handmade.rows(
        """select cast(business_date as varchar), raw_row_count, fact_amount, without_rate_row_count
        from mart_reconciliation_daily where entity = 'order_line' order by all"""
    ) == [("2017-05-02", 1, Decimal(4), 0), ("2017-05-09", 1, Decimal(-2), 1)]


def test_a_past_day_sees_only_what_was_known_by_then(handmade: Warehouse, tmp_path: Path) -> None:
    """On 9 May the return of that evening was not yet known: it came on the 10th."""
    handmade = Warehouse(tmp_path, Path(shutil.copy(handmade.path, tmp_path)))
    handmade.dbt("run", "--select", "path:models/features", as_of=date(2017, 5, 9))
    assert handmade.rows("select count(*) from feat_return__actual") == [(0,)]
    assert handmade.rows(
        "select order_count_84, return_share_365, lapsed from feat_customer__churn where snapshot_date = '2017-05-09'"
    ) == [(1, 0.0, None)]
    handmade.dbt("run", "--select", "path:models/features", as_of=date(2017, 5, 10))
    assert handmade.rows("select return_order_id from feat_return__actual") == [("till:7-200",)]
    assert handmade.rows(
        "select order_count_84, return_share_365, lapsed from feat_customer__churn where snapshot_date = '2017-05-10'"
    ) == [(1, 0.5, None)]
