"""What the demo retailer has in its Odoo, as Parquet files that a loader turns into Odoo records.

Belongs here: which people, products and orders an Odoo of this retailer holds. Talking to a server is the loader's.

Files in the folder `odoo_seed` beside the truth folder, one row a record, external ids unique and stable:
- partners.parquet: external_id, name, email, phone, street, city, zip, country_code, is_company, parent_external_id,
  person_id. About 800: people of the grocer, of the gift shop and of both, a few of them twice, and 30 companies
  (person_id null) whose contacts name them in parent_external_id. Companies come first. person_id is the truth for the
  evaluation: it must not be written to Odoo.
- products.parquet: external_id, default_code ('<code_space>:<sku>'), barcode, name, price, cost (null if unknown),
  category, stock_qty (0 for some). The best sellers: 200 of the grocer, 100 of the gift shop. Prices are in the brand's
  currency.
- shelves.parquet: store_no, product_external_id, stock_qty. Products that stores keep, as the head office last counted
  them: the three stores that keep most of the grocer's. Their Odoo warehouses bear the store's number as short name.
- pos_orders.parquet and sale_orders.parquet: external_id, partner_external_id (null at some POS orders),
  product_external_id, quantity, price_unit, ordered_at (naive UTC). One row a line; 60 orders each, July to December
  2017.
- pos_returns.parquet: the same columns, quantity negative, and returned_external_id, the POS order that comes back.
  Three orders come back whole; one customer brings goods back five times of which the till sold none (null there).
"""

from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from demo.files import random_stream
from demo.manifest import Manifest
from demo.persons import Quality, make_records

OFFICE = Quality(nickname=0.06, no_email=0.20, no_phone=0.25, no_address=0.15, former_email=0.10)
GROCER_PARTNERS, GIFT_PARTNERS, SHARED_PARTNERS, SECOND_PARTNERS = 470, 150, 60, 20
COMPANIES, CONTACTS = 30, 70
GROCER_PRODUCTS, GIFT_PRODUCTS, ORDERS = 200, 100, 60
WHOLE_RETURNS, RETURNS_WITHOUT_SALE, RETURN_DAYS = 3, 5, 4
STORES = 3


def write(con: duckdb.DuckDBPyConnection, folder: Path, landing: Path, seed: int, manifest: Manifest) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    partners, products = odoo_partners(con, seed), odoo_products(con)
    pos_orders = odoo_orders(partners, products, seed, "pos")
    frames = {
        "partners": partners,
        "products": products,
        "shelves": odoo_shelves(con, products, landing),
        "pos_orders": pos_orders,
        "pos_returns": odoo_returns(partners, pos_orders),
        "sale_orders": odoo_orders(partners, products, seed, "sale"),
    }
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
        manifest.add(
            "odoo_seed", name, files=1, rows=frame.height, synthetic=True, provenance="made up; products are real"
        )


def odoo_partners(con: duckdb.DuckDBPyConnection, seed: int) -> pl.DataFrame:
    """People with the office's own spelling of them, and companies with contacts."""
    chosen = con.sql(f"""
        WITH at_grocer AS (SELECT DISTINCT person_id FROM card), at_gifts AS (
            SELECT person_id, bool_or(source_customer_id NOT LIKE 'guest:%') AS has_account
            FROM shop_record WHERE source_name = 'shop_gifts' GROUP BY person_id
        ), part AS (
            SELECT person_id, at_grocer.person_id IS NOT NULL AS is_grocer, coalesce(has_account, false) AS is_gifts
            FROM at_grocer FULL JOIN at_gifts USING (person_id)
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY is_grocer, is_gifts ORDER BY draw('odoo', person_id)) AS place
                FROM part
            WHERE is_grocer OR is_gifts
        )
        SELECT person_id FROM ranked
        WHERE place <= CASE WHEN is_grocer AND is_gifts THEN {SHARED_PARTNERS} WHEN is_grocer THEN {GROCER_PARTNERS}
                            ELSE {GIFT_PARTNERS + CONTACTS} END
        ORDER BY draw('odoo order', person_id)
    """).pl()["person_id"]
    rng = random_stream(seed, "odoo partners")
    repeated = pl.concat([chosen, chosen.head(SECOND_PARTNERS)])
    keys = pl.DataFrame(
        {
            "source_name": pl.Series(["odoo_main"] * len(repeated)),
            "source_customer_id": [f"demo_partner_{number:05d}" for number in range(1, len(repeated) + 1)],
            "person_id": repeated,
            "recorded_on": pl.Series(rng.integers(16801, 17500, len(repeated)).astype(np.int32)).cast(pl.Date),
        }
    )
    people = con.sql("SELECT * FROM person ORDER BY person_id").pl()
    records = make_records(keys, people, seed, "odoo records", OFFICE)
    reversed_name = pl.Series(rng.random(records.height) < 0.04)
    contact_no = pl.Series(np.arange(records.height))
    companies = _companies(people, seed)
    partners = records.select(
        external_id=pl.col("source_customer_id"),
        name=pl.when(reversed_name).then(pl.col("last_name") + ", " + pl.col("first_name"))
        .otherwise(pl.col("first_name") + " " + pl.col("last_name")),
        email="email", phone="phone", street="street", city="city", zip="postcode", country_code="country_code",
        is_company=pl.lit(False),
        parent_external_id=pl.when(contact_no < CONTACTS)
        .then(pl.format("demo_company_{}", (contact_no % COMPANIES + 1).cast(pl.String).str.zfill(3))),
        person_id="person_id",
    )  # fmt: skip
    return pl.concat([companies, partners])


