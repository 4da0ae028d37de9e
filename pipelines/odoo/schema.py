"""What the pipeline needs in an Odoo: models, fields, rights, activity types, projects, as plain data.

Belongs here: names and declarations. Does not belong here: what people see (`views.py`), what runs in Odoo
(`server_actions.py`), creating them (`setup.py`) or filling them (`sink.py`).

Scores stand in models of our own, so that the bot needs no right to change a partner or a product; computed fields
bring them to the record that people have open and, where stored, to list, search and group-by. Everything is made over
RPC and needs no module on the server. A manual float has no null: what shows a score asks first whether there is one.

Odoo lets only those make or read an activity who may write the record below it, and the bot may not write partners. So
the bot writes a task of our own, and a server action that the administrator installs makes the activity from it: of one
type, on one model, once. The task outlives the activity and carries what became of it, which the bot could not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.sources.odoo_entities import ODOO_MODELS

MODULE = "reknit"
CUSTOMER_SCORE = "x_reknit_customer_score"
PRODUCT_SCORE = "x_reknit_product_score"
RETURN_SCORE = "x_reknit_return_score"
ORDER = "x_reknit_order_suggestion"
TASK = "x_reknit_task"
CONTROL = "x_reknit_control"
APPROVAL = "x_reknit_approval"
NEW_PARTNER = "x_reknit_new_partner"
CASE = "project.task"
SCORE_MODELS = (CUSTOMER_SCORE, PRODUCT_SCORE, ORDER, RETURN_SCORE)
OWN_MODELS = (*SCORE_MODELS, TASK, CONTROL, APPROVAL, NEW_PARTNER)
# Models of apps that not every Odoo has: Inventory, Point of Sale, Sales, Invoicing.
ORDERPOINT = "stock.warehouse.orderpoint"
POS_ORDER = "pos.order"
SALE_ORDER = "sale.order"
CREDIT_NOTE = "account.move"
APP_MODELS = (ORDERPOINT, POS_ORDER, SALE_ORDER, CREDIT_NOTE)
# Fields on our models that people own; the pipeline reads them and never writes them.
PEOPLES_FIELDS = frozenset({"x_is_wrong", "x_do_not_contact"})

WIN_BACK_TYPE = f"{MODULE}.activity_type_win_back"
DELIVER_TASKS = f"{MODULE}.action_deliver_tasks"
WITHDRAW = f"{MODULE}.action_withdraw"
TAKE_OVER = f"{MODULE}.action_take_over"
MAKE_PARTNERS = f"{MODULE}.action_make_partners"
CASE_PROJECT = f"{MODULE}.project_cases"
CASE_STAGE_NEW = f"{MODULE}.stage_new"
REVIEW_PROJECT = f"{MODULE}.project_reviews"
REVIEW_STAGE_OPEN = f"{MODULE}.stage_review_open"
BOT_PROJECTS = (CASE_PROJECT, REVIEW_PROJECT)
# The columns that decide a case, and those that answer a question, by answer.
CASE_STAGES = {"confirmed": f"{MODULE}.stage_odd", "fine": f"{MODULE}.stage_fine"}
REVIEW_STAGES = {answer: f"{MODULE}.stage_review_{answer}" for answer in ("same", "different", "unsure")}
CONTROL_ACTION = f"{MODULE}.action_control"
APPROVAL_ACTION = f"{MODULE}.action_approval"
ORDER_ACTION = f"{MODULE}.action_order"
MENU_ACTIONS = (CONTROL_ACTION, APPROVAL_ACTION, ORDER_ACTION)
BOT_GROUP = f"{MODULE}.group_bot"
REVIEWER_GROUP = f"{MODULE}.group_reviewer"
BOT_USER = f"{MODULE}.user_bot"
BOT_LOGIN = "reknit_bot"


@dataclass(frozen=True)
class Ref:
    """The id of the record that an external id names."""

    xml_id: str


Value = str | bool | int | Ref | tuple[Ref | int, ...]


@dataclass(frozen=True)
class Item:
    """A record that must exist.

    natural: fields that name it where an interrupted set-up left it without its external id.
    is_peoples: once made it belongs to the people who work with it, and is not changed back.
    needs: a model of an app that an Odoo may lack; there the record is not made.
    """

    name: str
    model: str
    values: Mapping[str, Value]
    natural: tuple[str, ...]
    is_peoples: bool = False
    needs: str = ""

    @property
    def xml_id(self) -> str:
        return f"{MODULE}.{self.name}"


@dataclass(frozen=True)
class Field:
    """A manual field. `type` is Odoo's; `compute` or `related` makes it one that nobody types in.

    is_stored: what people search, sort and group by. The rest is computed when it is shown, so that a reason with a new
    number of days does not touch the partner. needs: as an item's.
    """

    name: str
    type: str
    label: str
    relation: str = ""
    relation_field: str = ""
    on_delete: str = ""
    selection: tuple[tuple[str, str], ...] = ()
    compute: str = ""
    depends: str = ""
    related: str = ""
    is_stored: bool = True
    index: bool = False
    required: bool = False
    needs: str = ""


LEVELS = (("high", "High"), ("medium", "Medium"), ("low", "Low"))
SEGMENTS = (
    ("champions", "Champions"),
    ("loyal", "Loyal"),
    ("promising", "Promising"),
    ("new", "New"),
    ("at_risk", "At risk"),
    ("about_to_sleep", "About to sleep"),
    ("cannot_lose", "Cannot lose them"),
    ("hibernating", "Hibernating"),
)
CONSENTS = (
    ("given", "Given"),
    ("partly", "For some channels"),
    ("refused", "Refused"),
    ("not_stated", "Not stated"),
)

_CUSTOMER_SCORE_FIELDS = (
    Field(
        "x_partner_id", "many2one", "Customer", relation="res.partner", on_delete="cascade", index=True, required=True
    ),
    Field("x_active", "boolean", "Active"),
    Field("x_key", "char", "Key", index=True, required=True),
    Field("x_brand", "char", "Brand"),
    Field("x_churn_probability", "float", "Churn probability"),
    Field("x_churn_level", "selection", "Churn risk", selection=LEVELS),
    Field("x_value_at_risk", "float", "Value at risk"),
    Field("x_expected_value", "float", "Expected value"),
    Field("x_lifetime_value", "float", "Lifetime value"),
    Field("x_is_high_value", "boolean", "High value"),
    Field("x_segment", "selection", "Segment", selection=SEGMENTS),
    Field("x_channels", "char", "Channels"),
    Field("x_has_points", "boolean", "Has a loyalty account"),
    Field("x_points_balance", "integer", "Loyalty points"),
    Field("x_consent", "selection", "Marketing consent", selection=CONSENTS),
    Field("x_currency", "char", "Currency"),
    Field("x_reasons", "text", "Reasons"),
    Field("x_suggested_action", "char", "What to do"),
    Field("x_as_of", "date", "As of"),
    Field("x_model_version", "char", "Model version"),
    Field("x_is_wrong", "boolean", "This is wrong"),
    Field("x_do_not_contact", "boolean", "Do not contact"),
)

_PRODUCT_SCORE_FIELDS = (
    Field(
        "x_product_tmpl_id", "many2one", "Product", relation="product.template", on_delete="cascade", index=True,
        required=True,
    ),
    Field("x_product_id", "many2one", "Variant", relation="product.product", on_delete="cascade", index=True),
    Field("x_active", "boolean", "Active"),
    Field("x_key", "char", "Key", index=True, required=True),
    Field("x_store", "char", "Store"),
    Field("x_horizon_weeks", "integer", "Weeks ahead"),
    Field("x_forecast_qty", "float", "Forecast"),
    Field("x_forecast_low_qty", "float", "Forecast, low"),
    Field("x_forecast_high_qty", "float", "Forecast, high"),
    Field("x_is_stock_known", "boolean", "Stock is known"),
    Field("x_on_hand_qty", "float", "On hand"),
    Field("x_cover_days", "float", "Days of cover"),
    Field("x_stock_out_probability", "float", "Stock-out risk"),
    Field("x_reasons", "text", "Reasons"),
    Field("x_as_of", "date", "As of"),
    Field("x_model_version", "char", "Model version"),
    Field("x_is_wrong", "boolean", "This is wrong"),
)  # fmt: skip

# Without a reordering rule a suggestion stands on the product alone.
_ORDER_FIELDS = (
    Field(
        "x_product_tmpl_id", "many2one", "Product", relation="product.template", on_delete="cascade", index=True,
        required=True,
    ),
    Field("x_product_id", "many2one", "Variant", relation="product.product", on_delete="cascade", index=True),
    Field(
        "x_orderpoint_id", "many2one", "Reordering rule", relation=ORDERPOINT, on_delete="set null", index=True,
        needs=ORDERPOINT,
    ),
    Field("x_active", "boolean", "Active"),
    Field("x_key", "char", "Key", index=True, required=True),
    Field("x_store", "char", "Store"),
    Field("x_suggested_qty", "float", "Suggested order"),
    Field("x_amount", "float", "Amount"),
    Field("x_currency", "char", "Currency"),
    Field("x_is_stock_known", "boolean", "Stock is known"),
    Field("x_on_hand_qty", "float", "On hand"),
    Field("x_is_on_order_known", "boolean", "Open orders are known"),
    Field("x_on_order_qty", "float", "On order"),
    Field("x_reorder_point_qty", "float", "Order at"),
    Field("x_order_up_to_qty", "float", "Order up to"),
    Field("x_reasons", "text", "Reasons"),
    Field("x_as_of", "date", "As of"),
    Field("x_model_version", "char", "Model version"),
    Field("x_is_wrong", "boolean", "This is wrong"),
)  # fmt: skip

# A return stands on the order at the till and its credit note, on another credit note, or on the sales order.
_RETURN_SCORE_FIELDS = (
    Field(
        "x_pos_order_id", "many2one", "Return at the till", relation=POS_ORDER, on_delete="cascade", index=True,
        needs=POS_ORDER,
    ),
    Field(
        "x_move_id", "many2one", "Credit note", relation=CREDIT_NOTE, on_delete="cascade", index=True,
        needs=CREDIT_NOTE,
    ),
    Field(
        "x_order_id", "many2one", "Sales order", relation=SALE_ORDER, on_delete="cascade", index=True, needs=SALE_ORDER
    ),
    Field("x_active", "boolean", "Active"),
    Field("x_key", "char", "Key", index=True, required=True),
    Field("x_anomaly_level", "selection", "How unusual", selection=LEVELS),
    Field("x_reasons", "text", "What is unusual"),
    Field("x_suggested_action", "char", "What to do"),
    Field("x_sale", "char", "Linked sale"),
    Field(
        "x_sale_pos_order_id", "many2one", "Sale at the till", relation=POS_ORDER, on_delete="set null",
        needs=POS_ORDER,
    ),
    Field(
        "x_sale_order_id", "many2one", "Sold by", relation=SALE_ORDER, on_delete="set null", needs=SALE_ORDER
    ),
    Field("x_as_of", "date", "As of"),
    Field("x_model_version", "char", "Model version"),
)  # fmt: skip

_TASK_FIELDS = (
    Field("x_key", "char", "Key", index=True, required=True),
    Field(
        "x_partner_id", "many2one", "Customer", relation="res.partner", on_delete="cascade", index=True, required=True
    ),
    Field("x_user_id", "many2one", "Meant for", relation="res.users", on_delete="set null"),
    Field("x_note", "html", "Note"),
    Field("x_deadline", "date", "Deadline"),
    Field("x_is_delivered", "boolean", "Activity was made"),
    Field("x_activity_id", "many2one", "Activity", relation="mail.activity", on_delete="set null", index=True),
    Field("x_is_over", "boolean", "Matter is over"),
    Field("x_over_note", "char", "Why it is over"),
    Field("x_is_removed", "boolean", "Taken back"),
    # What became of it in Odoo. The delivered values tell whether a person changed the activity since.
    Field("x_is_taken_over", "boolean", "A person changed it"),
    Field("x_is_closed_by_pipeline", "boolean", "Closed by the pipeline"),
    Field("x_delivered_name", "char", "Summary as delivered"),
    Field("x_delivered_note", "html", "Note as delivered"),
    Field("x_delivered_deadline", "date", "Deadline as delivered"),
    Field("x_delivered_user_id", "many2one", "Assignee as delivered", relation="res.users", on_delete="set null"),
)
_TASK_OUTCOME_FIELDS = (
    Field("x_is_open", "boolean", "Still open", related="x_activity_id.active"),
    Field("x_done_date", "date", "Done", related="x_activity_id.date_done"),
    Field("x_feedback", "text", "Feedback", related="x_activity_id.feedback"),
    Field("x_assignee_id", "many2one", "Assignee", relation="res.users", related="x_activity_id.user_id"),
)

# One record. The switch is the administrator's; the database's name tells a copy from what it was copied from.
_CONTROL_FIELDS = (
    Field("x_is_stopped", "boolean", "Stop all writing"),
    Field("x_database", "char", "Set up for the database"),
)

# What waits for a person's yes. The bot writes it once; the decision, and with it the last writer, is a reviewer's.
_APPROVAL_FIELDS = (
    Field("x_key", "char", "Key", index=True, required=True),
    Field("x_partner_id", "many2one", "Customer", relation="res.partner", on_delete="set null"),
    Field("x_note", "html", "What it is about"),
    Field("x_amount", "float", "Amount"),
    Field("x_currency", "char", "Currency"),
    Field("x_is_withdrawn", "boolean", "Withdrawn"),
    Field("x_decision", "selection", "Decision", selection=(("approved", "Approved"), ("rejected", "Rejected"))),
)

# What a new partner says, and the column of `identity_golden` that says it. It stands here until the partner is made.
PARTNER_DETAILS = {
    "x_name": "full_name",
    "x_email": "email",
    "x_phone": "phone",
    "x_street": "street",
    "x_zip": "postcode",
    "x_city": "city",
    "x_country_code": "country_code",
}
_NEW_PARTNER_FIELDS = (
    Field("x_key", "char", "Key", index=True, required=True),
    *(Field(name, "char", name.removeprefix("x_").replace("_", " ").capitalize()) for name in [*PARTNER_DETAILS][1:]),
    Field("x_partner_id", "many2one", "Customer", relation="res.partner", on_delete="set null", index=True),
    Field("x_is_made", "boolean", "Partner was made"),
)

SCORE_FIELDS = {
    CUSTOMER_SCORE: _CUSTOMER_SCORE_FIELDS,
    PRODUCT_SCORE: _PRODUCT_SCORE_FIELDS,
    ORDER: _ORDER_FIELDS,
    RETURN_SCORE: _RETURN_SCORE_FIELDS,
}
# Archived is what is withdrawn: computed, so that requests from before there was such a field stay listed.
_APPROVAL_ACTIVE = Field(
    "x_active", "boolean", "Active", compute="for record in self:\n    record['x_active'] = not record.x_is_withdrawn",
    depends="x_is_withdrawn",
)  # fmt: skip
_SCORES = "x_reknit_score_ids"
_RETURNS = "x_reknit_return_ids"
_ORDERS = "x_reknit_order_ids"


def _depends(rows: str, *sources: str) -> str:
    return ",".join(f"{rows}.{source}" for source in sources)


def _leading(rows: str, source: str, rank: str, target: str) -> str:
    """Code that takes a field from the active row where `rank` is highest.

    It reads the rows of all records at once first: a part of a record's rows would be read by a query of its own.
    """
    return (
        f"self.mapped('{rows}.{source}')\n"
        "for record in self:\n"
        f"    rows = record.{rows}.filtered('x_active').sorted('{rank}', reverse=True)\n"
        f"    record['{target}'] = rows[:1].{source}"
    )


def _over(rows: str, expression: str, target: str) -> str:
    """Code that takes an expression over the active rows; like `_leading`, it reads the rows of all records first."""
    return (
        f"self.mapped('{rows}.x_active')\n"
        "for record in self:\n"
        f"    rows = record.{rows}.filtered('x_active')\n"
        f"    record['{target}'] = {expression}"
    )


Choices = tuple[tuple[str, str], ...]


def _of_worst_brand(type_: str, label: str, source: str, *, is_stored: bool, selection: Choices = ()) -> Field:
    """A partner's field: that of the brand which the customer is likeliest to leave."""
    target = f"x_reknit_{source.removeprefix('x_')}"
    return _of_brand("x_churn_probability", target, type_, label, source, is_stored=is_stored, selection=selection)


