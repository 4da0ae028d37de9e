"""The gift shop: invoices of Online Retail II as web shop orders, a returns file and entries of the books, in pounds.

Belongs here: which line of the data goes where, and the shapes. Each line goes to exactly one place (`gift_places` in
the manifest). Does not belong here: who the customers are (`customers.py`).

Places: `shop` (orders: goods, vouchers, postage, lines by hand), `returns` (credit notes of goods, postage and
discounts), `adjustments` (price 0 without a customer: write-offs and stock that was found), `books` (bad debt, fees,
commissions, samples, corrections and credit notes of test orders).
"""

from pathlib import Path

import duckdb

from demo.files import Written, write_csv_files, write_jsonl_files
from demo.manifest import SHIFT_WEEKS, Manifest

TIME_ZONE = "Europe/London"
PROVENANCE = "Online Retail II (UCI 502), moved by 312 weeks"
DATA = Path(__file__).parent / "data" / "online_retail_ii.parquet"
# Days that stand in both sheets.
COUNTED_ONCE = "not (sheet = 'Year 2009-2010' and invoice_date >= timestamp '2010-12-01')"
COPY_INVOICE, COPY_CUSTOMER = 10_000_000, 100_000
FIRST_ORDER_ID = 4_000_000_000_000
COUNTRY_CODES = {
    "United Kingdom": "GB", "EIRE": "IE", "Germany": "DE", "France": "FR", "Netherlands": "NL", "Spain": "ES",
    "Switzerland": "CH", "Belgium": "BE", "Portugal": "PT", "Australia": "AU", "Channel Islands": "JE",
    "Italy": "IT", "Norway": "NO", "Sweden": "SE", "Cyprus": "CY", "Finland": "FI", "Austria": "AT",
    "Denmark": "DK", "Greece": "GR", "Japan": "JP", "Poland": "PL", "USA": "US", "United Arab Emirates": "AE",
    "Israel": "IL", "Hong Kong": "HK", "Singapore": "SG", "Malta": "MT", "Iceland": "IS", "Canada": "CA",
    "Lithuania": "LT", "RSA": "ZA", "Bahrain": "BH", "Brazil": "BR", "Thailand": "TH", "Korea": "KR",
    "Lebanon": "LB", "Bermuda": "BM", "Nigeria": "NG", "Czech Republic": "CZ", "Saudi Arabia": "SA",
}  # fmt: skip


def load(con: duckdb.DuckDBPyConnection, multiply: int, share: float) -> None:
    """Tables gift_line (each line with its place) and gift_order (one row an order)."""
    codes = "MAP {" + ", ".join(f"'{name}': '{code}'" for name, code in COUNTRY_CODES.items()) + "}"
    con.execute(f"""
        CREATE TABLE gift_base AS
        WITH counted_once AS (
            SELECT * FROM read_parquet('{DATA}', file_row_number = true)
            WHERE {COUNTED_ONCE}
              AND ({share} >= 1 OR draw('share', coalesce(CAST(customer_id AS VARCHAR), invoice)) < {share})
        ), described AS (
            SELECT file_row_number AS row_no, invoice, stock_code AS sku, trim(description) AS description, quantity,
                   invoice_date + INTERVAL {SHIFT_WEEKS * 7} DAY AS invoiced_at,
                   CAST(price AS DECIMAL(18,3)) AS price, customer_id, country,
                   invoice LIKE 'C%' AS is_credit,
                   bool_and(price = 0 AND customer_id IS NULL) OVER (PARTITION BY invoice) AS is_stock_note
            FROM counted_once
        )
        SELECT * EXCLUDE (is_credit, is_stock_note),
               CASE WHEN invoice LIKE 'A%' OR sku IN ('B', 'S', 'AMAZONFEE', 'BANK CHARGES', 'CRUK', 'ADJUST',
                   'ADJUST2')
                         OR (sku LIKE 'TEST%' AND is_credit) THEN 'books'
                    WHEN is_credit THEN 'returns'
                    WHEN quantity < 0 OR is_stock_note THEN 'adjustments'
                    ELSE 'shop' END AS place,
               CASE WHEN sku IN ('POST', 'DOT', 'C2') THEN 'shipping' WHEN lower(sku) IN ('m', 'd') THEN 'manual'
                    WHEN sku LIKE 'gift%' THEN 'gift_card' WHEN sku LIKE 'TEST%' THEN 'test' ELSE 'product' END
                        AS item_kind,
               {codes}[country] AS country_code,
               CAST(row_number() OVER (PARTITION BY invoice ORDER BY row_no) AS INTEGER) AS line_no
        FROM described
    """)
    con.execute(f"""
        CREATE TABLE gift_line AS
        SELECT gift_base.* EXCLUDE (invoice, customer_id),
               copy, if(copy = 0, invoice, invoice || 'K' || copy) AS invoice,
               customer_id + copy * {COPY_CUSTOMER} AS customer_no,
               if(place = 'shop', {FIRST_ORDER_ID} + copy * {COPY_INVOICE} + CAST(gift_base.invoice AS BIGINT), NULL)
                   AS order_id,
               CAST(quantity * price AS DECIMAL(18,3)) AS amount
        FROM gift_base, range({multiply}) AS copies(copy)
    """)
    con.execute(f"""
        CREATE TABLE gift_order AS
        SELECT order_id, any_value(invoice) AS invoice, min(invoiced_at) AS ordered_at, any_value(customer_no)
            AS customer_no,
               any_value(country_code) AS country_code, bool_and(item_kind = 'test') AS is_test,
               CAST(sum(amount) AS DECIMAL(18,3)) AS net_amount,
               CAST(timezone('UTC', timezone('{TIME_ZONE}', min(invoiced_at))) AS TIMESTAMP) AS ordered_at_utc
        FROM gift_line WHERE place = 'shop' GROUP BY order_id
    """)
    # As exact text: two decimals as shops write them, three where the data has them.
    con.execute("""
        CREATE MACRO money(value) AS if(CAST(value AS DECIMAL(18,2)) = value,
            CAST(CAST(value AS DECIMAL(18,2)) AS VARCHAR), CAST(CAST(value AS DECIMAL(18,3)) AS VARCHAR))
    """)


