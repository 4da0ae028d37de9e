"""The set-up on a real Odoo: once is enough, an interrupted one is completed, the bot gets what it needs."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.odoo import schema
from pipelines.odoo.client import AccessDeniedError, LoginRefusedError, OdooClient
from pipelines.odoo.json2 import Json2Client
from pipelines.odoo.removal import REMOVAL_WRITES, plan_removal
from pipelines.odoo.setup import Known, declared, plan_setup, setup
from pipelines.settings import ODOO_VARIABLES, OdooConnection
from pipelines.sources.odoo_entities import ODOO_MODELS

pytestmark = pytest.mark.odoo


def test_a_second_set_up_changes_nothing(admin: OdooClient) -> None:
    assert plan_setup(admin) == []
    calls = admin.write_count
    assert setup(admin) == []
    assert admin.write_count == calls


def command(monkeypatch: pytest.MonkeyPatch, server: OdooConnection, *arguments: str) -> Result:
    """`retail odoo setup` as an administrator who answers no."""
    values = server.model_dump() | {"password": server.password.get_secret_value()}
    for name, variable in ODOO_VARIABLES.items():
        monkeypatch.setenv(variable, values[name])
    return CliRunner().invoke(app, ["odoo", "setup", *arguments], input="n\n")


def test_what_was_changed_is_put_right_and_what_people_own_is_left(
    monkeypatch: pytest.MonkeyPatch, server: OdooConnection, admin: OdooClient
) -> None:
    rows = admin.search_read("ir.model.data", [["module", "=", "reknit"]], ["name", "res_id"])
    ids = {row["name"]: row["res_id"] for row in rows}
    admin.call("ir.model.access", "write", [[ids["access_bot_res_partner"]], {"perm_write": True}])
    admin.call("project.task.type", "write", [[ids["stage_fine"]], {"name": "All good"}])
    wrong = "update ir.model.access access_bot_res_partner (perm_write)"
    try:
        checked = command(monkeypatch, server, "--check")
        assert (checked.exit_code, checked.output.splitlines()) == (1, [wrong])
        assert [str(change) for change in setup(admin)] == [wrong]
        checked = command(monkeypatch, server, "--check")
        assert (checked.exit_code, checked.output.splitlines()) == (0, ["Everything is set up."])
        stage = admin.search_read("project.task.type", [["id", "=", ids["stage_fine"]]], ["name"])
        assert stage[0]["name"] == "All good"
    finally:
        admin.call("project.task.type", "write", [[ids["stage_fine"]], {"name": "Fine"}])


def test_an_interrupted_set_up_is_completed_without_doubles(admin: OdooClient) -> None:
    names = ["model_x_reknit_task", "field_res_partner__x_reknit_churn_level", "project_cases", "view_partner_form"]
    rows = admin.search_read("ir.model.data", [["module", "=", "reknit"], ["name", "in", names]], ["name", "res_id"])
    admin.call("ir.model.data", "unlink", [[row["id"] for row in rows]])
    assert setup(admin) == []
    again = admin.search_read("ir.model.data", [["module", "=", "reknit"], ["name", "in", names]], ["name", "res_id"])
    assert {row["name"]: row["res_id"] for row in again} == {row["name"]: row["res_id"] for row in rows}


@pytest.fixture
def two_more_languages(server: OdooConnection, admin: OdooClient) -> Iterator[None]:
    """The server speaks German and French too."""
    careless = OdooClient.connect(server, frozenset({("res.lang", "write")}))
    languages = [row["id"] for row in admin.search_read("res.lang", [["code", "in", ["de_DE", "fr_FR"]]], ["id"])]
    careless.call("res.lang", "write", [languages, {"active": True}])
    yield
    careless.call("res.lang", "write", [languages, {"active": False}])


@pytest.mark.usefixtures("two_more_languages")
def test_a_removal_takes_everything_away_but_what_was_used_and_a_set_up_brings_it_back_in_every_language(
    monkeypatch: pytest.MonkeyPatch,
    server: OdooConnection,
    admin_server: OdooConnection,
    admin: OdooClient,
    bot_server: OdooConnection,
    make_partners: Callable[[int], list[int]],
) -> None:
    remover = Json2Client.connect(
        admin_server, REMOVAL_WRITES | {("mail.activity", "create"), ("ir.filters", "create")}
    )
    rows = admin.search_read("ir.model.data", [["module", "=", "reknit"]], ["name", "res_id"])
    ids = {row["name"]: row["res_id"] for row in rows}
    [partner] = make_partners(1)
    [model] = admin.search_read("ir.model", [["model", "=", "res.partner"]], ["id"])
    activity = {"activity_type_id": ids["activity_type_win_back"], "res_model_id": model["id"], "res_id": partner}
    remover.call("mail.activity", "create", [activity])
    mine = {"name": "Mine", "model_id": "res.partner", "domain": "[('x_reknit_value_at_risk', '>', 9)]"}
    [favourite] = remover.call("ir.filters", "create", [[mine]])
    try:
        refused = command(monkeypatch, server, "--remove")
        assert refused.exit_code == 1
        planned = [line for line in refused.output.splitlines() if line.startswith(("delete ", "archive "))]
        assert [line for line in planned if line.startswith("archive")] == [
            "archive res.users user_bot",
            "archive mail.activity.type activity_type_win_back",
        ]
        expected = {"ir.ui.menu menu_approval", "ir.filters Mine", "ir.ui.view view_partner_form"}
        assert {f"delete {what}" for what in expected} <= {*planned}
        done = command(monkeypatch, server, "--remove", "--yes")
        assert (done.exit_code, done.output.splitlines()[: len(planned)]) == (0, planned)

        fields: list[object] = [["name", "=like", "x_reknit_%"]]
        assert admin.search_read("ir.model.fields", fields, ["name"]) == []
        assert admin.search_read("ir.model", [["model", "=like", "x_reknit_%"]], ["model"]) == []
        assert admin.search_read("ir.model.data", [["module", "=", "reknit"]], ["name"]) == []
        assert admin.search_read("ir.filters", [["id", "=", favourite]], ["name"]) == []
        used = admin.search_read("mail.activity.type", [["id", "=", ids["activity_type_win_back"]]], ["active"])
        assert [row["active"] for row in used] == [False]
        with pytest.raises(LoginRefusedError):
            OdooClient.connect(bot_server).search_read("res.partner", [], ["id"], limit=1)
        assert plan_removal(remover) == []
    finally:
        setup(admin)
    assert plan_setup(admin) == []
    assert OdooClient.connect(bot_server).has_right(schema.CUSTOMER_SCORE, "create")

    reader = OdooClient.connect(server, frozenset({("res.partner", "get_view")}))
    german = {"attributes": ["string", "selection"], "context": {"lang": "de_DE"}}
    level = reader.call("res.partner", "fields_get", [["x_reknit_churn_level"]], german)["x_reknit_churn_level"]
    assert level["string"] == "Abwanderungsrisiko"
    assert level["selection"] == [["high", "Hoch"], ["medium", "Mittel"], ["low", "Gering"]]
    french = {"view_type": "search", "context": {"lang": "fr_FR"}}
    reader = OdooClient.connect(server, frozenset({(model, "get_view") for model in ("res.partner", schema.ORDER)}))
    assert "Sans règle de réapprovisionnement" in reader.call(schema.ORDER, "get_view", [], french)["arch"]
    assert "Risque de départ élevé" in reader.call("res.partner", "get_view", [], french)["arch"]

    # Columns of a project are people's: what they call them in their own language stays.
    data: list[object] = [["module", "=", "reknit"], ["name", "=", "stage_fine"]]
    [fine] = admin.search_read("ir.model.data", data, ["res_id"])
    words = {"active_test": False, "lang": "de_DE"}
    for name in ("In Ordnung", "Alles gut"):
        [stage] = admin.search_read("project.task.type", [["id", "=", fine["res_id"]]], ["name"], context=words)
        assert stage["name"] == name
        renamed = [[fine["res_id"]], "name", {"de_DE": "Alles gut"}]
        admin.call("project.task.type", "update_field_translations", renamed)
    assert plan_setup(admin) == []


def test_people_find_it_in_form_list_and_search(server: OdooConnection, admin: OdooClient) -> None:
    views = {
        ("res.partner", "base.view_partner_form"): "x_reknit_suggested_action",
        ("res.partner", "base.view_partner_tree"): "x_reknit_churn_level",
        ("res.partner", "base.view_res_partner_filter"): "High churn risk",
        ("product.template", "product.product_template_form_view"): "x_reknit_forecast_qty",
        ("product.template", "product.product_template_search_view"): "Order now",
        (schema.ORDERPOINT, "stock.view_warehouse_orderpoint_tree_editable"): "x_reknit_order_reasons",
        (schema.ORDERPOINT, "stock.warehouse_orderpoint_search"): "Order now",
        (schema.ORDERPOINT, "stock.stock_reorder_report_search"): "Order now",
        ("pos.order", "point_of_sale.view_pos_pos_form"): "x_reknit_return_sale_pos_order_id",
        ("pos.order", "point_of_sale.view_pos_order_tree"): "x_reknit_return_anomaly_level",
        ("account.move", "account.view_move_form"): "x_reknit_return_sale_order_id",
        ("account.move", "account.view_account_invoice_filter"): "Unusual returns",
        ("sale.order", "sale.view_order_form"): "x_reknit_return_sale_order_id",
        ("sale.order", "sale.view_sales_order_filter"): "Unusual returns",
    }
    for (model, inherited), mark in views.items():
        module, _, name = inherited.partition(".")
        view = admin.search_read("ir.model.data", [["module", "=", module], ["name", "=", name]], ["res_id"])[0]
        kinds = admin.search_read("ir.ui.view", [["id", "=", view["res_id"]]], ["type"])
        reader = OdooClient.connect(server, frozenset({(model, "get_view")}))
        arch = reader.call(model, "get_view", [], {"view_id": view["res_id"], "view_type": kinds[0]["type"]})["arch"]
        assert mark in arch, (model, inherited)
    high = admin.call("res.partner", "search_count", [[["x_reknit_churn_level", "=", "high"]]])
    assert isinstance(high, int)


def test_what_belongs_to_an_app_that_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch, admin: OdooClient) -> None:
    read = admin.search_read

    def without_inventory(model: str, domain: list[Any], *arguments: Any, **options: Any) -> list[dict[str, Any]]:
        rows = read(model, domain, *arguments, **options)
        return [row for row in rows if model != "ir.model" or row.get("model") != schema.ORDERPOINT]

    monkeypatch.setattr(admin, "search_read", without_inventory)
    items = [item for group in declared(admin, Known(admin)) for item in group]
    names = {item.name for item in items}
    assert {
        "field_x_reknit_order_suggestion__x_suggested_qty",
        "field_product_template__x_reknit_suggested_qty",
    } <= names
    assert [item.name for item in items if schema.ORDERPOINT in str(item.values)] == []
    assert not names & {"action_take_over", "menu_order", "view_order_list"}


def test_the_bot_reads_everything_that_is_pulled(admin: OdooClient, bot: OdooClient) -> None:
    known = admin.search_read("ir.model", [["model", "in", [*ODOO_MODELS]]], ["model"])
    present = {row["model"] for row in known}
    # Odoo 19 has units in its place.
    assert ODOO_MODELS.keys() - present == {"product.packaging"}
    for model in sorted(present):
        entity = ODOO_MODELS[model]
        there = bot.call(model, "fields_get", [], {"attributes": ["type"]})
        fields = [column.name for column in entity.columns if column.name in there]
        assert "write_date" in fields
        bot.search_read(model, [], fields, limit=5)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ("res.partner", {"email": "other@example.com"}),
        ("res.users", {"login": "other"}),
        ("res.company", {"name": "other"}),
        ("product.category", {"name": "other"}),
        ("ir.config_parameter", {"value": "other"}),
        ("ir.actions.server", {"code": "pass"}),
        ("ir.model.access", {"perm_write": True}),
    ],
)
def test_odoo_refuses_the_bot_what_the_client_would_let_through(
    admin: OdooClient, bot_server: OdooConnection, model: str, values: dict[str, object]
) -> None:
    careless = OdooClient.connect(bot_server, frozenset({(model, "write")}))
    # The bot's own user may be changed in what is its own: take the administrator's.
    domain: list[object] = [["id", "=", admin.user_id]] if model == "res.users" else []
    [record] = admin.search_read(model, domain, ["id"], limit=1)
    with pytest.raises(AccessDeniedError):
        careless.call(model, "write", [[record["id"]], values])


@pytest.mark.parametrize(
    ("model", "rights"),
    [
        ("res.partner", ["write", "create", "unlink"]),
        ("product.template", ["write", "create", "unlink"]),
        ("product.product", ["write", "create", "unlink"]),
        ("account.move", ["write", "create", "unlink"]),
        ("sale.order", ["write", "create", "unlink"]),
        ("pos.order", ["write", "create", "unlink"]),
        ("stock.quant", ["write", "create", "unlink"]),
        ("stock.warehouse.orderpoint", ["write", "create", "unlink"]),
        (schema.CUSTOMER_SCORE, ["unlink"]),
        (schema.PRODUCT_SCORE, ["unlink"]),
        (schema.RETURN_SCORE, ["unlink"]),
        (schema.ORDER, ["unlink"]),
        ("purchase.order", ["write", "create", "unlink"]),
        ("stock.picking", ["write", "create", "unlink"]),
        (schema.TASK, ["unlink"]),
        (schema.APPROVAL, ["write", "unlink"]),
        (schema.NEW_PARTNER, ["write", "unlink"]),
    ],
)
def test_the_bot_has_no_right_that_it_does_not_need(bot: OdooClient, model: str, rights: list[str]) -> None:
    assert [right for right in rights if bot.has_right(model, right)] == []


def test_a_case_stands_in_its_own_project_and_nowhere_else(admin: OdooClient, bot_server: OdooConnection) -> None:
    [project] = admin.call("project.project", "create", [[{"name": "Reknit test, another project"}]])
    careless = OdooClient.connect(bot_server, frozenset({(schema.CASE, "create")}))
    try:
        with pytest.raises(AccessDeniedError):
            careless.call(schema.CASE, "create", [{"name": "x", "project_id": project}])
    finally:
        admin.call("project.project", "unlink", [[project]])
