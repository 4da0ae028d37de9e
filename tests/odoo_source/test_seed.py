"""The demo retailer in a real Odoo: what the files say, once, however often it is put there."""

import uuid
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from demo import odoo_seed
from pipelines.settings import OdooConnection
from pipelines.sources.odoo import OdooSource
from tests.odoo_source.conftest import Admin, pulled
from tests.odoo_source.retailer import MORNING, NIGHT

pytestmark = pytest.mark.odoo


def test_partners_keep_their_own_address_and_company(source: OdooSource, soon: datetime) -> None:
    partners = pulled(source, "res.partner", None, soon)
    company = partners.row(by_predicate=pl.col("email") == "office@example.org", named=True)
    ada = partners.row(by_predicate=pl.col("email") == "ada@example.org", named=True)
    assert (company["is_company"], ada["is_company"]) == (True, False)
    assert ada["parent_id"] == company["id"]
    assert (ada["street"], ada["zip"], ada["country_code"]) == ("9 Mill Lane", "01234", "US")


def test_products_have_code_barcode_price_and_counted_stock(source: OdooSource, soon: datetime) -> None:
    products = pulled(source, "product.product", None, soon)
    milk = products.row(by_predicate=pl.col("default_code") == "grocer:101", named=True)
    assert (milk["barcode"], milk["standard_price"]) == ("0012345678905", Decimal("1.2500"))
    shelf = pulled(source, "stock.warehouse", None, soon)["lot_stock_id"].to_list()
    quants = pulled(source, "stock.quant", None, soon).filter(pl.col("location_id").is_in(shelf))
    kept = quants.filter(pl.col("product_id") == milk["id"]).sort("location_id")
    assert kept["quantity"].to_list() == [Decimal(159), Decimal(4)]


def test_a_store_s_warehouse_bears_its_number_and_has_rules(source: OdooSource, soon: datetime) -> None:
    warehouses = pulled(source, "stock.warehouse", None, soon)
    store = warehouses.row(by_predicate=pl.col("code") == "367", named=True)
    rules = pulled(source, "stock.warehouse.orderpoint", None, soon).filter(pl.col("warehouse_id") == store["id"])
    milk_and_bread = rules.filter(pl.col("location_id") == store["lot_stock_id"]).head(2)
    assert (
        milk_and_bread.select("product_min_qty", "product_max_qty", "trigger").rows()
        == [(Decimal(2), Decimal(6), "manual")] * 2
    )


def test_pos_orders_have_their_date_lines_and_payment(source: OdooSource, soon: datetime) -> None:
    orders = pulled(source, "pos.order", None, soon).filter(pl.col("pos_reference").is_in(["t_pos_1", "t_pos_2"]))
    orders = orders.sort("pos_reference")
    assert orders["date_order"].to_list() == [MORNING, NIGHT]
    # 3 x 2.45 + 3.00, and 1 x 2.45.
    assert orders["amount_total"].to_list() == [Decimal("10.3500"), Decimal("2.4500")]
    assert orders["partner_id"].is_null().to_list() == [True, False]
    assert set(orders["state"]) == {"paid"}
    lines = pulled(source, "pos.order.line", None, soon).filter(pl.col("order_id").is_in(orders["id"].to_list()))
    assert lines["price_subtotal"].to_list() == [Decimal("7.3500"), Decimal("3.0000"), Decimal("2.4500")]
    payments = pulled(source, "pos.payment", None, soon).filter(pl.col("pos_order_id").is_in(orders["id"].to_list()))
    assert payments.sort("pos_order_id")["amount"].to_list() == [Decimal("10.3500"), Decimal("2.4500")]


def test_a_pos_return_names_the_line_that_comes_back(source: OdooSource, soon: datetime) -> None:
    orders = pulled(source, "pos.order", None, soon)
    ids = dict(orders.select("pos_reference", "id").iter_rows())
    lines = pulled(source, "pos.order.line", None, soon)
    sold = lines.row(by_predicate=pl.col("order_id") == ids["t_pos_2"], named=True)
    returned = lines.row(by_predicate=pl.col("order_id") == ids["t_pos_return"], named=True)
    assert (returned["qty"], returned["refunded_orderline_id"]) == (Decimal(-1), sold["id"])