def _companies(people: pl.DataFrame, seed: int) -> pl.DataFrame:
    rng = random_stream(seed, "odoo companies")
    heads = people.sample(COMPANIES, seed=seed, with_replacement=people.height < COMPANIES)
    forms = pl.Series(["& Sons", "Catering", "Tea Rooms", "Gift Boutique", "Bakery", "Office Supplies"])
    form = forms.gather(rng.integers(0, len(forms), COMPANIES))
    number = pl.Series(np.arange(1, COMPANIES + 1)).cast(pl.String).str.zfill(3)
    return heads.select(
        external_id="demo_company_" + number,
        name=pl.col("last_name") + " " + form,
        email="office" + number + "@example.org",
        phone=pl.col("phone"), street=pl.col("street"), city=pl.col("city"), zip=pl.col("postcode"),
        country_code=pl.col("country_code"), is_company=pl.lit(True),
        parent_external_id=pl.lit(None, dtype=pl.String), person_id=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


def odoo_products(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Best sellers of both brands at their average price, with the cost of the last day where it is known."""
    return con.sql(f"""
        WITH sold AS (
            SELECT 'grocer' AS code_space, sku, product_name.barcode, product_name.name, title_case(category)
                AS category,
                   count(*) AS lines, sum(net_amount) AS amount, sum(quantity) AS quantity
            FROM cj_line JOIN cj_product USING (sku, unit_of_measure) JOIN product_name USING (sku)
            WHERE unit_of_measure = 'piece' AND quantity > 0 GROUP BY ALL
            UNION ALL
            SELECT 'gifts', sku, gift_name.barcode, gift_name.name, 'Gifts', count(*), sum(amount), sum(quantity)
            FROM gift_line JOIN gift_name USING (sku)
            WHERE place = 'shop' AND item_kind = 'product' AND copy = 0 AND price > 0 GROUP BY ALL
        ), cost AS (
            SELECT code_space, sku, arg_max(unit_cost_amount, valid_from_date) AS cost
            FROM product_cost WHERE is_known GROUP BY code_space, sku
        )
        SELECT 'demo_product_' || code_space || '_' || sku AS external_id, code_space || ':' || sku
            AS default_code, barcode,
               name, CAST(round(CAST(amount AS DOUBLE) / CAST(quantity AS DOUBLE), 2) AS DOUBLE) AS price,
               CAST(cost AS DOUBLE) AS cost, category,
               if(draw('odoo stock', sku) < 0.08, 0, CAST(floor(draw('odoo stock', sku) * 180) AS INTEGER)) AS stock_qty
        FROM sold LEFT JOIN cost USING (code_space, sku)
        QUALIFY row_number() OVER (PARTITION BY code_space ORDER BY lines DESC, sku)
            <= if(code_space = 'grocer', {GROCER_PRODUCTS}, {GIFT_PRODUCTS})
        ORDER BY code_space DESC, lines DESC, sku
    """).pl()


def odoo_shelves(con: duckdb.DuckDBPyConnection, products: pl.DataFrame, landing: Path) -> pl.DataFrame:
    """The grocer's products in the stores that keep most of them, with the head office's last count."""
    con.register("odoo_product", products.to_arrow())
    return con.sql(f"""
        WITH kept AS (
            SELECT store_no, external_id AS product_external_id, CAST(on_hand_qty AS INTEGER) AS stock_qty
            FROM '{landing}/headoffice_grocer/stock_levels_*.parquet'
            JOIN odoo_product ON default_code = 'grocer:' || sku
            QUALIFY stock_date = max(stock_date) OVER ()
        )
        FROM kept SEMI JOIN (
            SELECT store_no FROM kept GROUP BY store_no ORDER BY count(*) DESC, store_no LIMIT {STORES}
        ) USING (store_no)
        ORDER BY store_no, product_external_id
    """).pl()


def odoo_orders(partners: pl.DataFrame, products: pl.DataFrame, seed: int, kind: str) -> pl.DataFrame:
    """Lines of made-up orders: at the till grocer's products, often without a customer; sales of either brand."""
    rng = random_stream(seed, f"odoo {kind} orders")
    lines = rng.integers(1, 6, ORDERS)
    order = np.repeat(np.arange(ORDERS), lines)
    people = partners.filter(~pl.col("is_company"))["external_id"]
    buyer = people.gather(rng.integers(0, len(people), ORDERS))
    if kind == "pos":
        buyer = buyer.zip_with(pl.Series(rng.random(ORDERS) < 0.7), pl.Series([None] * ORDERS, dtype=pl.String))
        products = products.filter(pl.col("default_code").str.starts_with("grocer:"))
    # From 9 to 19 o'clock in New York, half a year from July on.
    seconds = rng.integers(0, 183, ORDERS) * 86_400 + rng.integers(14 * 3600, 23 * 3600, ORDERS)
    ordered_at = pl.Series((1_498_867_200 + seconds) * 1_000_000).cast(pl.Datetime("us")).sort()
    picked = products[rng.integers(0, products.height, len(order))]
    return pl.DataFrame(
        {
            "external_id": [f"demo_{kind}_{number + 1:04d}" for number in order],
            "partner_external_id": buyer.gather(order),
            "product_external_id": picked["external_id"],
            "quantity": rng.integers(1, 5, len(order)).astype(float),
            "price_unit": picked["price"],
            "ordered_at": ordered_at.gather(order),
        }
    )


def odoo_returns(partners: pl.DataFrame, pos_orders: pl.DataFrame) -> pl.DataFrame:
    """Returns at the till: the last known customers' whole orders, and goods that one other customer never bought."""
    is_early = pl.col("ordered_at") < pl.col("ordered_at").max() - pl.duration(days=2 * RETURN_DAYS)
    known = pos_orders.filter(is_early, pl.col("partner_external_id").is_not_null())
    buyers = set(known["partner_external_id"])
    whole = known.filter(
        pl.col("external_id").is_in(known["external_id"].unique().sort().tail(WHOLE_RETURNS).implode())
    )
    whole = whole.unique(["external_id", "product_external_id"], keep="first", maintain_order=True).with_columns(
        returned_external_id="external_id", external_id=pl.col("external_id").str.replace("pos", "pos_return")
    )
    stranger = next(one for one in partners.filter(~pl.col("is_company"))["external_id"] if one not in buyers)
    # One line a receipt, of what others bought in the weeks before.
    goods = known.unique("external_id", keep="first", maintain_order=True).tail(RETURNS_WITHOUT_SALE)
    unknown = goods.with_columns(
        external_id=pl.format("demo_pos_return_{}", pl.int_range(pl.len()).cast(pl.String)),
        partner_external_id=pl.lit(stranger),
        returned_external_id=pl.lit(None, dtype=pl.String),
        quantity=pl.lit(4.0),
    )
    columns = [*pos_orders.columns, "returned_external_id"]
    return pl.concat([whole.select(columns), unknown.select(columns)]).with_columns(
        quantity=-pl.col("quantity"), ordered_at=pl.col("ordered_at") + pl.duration(days=RETURN_DAYS)
    )
