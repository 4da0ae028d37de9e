"""Returns at the grocer's tills, which the data does not have: made up from real sale lines, a few of them abuse.

Belongs here: which lines come back, when, and the truth about abuse. Receipts are written by `grocer.py`.

Patterns kept aside as truth: `serial_returner` (a card that brings back much, without receipts), `cashier_refund`
(refunds late in the evening in cash, no card, no receipt, always the same two cashiers), `wardrobing` (whole baskets
back within two days), `over_return` (more units than were bought).
"""

from pathlib import Path

import duckdb

from demo.manifest import Manifest

FIRST_RECEIPT_NO = 90_000_000_000_000
BASKET_SHARE = 0.006
SERIAL_RETURNERS, WARDROBERS, BAD_CASHIERS = 5, 5, 2
REASONS = ["damaged", "wrong item", "changed mind", "quality", "expired"]
LAST_DAY = "2017-12-31"


def plant(con: duckdb.DuckDBPyConnection, multiply: int) -> None:
    """Tables till_return (a row a receipt) and till_return_line. Amounts are those of the sale, their sign turned."""
    con.execute("""
        CREATE TABLE returnable AS
        SELECT basket_no, line_no, sku, store_no, till, sold_date, household_no, person_id, loyalty_number,
               CAST(quantity AS INTEGER) AS quantity, unit_of_measure, line.gross_amount, line.retail_discount_amount,
               line.coupon_match_discount_amount, line.net_amount,
               row_number() OVER (PARTITION BY basket_no ORDER BY draw('line', basket_no || ':' || line_no)) AS pick,
               row_number() OVER (PARTITION BY basket_no ORDER BY line.net_amount DESC, line_no) AS dearness
        FROM grocer_line AS line JOIN grocer_basket USING (basket_no, store_no) JOIN basket_card USING (basket_no)
        WHERE NOT is_web AND unit_of_measure = 'piece' AND quantity BETWEEN 1 AND 12 AND line.net_amount >= 2
          -- The refund of each unit must be exact in cents, so that a part can come back.
          AND CAST(line.net_amount * 100 AS BIGINT) % quantity = 0
          AND CAST(line.gross_amount * 100 AS BIGINT) % quantity = 0
          AND CAST(line.retail_discount_amount * 100 AS BIGINT) % quantity = 0
    """)
    con.execute(f"""
        CREATE TABLE returned AS
        WITH household AS (
            SELECT household_no, row_number() OVER (ORDER BY draw('abuser', household_no)) AS place
            FROM (SELECT household_no FROM returnable GROUP BY household_no HAVING count(DISTINCT basket_no) >= 40)
        ), busy_store AS (
            SELECT store_no, row_number() OVER (ORDER BY count(*) DESC, store_no) AS place
                FROM returnable GROUP BY store_no
        ), chosen AS (
            SELECT basket_no, CAST(NULL AS VARCHAR) AS pattern FROM (SELECT DISTINCT basket_no, household_no
                FROM returnable)
            WHERE draw('returned', basket_no) < {BASKET_SHARE}
              AND household_no NOT IN (SELECT household_no FROM household
                  WHERE place <= {(SERIAL_RETURNERS + WARDROBERS) * multiply})
            UNION ALL
            SELECT DISTINCT basket_no, 'serial_returner' FROM returnable JOIN household USING (household_no)
            WHERE place <= {SERIAL_RETURNERS * multiply} AND draw('serial', basket_no) < 0.30
            UNION ALL
            SELECT DISTINCT basket_no, 'wardrobing' FROM returnable JOIN household USING (household_no)
            WHERE place > {SERIAL_RETURNERS * multiply} AND place <= {(SERIAL_RETURNERS + WARDROBERS) * multiply}
              AND draw('wardrobe', basket_no) < 0.12
            UNION ALL
            (SELECT basket_no, 'cashier_refund'
             FROM (SELECT basket_no, store_no, max(net_amount) AS dearest FROM returnable GROUP BY basket_no, store_no)
             JOIN busy_store USING (store_no) WHERE place <= {BAD_CASHIERS} AND dearest >= 8
             ORDER BY draw('bad cashier', basket_no) LIMIT {30 * multiply})
        ), one_pattern AS (
            SELECT basket_no, max(pattern) AS pattern FROM chosen GROUP BY basket_no
        ), timed AS (
            SELECT one_pattern.*, if(pattern IS NULL
                AND draw('over', basket_no) < 0.012, 'over_return', pattern) AS kind,
                   CAST(1 + CASE WHEN pattern = 'wardrobing' THEN floor(draw('days', basket_no) * 2)
                                 WHEN pattern = 'cashier_refund' THEN floor(draw('days', basket_no) * 10)
                                 ELSE floor(power(draw('days', basket_no), 2) * 35) END AS INTEGER) AS days
            FROM one_pattern
        )
        SELECT returnable.* EXCLUDE (pick, dearness, quantity), quantity AS sold_quantity, kind AS pattern,
               -- No store opens on 25 December.
               sold_date + days + if(sold_date + days = DATE '2017-12-25', 1, 0) AS returned_on,
               CASE WHEN kind = 'over_return' THEN quantity + 2
                    WHEN kind IS NULL AND quantity > 1 AND draw('part', basket_no || ':' || line_no) < 0.4 THEN 1
                    ELSE quantity END AS quantity
        FROM timed JOIN returnable USING (basket_no)
        WHERE returned_on <= DATE '{LAST_DAY}'
          AND CASE kind WHEN 'wardrobing' THEN true
                        WHEN 'serial_returner' THEN dearness <= 3
                        WHEN 'cashier_refund' THEN dearness = 1
                        ELSE pick <= if(draw('lines', basket_no) < 0.25, 2, 1) END
    """)
    reasons = "[" + ", ".join(f"'{reason}'" for reason in REASONS) + "]"
    con.execute(f"""
        CREATE TABLE till_return_line AS
        WITH numbered AS (
            SELECT *, CAST({FIRST_RECEIPT_NO} + dense_rank() OVER (ORDER BY returned_on, basket_no) AS VARCHAR)
                AS receipt_no,
                   CAST(row_number() OVER (PARTITION BY basket_no ORDER BY line_no) AS INTEGER) AS return_line_no
            FROM returned
        )
        SELECT receipt_no, return_line_no AS line_no, basket_no AS original_basket_no, line_no AS original_line_no, sku,
               quantity, sold_quantity, unit_of_measure, pattern, person_id,
               CAST(-gross_amount / sold_quantity * quantity AS DECIMAL(18,2)) AS gross_amount,
               CAST(-retail_discount_amount / sold_quantity * quantity AS DECIMAL(18,2)) AS retail_discount_amount,
               CAST(-coupon_match_discount_amount / sold_quantity * quantity AS DECIMAL(18,2))
                   AS coupon_match_discount_amount,
               CAST(-numbered.net_amount / sold_quantity * quantity AS DECIMAL(18,2)) AS net_amount,
               if(draw('reason', receipt_no || ':' || line_no) < 0.15, NULL,
                  {reasons}[1 + CAST(floor(draw('why', receipt_no || ':' || line_no) * {len(REASONS)}) AS INTEGER)])
                      AS return_reason,
               till, store_no, returned_on, loyalty_number
        FROM numbered
    """)
    con.execute("""
        CREATE TABLE till_return AS
        WITH receipt AS (
            SELECT receipt_no, any_value(till) AS till, any_value(store_no) AS store_no, any_value(returned_on)
                AS sold_date,
                   any_value(pattern) AS pattern, any_value(original_basket_no) AS original_basket_no,
                   any_value(loyalty_number) AS card, CAST(sum(net_amount) AS DECIMAL(18,2)) AS net_amount
            FROM till_return_line GROUP BY receipt_no
        )
        SELECT till, receipt_no, CAST(receipt_no AS BIGINT) AS basket_no, store_no, pattern,
               CAST(sold_date AS TIMESTAMP)
                   + if(pattern = 'cashier_refund', INTERVAL 21 HOUR + INTERVAL 20 MINUTE, INTERVAL 9 HOUR)
                   + to_seconds(CAST(floor(draw('hour', receipt_no) * if(pattern = 'cashier_refund', 5000, 41000))
                       AS INTEGER))
                   AS sold_at,
               sold_date, CAST(1 + floor(draw('desk', receipt_no) * 2) AS INTEGER) AS terminal,
               'S' || store_no || '-' || if(pattern = 'cashier_refund', '07', lpad(CAST(
                   1 + CAST(floor(draw('cashier', receipt_no) * 12) AS INTEGER) AS VARCHAR), 2, '0')) AS cashier_no,
               if(pattern = 'cashier_refund', NULL, card) AS loyalty_number, net_amount, original_basket_no,
               CASE WHEN pattern IN ('cashier_refund', 'serial_returner') THEN NULL
                    WHEN pattern IS NULL AND draw('shown', receipt_no) > 0.6 THEN NULL
                    ELSE CAST(original_basket_no AS VARCHAR) END AS original_receipt_no,
               if(pattern = 'cashier_refund' OR draw('tender', original_basket_no) < 0.28, 'cash', 'card') AS tender
        FROM receipt
    """)


def write_truth(con: duckdb.DuckDBPyConnection, truth: Path, manifest: Manifest) -> None:
    """returns.parquet: each return line with the sale that it undoes and its pattern, null for an honest return."""
    frame = con.sql("""
        SELECT till_return.till AS source_name, till_return.store_no, receipt_no, line_no,
               CAST(till_return_line.original_basket_no AS VARCHAR)
                   AS original_receipt_no, original_line_no, sku, quantity,
               sold_quantity, till_return_line.net_amount, till_return_line.pattern, person_id
        FROM till_return_line JOIN till_return USING (receipt_no) ORDER BY receipt_no, line_no
    """).pl()
    truth.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(truth / "returns.parquet")
    amounts = con.sql("SELECT till, count(*), sum(net_amount) FROM till_return GROUP BY till ORDER BY till").fetchall()
    for till, receipts, amount in amounts:
        manifest.add(
            till, "planted_returns", files=0, rows=receipts, amount=amount, synthetic=True,
            provenance="receipts made up from sale lines of The Complete Journey; part of receipt_lines and payments",
        )  # fmt: skip