def test_sale_orders_are_confirmed_with_their_own_date(source: OdooSource, admin: Admin, soon: datetime) -> None:
    wanted = admin.call("sale.order", "search", [["client_order_ref", "in", ["t_sale_1", "t_sale_2"]]])
    orders = pulled(source, "sale.order", None, soon).filter(pl.col("id").is_in(wanted)).sort("date_order")
    assert orders["date_order"].to_list() == [MORNING, NIGHT]
    assert set(orders["state"]) == {"sale"}
    # 2 x 12.12 + 2.40, and 12.12.
    assert orders["amount_untaxed"].to_list() == [Decimal("26.6400"), Decimal("12.1200")]


def test_second_run_writes_nothing(server: OdooConnection, source: OdooSource, seed_dir: Path, soon: datetime) -> None:
    models = ["res.partner", "product.product", "stock.quant", "pos.order", "pos.session", "sale.order", "loyalty.card"]
    before = [pulled(source, model, None, soon) for model in models]
    said: list[str] = []
    odoo_seed.seed(server, seed_dir, said.append)
    assert [line.split()[1] for line in said] == ["0"] * 9
    assert all(pulled(source, model, None, soon).equals(frame) for model, frame in zip(models, before, strict=True))


def late_comers(folder: Path, tag: str) -> None:
    """Seed files with one more record of each kind, new to the server by the tag."""
    line = {
        "partner_external_id": f"t_p_late_{tag}",
        "product_external_id": f"t_late_product_{tag}",
        "quantity": 1.0,
        "price_unit": 5.0,
        "ordered_at": MORNING,
    }
    partner = dict.fromkeys(("name", "email", "phone", "street", "city", "zip"), "Late")
    product = {"default_code": f"grocer:{tag}", "name": "Late", "price": 5.0, "cost": 2.0, "category": "Dairy"}
    rows = {
        "partners": partner | {"external_id": f"t_p_late_{tag}", "country_code": "GB", "is_company": False},
        "products": product | {"external_id": f"t_late_product_{tag}", "stock_qty": 9},
        "shelves": {"store_no": "367", "product_external_id": f"t_late_product_{tag}", "stock_qty": 3},
        "pos_orders": line | {"external_id": f"t_pos_late_{tag}"},
        "pos_returns": line | {"external_id": f"t_pos_return_late_{tag}"},
        "sale_orders": line | {"external_id": f"t_late_{tag}"},
    }
    absent = pl.lit(None, dtype=pl.String)
    for name, row in rows.items():
        frame = pl.DataFrame([row]).with_columns(parent_external_id=absent, barcode=absent, returned_external_id=absent)
        frame.write_parquet(folder / f"{name}.parquet")


def seed_until(step: str, server: OdooConnection, folder: Path) -> None:
    """Seed as far as the first call of a method."""
    call = odoo_seed._Odoo.call

    def stopping(odoo: Any, model: str, method: str, *arguments: Any, **options: Any) -> Any:
        if method == step:
            raise KeyboardInterrupt
        return call(odoo, model, method, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(odoo_seed._Odoo, "call", stopping)
        with pytest.raises(KeyboardInterrupt):
            odoo_seed.seed(server, folder, progress=lambda text: None)


def test_killed_runs_are_completed(server: OdooConnection, admin: Admin, tmp_path: Path) -> None:
    """Killed between counting stock and posting it, making a sale and confirming it, confirming and dating it."""
    tag = uuid.uuid4().hex[:8]
    late_comers(tmp_path, tag)
    for step in ("action_apply_inventory", "action_confirm", "write"):
        seed_until(step, server, tmp_path)
    odoo_seed.seed(server, tmp_path, progress=lambda text: None)
    (sale,) = admin.call(
        "sale.order", "search_read", [["client_order_ref", "=", f"t_late_{tag}"]], ["state", "date_order"]
    )
    assert (sale["state"], sale["date_order"]) == ("sale", "2017-07-01 14:30:00")
    (product,) = admin.call("product.product", "search", [["default_code", "=", f"grocer:{tag}"]])
    # 9 in the first warehouse and 3 in the store.
    assert admin.call("product.product", "read", [product], ["qty_available"])[0]["qty_available"] == 12.0
    assert admin.call("pos.order", "search_count", [["pos_reference", "=", f"t_pos_late_{tag}"]]) == 1