def _of_main_brand(
    type_: str, label: str, target: str, source: str, *, is_stored: bool = False, selection: Choices = ()
) -> Field:
    """A partner's field: that of the brand to which the customer is worth most."""
    return _of_brand("x_lifetime_value", target, type_, label, source, is_stored=is_stored, selection=selection)


def _of_brand(
    rank: str, target: str, type_: str, label: str, source: str, *, is_stored: bool, selection: Choices
) -> Field:
    return Field(
        target,
        type_,
        label,
        selection=selection,
        compute=_leading(_SCORES, source, rank, target),
        depends=_depends(_SCORES, *sorted({"x_active", rank, source})),
        is_stored=is_stored,
    )


def _of_stores(type_: str, label: str, target: str, expression: str, *sources: str) -> Field:
    """A product's field over its stores."""
    return Field(
        target,
        type_,
        label,
        compute=_over(_SCORES, expression, target),
        depends=_depends(_SCORES, "x_active", *sources),
    )


# Tasks are counted for everybody, also for who may not open them. Before 17 a task's state had another name.
_COUNT_OPEN_CASES = f"""
tasks = self.env['{CASE}'].sudo()
state = 'state' if 'state' in tasks._fields else 'kanban_state'
counts = dict.fromkeys(self.ids, 0)
for task in tasks.search([('partner_id', 'in', self.ids), (state, 'not in', ['1_done', '1_canceled', 'done'])]):
    counts[task.partner_id.id] += 1
for record in self:
    record['x_reknit_open_case_count'] = counts.get(record.id, 0)
""".strip()

