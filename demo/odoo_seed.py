"""Puts the demo retailer into an Odoo: partners, products, stock and reordering rules, orders, loyalty cards.

Belongs here: turning the seed files (`odoo_records.py` says what they hold) into records of a real server. Does not
belong here: what the demo retailer has, and anything that product code needs.

It may be killed and run again. A record has an external id and comes with it in one call, so that it is there whole or
not at all; a second run makes what is missing and leaves the rest as people have changed it. What needs a second step
(confirming a sale, counting stock) is found by the state in which it was left.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import odoorpc
import polars as pl

from pipelines.settings import OdooConnection

Progress = Callable[[str], object]

BATCH_RECORDS = 500
# The server ends a call whose client was killed. Steps that would do harm twice are short, to be over by the next run.
BATCH_STEPS = 50
TIMEOUT_SECONDS = 600
# The module part of an external id that Odoo itself gives to imported records.
MODULE = "__import__"
# No mails, no log entries for records that only come to be.
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_notrack": True,
    "action_no_send_mail": True,
    "loyalty_no_mail": True,
    # Times in the seed files are UTC; an import reads them in the user's zone.
    "tz": "UTC",
}
LOYALTY_MEMBERS = 200
WAREHOUSE_ID = pl.lit("demo_warehouse_") + pl.col("store_no")
# One product in so many has a reordering rule.
REORDERED_SHARE = 3


class SeedError(Exception):
    """The server refused a record of the demo."""


def seed(server: OdooConnection, seed_dir: Path, progress: Progress = print) -> None:
    """Fill a database that holds Odoo's modules. The administrator's login is needed."""
    odoo = _Odoo(server)
    names = ("partners", "products", "shelves", "pos_orders", "pos_returns", "sale_orders")
    partners, products, shelves, pos_lines, pos_returns, sale_lines = (
        pl.read_parquet(seed_dir / f"{name}.parquet") for name in names
    )
    steps: list[tuple[str, Callable[[], int]]] = [
        ("partners", lambda: _seed_partners(odoo, partners)),
        ("products", lambda: _seed_products(odoo, products)),
        ("warehouses", lambda: _seed_warehouses(odoo, shelves)),
        ("products counted in stock", lambda: _seed_stock(odoo, products, shelves)),
        ("reordering rules", lambda: _seed_reordering_rules(odoo, products, shelves)),
        ("POS orders", lambda: _seed_pos_orders(odoo, pos_lines, products)),
        ("POS returns", lambda: _seed_pos_orders(odoo, _with_returned_lines(odoo, pos_returns), products)),
        ("sale orders", lambda: _seed_sale_orders(odoo, sale_lines)),
        ("loyalty cards", lambda: _seed_loyalty(odoo, partners)),
    ]
    for name, make in steps:
        progress(f"Odoo: {make()} new {name}")


class _Odoo:
    """The calls that seeding needs, quiet and by external id."""

    def __init__(self, server: OdooConnection) -> None:
        parts = urlsplit(server.url)
        is_secure = parts.scheme == "https"
        self._odoo = odoorpc.ODOO(
            parts.hostname,
            protocol="jsonrpc+ssl" if is_secure else "jsonrpc",
            port=parts.port or (443 if is_secure else 80),
            timeout=TIMEOUT_SECONDS,
        )
        self._odoo.login(server.database, server.user, server.password.get_secret_value())

    def call(
        self, model: str, method: str, *arguments: Any, context: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        return self._odoo.execute_kw(model, method, list(arguments), {**options, "context": QUIET | (context or {})})

    def find(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        """Records with links as plain ids."""
        found: list[dict[str, Any]] = self.call(model, "search_read", domain, fields=fields, load="")
        return found

    def ids(self, model: str, external_ids: pl.Series) -> dict[str, int]:
        """Odoo's ids of the external ids that are there."""
        rows = self.find(
            "ir.model.data",
            [["module", "=", MODULE], ["model", "=", model], ["name", "in", external_ids.unique().to_list()]],
            ["name", "res_id"],
        )
        return {row["name"]: row["res_id"] for row in rows}

    def load_missing(self, model: str, rows: pl.DataFrame, lines: str = "") -> int:
        """Make the records that are not there yet, and count them.

        Columns bear the names that Odoo's import knows: `id` is the external id, `<link>/id` the other record's
        external id, `<link>/.id` its number. Rows that follow with the same id are more lines of the record, in the
        columns below `lines`.
        """
        missing = rows.filter(~pl.col("id").is_in(list(self.ids(model, rows["id"]))))
        own = [name for name in rows.columns if not lines or not name.startswith(f"{lines}/")]
        external = [name for name in rows.columns if name == "id" or name.endswith("/id")]
        texts = (
            missing.with_columns(pl.all().cast(pl.String), batch=pl.col("id").rle_id() // BATCH_RECORDS)
            .with_columns(pl.format(f"{MODULE}.{{}}", name).alias(name) for name in external)
            .with_columns(pl.when(pl.col("id").is_first_distinct()).then(pl.col(own)))
            .with_columns(pl.col(rows.columns).fill_null(""))
        )
        for batch in texts.partition_by("batch", maintain_order=True, include_key=False):
            result = self.call(model, "load", batch.columns, batch.rows())
            if not result["ids"]:
                raise SeedError(f"Odoo refused {model}: {result['messages'][0]['message']}")
        return missing["id"].n_unique()

    def load_one(self, model: str, external_id: str, **values: Any) -> int:
        """A record that others need: its id, made if it is not there."""
        self.load_missing(
            model, pl.DataFrame({"id": [external_id]} | {name: [value] for name, value in values.items()})
        )
        return self.ids(model, pl.Series([external_id]))[external_id]


def _seed_partners(odoo: _Odoo, partners: pl.DataFrame) -> int:
    countries = odoo.find("res.country", [], ["code"])
    country_ids = {country["code"]: country["id"] for country in countries}
    rows = partners.select(
        "name", "email", "phone", "street", "city", "zip", "is_company",
        pl.col("country_code").replace_strict(country_ids, default=None).alias("country_id/.id"),
        # A contact of the plain type would take over its company's address.
        pl.when(pl.col("parent_external_id").is_null()).then(pl.lit("contact")).otherwise(pl.lit("other")).alias("type"),
        id="external_id",
    )  # fmt: skip
    has_parent = partners["parent_external_id"].is_not_null()
    parents = partners.select(pl.col("parent_external_id").alias("parent_id/id"))
    companies_first = odoo.load_missing("res.partner", rows.filter(~has_parent))
    return companies_first + odoo.load_missing(
        "res.partner", pl.concat([rows, parents], how="horizontal").filter(has_parent)
    )


def _seed_products(odoo: _Odoo, products: pl.DataFrame) -> int:
    category = "demo_category_" + pl.col("category").str.to_lowercase().str.replace_all("[^a-z0-9]+", "_")
    odoo.load_missing(
        "product.category", products.select(id=category, name="category").unique("id", maintain_order=True)
    )
    rows = products.select(
        "name", "default_code", "barcode",
        pl.lit("consu").alias("type"),
        pl.lit(True).alias("is_storable"),
        pl.lit(True).alias("available_in_pos"),
        category.alias("categ_id/id"),
        id="external_id", list_price="price", standard_price="cost",
    )  # fmt: skip
    return odoo.load_missing("product.product", rows)


def _seed_warehouses(odoo: _Odoo, shelves: pl.DataFrame) -> int:
    """The stores that the Odoo keeps goods of; the short name is the store's number."""
    stores = shelves.select("store_no").unique("store_no", maintain_order=True)
    rows = stores.select(
        id=WAREHOUSE_ID, name=pl.lit("Demo Grocer ") + pl.col("store_no"), code=pl.col("store_no")
    )  # fmt: skip
    return odoo.load_missing("stock.warehouse", rows)


def _places(odoo: _Odoo, products: pl.DataFrame, shelves: pl.DataFrame) -> pl.DataFrame:
    """external_id of a product, warehouse_id, location_id and stock_qty: of the first warehouse and of the stores'."""
    warehouse_ids = odoo.ids("stock.warehouse", shelves.select(WAREHOUSE_ID).to_series())
    found = odoo.find("stock.warehouse", [["id", "in", list(warehouse_ids.values())]], ["lot_stock_id"])
    locations = {row["id"]: row["lot_stock_id"] for row in found}
    first = _warehouse(odoo)
    return pl.concat(
        [
            products.select(
                "external_id",
                warehouse_id=pl.lit(first["id"], dtype=pl.Int64),
                location_id=pl.lit(first["lot_stock_id"], dtype=pl.Int64),
                stock_qty=pl.col("stock_qty").cast(pl.Int64),
            ),
            shelves.select(
                external_id="product_external_id",
                warehouse_id=WAREHOUSE_ID.replace_strict(warehouse_ids, return_dtype=pl.Int64),
                location_id=WAREHOUSE_ID.replace_strict(warehouse_ids, return_dtype=pl.Int64).replace_strict(
                    locations, return_dtype=pl.Int64
                ),
                stock_qty=pl.col("stock_qty").cast(pl.Int64),
            ),
        ]
    )


def _seed_stock(odoo: _Odoo, products: pl.DataFrame, shelves: pl.DataFrame) -> int:
    """Count each product once where it is kept; what was ever counted there is left alone."""
    product_ids = odoo.ids("product.product", products["external_id"])
    counts = odoo.find(
        "stock.move",
        [["is_inventory", "=", True], ["state", "=", "done"], ["product_id", "in", list(product_ids.values())]],
        ["product_id", "location_dest_id"],
    )
    counted = pl.DataFrame(
        [(move["product_id"], move["location_dest_id"]) for move in counts],
        schema={"product_id": pl.Int64, "location_id": pl.Int64},
        orient="row",
    )
    wanted = (
        _places(odoo, products, shelves)
        .filter(pl.col("stock_qty") > 0)
        .with_columns(product_id=pl.col("external_id").replace_strict(product_ids, return_dtype=pl.Int64))
        .join(counted, on=["product_id", "location_id"], how="anti", maintain_order="left")
    )
    counting = QUIET | {"inventory_mode": True}
    for batch in wanted.iter_slices(BATCH_STEPS):
        quants = batch.select("product_id", "location_id", inventory_quantity="stock_qty").to_dicts()
        quant_ids = odoo.call("stock.quant", "create", quants, context=counting)
        odoo.call("stock.quant", "action_apply_inventory", quant_ids, context=counting)
    return wanted.height


def _seed_reordering_rules(odoo: _Odoo, products: pl.DataFrame, shelves: pl.DataFrame) -> int:
    """Rules that wait for a person: for a share of the products in the first warehouse, for all that stores keep."""
    first_id = _warehouse(odoo)["id"]
    rows = _places(odoo, products.gather_every(REORDERED_SHARE), shelves).select(
        id=pl.lit("demo_rule_") + pl.col("external_id")
        + pl.when(pl.col("warehouse_id") == first_id).then(pl.lit(""))
        .otherwise(pl.format("_{}", "warehouse_id")),
        product_min_qty=pl.when(pl.col("warehouse_id") == first_id).then(12).otherwise(2),
        product_max_qty=pl.when(pl.col("warehouse_id") == first_id).then(60).otherwise(6),
        trigger=pl.lit("manual"),
        **{
            "product_id/id": pl.col("external_id"),
            "location_id/.id": pl.col("location_id"),
            "warehouse_id/.id": pl.col("warehouse_id"),
        },
    )  # fmt: skip
    return odoo.load_missing("stock.warehouse.orderpoint", rows)


def _seed_pos_orders(odoo: _Odoo, lines: pl.DataFrame, products: pl.DataFrame) -> int:
    """Paid orders of one till in one open session, with the date on which they were sold.

    A column `returned_line_id` names the line that a line brings back.
    """
    session_id, method_id = _till(odoo)
    amount = (pl.col("quantity") * pl.col("price_unit")).round(2)
    total = amount.sum().over("external_id").round(2)
    ordered_at = pl.col("ordered_at").dt.strftime("%Y-%m-%d %H:%M:%S")
    names = products.select(product_external_id="external_id", product_name="name")
    rows = lines.join(names, on="product_external_id", how="left", maintain_order="left").select(
        id="external_id",
        pos_reference="external_id",
        name="external_id",
        date_order=ordered_at,
        state=pl.lit("paid"),
        amount_total=total,
        amount_paid=total,
        amount_tax=pl.lit(0),
        amount_return=pl.lit(0),
        **{
            "session_id/.id": pl.lit(session_id),
            "partner_id/id": pl.col("partner_external_id"),
            "payment_ids/payment_method_id/.id": pl.lit(method_id),
            "payment_ids/amount": total,
            "payment_ids/payment_date": ordered_at,
            "lines/product_id/id": pl.col("product_external_id"),
            "lines/full_product_name": pl.col("product_name"),
            "lines/qty": pl.col("quantity"),
            "lines/price_unit": pl.col("price_unit"),
            "lines/price_subtotal": amount,
            "lines/price_subtotal_incl": amount,
        },
    )
    if "returned_line_id" in lines.columns:
        rows = rows.with_columns(lines["returned_line_id"].alias("lines/refunded_orderline_id/.id"))
    return odoo.load_missing("pos.order", rows, lines="lines")


def _with_returned_lines(odoo: _Odoo, returns: pl.DataFrame) -> pl.DataFrame:
    """Lines that come back with Odoo's ids of the lines that they bring back."""
    orders = odoo.ids("pos.order", returns["returned_external_id"].drop_nulls())
    products = odoo.ids("product.product", returns["product_external_id"])
    sold = odoo.find("pos.order.line", [["order_id", "in", list(orders.values())]], ["order_id", "product_id"])
    line_ids = {(line["order_id"], line["product_id"]): line["id"] for line in sold}
    pairs = returns.select("returned_external_id", "product_external_id").rows()
    return returns.with_columns(
        returned_line_id=pl.Series(
            [line_ids.get((orders.get(order), products[product])) for order, product in pairs], dtype=pl.Int64
        )
    )


def _till(odoo: _Odoo) -> tuple[int, int]:
    """An open session of the demo's till, and its way to pay."""
    banks = odoo.find("account.journal", [["type", "=", "bank"]], ["id"])
    method_id = odoo.load_one("pos.payment.method", "demo_card", name="Demo card", **{"journal_id/.id": banks[0]["id"]})
    till_id = odoo.load_one("pos.config", "demo_till", name="Demo till", **{"payment_method_ids/.id": method_id})
    session_id = odoo.load_one("pos.session", "demo_session", **{"config_id/.id": till_id})
    odoo.call("pos.session", "set_opening_control", [session_id], 0, "")
    return session_id, method_id


def _seed_sale_orders(odoo: _Odoo, lines: pl.DataFrame) -> int:
    """Confirmed orders, dated when they were placed and promised for the same day."""
    ordered_at = pl.col("ordered_at").dt.strftime("%Y-%m-%d %H:%M:%S")
    rows = lines.select(
        id="external_id",
        client_order_ref="external_id",
        date_order=ordered_at,
        commitment_date=ordered_at,
        **{
            "partner_id/id": pl.col("partner_external_id"),
            "order_line/product_id/id": pl.col("product_external_id"),
            "order_line/product_uom_qty": pl.col("quantity"),
            "order_line/price_unit": pl.col("price_unit"),
        },
    )
    count = odoo.load_missing("sale.order", rows, lines="order_line")
    order_ids = list(odoo.ids("sale.order", lines["external_id"]).values())
    for draft in odoo.find("sale.order", [["id", "in", order_ids], ["state", "=", "draft"]], ["id"]):
        odoo.call("sale.order", "action_confirm", [draft["id"]])
    # Confirming dates an order to this moment; the promised date still says when it was placed.
    for order in odoo.find("sale.order", [["id", "in", order_ids], ["commitment_date", "!=", False]], _DATES):
        if order["date_order"] != order["commitment_date"]:
            odoo.call("sale.order", "write", [order["id"]], {"date_order": order["commitment_date"]})
    return count


_DATES = ["date_order", "commitment_date"]


def _seed_loyalty(odoo: _Odoo, partners: pl.DataFrame) -> int:
    """A loyalty program of Odoo's own, with cards, and how their points came."""
    program_id = odoo.load_one("loyalty.program", "demo_program", name="Demo points", program_type="loyalty")
    members = partners.filter(~pl.col("is_company")).head(LOYALTY_MEMBERS).with_row_index("number")
    rows = members.select(
        id=pl.lit("demo_points_") + pl.col("external_id"),
        code=pl.lit("DEMO-") + pl.col("external_id"),
        points=pl.col("number") * 7 % 400,
        **{"program_id/.id": pl.lit(program_id), "partner_id/id": pl.col("external_id")},
    )
    count = odoo.load_missing("loyalty.card", rows)
    issued = rows.select(
        pl.col("id").alias("card_id/id"),
        id=pl.lit("demo_issue_") + pl.col("id"),
        description=pl.lit("Opening balance"),
        issued="points",
    )
    odoo.load_missing("loyalty.history", issued)
    return count


def _warehouse(odoo: _Odoo) -> dict[str, Any]:
    return odoo.find("stock.warehouse", [], ["lot_stock_id"])[0]
