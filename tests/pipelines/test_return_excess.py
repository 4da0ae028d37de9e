"""What was sold lately and came back, as the return models are asked about it: counted by hand on a few lines."""

from datetime import date

import duckdb
import polars as pl
import pytest

from models.returns.features import DELAYS, SOLD, TESTED
from pipelines.assets.return_excess import groups_looked_at, return_delays, sold_lines
from tests.models.frames import line_frame

DAY = date(2017, 12, 31)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """Brand gifts, window 30 days. Product A: 5 buyers in the stretch, 3 lines of whom came back; B: 2 buyers, 3 lines,
    all back; C: 3 buyers, none. An old line of A whose window is over came back after 4 days."""
    rows = [
        # line, order, product, store, customer, lot, days ago, days to the return, reason, known days later
        ("a1", "o1", "A", "s1", "c1", "L1", 20, 5, "broken", 0),
        ("a2", "o2", "A", "s1", "c2", "L1", 30, 6, "broken", 0),
        ("a3", "o3", "A", "s1", "c3", "L1", 40, 30, None, 0),
        ("a4", "o4", "A", "s2", None, "L2", 50, None, None, 0),
        # After the window, and known too late.
        ("a5", "o5", "A", "s2", "c5", None, 60, 31, "size", 0),
        ("a6", "o6", "A", "s2", "c5", None, 10, 9, "size", 9),
        ("b1", "o7", "B", "s1", "c1", None, 20, 5, "size", 0),
        ("b2", "o7", "B", "s1", "c1", None, 20, 5, "size", 0),
        ("b3", "o8", "B", "s1", "c2", None, 20, 5, "size", 0),
        ("d1", "o9", "C", "s1", "c1", None, 20, None, None, 0),
        ("d2", "oa", "C", "s1", "c2", None, 20, None, None, 0),
        ("d3", "ob", "C", "s1", "c3", None, 20, None, None, 0),
        ("a7", "oc", "A", "s1", "c7", "L1", 200, 4, "broken", 0),
    ]
    frame = pl.DataFrame(
        rows,
        schema=["order_line_id", "order_id", "product_id", "store_id", "customer_id", "lot_no", "age", "back", "reason",
                "later"],
        orient="row",
    )  # fmt: skip
    lines = (
        line_frame(customers=1, lines=len(rows))
        .drop("order_line_id", "order_id", "product_id", "store_id", "customer_id", "order_date", "line_weight")
        .hstack(frame)
        .with_columns(order_date=pl.lit(DAY) - pl.duration(days=pl.col("age")))
    )
    connection = duckdb.connect()
    connection.register("line", lines.to_arrow())
    connection.execute(
        """create table ops_brand as select 'gifts' as brand, 30 as return_window_days;
        create table feat_return__expected as select * exclude (age, back, reason, later, lot_no) from line;
        create table fct_order_line as select order_line_id, lot_no from line;
        create table fct_return as
            select 'r' || order_line_id as return_id, order_line_id as sale_order_line_id, brand, product_id,
                order_date as sale_date, back::integer as days_to_return, order_date + back::integer as return_date,
                reason as return_reason, 7.5::decimal(18, 4) as net_amount,
                order_date + back::integer + later::integer as known_date
            from line where back is not null"""
    )
    return connection


def test_lines_of_products_that_came_back(connection: duckdb.DuckDBPyConnection) -> None:
    found = sold_lines(connection, DAY).sort("order_line_id")
    SOLD.check(found)
    # No line of C, of which nothing came back, and none from before the stretch.
    assert found["order_line_id"].to_list() == ["a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2", "b3"]
    back = found.filter("came_back").select("order_line_id", "return_reason", "returned_amount", "lot_no").rows()
    assert [(line, reason, lot) for line, reason, _, lot in back] == [
        ("a1", "broken", "L1"), ("a2", "broken", "L1"), ("a3", None, "L1"),
        ("b1", "size", None), ("b2", "size", None), ("b3", "size", None),
    ]  # fmt: skip
    assert {float(amount) for _, _, amount, _ in back} == {7.5}


def test_groups_with_enough_buyers_count_whether_or_not_they_came_back(connection: duckdb.DuckDBPyConnection) -> None:
    found = groups_looked_at(connection, DAY)
    TESTED.check(found)
    # Products A (5 buyers, one of them nobody known) and C; stores A in s1 and C in s1, of s2 only two buyers; lot L1;
    # two reasons for each of the two products.
    assert dict(found.select("dimension", "group_count").rows()) == {"product": 2, "store": 2, "lot": 1, "reason": 4}


def test_delays_are_those_of_sales_before_the_stretch(connection: duckdb.DuckDBPyConnection) -> None:
    found = return_delays(connection, DAY)
    DELAYS.check(found)
    assert found.rows() == [("gifts", 4, "broken", 1)]