_PARTNER_LIST = Field(_SCORES, "one2many", "Scores", relation=CUSTOMER_SCORE, relation_field="x_partner_id")
_PARTNER_FIELDS = (
    _of_worst_brand("selection", "Churn risk", "x_churn_level", is_stored=True, selection=LEVELS),
    _of_worst_brand("float", "Churn probability", "x_churn_probability", is_stored=True),
    _of_worst_brand("float", "Value at risk", "x_value_at_risk", is_stored=True),
    _of_worst_brand("char", "Currency of value at risk", "x_currency", is_stored=False),
    _of_worst_brand("text", "Churn reasons", "x_reasons", is_stored=False),
    _of_worst_brand("char", "What to do", "x_suggested_action", is_stored=False),
    _of_worst_brand("date", "Scored as of", "x_as_of", is_stored=False),
    _of_worst_brand("char", "Brand", "x_brand", is_stored=False),
    _of_main_brand("char", "Main brand", "x_reknit_main_brand", "x_brand"),
    _of_main_brand("float", "Lifetime value", "x_reknit_lifetime_value", "x_lifetime_value"),
    _of_main_brand("char", "Currency of lifetime value", "x_reknit_lifetime_currency", "x_currency"),
    _of_main_brand("boolean", "High value", "x_reknit_is_high_value", "x_is_high_value"),
    _of_main_brand("selection", "Segment", "x_reknit_segment", "x_segment", is_stored=True, selection=SEGMENTS),
    _of_main_brand("char", "Channels", "x_reknit_channels", "x_channels"),
    _of_main_brand("boolean", "Has a loyalty account", "x_reknit_has_points", "x_has_points"),
    _of_main_brand("integer", "Loyalty points", "x_reknit_points_balance", "x_points_balance"),
    _of_main_brand("selection", "Marketing consent", "x_reknit_consent", "x_consent", selection=CONSENTS),
    Field("x_reknit_open_case_count", "integer", "Open cases", compute=_COUNT_OPEN_CASES, is_stored=False),
)  # fmt: skip

