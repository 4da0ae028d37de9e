"""What people see of it in Odoo: pages, columns, filters, lists of our own and favourites.

Belongs here: views, as declarations. Does not belong here: the fields that they show (`schema.py`).
"""

from pipelines.odoo.schema import (
    APPROVAL,
    MODULE,
    ORDER,
    ORDERPOINT,
    RETURN_RECORDS,
    TAKE_OVER,
    Item,
    Ref,
    ReturnRecord,
    Value,
    needed_app,
)

_PARTNER_PAGE = """<data>
  <xpath expr="//notebook" position="inside">
    <page string="Reknit" name="reknit" invisible="not x_reknit_churn_level">
      <group>
        <group>
          <field name="x_reknit_brand"/>
          <field name="x_reknit_churn_level" widget="badge"
            decoration-danger="x_reknit_churn_level == 'high'" decoration-warning="x_reknit_churn_level == 'medium'"
            decoration-success="x_reknit_churn_level == 'low'"/>
          <field name="x_reknit_churn_probability" widget="percentage"/>
          <label for="x_reknit_value_at_risk"/>
          <div class="o_row">
            <field name="x_reknit_value_at_risk" nolabel="1" class="oe_inline"/>
            <field name="x_reknit_currency" nolabel="1" class="oe_inline"/>
          </div>
          <field name="x_reknit_suggested_action"/>
          <field name="x_reknit_reasons"/>
          <field name="x_reknit_as_of"/>
        </group>
        <group>
          <field name="x_reknit_main_brand" invisible="x_reknit_main_brand == x_reknit_brand"/>
          <label for="x_reknit_lifetime_value"/>
          <div class="o_row">
            <field name="x_reknit_lifetime_value" nolabel="1" class="oe_inline"/>
            <field name="x_reknit_lifetime_currency" nolabel="1" class="oe_inline"/>
          </div>
          <field name="x_reknit_is_high_value" invisible="not x_reknit_is_high_value"/>
          <field name="x_reknit_segment"/>
          <field name="x_reknit_channels" invisible="not x_reknit_channels"/>
          <field name="x_reknit_has_points" invisible="1"/>
          <field name="x_reknit_points_balance" invisible="not x_reknit_has_points"/>
          <field name="x_reknit_open_case_count"/>
          <field name="x_reknit_consent"/>
        </group>
      </group>
      <field name="x_reknit_score_ids" nolabel="1">
        <list editable="bottom" create="0" delete="0" default_order="x_churn_probability desc"
          decoration-muted="x_is_wrong or x_do_not_contact">
          <field name="x_brand" readonly="1"/>
          <field name="x_churn_level" readonly="1"/>
          <field name="x_churn_probability" widget="percentage" readonly="1"/>
          <field name="x_value_at_risk" readonly="1"/>
          <field name="x_expected_value" readonly="1"/>
          <field name="x_lifetime_value" readonly="1"/>
          <field name="x_segment" readonly="1" optional="hide"/>
          <field name="x_channels" readonly="1" optional="hide"/>
          <field name="x_has_points" column_invisible="True"/>
          <field name="x_points_balance" readonly="1" invisible="not x_has_points" optional="hide"/>
          <field name="x_consent" readonly="1" optional="hide"/>
          <field name="x_currency" readonly="1"/>
          <field name="x_as_of" readonly="1"/>
          <field name="x_is_wrong"/>
          <field name="x_do_not_contact"/>
        </list>
      </field>
    </page>
  </xpath>
</data>"""

_PARTNER_COLUMNS = """<data>
  <xpath expr="//list" position="inside">
    <field name="x_reknit_churn_level" optional="show" widget="badge"
      decoration-danger="x_reknit_churn_level == 'high'" decoration-warning="x_reknit_churn_level == 'medium'"
      decoration-success="x_reknit_churn_level == 'low'"/>
    <field name="x_reknit_churn_probability" widget="percentage" optional="hide" invisible="not x_reknit_churn_level"/>
    <field name="x_reknit_value_at_risk" optional="show" invisible="not x_reknit_churn_level"/>
    <field name="x_reknit_lifetime_value" optional="show" invisible="not x_reknit_churn_level"/>
    <field name="x_reknit_segment" optional="hide"/>
    <field name="x_reknit_suggested_action" optional="hide"/>
    <field name="x_reknit_open_case_count" optional="hide"/>
  </xpath>
</data>"""

