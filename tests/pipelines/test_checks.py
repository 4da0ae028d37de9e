"""What holds a run back from publishing."""

import duckdb

from pipelines.checks import reported_gaps, unreconciled_days


def test_a_day_that_does_not_add_up_is_named() -> None:
    """Rows lost on the way, and money alone, each name their day; a day that adds up does not."""
    connection = duckdb.connect()
    connection.execute(
        """create table mart_reconciliation_daily as
        from (values
            ('order_line', 'till', date '2026-01-01', 'EUR', 0, 0.00),
            ('order_line', 'till', date '2026-01-02', 'EUR', 1, 0.00),
            ('payment', 'till', date '2026-01-02', 'EUR', 0, 0.01)
        ) as day (entity, source_name, business_date, currency_code, row_count_difference, amount_difference)"""
    )
    assert unreconciled_days(connection) == [
        ("order_line", "till", "2026-01-02", "EUR", 1, "0.00"),
        ("payment", "till", "2026-01-02", "EUR", 0, "0.01"),
    ]


def test_gaps_are_counted_and_hold_nothing_back() -> None:
    """Of three returned products one is linked to two sales and one to none; goods without a product do not count.

    cases.md B07: what was sold under its name alone, because the shop deleted it, is counted.
    """
    connection = duckdb.connect()
    connection.execute(
        """create table fct_return as
        from (values
            ('r1', 'pen', 'customer'), ('r1', 'pen', 'customer'), ('r2', 'pen', 'unlinked'), ('r3', 'pen', 'receipt'),
            ('r4', null, 'unlinked')
        ) as line (return_order_line_id, product_id, link_kind);
        create table mart_order_difference as select 'o1' as order_id;
        create table mart_reconciliation as select 3 as without_rate_row_count;
        create table dim_product as
        from (values ('pen', 'pen'), ('unknown:Blue mug', null)) as product (product_id, sku);"""
    )
    assert reported_gaps(connection) == {
        "returns_linked_share": 0.6667,
        "orders_that_differ": 1,
        "rows_without_rate": 3,
        "products_without_sku": 1,
    }
