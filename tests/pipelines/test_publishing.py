"""What analysts get: no unclassified column, a catalog that says unit, owner and age, and one line on stale data."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from pipelines.catalog import ColumnMeaning, TableMeaning, dbt_tables, unit_of
from pipelines.dbt import prepare_manifest
from pipelines.freshness import write_freshness
from pipelines.publishing import PublishError, is_published, publish
from pipelines.settings import Settings
from pipelines.sources import SYSTEMS
from pipelines.warehouse import connect

AS_OF = date(2017, 3, 10)

# Lines of the till up to the 8th and one of the 12th, after as_of; the shop's newest order is 27 February, 23:30 in New
# York; the card sent accounts and no event.
ROWS = """
insert into raw_pos.receipt_lines by name
select 'till' as source_name, unnest([timestamp '2017-03-08 21:00:00', timestamp '2017-03-12 09:00:00']) as sold_at;
insert into raw_shopify.orders by name select 'shop' as source_name, timestamptz '2017-02-28 04:30:00+00' as updated_at;
insert into raw_loyalty.accounts by name
select 'card' as source_name, timestamptz '2016-01-01 12:00:00+00' as updated_at;
insert into ops_file_load (source_name, entity, loaded_at) values
    ('till', 'receipt_lines', '2017-03-09 02:00:00'), ('till', 'receipt_lines', '2017-03-13 02:00:00');
create table dim_customer (customer_id varchar, email varchar);
insert into dim_customer values ('C1', 'ann@x.example'), ('C2', null);
create table fct_sale (customer_id varchar, sale_date date, net_amount decimal(18, 4));
insert into fct_sale values ('C1', '2017-03-08', 2.5), ('C2', '2017-03-12', 1);
create table fct_gone (email varchar);
insert into score_churn by name
select
    'C1' as customer_id, date '2017-03-10' as as_of_date, 12.5 as expected_value_amount, ['bought less'] as reasons;
"""

# A client of the long-term release: it reads every table and view whole, and prints what an analyst sees first.
OLD_CLIENT = """
import sys, duckdb
assert duckdb.__version__.startswith("1.4."), duckdb.__version__
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for (name,) in connection.execute("select table_name from information_schema.tables").fetchall():
        connection.execute(f'from "{name}"').fetchall()
    print(connection.execute("select message from banner").fetchall()[0][0])
    print(connection.execute("select reasons, expected_value_amount from score_churn_current").fetchall())
