"""Daily stock and purchase receipts, made up so that every real sale was possible.

Belongs here: how goods arrive between the sales of the data. Set-based: sales of a store and SKU fall into cycles of
about an order's quantity; each cycle's goods arrive before its first sale, with a reserve on top. In some cycles there
is no reserve and the next delivery is late: on-hand stays at 0 from the last sale of one cycle to the first of the
next, days on which the data has no sale. Goods that come back are not put back on the shelf.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from demo.files import write_csv_files, write_parquet_files
from demo.manifest import Manifest

STOCK_OUT_CHANCE = 0.12


@dataclass(frozen=True)
class StockRoom:
    """One brand's stock: its daily sales (store_no, sku, sold_date, quantity), period and suppliers."""

    source: str
    code_space: str
    currency: str
    sales: str
    first_day: str
    last_day: str
    supplier: str
    shortest_lead_days: int
    longest_lead_days: int


def grocer_room(multiply: int) -> StockRoom:
    """Stores and SKUs with at least 20 sale lines in the year; what the web shop sells comes from elsewhere."""
    return StockRoom(
        "headoffice_grocer", "grocer", "USD",
        f"""
        SELECT store_no, sku, sold_date, CAST(sum(quantity) AS BIGINT) AS quantity
        FROM grocer_line JOIN grocer_basket USING (basket_no, store_no)
        SEMI JOIN (SELECT store_no, sku FROM grocer_line WHERE unit_of_measure IN ('piece', 'weight')
                   GROUP BY store_no, sku HAVING count(*) >= {20 * multiply}) USING (store_no, sku)
        WHERE NOT is_web AND quantity > 0 GROUP BY store_no, sku, sold_date
        """,
        "2017-01-01", "2017-12-31",
        "(SELECT 'M' || manufacturer_id FROM cj_product WHERE cj_product.sku = delivery.sku)", 1, 5,
    )  # fmt: skip


def gifts_room() -> StockRoom:
    """SKUs that sold on at least 20 days. An order cancelled the same day took nothing from stock."""
    return StockRoom(
        "headoffice_gifts", "gifts", "GBP",
        """
        SELECT 'web' AS store_no, sku, CAST(invoiced_at AS DATE) AS sold_date,
               CAST(greatest(0, sum(quantity)) AS BIGINT) AS quantity
        FROM gift_line SEMI JOIN (
            SELECT sku FROM gift_line WHERE place = 'shop' AND item_kind = 'product'
            GROUP BY sku HAVING count(DISTINCT CAST(invoiced_at AS DATE)) >= 20) USING (sku)
        WHERE place IN ('shop', 'returns') GROUP BY sku, sold_date HAVING count(*) FILTER (place = 'shop') > 0
        """,
        "2015-11-24", "2017-12-01",
        "'G' || lpad(CAST(md5_number_lower(delivery.sku) % 45 AS VARCHAR), 3, '0')", 8, 40,
    )  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, room: StockRoom, landing: Path, manifest: Manifest) -> None:
    """stock_levels by month and purchase_receipts by month."""
    _simulate(con, room)
    folder = landing / room.source
    levels = write_parquet_files(
        con,
        f"""
        WITH moved AS (
            SELECT store_no, sku, greatest(received_date, DATE '{room.first_day}') AS day, quantity FROM delivery
            UNION ALL
            SELECT store_no, sku, sold_date, -quantity FROM stock_sale
        ), daily AS (
            SELECT store_no, sku, day, sum(quantity) AS change FROM moved GROUP BY store_no, sku, day
        ), spine AS (
            SELECT store_no, sku, CAST(unnest(range(DATE '{room.first_day}', DATE '{room.last_day}' + 1,
                INTERVAL 1 DAY)) AS DATE) AS day
            FROM (SELECT DISTINCT store_no, sku FROM stock_sale)
        )
        SELECT 'stock_levels_' || strftime(day, '%Y-%m') || '.parquet' AS _file, store_no, sku, day AS stock_date,
               CAST(sum(coalesce(change, 0)) OVER (PARTITION BY store_no, sku ORDER BY day) AS DECIMAL(18,3))
                   AS on_hand_qty
        FROM spine LEFT JOIN daily USING (store_no, sku, day) ORDER BY _file, store_no, sku, stock_date
        """,
        folder,
    )
    manifest.add(
        room.source, "stock_levels", files=levels.files, rows=levels.rows, synthetic=True,
        provenance="simulated around the real sales",
    )  # fmt: skip
    receipts = write_csv_files(
        con,
        f"""
        WITH supplied AS (
            SELECT delivery.*, {room.supplier} AS supplier_no FROM delivery
        ), timed AS (
            SELECT supplied.*, received_date - CAST(
                       {room.shortest_lead_days}
                       + floor(draw('lead', supplier_no) * {room.longest_lead_days - room.shortest_lead_days})
                       + floor(draw('late', supplier_no || store_no || received_date) * {
            max(2, room.longest_lead_days // 8)
        })
                       AS INTEGER) AS ordered_date
            FROM supplied
        ), priced AS (
            SELECT timed.*, coalesce(unit_cost_amount, 0) AS unit_cost_amount
            FROM timed ASOF LEFT JOIN (FROM product_cost WHERE code_space = '{room.code_space}') AS cost
                ON cost.sku = timed.sku AND cost.valid_from_date <= timed.ordered_date
        ), numbered AS (
            SELECT *, dense_rank() OVER (ORDER BY ordered_date, received_date, store_no, supplier_no) AS order_no
                FROM priced
        )
        SELECT 'purchase_receipts_' || strftime(received_date, '%Y-%m') || '.csv' AS _file,
               'PO' || lpad(CAST(order_no AS VARCHAR), 8, '0') AS purchase_order_no,
               CAST(row_number() OVER (PARTITION BY order_no ORDER BY sku) AS INTEGER) AS line_no,
               supplier_no, store_no, sku, ordered_date, received_date, quantity, unit_cost_amount,
               '{room.currency}' AS currency_code
        FROM numbered ORDER BY _file, received_date, order_no, line_no
        """,
        folder,
    )
    manifest.add(
        room.source, "purchase_receipts", files=receipts.files, rows=receipts.rows, synthetic=True,
        provenance="simulated around the real sales",
    )  # fmt: skip