_PARTNER_FILTERS = """<data>
  <xpath expr="//search" position="inside">
    <separator/>
    <filter name="reknit_high_churn" string="High churn risk" domain="[('x_reknit_churn_level', '=', 'high')]"/>
    <separator/>
    <filter name="reknit_high_value" string="High value" domain="[('x_reknit_score_ids.x_is_high_value', '=', True)]"/>
    <separator/>
    <filter name="reknit_scored" string="With a churn score" domain="[('x_reknit_churn_level', '!=', False)]"/>
    <filter name="reknit_by_level" string="Churn risk" context="{'group_by': 'x_reknit_churn_level'}"/>
    <filter name="reknit_by_segment" string="Segment" context="{'group_by': 'x_reknit_segment'}"/>
  </xpath>
</data>"""

_ORDER_COLUMNS = """
  <field name="x_is_stock_known" column_invisible="True"/>
  <field name="x_is_on_order_known" column_invisible="True"/>
  <field name="x_store" readonly="1"/>
  <field name="x_suggested_qty" readonly="1" sum="Suggested order"/>
  <field name="x_amount" readonly="1"/>
  <field name="x_currency" readonly="1"/>
  <field name="x_on_hand_qty" readonly="1" invisible="not x_is_stock_known"/>
  <field name="x_on_order_qty" readonly="1" optional="show" invisible="not x_is_on_order_known"/>
  <field name="x_reorder_point_qty" readonly="1" optional="hide"/>
  <field name="x_order_up_to_qty" readonly="1" optional="hide"/>
  <field name="x_reasons" readonly="1" optional="show"/>
  <field name="x_as_of" readonly="1"/>
  <field name="x_is_wrong"/>
""".strip()

_ORDER_LIST = f"""<list create="0" delete="0" editable="bottom" default_order="x_amount desc"
  decoration-muted="x_is_wrong">
  <field name="x_product_tmpl_id" readonly="1"/>
  <field name="x_orderpoint_id" readonly="1" optional="show"/>
  {_ORDER_COLUMNS}
</list>"""

_ORDER_SEARCH = """<search>
  <field name="x_product_tmpl_id"/>
  <field name="x_store"/>
  <filter name="reknit_without_rule" string="Without a reordering rule" domain="[('x_orderpoint_id', '=', False)]"/>
  <filter name="reknit_by_store" string="Store" context="{'group_by': 'x_store'}"/>
</search>"""

_RULE_COLUMNS = f"""<data>
  <xpath expr="//field[@name='qty_to_order']" position="before">
    <field name="x_reknit_suggested_qty" optional="show"/>
    <field name="x_reknit_order_reasons" optional="show" width="300px"/>
    <field name="x_reknit_order_as_of" optional="hide"/>
    <button name="{TAKE_OVER}" type="action" string="Take over" icon="fa-check"
      invisible="trigger != 'manual' or x_reknit_suggested_qty &lt;= 0"/>
  </xpath>
</data>"""

# Beside Odoo's own filter, so that both together show what either of them does.
_REPLENISHMENT_FILTERS = """<data>
  <xpath expr="//filter[@name='filter_to_reorder']" position="after">
    <filter name="reknit_order_now" string="Order now" domain="[('x_reknit_suggested_qty', '&gt;', 0)]"/>
  </xpath>
</data>"""

_RULE_FILTERS = """<data>
  <xpath expr="//filter[@name='inactive']" position="after">
    <separator/>
    <filter name="reknit_order_now" string="Order now" domain="[('x_reknit_suggested_qty', '&gt;', 0)]"/>
  </xpath>
</data>"""

