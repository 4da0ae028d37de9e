"""Reading a real Odoo: nothing lost, nothing twice, every value in its declared type."""

import json
import logging
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from pipelines.settings import OdooConnection
from pipelines.sources import odoo
from pipelines.sources.contract import Column, Entity
from pipelines.sources.odoo import OdooSource
from pipelines.sources.odoo_entities import ODOO_MODELS
from tests.odoo_source.conftest import Admin, pulled

pytestmark = pytest.mark.odoo

POLARS_TYPES = {
    "VARCHAR": pl.String,
    "BIGINT": pl.Int64,
    "BOOLEAN": pl.Boolean,
    "TIMESTAMP": pl.Datetime("us"),
    "DATE": pl.Date,
    "DECIMAL(18,4)": pl.Decimal(18, 4),
    "DECIMAL(18,8)": pl.Decimal(18, 8),
    "JSON": pl.String,
}
# Models that the small retailer has rows in.
FILLED = [
    "res.company", "res.currency", "res.partner", "res.users", "uom.uom", "product.category", "product.template",
    "product.product", "stock.location", "stock.warehouse", "stock.quant", "stock.move", "stock.warehouse.orderpoint",
    "pos.config", "pos.session", "pos.order", "pos.order.line", "pos.payment", "sale.order", "sale.order.line",
    "loyalty.program", "loyalty.rule", "loyalty.card", "loyalty.history",
]  # fmt: skip
# What the log says is missing: what belongs to apps that are not installed, and to versions before 19.
MISSING = {
    "sale.order.line": ("is_delivery", "sale.order.line"),
    "product.template": ("use_expiration_date, expiration_time", "product.template"),
    "stock.warehouse.orderpoint": ("qty_multiple", "stock.warehouse.orderpoint"),
    "product.packaging": ("product.packaging",),
}


