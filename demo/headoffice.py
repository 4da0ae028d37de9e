"""Both brands' head offices: stores, products, costs and currency rates.

Belongs here: master data. Names and groups of products are the data's; barcodes, costs, cities and opening days are
made up. Does not belong here: stock and purchases (`stock.py`), the gift shop's books (`gifts.py`).

Barcodes are valid GTINs of the ranges 20 and 21, which are for use inside a company and never printed by a maker.
"""

import shutil
from pathlib import Path

import duckdb

from demo import gifts, grocer
from demo.files import Written, write_csv_files
from demo.manifest import Manifest

RATES = Path(__file__).parent / "data" / "ecb_reference_rates.csv"
UNKNOWN_COST_SHARE = 0.08
# Share of the price that stays with the retailer, by the grocer's department.
MARGINS = {
    "FUEL": 0.06, "PRODUCE": 0.38, "MEAT": 0.22, "MEAT-PCKGD": 0.25, "DELI": 0.42, "PASTRY": 0.45, "DRUG GM": 0.30,
    "COSMETICS": 0.38, "FLORAL": 0.48, "SPIRITS": 0.22, "SEAFOOD": 0.26, "SALAD BAR": 0.50,
}  # fmt: skip


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Tables product_name, gift_name and product_cost, which orders, purchases and the Odoo records use."""
    con.execute("""
        CREATE MACRO gtin(body) AS body || CAST((10 - list_sum(list_transform(range(1, 13),
            lambda i: CAST(body[i] AS INTEGER) * if(i % 2 = 0, 3, 1))) % 10) % 10 AS VARCHAR);
        CREATE MACRO title_case(words) AS array_to_string(list_transform(string_split(lower(words), ' '),
            lambda word: upper(word[1]) || word[2:]), ' ');
        CREATE TABLE product_name AS
        SELECT sku, trim(title_case(coalesce(family, category, department)) || ' ' || coalesce(trim(package_size), ''))
                   AS name,
               if(unit_of_measure = 'piece' AND draw('barcode', sku) > 0.03, gtin('20' || lpad(sku, 10, '0')), NULL)
                   AS barcode
        FROM cj_product;
        CREATE TABLE gift_name AS
        WITH text AS (
            -- What write-offs say of a product is no name of it.
            SELECT sku, description, count(*) FILTER (place = 'shop') AS uses
            FROM gift_base WHERE item_kind = 'product' GROUP BY sku, description
        )
        SELECT sku, coalesce(arg_max(description, (uses, description)) FILTER (uses > 0), 'Product ' || sku) AS name,
               if(draw('barcode', sku) > 0.03, gtin('21' || lpad(CAST(md5_number_lower(sku) % 10000000000
                   AS VARCHAR), 10, '0')), NULL)
                   AS barcode
        FROM text GROUP BY sku;
    """)
    margins = "MAP {" + ", ".join(f"'{name}': {share}" for name, share in MARGINS.items()) + "}"
    con.execute(f"""
        CREATE TABLE product_cost AS
        WITH price AS (
            SELECT 'grocer' AS code_space, sku, CAST(sum(net_amount) AS DOUBLE) / CAST(sum(quantity) AS DOUBLE)
                AS price,
                   coalesce({margins}[any_value(department)], 0.28) AS margin
            FROM grocer_line LEFT JOIN cj_product USING (sku)
            WHERE quantity > 0 AND net_amount > 0 AND basket_no < {grocer.COPY_BASKET} GROUP BY sku
            UNION ALL
            SELECT 'gifts', sku, CAST(sum(amount) AS DOUBLE) / CAST(sum(quantity) AS DOUBLE), 0.52
            FROM gift_line WHERE place = 'shop' AND item_kind = 'product' AND price > 0 AND copy = 0 GROUP BY sku
        ), change(code_space, change_no, valid_from_date, chance) AS (
            VALUES ('grocer', 0, DATE '2016-01-04', 1.0), ('grocer', 1, DATE '2017-04-03', 0.5), ('grocer', 2,
                DATE '2017-09-04', 0.4),
                   ('gifts', 0, DATE '2015-11-02', 1.0), ('gifts', 1, DATE '2016-07-04', 0.5), ('gifts', 2,
                       DATE '2017-02-06', 0.5)
        )
        SELECT code_space, sku, valid_from_date, draw('cost known', sku) >= {UNKNOWN_COST_SHARE} AS is_known,
               CAST(round(greatest(0.0001, price * (1 - margin) * (0.9 + 0.2 * draw('cost', sku))
                    * (1 + change_no * 0.05 * (draw('cost change', sku || ':' || change_no) - 0.3))), 4)
                        AS DECIMAL(18,4))
                   AS unit_cost_amount
        FROM price JOIN change USING (code_space)
        WHERE draw('cost changes', sku || ':' || change_no) < chance
    """)


def write_grocer(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    folder = landing / "headoffice_grocer"
    _add(
        manifest, "headoffice_grocer", "stores", "store numbers from The Complete Journey, the rest made up", True,
        write_csv_files(con, f"""
            WITH city AS (
                SELECT city, row_number() OVER (ORDER BY city) AS n FROM (SELECT DISTINCT city FROM person
                    WHERE country_code = 'US')
            ), store AS (
                SELECT store_no, any_value(till) AS till,
                       1 + CAST(floor(draw('city', store_no) * (SELECT count(*) FROM city)) AS INTEGER) AS n
                FROM grocer_basket GROUP BY store_no
            )
            SELECT 'stores_2017-01-01.csv' AS _file, store_no, 'Demo Grocer ' || city || ' ' || store_no AS name,
                   if(till = 'till_east', 'East', 'West') AS region, city, 'US' AS country_code,
                   '{grocer.TIME_ZONE}' AS time_zone,
                   DATE '1988-03-01' + CAST(floor(draw('opened', store_no) * 10400) AS INTEGER) AS opened_date
            FROM store JOIN city USING (n) ORDER BY store_no
        """, folder),
    )  # fmt: skip
    _add(
        manifest, "headoffice_grocer", "products", f"{grocer.PROVENANCE}; barcodes made up", False,
        write_csv_files(con, """
            WITH version AS (
                SELECT sku, barcode, name, '2016-12-30T12:00:00Z' AS updated_at FROM product_name
                UNION ALL
                -- A new package with a new barcode.
                SELECT sku, gtin('22' || lpad(sku, 10, '0')), name, '2017-07-03T12:00:00Z' FROM product_name
                WHERE barcode IS NOT NULL AND draw('relabelled', sku) < 0.003
            )
            SELECT 'products_' || left(updated_at, 10) || '.csv'
                AS _file, sku, barcode, name, department, category, family,
                   product_brand, package_size, unit_of_measure, updated_at
            FROM version JOIN cj_product USING (sku) ORDER BY _file, CAST(sku AS BIGINT)
        """, folder),
    )  # fmt: skip
    _add(
        manifest, "headoffice_grocer", "product_costs", "made up from the sale prices", True,
        write_csv_files(con, _costs("grocer", "USD"), folder),
    )  # fmt: skip
    shutil.copyfile(RATES, folder / "currency_rates_2015-11-20_2017-12-29.csv")
    rows = con.sql(f"SELECT count(*) FROM '{RATES}'").fetchall()[0][0]
    _add(
        manifest, "headoffice_grocer", "currency_rates", "European Central Bank, euro foreign exchange reference rates",
        False, Written(1, rows),
    )  # fmt: skip


def write_gifts(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    folder = landing / "headoffice_gifts"
    _add(
        manifest, "headoffice_gifts", "stores", "made up", True,
        write_csv_files(con, f"""
            SELECT 'stores_2015-11-01.csv' AS _file, 'web' AS store_no, 'Demo Gifts web warehouse' AS name, 'Online'
                AS region,
                   CAST(NULL AS VARCHAR) AS city, 'GB' AS country_code, '{gifts.TIME_ZONE}' AS time_zone,
                   DATE '2009-11-02' AS opened_date
        """, folder),
    )  # fmt: skip
    _add(
        manifest, "headoffice_gifts", "products", f"{gifts.PROVENANCE}: most common name; barcodes made up", False,
        write_csv_files(con, """
            SELECT 'products_2015-11-20.csv' AS _file, sku, barcode, name, CAST(NULL AS VARCHAR) AS department,
                   CAST(NULL AS VARCHAR) AS category, CAST(NULL AS VARCHAR) AS family, CAST(NULL AS VARCHAR)
                       AS product_brand,
                   CAST(NULL AS VARCHAR) AS package_size, 'piece' AS unit_of_measure, '2015-11-20T12:00:00Z'
                       AS updated_at
            FROM gift_name ORDER BY sku
        """, folder),
    )  # fmt: skip
    _add(
        manifest, "headoffice_gifts", "product_costs", "made up from the sale prices", True,
        write_csv_files(con, _costs("gifts", "GBP"), folder),
    )  # fmt: skip


def _costs(code_space: str, currency: str) -> str:
    return f"""
        SELECT 'product_costs_' || valid_from_date || '.csv' AS _file, sku, valid_from_date, unit_cost_amount,
               '{currency}' AS currency_code
        FROM product_cost WHERE code_space = '{code_space}' AND is_known ORDER BY _file, sku
    """


def _add(manifest: Manifest, source: str, entity: str, provenance: str, synthetic: bool, written: Written) -> None:
    manifest.add(source, entity, files=written.files, rows=written.rows, provenance=provenance, synthetic=synthetic)