_PRODUCT_PAGE = """<data>
  <xpath expr="//notebook" position="inside">
    <page string="Reknit" name="reknit" invisible="not x_reknit_store_count and not x_reknit_suggested_qty">
      <group>
        <group>
          <field name="x_reknit_suggested_qty"/>
          <field name="x_reknit_forecast_qty" invisible="not x_reknit_store_count"/>
          <field name="x_reknit_store_count" invisible="not x_reknit_store_count"/>
        </group>
        <group invisible="not x_reknit_store_count">
          <field name="x_reknit_stock_out_probability" widget="percentage"/>
          <field name="x_reknit_cover_days"/>
        </group>
      </group>
      <field name="x_reknit_score_ids" nolabel="1" invisible="not x_reknit_store_count">
        <list editable="bottom" create="0" delete="0" default_order="x_stock_out_probability desc"
          decoration-muted="x_is_wrong">
          <field name="x_is_stock_known" column_invisible="True"/>
          <field name="x_store" readonly="1"/>
          <field name="x_forecast_qty" readonly="1" sum="Forecast"/>
          <field name="x_forecast_low_qty" readonly="1"/>
          <field name="x_forecast_high_qty" readonly="1"/>
          <field name="x_on_hand_qty" readonly="1" invisible="not x_is_stock_known"/>
          <field name="x_cover_days" readonly="1" invisible="not x_is_stock_known"/>
          <field name="x_stock_out_probability" widget="percentage" readonly="1" invisible="not x_is_stock_known"/>
          <field name="x_reasons" readonly="1" optional="show"/>
          <field name="x_as_of" readonly="1"/>
          <field name="x_is_wrong"/>
        </list>
      </field>
      <field name="x_reknit_order_ids" nolabel="1" invisible="not x_reknit_suggested_qty">
        <list editable="bottom" create="0" delete="0" default_order="x_suggested_qty desc"
          decoration-muted="x_is_wrong">
          $order_columns
        </list>
      </field>
    </page>
  </xpath>
</data>""".replace("$order_columns", _ORDER_COLUMNS)

_PRODUCT_COLUMNS = """<data>
  <xpath expr="//list" position="inside">
    <field name="x_reknit_store_count" column_invisible="True"/>
    <field name="x_reknit_forecast_qty" optional="show" invisible="not x_reknit_store_count"/>
    <field name="x_reknit_stock_out_probability" widget="percentage" optional="show"
      invisible="not x_reknit_store_count"/>
    <field name="x_reknit_cover_days" optional="hide" invisible="not x_reknit_store_count"/>
    <field name="x_reknit_suggested_qty" optional="show" invisible="not x_reknit_suggested_qty"/>
  </xpath>
</data>"""

_PRODUCT_FILTERS = """<data>
  <xpath expr="//search" position="inside">
    <separator/>
    <filter name="reknit_stock_out" string="Stock-out risk"
      domain="[('x_reknit_stock_out_probability', '&gt;=', 0.5)]"/>
    <filter name="reknit_forecast" string="With a forecast" domain="[('x_reknit_store_count', '&gt;', 0)]"/>
    <filter name="reknit_order_now" string="Order now" domain="[('x_reknit_suggested_qty', '&gt;', 0)]"/>
  </xpath>
</data>"""


_RETURN_PAGE = """<data>
  <xpath expr="//notebook" position="inside">
    <page string="Reknit" name="reknit" invisible="not x_reknit_return_anomaly_level">
      <group>
        <group>
          <field name="x_reknit_return_anomaly_level" widget="badge"
            decoration-danger="x_reknit_return_anomaly_level == 'high'"
            decoration-warning="x_reknit_return_anomaly_level == 'medium'"/>
          <field name="x_reknit_return_sale" invisible="not x_reknit_return_sale"/>
        </group>
        <group>
          <field name="x_reknit_return_reasons"/>
          <field name="x_reknit_return_suggested_action"/>
          <field name="x_reknit_return_as_of"/>
        </group>
      </group>
    </page>
  </xpath>
</data>"""

# Of an app that may be missing: a view of its own, which that Odoo then lacks.
_RETURN_SALE = """<data>
  <xpath expr="//field[@name='x_reknit_return_sale']" position="after">
    <field name="$sale" invisible="not $sale"/>
  </xpath>
</data>"""

_RETURN_COLUMN = """<data>
  <xpath expr="//list" position="inside">
    <field name="x_reknit_return_anomaly_level" optional="hide" widget="badge"
      decoration-danger="x_reknit_return_anomaly_level == 'high'"
      decoration-warning="x_reknit_return_anomaly_level == 'medium'"/>
  </xpath>
</data>"""

_RETURN_FILTERS = """<data>
  <xpath expr="//search" position="inside">
    <separator/>
    <filter name="reknit_unusual" string="Unusual returns"
      domain="[('x_reknit_return_ids.x_anomaly_level', 'in', ('high', 'medium'))]"/>
  </xpath>
</data>"""


_APPROVAL_LIST = """<list create="0" delete="0" multi_edit="1" decoration-bf="not x_decision">
  <field name="x_name" string="What" readonly="1"/>
  <field name="x_partner_id" readonly="1"/>
  <field name="x_amount" readonly="1"/>
  <field name="x_currency" readonly="1"/>
  <field name="create_date" string="Asked" readonly="1"/>
  <field name="x_decision"/>
  <field name="write_uid" string="By" invisible="not x_decision"/>
</list>"""