def _simulate(con: duckdb.DuckDBPyConnection, room: StockRoom) -> None:
    con.execute(f"""
        CREATE OR REPLACE TABLE stock_sale AS {room.sales};
        CREATE OR REPLACE TABLE delivery AS
        WITH pair AS (
            SELECT store_no, sku, store_no || ':' || sku AS pair_key,
                   CAST(sum(quantity) AS DOUBLE) / (DATE '{room.last_day}' - DATE '{room.first_day}' + 1) AS rate,
                   greatest(2, CAST(ceil(rate * (6 + 9 * draw('review', pair_key))) AS BIGINT)) AS order_qty,
                   1 + CAST(ceil(rate * 3 * draw('reserve', pair_key)) AS BIGINT) AS reserve_qty
            FROM stock_sale GROUP BY store_no, sku
        ), placed AS (
            SELECT stock_sale.*,
                   CAST(floor((sum(quantity) OVER (PARTITION BY store_no,
                       sku ORDER BY sold_date) - quantity) / order_qty) AS BIGINT)
                       AS cycle_no
            FROM stock_sale JOIN pair USING (store_no, sku)
        ), cycle AS (
            SELECT store_no, sku, cycle_no, CAST(sum(quantity) AS BIGINT) AS need, min(sold_date) AS first_sold,
                   max(sold_date) AS last_sold
            FROM placed GROUP BY store_no, sku, cycle_no
        ), neighboured AS (
            SELECT cycle.*, pair_key, order_qty, reserve_qty,
                   lag(last_sold) OVER one AS previous_sold,
                   lead(first_sold) OVER one AS next_sold
            FROM cycle JOIN pair USING (store_no, sku)
            WINDOW one AS (PARTITION BY store_no, sku ORDER BY cycle_no)
        ), planned AS (
            SELECT *, need > reserve_qty AND coalesce(next_sold, DATE '{room.last_day}') - last_sold >= 2
                          AND draw('stock-out', pair_key || ':' || cycle_no) < {STOCK_OUT_CHANCE} AS runs_out,
                   CASE WHEN runs_out THEN 0
                        -- The last order was made for a whole cycle, of which the data sees a part.
                        WHEN next_sold IS NULL THEN reserve_qty + greatest(0, order_qty - need)
                        ELSE reserve_qty END AS left_qty
            FROM neighboured
        ), chained AS (
            SELECT *, lag(left_qty) OVER one AS had_qty, lag(runs_out) OVER one AS is_awaited
            FROM planned WINDOW one AS (PARTITION BY store_no, sku ORDER BY cycle_no)
        )
        SELECT store_no, sku, need + left_qty - coalesce(had_qty, 0) AS quantity,
               CASE WHEN previous_sold IS NULL
                        THEN DATE '{room.first_day}' - CAST(1 + floor(draw('opening', pair_key) * 6) AS INTEGER)
                    WHEN is_awaited THEN first_sold
                    ELSE previous_sold + CAST(1 + floor(draw('arrives', pair_key || ':' || cycle_no)
                                                        * (first_sold - previous_sold)) AS INTEGER) END AS received_date
        FROM chained WHERE need + left_qty - coalesce(had_qty, 0) > 0
    """)