_SUGGESTED_QTY = Field(
    "x_reknit_suggested_qty", "float", "Suggested order",
    compute=_over(_ORDERS, "sum(rows.mapped('x_suggested_qty'))", "x_reknit_suggested_qty"),
    depends=_depends(_ORDERS, "x_active", "x_suggested_qty"),
)  # fmt: skip

_TEMPLATE_LISTS = (
    Field(_SCORES, "one2many", "Forecasts", relation=PRODUCT_SCORE, relation_field="x_product_tmpl_id"),
    Field(_ORDERS, "one2many", "Suggested orders", relation=ORDER, relation_field="x_product_tmpl_id"),
)
_TEMPLATE_FIELDS = (
    _of_stores(
        "float", "Forecast, 4 weeks", "x_reknit_forecast_qty", "sum(rows.mapped('x_forecast_qty'))", "x_forecast_qty"
    ),
    _of_stores(
        "float", "Lowest days of cover", "x_reknit_cover_days",
        "min(rows.filtered('x_is_stock_known').mapped('x_cover_days'), default=0.0)",
        "x_is_stock_known", "x_cover_days",
    ),
    _of_stores(
        "float", "Highest stock-out risk", "x_reknit_stock_out_probability",
        "max(rows.mapped('x_stock_out_probability'), default=0.0)", "x_stock_out_probability",
    ),
    _of_stores("integer", "Stores with a forecast", "x_reknit_store_count", "len(rows)"),
    _SUGGESTED_QTY,
)  # fmt: skip