def write_shop(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """Orders a month at a time: a day's file holds one order a line."""
    months = con.sql("SELECT DISTINCT date_trunc('month', ordered_at) AS m FROM gift_order ORDER BY m").fetchall()
    written = Written()
    for (month,) in months:
        written += write_jsonl_files(con, _orders(f"{month:%Y-%m-%d}"), landing / "shop_gifts")
    amount = con.sql("SELECT sum(net_amount) FROM gift_order").fetchall()[0][0]
    manifest.add(
        "shop_gifts", "orders", files=written.files, rows=written.rows, amount=amount,
        provenance=f"{PROVENANCE}; names, addresses and guests' e-mails are made up",
    )  # fmt: skip


def _orders(month: str) -> str:
    return f"""
        WITH chosen AS (
            SELECT * FROM gift_order WHERE date_trunc('month', ordered_at) = DATE '{month}'
        ), part AS (
            SELECT order_id,
                list({{
                    'id': order_id * 10000 + line_no,
                    'product_id': if(item_kind = 'manual', NULL, 5000000000000 + (md5_number_lower(sku) >> 34)),
                    'variant_id': if(item_kind = 'manual', NULL, 6000000000000 + (md5_number_lower(sku) >> 34)),
                    'sku': if(item_kind = 'manual', NULL, sku),
                    'title': coalesce(description, gift_name.name, sku), 'quantity': quantity, 'price': money(price),
                    'total_discount': '0.00', 'gift_card': item_kind = 'gift_card'
                }} ORDER BY line_no) FILTER (item_kind <> 'shipping') AS line_items,
                list({{
                    'id': order_id * 10000 + line_no, 'title': coalesce(description, sku), 'code': sku,
                        'price': money(amount)
                }} ORDER BY line_no) FILTER (item_kind = 'shipping') AS shipping_lines,
                coalesce(sum(amount) FILTER (item_kind <> 'shipping'), 0) AS subtotal
            FROM gift_line SEMI JOIN chosen USING (order_id) LEFT JOIN gift_name USING (sku)
            WHERE place = 'shop' GROUP BY order_id
        ), sold AS (
            SELECT chosen.*, part.* EXCLUDE (order_id), buyer.email, buyer.phone, buyer.customer, buyer.address,
                   strftime(ordered_at, '%Y-%m-%dT%H:%M:%S')
                       || if(date_diff('hour', ordered_at_utc, ordered_at) = 1, '+01:00', '+00:00') AS created_at
            FROM chosen JOIN part USING (order_id) JOIN gift_buyer USING (order_id)
            LEFT JOIN shop_buyer AS buyer
                ON buyer.source_name = 'shop_gifts' AND buyer.buyer_key = gift_buyer.buyer_key
                AND CAST(ordered_at AS DATE) >= buyer.valid_from AND CAST(ordered_at AS DATE) < buyer.valid_to
        )
        SELECT 'orders_' || CAST(ordered_at AS DATE) || '.jsonl' AS _file, CAST(to_json({{
            'id': order_id, 'name': '#' || invoice, 'created_at': created_at, 'updated_at': created_at,
            'cancelled_at': CAST(NULL AS VARCHAR), 'test': is_test, 'source_name': 'web', 'currency': 'GBP',
            'taxes_included': false,
            'financial_status': 'paid', 'subtotal_price': money(subtotal), 'total_discounts': '0.00',
            'total_tax': '0.00', 'total_price': money(net_amount), 'email': email, 'phone': phone,
            'customer': customer, 'billing_address': address,
            -- A parcel to another country than the buyer's: the data knows the country and nothing else.
            'shipping_address': if(address->>'country_code' = country_code, address,
                                   to_json({{'country_code': country_code}})),
            'line_items': coalesce(line_items, []), 'shipping_lines': coalesce(shipping_lines, []),
            'transactions': if(net_amount = 0, [], [{{
                'id': order_id * 10 + 1, 'kind': 'sale', 'status': 'success',
                'gateway': if(draw('gateway', order_id) < 0.7, 'card', 'paypal'), 'amount': money(net_amount),
                'currency': 'GBP', 'created_at': created_at}}])
        }}) AS VARCHAR) AS body
        FROM sold ORDER BY _file, ordered_at, order_id
    """


def write_returns(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """Credit notes by month. The sign of the credit is exact: one line of the data is a charge on a credit note."""
    written = write_csv_files(
        con,
        """
        SELECT 'returns_' || strftime(invoiced_at, '%Y-%m') || '.csv' AS _file, invoice AS receipt_no, line_no,
               CAST(customer_no AS VARCHAR) AS customer_no, country_code, sku, description, abs(quantity) AS quantity,
               CAST(if(quantity > 0, -price, price) AS DECIMAL(18,3)) AS unit_price,
               CAST(-amount AS DECIMAL(18,3)) AS credited_amount, invoiced_at AS returned_at, CAST(NULL AS VARCHAR)
                   AS reason
        FROM gift_line WHERE place = 'returns' ORDER BY _file, invoiced_at, invoice, line_no
        """,
        landing / "returns_gifts",
    )
    amount = con.sql("SELECT -sum(amount) FROM gift_line WHERE place = 'returns'").fetchall()[0][0]
    manifest.add(
        "returns_gifts", "returns", files=written.files, rows=written.rows, amount=amount, provenance=PROVENANCE
    )


def write_books(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """Stock adjustments and finance entries, by month."""
    folder = landing / "headoffice_gifts"
    written = write_csv_files(
        con,
        """
        SELECT 'stock_adjustments_' || strftime(invoiced_at, '%Y-%m') || '.csv' AS _file,
               invoice || '-' || line_no AS adjustment_no, 'web' AS store_no, sku, invoiced_at AS adjusted_at, quantity,
               description AS reason
        FROM gift_line WHERE place = 'adjustments' ORDER BY _file, invoiced_at, invoice, line_no
        """,
        folder,
    )
    manifest.add("headoffice_gifts", "stock_adjustments", files=written.files, rows=written.rows, provenance=PROVENANCE)
    written = write_csv_files(
        con,
        """
        SELECT 'finance_entries_' || strftime(invoiced_at, '%Y-%m') || '.csv' AS _file, invoice || '-' || line_no
            AS entry_no,
               invoiced_at AS posted_at, if(sku LIKE 'TEST%', 'TEST', sku) AS account_code, description, amount,
               'GBP' AS currency_code
        FROM gift_line WHERE place = 'books' ORDER BY _file, invoiced_at, invoice, line_no
        """,
        folder,
    )
    amount = con.sql("SELECT sum(amount) FROM gift_line WHERE place = 'books'").fetchall()[0][0]
    manifest.add(
        "headoffice_gifts",
        "finance_entries",
        files=written.files,
        rows=written.rows,
        amount=amount,
        provenance=PROVENANCE,
    )
    places = con.sql("SELECT place, count(*), sum(amount) FROM gift_line GROUP BY place ORDER BY place").fetchall()
    manifest.gift_places = [
        {"place": place, "lines": lines, "amount": f"{total:.4f}"} for place, lines, total in places
    ]