_APPROVAL_SEARCH = """<search>
  <field name="x_name" string="What"/>
  <field name="x_partner_id"/>
  <filter name="reknit_waiting" string="Waiting" domain="[('x_decision', '=', False)]"/>
  <filter name="reknit_withdrawn" string="Withdrawn" domain="[('x_active', '=', False)]"/>
</search>"""

_APPROVAL_FORM = """<form create="0" delete="0">
  <sheet>
    <h1><field name="x_name" readonly="1"/></h1>
    <group>
      <field name="x_partner_id" readonly="1"/>
      <field name="x_amount" readonly="1"/>
      <field name="x_currency" readonly="1"/>
      <field name="x_decision" widget="radio"/>
    </group>
    <field name="x_note" readonly="1"/>
  </sheet>
</form>"""


def _own_view_item(name: str, model: str, arch: str, needs: str = "") -> Item:
    values: dict[str, Value] = {"name": f"{MODULE}.{name}", "model": model, "arch": arch}
    return Item(f"view_{name}", "ir.ui.view", values, ("name",), needs=needs)


def _view_item(name: str, model: str, inherited: str, arch: str, needs: str = "", priority: int = 90) -> Item:
    values: dict[str, Value] = {
        "name": f"{MODULE}.{name}",
        "model": model,
        "inherit_id": Ref(inherited),
        "arch": arch,
        "priority": priority,
    }
    return Item(f"view_{name}", "ir.ui.view", values, ("name",), needs=needs or needed_app(model))


def _return_sale_view(record: ReturnRecord, sale: str, needs: str) -> Item:
    """After the page, in which it puts the sale."""
    arch = _RETURN_SALE.replace("$sale", record.shown_name(sale))
    name = f"{record.name}_form_{sale.removeprefix('x_')}"
    return _view_item(name, record.model, record.form, arch, needs=needs, priority=91)


VIEWS = (
    _view_item("partner_form", "res.partner", "base.view_partner_form", _PARTNER_PAGE),
    _view_item("partner_list", "res.partner", "base.view_partner_tree", _PARTNER_COLUMNS),
    _view_item("partner_search", "res.partner", "base.view_res_partner_filter", _PARTNER_FILTERS),
    _view_item("product_form", "product.template", "product.product_template_form_view", _PRODUCT_PAGE),
    _view_item("product_list", "product.template", "product.product_template_tree_view", _PRODUCT_COLUMNS),
    _view_item("product_search", "product.template", "product.product_template_search_view", _PRODUCT_FILTERS),
    _view_item("rule_list", ORDERPOINT, "stock.view_warehouse_orderpoint_tree_editable", _RULE_COLUMNS),
    _view_item("rule_search", ORDERPOINT, "stock.warehouse_orderpoint_search", _RULE_FILTERS),
    _view_item("replenishment_search", ORDERPOINT, "stock.stock_reorder_report_search", _REPLENISHMENT_FILTERS),
    _own_view_item("order_list", ORDER, _ORDER_LIST, needs=ORDERPOINT),
    _own_view_item("order_search", ORDER, _ORDER_SEARCH, needs=ORDERPOINT),
    *(
        _view_item(f"{record.name}_{kind}", record.model, view, arch)
        for record in RETURN_RECORDS
        for kind, view, arch in (
            ("form", record.form, _RETURN_PAGE),
            ("list", record.list, _RETURN_COLUMN),
            ("search", record.search, _RETURN_FILTERS),
        )
    ),
    *(_return_sale_view(record, sale, app) for record in RETURN_RECORDS for sale, app in record.sales.items()),
    _own_view_item("approval_list", APPROVAL, _APPROVAL_LIST),
    _own_view_item("approval_form", APPROVAL, _APPROVAL_FORM),
    _own_view_item("approval_search", APPROVAL, _APPROVAL_SEARCH),
)


FAVOURITES = (
    Item(
        "favourite_at_risk",
        "ir.filters",
        {
            "name": "Customers at risk, most value first",
            "model_id": "res.partner",
            "domain": "[('x_reknit_churn_level', '=', 'high')]",
            "sort": '["x_reknit_value_at_risk desc"]',
        },
        ("name", "model_id"),
        is_peoples=True,
    ),
)