"""


def meaning(business_date: str | None = None, **personal: bool | None) -> TableMeaning:
    columns = {name: ColumnMeaning(f"{name} of it", unit_of(name), said) for name, said in personal.items()}
    return TableMeaning("Rows.", "analytics", business_date, columns)


TABLES = {
    "dim_customer": meaning(customer_id=False, email=True),
    "fct_sale": meaning("sale_date", customer_id=False, sale_date=False, net_amount=False),
}


@pytest.fixture
def warehouse(prepared: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        connection.execute(ROWS)
        write_freshness(connection, prepared.sources, AS_OF)
        yield connection


@pytest.fixture
def published(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> Path:
    publish(warehouse, tmp_path / "retail.duckdb", TABLES, with_personal=False, as_of=AS_OF)
    return tmp_path / "retail.duckdb"


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_column_that_may_be_personal_says_so() -> None:
    unclassified = {name: table.unclassified for name, table in dbt_tables(prepare_manifest()).items()}
    assert {name: columns for name, columns in unclassified.items() if columns} == {}


def test_only_the_customer_dimensions_hold_personal_values() -> None:
    """Facts, marts, features and scores carry ids; staging is not published."""
    holding = {
        name
        for name, table in dbt_tables(prepare_manifest()).items()
        if not name.startswith("stg_") and any(column.is_personal for column in table.columns.values())
    }
    assert {name for name in holding if not name.startswith("dim_customer")} == set()
    assert "dim_customer" in holding


def test_a_raw_column_that_is_personal_in_one_entity_is_so_in_all() -> None:
    """But for names and cities of stores, products and the like."""
    columns = [
        (f"{system.name}.{entity.name}.{column.name}", column)
        for system in SYSTEMS.values()
        for entity in system.entities
        for column in entity.columns
    ]
    personal = {column.name for _, column in columns if column.personal}
    others = [path for path, column in columns if column.name in personal - {"name"} and not column.personal]
    assert others == ["headoffice.stores.city"]


def test_every_public_table_has_an_owner_and_every_fact_a_business_date() -> None:
    public = {name: table for name, table in dbt_tables(prepare_manifest()).items() if is_published(name)}
    assert [name for name, table in public.items() if not table.owner] == []
    undated = [
        name for name, table in public.items() if name.startswith("fct_") and table.business_date not in table.columns
    ]
    assert undated == [], "say `config: {meta: {business_date: ...}}` beside the model"


def test_every_number_and_time_that_analysts_get_has_a_unit(published: Path) -> None:
    """A name that tells none is against the naming rules."""
    models = json.loads(prepare_manifest().read_text(encoding="utf-8"))["nodes"].values()
    columns = [
        (node["name"], column["name"], column["data_type"].upper())
        for node in models
        if node["resource_type"] == "model" and is_published(node["name"])
        for column in node["columns"].values()
    ] + rows(published, "select table_name, column_name, data_type from catalog")
    assert len(columns) > 200
    without = [
        f"{table}.{column}"
        for table, column, data_type in columns
        if re.match("DECIMAL|DOUBLE|FLOAT|.*INT|DATE|TIME", str(data_type)) and unit_of(str(column)) is None
    ]
    assert without == []


def test_personal_columns_are_only_in_the_copy_for_its_owner(
    warehouse: duckdb.DuckDBPyConnection, published: Path, tmp_path: Path
) -> None:
    publish(warehouse, tmp_path / "personal.duckdb", TABLES, with_personal=True, as_of=AS_OF)
    assert rows(published, "from dim_customer order by all") == [("C1",), ("C2",)]
    assert rows(tmp_path / "personal.duckdb", "from dim_customer order by all") == [
        ("C1", "ann@x.example"),
        ("C2", None),
    ]
    assert (tmp_path / "personal.duckdb").stat().st_mode & 0o077 == 0
    assert b"ann@x.example" not in published.read_bytes()
    assert rows(published, "select column_name from catalog where is_personal") == []
    assert rows(tmp_path / "personal.duckdb", "select table_name, column_name from catalog where is_personal") == [
        ("dim_customer", "email"),
        ("model_registry", "promoted_by"),
        ("ops_quarantine", "row_json"),
    ]


@pytest.mark.parametrize("columns", [{"customer_id": False}, {"customer_id": False, "email": None}])
def test_a_column_of_which_nobody_says_whether_it_is_personal_stops_publishing(
    warehouse: duckdb.DuckDBPyConnection, published: Path, columns: dict[str, bool | None]
) -> None:
    before = published.read_bytes()
    with pytest.raises(PublishError, match=r"dim_customer\.email"):
        publish(warehouse, published, {"dim_customer": meaning(**columns)}, with_personal=False, as_of=AS_OF)
    assert published.read_bytes() == before


def test_a_table_of_no_model_stays_behind(published: Path) -> None:
    assert rows(published, "select count(*) from duckdb_tables() where table_name = 'fct_gone'") == [(0,)]


def test_catalog_says_owner_rows_and_age_of_each_table(published: Path) -> None:
    """The newest sale up to the 10th is of the 8th: two days old. The one of the 12th is later."""
    assert rows(
        published,
        """select table_name, owner, row_count, newest_date::varchar, age_days from catalog_table
        where table_name in ('dim_customer', 'fct_sale', 'banner') order by 1""",
    ) == [
        ("banner", "data engineering", None, None, None),
        ("dim_customer", "analytics", 2, None, None),
        ("fct_sale", "analytics", 2, "2017-03-08", 2),
    ]
    tables = rows(published, "select distinct table_name from catalog order by 1")
    assert tables == rows(published, "select table_name from catalog_table order by 1")
    assert tables == rows(
        published,
        """select table_name from duckdb_tables() union select view_name from duckdb_views() where not internal
        order by 1""",
    )


def test_age_is_that_of_the_newest_day_up_to_as_of(published: Path) -> None:
    """Till: 10 - 8 = 2 days, as old as 3 may be. Shop: 27 February is 11 days. The office never sent anything."""
    assert rows(
        published,
        """select source_name, entity, newest_date::varchar, age_days, loaded_at::varchar, is_stale from ops_freshness
        where entity in ('receipt_lines', 'payments', 'orders', 'accounts', 'events', 'stock_levels', 'stores')
        order by all""",
    ) == [
        ("card", "accounts", "2016-01-01", 434, None, False),
        ("card", "events", None, None, None, False),
        ("office", "stock_levels", None, None, None, True),
        ("office", "stores", None, None, None, False),
        ("shop", "orders", "2017-02-27", 11, None, True),
        ("till", "payments", None, None, None, False),
        ("till", "receipt_lines", "2017-03-08", 2, "2017-03-13 02:00:00", False),
    ]


def test_the_banner_names_what_is_stale(published: Path) -> None:
    assert rows(published, "select as_of_date::varchar, stale_source_count, message from banner") == [
        ("2017-03-10", 2, "Data up to 2017-03-10. Stale: office (never came), shop (11 days old).")
    ]


def test_the_banner_says_when_nothing_is_stale(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    warehouse.execute("update ops_freshness set is_stale = false")
    publish(warehouse, tmp_path / "retail.duckdb", TABLES, with_personal=False, as_of=AS_OF)
    assert rows(tmp_path / "retail.duckdb", "select message from banner") == [
        ("Data up to 2017-03-10. No source is stale.",)
    ]


def test_pandas_and_polars_read_the_file(published: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        polars_frame = connection.sql("from fct_sale order by sale_date").pl()
        pandas_frame = connection.sql("from fct_sale order by sale_date").df()
    assert polars_frame["net_amount"].dtype == pl.Decimal(18, 4)
    assert polars_frame["sale_date"].to_list() == [date(2017, 3, 8), date(2017, 3, 12)]
    assert pandas_frame["net_amount"].tolist() == [2.5, 1.0]
    assert pandas_frame["sale_date"].tolist() == [pd.Timestamp(2017, 3, 8), pd.Timestamp(2017, 3, 12)]


@pytest.fixture
def old_python(tmp_path: Path) -> Path:
    """Python of an environment with DuckDB 1.4, of which no other version can stand beside it."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "old")], check=True)
    python = tmp_path / "old" / "bin" / "python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "duckdb==1.4.*"],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode != 0:
        pytest.skip(f"duckdb 1.4 cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    return python


@pytest.mark.long
def test_a_client_of_the_long_term_release_reads_every_table(old_python: Path, published: Path) -> None:
    run = subprocess.run([old_python, "-c", OLD_CLIENT, str(published)], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        "Data up to 2017-03-10. Stale: office (never came), shop (11 days old).",
        "[(['bought less'], Decimal('12.5000'))]",
    ]