_ORDERPOINT_LIST = Field(_ORDERS, "one2many", "Suggested orders", relation=ORDER, relation_field="x_orderpoint_id")
_ORDERPOINT_FIELDS = (
    _SUGGESTED_QTY,
    # One line, so that a row of the list stays one.
    Field(
        "x_reknit_order_reasons", "char", "Why so much", is_stored=False,
        compute=_over(
            _ORDERS,
            "'; '.join((rows.sorted('x_suggested_qty', reverse=True)[:1].x_reasons or '').splitlines()) or False",
            "x_reknit_order_reasons",
        ),
        depends=_depends(_ORDERS, "x_active", "x_suggested_qty", "x_reasons"),
    ),
    Field(
        "x_reknit_order_as_of", "date", "Suggested as of", is_stored=False,
        compute=_leading(_ORDERS, "x_as_of", "x_suggested_qty", "x_reknit_order_as_of"),
        depends=_depends(_ORDERS, "x_active", "x_suggested_qty", "x_as_of"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class ReturnRecord:
    """A record of Odoo that is a return, and what we hang on it.

    link: our field that names it. sales: our fields that name what was sold, and their models.
    """

    name: str
    model: str
    link: str
    sales: Mapping[str, str]
    form: str
    list: str
    search: str

    @property
    def fields(self) -> tuple[Field, ...]:
        return (
            self._shown("selection", "How unusual", "x_anomaly_level", selection=LEVELS),
            self._shown("text", "What is unusual", "x_reasons"),
            self._shown("char", "What to do", "x_suggested_action"),
            self._shown("char", "Linked sale", "x_sale"),
            *(
                self._shown("many2one", "Sold by", sale, relation=model, needs=model)
                for sale, model in self.sales.items()
            ),
            self._shown("date", "Judged as of", "x_as_of"),
        )

    @staticmethod
    def shown_name(source: str) -> str:
        """The field of the record that shows a field of ours."""
        return f"x_reknit_return_{source.removeprefix('x_')}"

    def _shown(self, type_: str, label: str, source: str, **more: Any) -> Field:
        target = self.shown_name(source)
        compute, depends = _leading(_RETURNS, source, "id", target), _depends(_RETURNS, "x_active", source)
        return Field(target, type_, label, compute=compute, depends=depends, is_stored=False, **more)


_SALE_AT_TILL = {"x_sale_pos_order_id": POS_ORDER}
_SALES_ORDER = {"x_sale_order_id": SALE_ORDER}
RETURN_RECORDS = (
    ReturnRecord(
        "pos_order", POS_ORDER, "x_pos_order_id", _SALE_AT_TILL,
        "point_of_sale.view_pos_pos_form", "point_of_sale.view_pos_order_tree", "point_of_sale.view_pos_order_filter",
    ),
    ReturnRecord(
        "credit_note", CREDIT_NOTE, "x_move_id", {**_SALE_AT_TILL, **_SALES_ORDER},
        "account.view_move_form", "account.view_invoice_tree", "account.view_account_invoice_filter",
    ),
    ReturnRecord(
        "sale_order", SALE_ORDER, "x_order_id", _SALES_ORDER,
        "sale.view_order_form", "sale.view_order_tree", "sale.view_sales_order_filter",
    ),
)  # fmt: skip


def needed_app(model: str) -> str:
    """The app's model without which there is no such record."""
    return model if model in APP_MODELS else ""


def _field_item(model: str, field: Field) -> Item:
    values: dict[str, Value] = {
        "model_id": Ref(model_xml_id(model)),
        "name": field.name,
        "field_description": field.label,
        "ttype": field.type,
        "state": "manual",
    }
    if field.relation:
        values["relation"] = field.relation
    if field.relation_field:
        values["relation_field"] = field.relation_field
    if field.on_delete:
        values["on_delete"] = field.on_delete
    if field.selection:
        values["selection"] = repr(list(field.selection))
    if field.compute:
        values |= {"compute": field.compute, "depends": field.depends, "store": field.is_stored, "readonly": True}
    if field.related:
        values |= {"related": field.related, "store": True, "readonly": True}
    if field.index:
        values["index"] = True
    if field.required:
        values["required"] = True
    name = f"field_{model.replace('.', '_')}__{field.name}"
    return Item(name, "ir.model.fields", values, ("model_id", "name"), needs=field.needs or needed_app(model))


def model_xml_id(model: str) -> str:
    """Models of Odoo's own modules have an external id by a rule; ours get one by the same."""
    modules = {
        "res.partner": "base",
        "product.template": "product",
        POS_ORDER: "point_of_sale",
        SALE_ORDER: "sale",
        ORDERPOINT: "stock",
        CREDIT_NOTE: "account",
    }
    module = modules.get(model, MODULE)
    return f"{module}.model_{model.replace('.', '_')}"


def _model_item(model: str, label: str) -> Item:
    values: dict[str, Value] = {"model": model, "name": label, "state": "manual"}
    return Item(f"model_{model}", "ir.model", values, ("model",))


def _access_item(model: str, group: str, rights: str, model_id: int) -> Item:
    short = group.split(".")[1].removeprefix("group_")
    values: dict[str, Value] = {
        "name": f"{MODULE} {short} {model}",
        "model_id": model_id,
        "group_id": Ref(group),
        "perm_read": "r" in rights,
        "perm_write": "w" in rights,
        "perm_create": "c" in rights,
        "perm_unlink": "u" in rights,
    }
    return Item(f"access_{short}_{model.replace('.', '_')}", "ir.model.access", values, ("name",))


# What the bot pulls, and what it needs beside that to find its own records again.
BOT_WRITES = (*SCORE_MODELS, TASK, CASE)
BOT_READS = tuple({*ODOO_MODELS, CONTROL, "ir.model.data", "project.project", "project.task.type"} - {*BOT_WRITES})


def access_items(model_ids: Mapping[str, int]) -> tuple[Item, ...]:
    """Rights on those models that the server has: the bot's, and on ours everybody's and the administrator's.

    Everybody may write where people own a field, because rights go by model: the views open those fields and no
    others.
    """
    wanted = [(model, BOT_GROUP, "r") for model in sorted(BOT_READS)]
    wanted += [(model, BOT_GROUP, "rwc") for model in BOT_WRITES]
    wanted += [(model, "base.group_user", "rw") for model in (CUSTOMER_SCORE, PRODUCT_SCORE)]
    wanted += [(model, "base.group_user", "r") for model in (RETURN_SCORE, TASK)]
    wanted += [(APPROVAL, BOT_GROUP, "rc"), (APPROVAL, REVIEWER_GROUP, "rw"), (NEW_PARTNER, BOT_GROUP, "rc")]
    wanted += [(model, "base.group_system", "rwcu") for model in OWN_MODELS]
    return tuple(
        _access_item(model, group, rights, model_ids[model]) for model, group, rights in wanted if model in model_ids
    )


MODELS = (
    _model_item(CUSTOMER_SCORE, "Reknit customer score"),
    _model_item(PRODUCT_SCORE, "Reknit product forecast"),
    _model_item(ORDER, "Reknit suggested order"),
    _model_item(RETURN_SCORE, "Reknit unusual return"),
    _model_item(TASK, "Reknit task"),
    _model_item(CONTROL, "Reknit control"),
    _model_item(APPROVAL, "Reknit approval"),
    _model_item(NEW_PARTNER, "Reknit new partner"),
)
OWN_FIELDS = (
    *(_field_item(model, field) for model, fields in SCORE_FIELDS.items() for field in fields),
    *(_field_item(TASK, field) for field in _TASK_FIELDS),
    *(_field_item(CONTROL, field) for field in _CONTROL_FIELDS),
    *(_field_item(APPROVAL, field) for field in _APPROVAL_FIELDS),
    *(_field_item(NEW_PARTNER, field) for field in _NEW_PARTNER_FIELDS),
)
LIST_FIELDS = (
    _field_item("res.partner", _PARTNER_LIST),
    *(_field_item("product.template", field) for field in _TEMPLATE_LISTS),
    *(
        _field_item(
            record.model,
            Field(_RETURNS, "one2many", "Unusual returns", relation=RETURN_SCORE, relation_field=record.link),
        )
        for record in RETURN_RECORDS
    ),
    _field_item(ORDERPOINT, _ORDERPOINT_LIST),
)
COMPUTED_FIELDS = (
    *(_field_item(TASK, field) for field in _TASK_OUTCOME_FIELDS),
    _field_item(APPROVAL, _APPROVAL_ACTIVE),
    *(_field_item("res.partner", field) for field in _PARTNER_FIELDS),
    *(_field_item("product.template", field) for field in _TEMPLATE_FIELDS),
    *(_field_item(record.model, field) for record in RETURN_RECORDS for field in record.fields),
    *(_field_item(ORDERPOINT, field) for field in _ORDERPOINT_FIELDS),
)
GROUPS = (
    Item("group_bot", "res.groups", {"name": "Reknit bot"}, ("name",)),
    Item("group_reviewer", "res.groups", {"name": "Reknit reviewer"}, ("name",)),
)
ACTIVITY_TYPES = (
    Item(
        "activity_type_win_back",
        "mail.activity.type",
        {
            "name": "Reknit: Win back",
            "res_model": "res.partner",
            "icon": "fa-heart-o",
            "sequence": 90,
            "active": True,
        },
        ("name",),
    ),
)
WINDOW_ACTIONS = (
    Item(
        "action_control",
        "ir.actions.act_window",
        {"name": "Reknit", "res_model": CONTROL, "view_mode": "list,form"},
        ("name", "res_model"),
    ),
    Item(
        "action_approval",
        "ir.actions.act_window",
        {"name": "Reknit approvals", "res_model": APPROVAL, "view_mode": "list,form"},
        ("name", "res_model"),
    ),
    Item(
        "action_order",
        "ir.actions.act_window",
        {"name": "Suggested orders", "res_model": ORDER, "view_mode": "list"},
        ("name", "res_model"),
        needs=ORDERPOINT,
    ),
)
PROJECTS = (
    Item(
        "project_cases",
        "project.project",
        {"name": "Reknit cases", "privacy_visibility": "employees"},
        ("name",),
        is_peoples=True,
    ),
    # Its cards show personal values of every system: only those see it whom an administrator invites.
    Item(
        "project_reviews",
        "project.project",
        {"name": "Reknit: one customer or two?", "privacy_visibility": "followers"},
        ("name",),
        is_peoples=True,
    ),
)
_STAGES = {
    CASE_PROJECT: (
        ("new", "To look at", False),
        ("checking", "Being checked", False),
        ("fine", "Fine", True),
        ("odd", "Odd", True),
    ),
    REVIEW_PROJECT: (
        ("review_open", "To answer", False),
        ("review_same", "One customer", False),
        ("review_different", "Different customers", False),
        ("review_unsure", "Cannot say", False),
    ),
}
STAGES = tuple(
    Item(
        f"stage_{key}",
        "project.task.type",
        {"name": name, "sequence": sequence, "fold": is_folded, "project_ids": (Ref(project),)},
        ("name", "project_ids"),
        is_peoples=True,
    )
    for project, stages in _STAGES.items()
    for sequence, (key, name, is_folded) in enumerate(stages, start=1)
)


def rule_items(project_ids: tuple[int, ...]) -> tuple[Item, ...]:
    """The bot sees its own projects, also where only invited people do, and its cases are those of them."""
    return (
        _rule_item("rule_cases", "its own project's tasks", "project.model_project_task", "project_id", project_ids),
        _rule_item("rule_projects", "its own projects", "project.model_project_project", "id", project_ids),
    )


def _rule_item(name: str, label: str, model: str, field: str, project_ids: tuple[int, ...]) -> Item:
    values: dict[str, Value] = {
        "name": f"Reknit bot: {label}",
        "model_id": Ref(model),
        "groups": (Ref(BOT_GROUP),),
        "domain_force": f"[('{field}', 'in', {list(project_ids)})]",
        "perm_unlink": False,
    }
    return Item(name, "ir.rule", values, ("name",))


def control_item(database: str) -> Item:
    """The record with the switch."""
    return Item("control", CONTROL, {"x_name": "Reknit", "x_database": database}, ("x_name",))


def menu_items(control_action_id: int, approval_action_id: int, order_action_id: int) -> tuple[Item, ...]:
    """The switch below Settings, where administrators find it; approvals beside the apps, for reviewers; suggested
    orders below Inventory, Operations.
    """
    control: dict[str, Value] = {
        "name": "Reknit",
        "parent_id": Ref("base.menu_administration"),
        "action": f"ir.actions.act_window,{control_action_id}",
        "sequence": 90,
    }
    approval: dict[str, Value] = {
        "name": "Reknit approvals",
        "action": f"ir.actions.act_window,{approval_action_id}",
        "group_ids": (Ref(REVIEWER_GROUP), Ref("base.group_system")),
        "sequence": 90,
    }
    order: dict[str, Value] = {
        "name": "Suggested orders",
        "parent_id": Ref("stock.menu_stock_warehouse_mgmt"),
        "action": f"ir.actions.act_window,{order_action_id}",
        "sequence": 90,
    }
    return (
        Item("menu_control", "ir.ui.menu", control, ("name", "parent_id")),
        Item("menu_approval", "ir.ui.menu", approval, ("name",)),
        Item("menu_order", "ir.ui.menu", order, ("name", "parent_id"), needs=ORDERPOINT),
    )


def bot_item(company_ids: tuple[int, ...]) -> Item:
    """The bot: an internal user of every company, with the bot's group beside that and no other."""
    values: dict[str, Value] = {
        "name": "Reknit",
        "login": BOT_LOGIN,
        "active": True,
        "group_ids": (Ref("base.group_user"), Ref(BOT_GROUP)),
        "company_ids": company_ids,
    }
    return Item("user_bot", "res.users", values, ("login",))
