"""Loading files: good rows load, bad ones wait in quarantine with reason and line, again changes nothing."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.checks import unreconciled_loads
from pipelines.loading import FileLoader, LoadCount
from pipelines.settings import Settings
from pipelines.sources import SYSTEMS, headoffice, pos, shopify
from pipelines.sources.contract import Entity
from pipelines.warehouse import connect

HEADER = ",".join(pos.PAYMENTS.column_names)


@pytest.fixture
def landing(prepared: Settings) -> Path:
    folder = prepared.landing_dir / "till"
    folder.mkdir(parents=True)
    return folder


def load(
    settings: Settings, landing: Path, entity: Entity = pos.PAYMENTS, system: str = "pos", encoding: str = "utf-8"
) -> LoadCount:
    source = settings.sources["till"].model_copy(update={"encoding": encoding})
    with connect() as connection:
        return FileLoader(connection, SYSTEMS[system], "till", source, landing, "run").load(entity)


def rows(query: str) -> list[tuple[Any, ...]]:
    with connect() as connection:
        return connection.execute(query).fetchall()


def payments(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def test_bad_rows_wait_with_reason_and_line(prepared: Settings, landing: Path) -> None:
    (landing / "payments_1.csv").write_text(
        payments(
            "1,5,1,2017-01-01 10:00:00,cash,2.50",
            "1,5,2,2017-01-01 10:00:00,cash,abc",
            "",
            ',5,3,2017-01-01 10:00:00,"ca\nsh",1.00',
            "9,5,1,2017-01-01 10:00:00,card,1.00",
        )
    )
    assert load(prepared, landing) == LoadCount("till", "payments", 1, rows_read=4, rows_loaded=2, rows_quarantined=2)
    # Line 4 is blank, and the quoted text spans lines 5 and 6.
    assert rows("select file_line, reason from ops_quarantine order by all") == [
        (3, "amount is no DECIMAL(18,4)"),
        (5, "receipt_no is missing"),
    ]
    assert rows("select receipt_no, amount, _file_line from raw_pos.payments order by all") == [
        ("1", Decimal("2.5000"), 2),
        ("9", Decimal("1.0000"), 7),
    ]
    assert rows("select amount_read, amount_loaded, amount_quarantined from ops_file_load") == [
        (Decimal("4.5000"), Decimal("3.5000"), Decimal("1.0000"))
    ]


@pytest.mark.parametrize("amount", ["173,900", "1.234,50", "$1,045.00", "($45.00)", "1 234.50", "NaN"])
def test_an_amount_in_another_notation_is_never_guessed(prepared: Settings, landing: Path, amount: str) -> None:
    """cases.md S03 and S14: a comma makes no thousandfold, and an amount that cannot be read is no null and no zero."""
    (landing / "payments_1.csv").write_text(payments(f'1,5,1,2017-01-01 10:00:00,cash,"{amount}"'))
    assert load(prepared, landing).rows_quarantined == 1
    assert rows("select reason, count(*) from ops_quarantine group by all") == [("amount is no DECIMAL(18,4)", 1)]
    assert rows("select count(*) from raw_pos.payments") == [(0,)]


def test_a_store_in_no_known_time_zone_waits(prepared: Settings, landing: Path) -> None:
    """cases.md S14: a zone that is no IANA name would date nothing; the other stores load."""
    (landing / "stores_1.csv").write_text(
        "store_no,name,time_zone\n1,A,Eastern Time (US & Canada)\n2,B,America/New_York\n3,C,\n4,D,europe/london\n"
    )
    assert load(prepared, landing, headoffice.STORES, "headoffice").rows_loaded == 3
    assert rows("select file_line, reason from ops_quarantine") == [(2, "time_zone is no time zone")]
    assert rows("select store_no from raw_headoffice.stores order by all") == [("2",), ("3",), ("4",)]


def test_loaded_once_again_changes_nothing(prepared: Settings, landing: Path) -> None:
    (landing / "payments_1.csv").write_text(payments("1,5,1,2017-01-01 10:00:00,cash,2.50"))
    load(prepared, landing)
    before = rows("select * from raw_pos.payments") + rows("select * from ops_file_load")
    assert load(prepared, landing) == LoadCount("till", "payments")
    assert rows("select * from raw_pos.payments") + rows("select * from ops_file_load") == before


def test_a_corrected_file_replaces_what_it_brought(prepared: Settings, landing: Path) -> None:
    path = landing / "payments_1.csv"
    path.write_text(payments("1,5,1,2017-01-01 10:00:00,cash,oops", "2,5,1,2017-01-01 10:00:00,cash,3.00"))
    load(prepared, landing)
    path.write_text(payments("1,5,1,2017-01-01 10:00:00,cash,2.50"))
    load(prepared, landing)
    assert rows("select receipt_no, amount from raw_pos.payments") == [("1", Decimal("2.5000"))]
    assert rows("select count(*) from ops_quarantine") == [(0,)]


def test_columns_are_read_by_name(prepared: Settings, landing: Path) -> None:
    header = ",".join(reversed(pos.PAYMENTS.column_names))
    (landing / "payments_1.csv").write_text(f"{header},extra\n3.00,card,2017-01-01 10:00:00,1,8,77,x\n")
    load(prepared, landing)
    assert rows("select receipt_no, store_no, tender, amount from raw_pos.payments") == [
        ("77", "8", "card", Decimal("3.0000"))
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_a_file_of_another_shape_is_rejected_whole_and_holds_back_no_other(
    prepared: Settings, landing: Path, text: str
) -> None:
    (landing / "payments_1.csv").write_text(text)
    (landing / "payments_2.csv").write_text(payments("1,5,1,2017-01-01 10:00:00,cash,2.50"))
    assert load(prepared, landing) == LoadCount("till", "payments", 2, 2, 1, 1)
    assert rows("select file, reason like 'header lacks%' from ops_quarantine") == [("payments_1.csv", True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_declared_encodings_give_the_same_rows(prepared: Settings, landing: Path, encoding: str) -> None:
    text = payments("1,5,1,2017-01-01 10:00:00,Café,2.50")
    python_name = {"utf-8": "utf-8-sig"}.get(encoding, encoding)
    (landing / "payments_1.csv").write_bytes(text.encode(python_name))
    load(prepared, landing, encoding=encoding)
    assert rows("select receipt_no, tender from raw_pos.payments") == [("1", "Café")]


def test_nul_inside_a_text_is_taken_out(prepared: Settings, landing: Path) -> None:
    (landing / "payments_1.csv").write_bytes(payments("1,5,1,2017-01-01 10:00:00,c\0ash,2.50").encode())
    load(prepared, landing)
    assert rows("select tender from raw_pos.payments") == [("cash",)]


def test_an_undeclared_encoding_is_quarantined_not_guessed(prepared: Settings, landing: Path) -> None:
    (landing / "payments_1.csv").write_bytes(payments("1,5,1,2017-01-01 10:00:00,Café,2.50").encode("cp1252"))
    count = load(prepared, landing)
    assert (count.rows_read, count.rows_loaded, count.rows_quarantined) == (1, 0, 1)


def test_a_summary_line_is_no_sale(prepared: Settings, landing: Path) -> None:
    (landing / "payments_1.csv").write_text(payments("1,5,1,2017-01-01 10:00:00,cash,2.50", "Total,,,,,2.50"))
    load(prepared, landing)
    assert rows("select sum(amount) from raw_pos.payments") == [(Decimal("2.5000"),)]


def test_history_is_told_from_what_came_later(prepared: Settings, landing: Path) -> None:
    (landing / "payments_1.csv").write_text(
        payments("1,5,1,2017-01-31 23:00:00,cash,1.00", "2,5,1,2017-02-01 09:00:00,cash,1.00")
    )
    load(prepared, landing)
    assert rows("select receipt_no, _is_history from raw_pos.payments order by all") == [("1", True), ("2", False)]


def test_json_lines_keep_long_ids_offsets_and_nested_parts(prepared: Settings, landing: Path) -> None:
    (landing / "orders_1.jsonl").write_text(
        '{"id": 12345678901234567890, "created_at": "2017-01-01T05:00:00-05:00", "currency": "USD",'
        ' "total_price": "3.20", "source_name": "web", "customer": null, "line_items": [{"id": 1}]}\n'
        '{"id": 1,\n'
        '{"id": 2}\n'
    )
    count = load(prepared, landing, shopify.ORDERS, "shopify")
    assert (count.rows_read, count.rows_loaded, count.rows_quarantined) == (3, 1, 2)
    assert rows(
        "select id, timezone('UTC', created_at)::varchar, sales_channel, customer, line_items from raw_shopify.orders"
    ) == [("12345678901234567890", "2017-01-01 10:00:00", "web", None, '[{"id":1}]')]
    assert rows("select file_line, reason from ops_quarantine order by all") == [
        (2, "line is not JSON"),
        (3, "created_at is missing"),
    ]


def test_parquet_loads_by_name(prepared: Settings, landing: Path) -> None:
    with connect() as connection:
        connection.execute(
            f"""copy (select 1.5 as on_hand_qty, date '2017-01-02' as stock_date, '7' as sku, '1' as store_no)
            to '{landing}/stock_levels_2017-01.parquet'"""
        )
    load(prepared, landing, headoffice.STOCK_LEVELS, "headoffice")
    assert rows("select store_no, sku, on_hand_qty, _file_line from raw_headoffice.stock_levels") == [
        ("1", "7", Decimal("1.500"), 1)
    ]


def test_a_row_that_goes_missing_is_seen(prepared: Settings, landing: Path) -> None:
    (landing / "payments_1.csv").write_text(payments("1,5,1,2017-01-01 10:00:00,cash,2.50"))
    load(prepared, landing)
    with connect() as connection:
        assert unreconciled_loads(connection) == []
        connection.execute("delete from raw_pos.payments")
        assert unreconciled_loads(connection) == [("till", "payments", 1, 1, 0, 0)]