@pytest.mark.parametrize("model", ODOO_MODELS)
def test_every_entity_comes_in_its_declared_types(
    source: OdooSource, soon: datetime, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    entity = ODOO_MODELS[model]
    frame = pulled(source, model, None, soon)
    assert frame.schema == {column.name: POLARS_TYPES[column.type] for column in entity.columns}
    assert frame["id"].n_unique() == frame.height == source.count(model, None, soon)
    assert frame["id"].to_list() == source.ids(model)
    assert frame.height > 0 or model not in FILLED
    # Odoo 19 has all the rest that is asked for; every value reads as declared.
    absent = [MISSING[model]] if model in MISSING else []
    assert [record.args[1:] for record in caplog.records if record.args] == absent
    assert len(caplog.records) == len(absent)


@pytest.mark.parametrize("model", ["product.product", "stock.location"])
def test_pages_lose_and_double_nothing(
    source: OdooSource, soon: datetime, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pulled(source, model, None, soon)
    monkeypatch.setattr(odoo, "PAGE_ROWS", 3)
    monkeypatch.setattr(odoo, "ID_PAGE_ROWS", 4)
    pages = list(source.pull(model, ODOO_MODELS[model], None, soon))
    assert {page.height for page in pages[:-1]} == {3}
    assert pl.concat(pages).equals(whole)
    assert source.ids(model) == whole["id"].to_list()


def test_rows_of_one_second_are_all_read_at_the_edges_of_a_window(
    source: OdooSource, admin: Admin, soon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = admin.call("res.partner", "create", [{"name": f"Second {number}"} for number in range(7)])
    second = admin.written_at("res.partner", ids[0])
    assert {admin.written_at("res.partner", record) for record in ids} == {second}
    monkeypatch.setattr(odoo, "PAGE_ROWS", 2)

    def read(lo: datetime | None, hi: datetime) -> set[int]:
        return set(pulled(source, "res.partner", lo, hi)["id"]) & set(ids)

    after = second + timedelta(seconds=1)
    assert read(second, after) == set(ids)
    assert read(None, second) == set()
    assert read(after, soon) == set()
    # Two windows that meet in that second read each row once.
    assert read(None, after) == read(second, soon) == set(ids)


def test_row_changed_while_reading_comes_with_the_next_window(source: OdooSource, admin: Admin) -> None:
    (partner,) = admin.call("res.partner", "create", [{"name": "Before"}])
    first_end = source.now() + timedelta(seconds=1)
    pages = source.pull("res.partner", ODOO_MODELS["res.partner"], None, first_end)
    admin.call("res.partner", "write", [partner], {"name": "After"})
    pl.concat(pages)
    later = pulled(source, "res.partner", first_end - timedelta(minutes=5), first_end + timedelta(minutes=5))
    assert later.filter(pl.col("id") == partner)["name"].to_list() == ["After"]


def test_server_time_is_that_of_its_write_dates(source: OdooSource, admin: Admin) -> None:
    before = source.now()
    (partner,) = admin.call("res.partner", "create", [{"name": "Clock"}])
    assert before <= admin.written_at("res.partner", partner) <= source.now()
    assert before.microsecond == 0


def test_archived_rows_are_rows(source: OdooSource, admin: Admin, soon: datetime) -> None:
    ids = admin.call("res.partner", "create", [{"name": "Here"}, {"name": "Archived", "active": False}])
    frame = pulled(source, "res.partner", None, soon).filter(pl.col("id").is_in(ids)).sort("id")
    assert frame["active"].to_list() == [True, False]
    assert set(ids) <= set(source.ids("res.partner"))


def test_deleted_row_is_missing_among_the_ids(source: OdooSource, admin: Admin, soon: datetime) -> None:
    kept, deleted = admin.call("res.partner", "create", [{"name": "Kept"}, {"name": "Deleted"}])
    known = set(pulled(source, "res.partner", None, soon)["id"])
    admin.call("res.partner", "unlink", [deleted])
    assert known - set(source.ids("res.partner")) == {deleted}
    assert kept in known


def test_false_and_empty_are_null_but_a_boolean_stays(source: OdooSource, admin: Admin, soon: datetime) -> None:
    unset = {"name": "Unset", "email": "", "ref": " ", "phone": False, "is_company": False}
    (partner,) = admin.call("res.partner", "create", [unset])
    row = pulled(source, "res.partner", None, soon).row(by_predicate=pl.col("id") == partner, named=True)
    assert row["name"] == "Unset"
    assert [row[name] for name in ("email", "ref", "phone", "parent_id", "country_id", "vat")] == [None] * 6
    assert row["is_company"] is False
    assert row["active"] is True


def test_text_is_clean_of_control_characters(source: OdooSource, admin: Admin, soon: datetime) -> None:
    (partner,) = admin.call("res.partner", "create", [{"name": " Ann\x01 Lee\x1f\x7f ", "street": "1 Mill\nLane"}])
    row = pulled(source, "res.partner", None, soon).row(by_predicate=pl.col("id") == partner, named=True)
    assert (row["name"], row["street"]) == ("Ann Lee", "1 Mill\nLane")


def test_floats_become_decimals_without_a_tail(source: OdooSource, admin: Admin, soon: datetime) -> None:
    (product,) = admin.call("product.product", "create", [{"name": "Tail", "standard_price": 4.04 * 3}])
    assert 4.04 * 3 == 12.120000000000001
    frame = pulled(source, "product.product", None, soon)
    assert frame.row(by_predicate=pl.col("id") == product, named=True)["standard_price"] == Decimal("12.1200")


def test_names_do_not_follow_the_language_of_the_user(
    source: OdooSource, server: OdooConnection, admin: Admin, soon: datetime
) -> None:
    french = admin.call("res.lang", "search", [["code", "=", "fr_FR"]], context={"active_test": False})
    admin.call("res.lang", "write", french, {"active": True})
    (product,) = admin.call("product.template", "create", [{"name": "Bread"}], context={"lang": "en_US"})
    admin.call("product.template", "write", [product], {"name": "Pain"}, context={"lang": "fr_FR"})
    user = admin.call("res.users", "search", [["login", "=", server.user]])
    own = admin.call("res.users", "read", user, ["lang"])[0]["lang"]
    admin.call("res.users", "write", user, {"lang": "fr_FR"})
    try:
        frame = pulled(OdooSource.connect(server), "product.template", None, soon)
    finally:
        admin.call("res.users", "write", user, {"lang": own})
    assert frame.row(by_predicate=pl.col("id") == product, named=True)["name"] == "Bread"


def test_model_that_the_server_lacks_is_empty_and_said(
    source: OdooSource, soon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    entity = Entity("helpdesk_ticket", "", (Column("id", "BIGINT", ""), Column("name", "VARCHAR", "")), ("id",))
    with caplog.at_level(logging.WARNING):
        (page,) = source.pull("helpdesk.ticket", entity, None, soon)
    assert page.schema == {"id": pl.Int64, "name": pl.String}
    assert page.is_empty()
    assert source.ids("helpdesk.ticket") == []
    assert source.count("helpdesk.ticket", None, soon) == 0
    assert "helpdesk.ticket" in caplog.text


def test_field_that_the_server_lacks_is_null_and_said(
    source: OdooSource, soon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    columns = (Column("id", "BIGINT", ""), Column("name", "VARCHAR", ""), Column("x_gone", "DECIMAL(18,4)", ""))
    with caplog.at_level(logging.WARNING):
        frame = pl.concat(source.pull("res.currency", Entity("res_currency", "", columns, ("id",)), None, soon))
    assert "USD" in frame["name"].to_list()
    assert frame["x_gone"].null_count() == frame.height
    assert frame["x_gone"].dtype == pl.Decimal(18, 4)
    assert "x_gone of res.currency" in caplog.text


def test_only_refunds_of_the_accounting_are_pulled(source: OdooSource, admin: Admin, soon: datetime) -> None:
    partner = admin.call("res.partner", "search", [], limit=1)[0]
    moves = [
        {"move_type": kind, "partner_id": partner, "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": 5.0})]}
        for kind in ("out_invoice", "out_refund")
    ]
    _, refund = admin.call("account.move", "create", moves)
    frame = pulled(source, "account.move", None, soon)
    assert refund in frame["id"]
    assert set(frame["move_type"]) == {"out_refund"}
    assert source.ids("account.move") == frame["id"].to_list()


def test_lines_of_refunds_name_the_sold_line_that_they_give_back(
    source: OdooSource, admin: Admin, soon: datetime
) -> None:
    [partner] = admin.call("res.partner", "search", [], limit=1)
    [product] = admin.call("product.product", "search", [], limit=1)
    sold = {"product_id": product, "product_uom_qty": 2, "price_unit": 10.0}
    order = admin.call("sale.order", "create", {"partner_id": partner, "order_line": [(0, 0, sold)]})
    [sold_line] = admin.call("sale.order.line", "search", [["order_id", "=", order]])
    line = {"product_id": product, "quantity": 1, "price_unit": 10.0, "sale_line_ids": [(4, sold_line)]}
    moves = [
        {"move_type": kind, "partner_id": partner, "invoice_line_ids": [(0, 0, line)]}
        for kind in ("out_invoice", "out_refund")
    ]
    invoice, refund = admin.call("account.move", "create", moves)
    frame = pulled(source, "account.move.line", None, soon)
    assert invoice not in frame["move_id"]
    [row] = frame.filter(pl.col("move_id") == refund, pl.col("display_type") == "product").to_dicts()
    assert (row["product_id"], row["quantity"], row["price_subtotal"]) == (product, 1, 10)
    assert row["sale_line_ids"] == f"[{sold_line}]"


def test_products_that_stand_for_money_are_named(source: OdooSource, admin: Admin, soon: datetime) -> None:
    made = admin.call("loyalty.program", "create_from_template", "gift_card")
    (program,) = admin.call("loyalty.program", "read", [made["res_id"]], ["program_type", "trigger_product_ids"])
    assert program["program_type"] == "gift_card"
    rules = pulled(source, "loyalty.rule", None, soon).filter(pl.col("program_id") == program["id"])
    assert [json.loads(ids) for ids in rules["product_ids"]] == [program["trigger_product_ids"]]

    (tip,) = admin.call("product.product", "create", [{"name": "Tip"}])
    till = admin.call("pos.config", "search", [], limit=1)
    admin.call("pos.config", "write", till, {"tip_product_id": tip})
    tills = pulled(source, "pos.config", None, soon)
    assert tills.row(by_predicate=pl.col("id") == till[0], named=True)["tip_product_id"] == tip


def test_terms_of_a_vendor_come_with_the_unit_that_they_are_in(
    source: OdooSource, admin: Admin, soon: datetime
) -> None:
    def unit(name: str) -> int:
        [row] = admin.call("ir.model.data", "search_read", [["module", "=", "uom"], ["name", "=", name]], ["res_id"])
        return int(row["res_id"])

    piece, dozen, gram = unit("product_uom_unit"), unit("product_uom_dozen"), unit("product_uom_gram")
    (vendor,) = admin.call("res.partner", "create", [{"name": "Tea Importers", "ref": "S17"}])
    (product,) = admin.call("product.product", "create", [{"name": "Tea", "is_storable": True}])
    template = admin.call("product.product", "read", [product], ["product_tmpl_id"])[0]["product_tmpl_id"][0]
    terms = {"product_tmpl_id": template, "product_uom_id": dozen, "min_qty": 2, "price": 24, "discount": 10}
    (offer,) = admin.call(
        "product.supplierinfo", "create", [{"partner_id": vendor, **terms, "delay": 9, "date_end": "2030-01-31"}]
    )
    store = admin.call("stock.warehouse", "search_read", [], ["lot_stock_id"], limit=1)[0]
    place = {"warehouse_id": store["id"], "location_id": store["lot_stock_id"][0]}
    (rule,) = admin.call(
        "stock.warehouse.orderpoint", "create", [{"product_id": product, **place, "replenishment_uom_id": dozen}]
    )

    def row(model: str, record: int) -> dict[str, object]:
        return pulled(source, model, None, soon).row(by_predicate=pl.col("id") == record, named=True)

    found = row("product.supplierinfo", offer)
    assert (found["partner_id"], found["product_tmpl_id"]) == (vendor, template)
    assert (found["product_uom_id"], found["min_qty"], found["price"], found["discount"]) == (dozen, 2, 24, 10)
    assert (found["delay"], found["date_start"], found["date_end"]) == (9, None, date(2030, 1, 31))
    assert row("stock.warehouse.orderpoint", rule)["replenishment_uom_id"] == dozen
    assert row("product.template", template)["uom_id"] == piece
    assert (row("uom.uom", piece)["factor"], row("uom.uom", dozen)["factor"]) == (1, 12)
    # Dozens are made of pieces, grams are not.
    roots = [str(row("uom.uom", record)["parent_path"]).split("/")[0] for record in (piece, dozen, gram)]
    assert roots[0] == roots[1] != roots[2]
