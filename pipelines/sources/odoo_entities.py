"""What is pulled from an Odoo: one entity a model, with the fields that a purpose needs and no others.

Belongs here: the declared contract of each Odoo model. Does not belong here: talking to a server (`odoo.py`).
Columns carry Odoo's field names; a many2one becomes its id. Times are UTC, as Odoo stores them.
"""

from pipelines.sources.contract import Column, Entity, System

# Fields of this and of older versions that a column can come from: the first one that is set counts.
FIELD_ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "res.partner": {"phone": ("phone", "mobile")},
    "stock.move": {"quantity": ("quantity", "quantity_done")},
    "sale.order.line": {"product_uom_id": ("product_uom_id", "product_uom")},
    # Before 19 a unit's factor is that of the reference, and its inverse is what 19 calls the factor.
    "uom.uom": {"factor": ("factor_inv", "factor"), "parent_path": ("parent_path", "category_id")},
    "product.supplierinfo": {"partner_id": ("partner_id", "name"), "product_uom_id": ("product_uom_id", "product_uom")},
}


def _entity(
    model: str, description: str, *columns: Column, amount: str | None = None, is_transactional: bool = False
) -> Entity:
    return Entity(
        name=model.replace(".", "_"),
        description=description,
        key=("id",),
        amount=amount,
        event_time="write_date",
        is_transactional=is_transactional,
        columns=(
            Column("id", "BIGINT", "Odoo's id.", required=True),
            *columns,
            Column("create_date", "TIMESTAMP", "When the row was made, UTC."),
            Column("write_date", "TIMESTAMP", "Last change, UTC, to the second."),
        ),
    )


def _text(name: str, description: str, personal: bool = False) -> Column:
    return Column(name, "VARCHAR", description, personal=personal)


def _link(name: str, description: str) -> Column:
    return Column(name, "BIGINT", description)


def _flag(name: str, description: str) -> Column:
    return Column(name, "BOOLEAN", description)


def _time(name: str, description: str) -> Column:
    return Column(name, "TIMESTAMP", f"{description} UTC.")


def _date(name: str, description: str) -> Column:
    return Column(name, "DATE", description)


def _links(name: str, description: str) -> Column:
    return Column(name, "JSON", f"{description} Ids, as a list.")


def _number(name: str, description: str) -> Column:
    return Column(name, "DECIMAL(18,4)", description)


# Odoo model name by entity name, in the order of the pull: parents before children.
ODOO_MODELS: dict[str, Entity] = {
    "res.company": _entity(
        "res.company",
        "Companies.",
        _text("name", "Name."),
        _link("partner_id", "Its partner."),
        _link("currency_id", "Its currency."),
    ),
    "res.currency": _entity("res.currency", "Currencies.", _text("name", "ISO 4217 code.")),
    "res.currency.rate": _entity(
        "res.currency.rate",
        "Rates: units of currency for one of the company's.",
        _date("name", "Day."),
        Column("rate", "DECIMAL(18,8)", "Units of currency for one unit of the company's currency."),
        _link("currency_id", "Currency."),
        _link("company_id", "Company, null for all."),
    ),
    "res.partner": _entity(
        "res.partner",
        "Partners: people and companies, with their contacts.",
        _text("name", "Name.", personal=True),
        _text("email", "E-mail.", personal=True),
        _text("phone", "Phone.", personal=True),
        _text("street", "Street.", personal=True),
        _text("city", "City.", personal=True),
        _text("zip", "Postcode.", personal=True),
        _link("country_id", "Country."),
        _text("country_code", "ISO 3166 alpha-2 of the country."),
        _flag("is_company", "A company, not a person."),
        _link("parent_id", "Company that the contact belongs to."),
        _text("vat", "Tax id.", personal=True),
        _text("ref", "Reference."),
        _text("lang", "Language."),
        _link("company_id", "Company, null for all."),
        _link("user_id", "Salesperson."),
        _flag("active", "False when archived."),
    ),
    "res.users": _entity(
        "res.users",
        "Users.",
        _text("login", "Login.", personal=True),
        _link("partner_id", "Its partner."),
        _flag("share", "True for portal users."),
        _flag("active", "False when archived."),
    ),
    "uom.uom": _entity(
        "uom.uom",
        "Units of measure.",
        _text("name", "Name."),
        Column("factor", "DECIMAL(18,8)", "Reference units in one of this."),
        _text("parent_path", "Ids from the reference unit to this one; before Odoo 19 the category of the unit."),
    ),
    "product.category": _entity(
        "product.category",
        "Product categories.",
        _text("name", "Name."),
        _text("complete_name", "With parents."),
        _link("parent_id", "Parent category."),
    ),
    "product.template": _entity(
        "product.template",
        "Product templates.",
        _text("name", "Name."),
        _text("default_code", "Internal reference."),
        _link("categ_id", "Category."),
        _number("list_price", "Price."),
        _flag("is_storable", "Stock is kept."),
        _link("uom_id", "Unit of measure."),
        _flag("use_expiration_date", "Its goods expire."),
        _number("expiration_time", "Days from receipt until they expire."),
        _flag("active", "False when archived."),
    ),
    "product.product": _entity(
        "product.product",
        "Products that are sold.",
        _link("product_tmpl_id", "Template."),
        _text("default_code", "Internal reference."),
        _text("barcode", "Barcode as text."),
        _number("standard_price", "Cost."),
        _flag("active", "False when archived."),
    ),
    "product.supplierinfo": _entity(
        "product.supplierinfo",
        "What vendors offer: one row a vendor, product and least quantity.",
        _link("partner_id", "Vendor."),
        _link("product_tmpl_id", "Template."),
        _link("product_id", "Product, null for all of the template."),
        _number("sequence", "Rank among the vendors of the product."),
        _link("product_uom_id", "Unit that the vendor sells in."),
        _number("min_qty", "Least quantity, in the vendor's unit."),
        _number("price", "Price of one of the vendor's units."),
        _number("discount", "Discount in percent."),
        _link("currency_id", "Currency."),
        _number("delay", "Days from order to receipt."),
        _date("date_start", "First day."),
        _date("date_end", "Last day."),
        _link("company_id", "Company, null for all."),
    ),
    "product.packaging": _entity(
        "product.packaging",
        "What products come in, before Odoo 19.",
        _link("product_id", "Product."),
        _number("qty", "Products in one."),
        _number("sequence", "Rank among those of the product."),
        _flag("purchase", "It is bought in."),
    ),
    "stock.location": _entity(
        "stock.location",
        "Stock locations.",
        _text("complete_name", "Name with parents."),
        _text("usage", "Kind."),
        _link("warehouse_id", "Warehouse."),
        _link("company_id", "Company."),
    ),
    "stock.warehouse": _entity(
        "stock.warehouse",
        "Warehouses.",
        _text("name", "Name."),
        _text("code", "Short name."),
        _link("lot_stock_id", "Stock location."),
        _link("company_id", "Company."),
    ),
    "stock.lot": _entity(
        "stock.lot",
        "Lots and serial numbers.",
        _text("name", "Number."),
        _link("product_id", "Product."),
    ),
    "stock.quant": _entity(
        "stock.quant",
        "Stock on hand.",
        _link("product_id", "Product."),
        _link("location_id", "Location."),
        _link("lot_id", "Lot."),
        _number("quantity", "On hand."),
        _number("reserved_quantity", "Reserved."),
    ),
    "stock.move": _entity(
        "stock.move",
        "Stock moves.",
        _link("product_id", "Product."),
        _link("location_id", "From."),
        _link("location_dest_id", "To."),
        _number("quantity", "Done."),
        _number("product_uom_qty", "Demand."),
        _text("state", "State."),
        _time("date", "When."),
        _link("origin_returned_move_id", "Move that this one returns."),
        _text("reference", "Reference."),
    ),
    "stock.warehouse.orderpoint": _entity(
        "stock.warehouse.orderpoint",
        "Reordering rules.",
        _link("product_id", "Product."),
        _link("location_id", "Location."),
        _link("warehouse_id", "Warehouse."),
        _number("product_min_qty", "Minimum."),
        _number("product_max_qty", "Maximum."),
        _link("replenishment_uom_id", "Unit of which whole ones are ordered."),
        _number("qty_multiple", "Quantity of which whole ones are ordered, before Odoo 19."),
        _text("trigger", "auto or manual."),
        _flag("active", "False when archived."),
    ),
    "account.cash.rounding": _entity(
        "account.cash.rounding",
        "Roundings of what is paid, to coins.",
        _number("rounding", "Smallest coin."),
    ),
    "pos.config": _entity(
        "pos.config",
        "Tills.",
        _text("name", "Name."),
        _link("warehouse_id", "Warehouse that it sells from."),
        _link("tip_product_id", "Product that a tip is written as."),
        _flag("cash_rounding", "What is paid is rounded."),
        _link("rounding_method", "How it is rounded."),
    ),
    "pos.session": _entity(
        "pos.session",
        "Point-of-sale sessions.",
        _text("name", "Name."),
        _link("config_id", "Till."),
        _time("start_at", "Opened."),
        _time("stop_at", "Closed."),
        _text("state", "State."),
    ),
    "pos.order": _entity(
        "pos.order",
        "Point-of-sale orders.",
        _text("name", "Number."),
        _text("pos_reference", "Receipt number."),
        _time("date_order", "When."),
        _link("partner_id", "Customer."),
        _link("session_id", "Session."),
        _link("config_id", "Till."),
        _link("company_id", "Company."),
        _link("user_id", "Cashier."),
        _number("amount_total", "Total with tax."),
        _number("amount_tax", "Tax."),
        _number("amount_paid", "Paid."),
        _link("account_move", "Its invoice or credit note."),
        _text("state", "State."),
        amount="amount_total",
        is_transactional=True,
    ),
    "pos.order.line": _entity(
        "pos.order.line",
        "Lines of point-of-sale orders.",
        _link("order_id", "Order."),
        _link("product_id", "Product."),
        _text("full_product_name", "Text on the line."),
        _number("qty", "Quantity, negative for a return."),
        _number("price_unit", "Unit price."),
        _number("discount", "Discount in percent."),
        _number("price_subtotal", "Net."),
        _number("price_subtotal_incl", "With tax."),
        _link("refunded_orderline_id", "Line that this one refunds."),
        _flag("is_reward_line", "Reward."),
        _link("coupon_id", "Loyalty or gift card that the reward is taken from."),
        amount="price_subtotal",
    ),
    "pos.pack.operation.lot": _entity(
        "pos.pack.operation.lot",
        "Lots and serial numbers of point-of-sale lines.",
        _text("lot_name", "Number."),
        _link("pos_order_line_id", "Line."),
    ),
    "pos.payment": _entity(
        "pos.payment",
        "Payments of point-of-sale orders.",
        _link("pos_order_id", "Order."),
        _link("payment_method_id", "Method."),
        _number("amount", "Amount."),
        _time("payment_date", "When."),
        amount="amount",
    ),
    "sale.order": _entity(
        "sale.order",
        "Sale orders.",
        _text("name", "Number."),
        _time("date_order", "When."),
        _link("partner_id", "Customer."),
        _link("company_id", "Company."),
        _link("currency_id", "Currency."),
        _number("amount_untaxed", "Net."),
        _number("amount_tax", "Tax."),
        _number("amount_total", "Total."),
        _text("state", "State."),
        amount="amount_total",
        is_transactional=True,
    ),
    "sale.order.line": _entity(
        "sale.order.line",
        "Lines of sale orders.",
        _link("order_id", "Order."),
        _link("product_id", "Product."),
        _text("name", "Text."),
        _number("product_uom_qty", "Quantity."),
        _number("qty_delivered", "Delivered."),
        _number("price_unit", "Unit price."),
        _number("discount", "Discount in percent."),
        _number("price_subtotal", "Net."),
        _number("price_total", "With tax."),
        _link("product_uom_id", "Unit of measure."),
        _text("display_type", "Section or note: no sale."),
        _flag("is_delivery", "Cost of delivery."),
        _flag("is_reward_line", "Reward."),
        _link("coupon_id", "Loyalty or gift card that the reward is taken from."),
        amount="price_subtotal",
    ),
    "loyalty.program": _entity(
        "loyalty.program",
        "Loyalty programs.",
        _text("name", "Name."),
        _text("program_type", "Kind."),
    ),
    "loyalty.rule": _entity(
        "loyalty.rule",
        "What brings points, or a balance, in a loyalty program.",
        _link("program_id", "Program."),
        _links("product_ids", "Products that bring it; in a program of gift cards or wallets, those that sell them."),
    ),
    "mail.blacklist": _entity(
        "mail.blacklist",
        "E-mail addresses whose owners refused mailings.",
        _text("email", "E-mail, in small letters.", personal=True),
        _flag("active", "Whether the refusal stands."),
    ),
    "loyalty.card": _entity(
        "loyalty.card",
        "Loyalty cards and gift cards.",
        _text("code", "Code."),
        _link("program_id", "Program."),
        _link("partner_id", "Holder."),
        _number("points", "Balance."),
        _date("expiration_date", "End."),
    ),
    "loyalty.history": _entity(
        "loyalty.history",
        "Points issued and used.",
        _link("card_id", "Card."),
        _number("issued", "Issued."),
        _number("used", "Used."),
        _text("description", "Text."),
    ),
    "crm.lead": _entity(
        "crm.lead",
        "Leads.",
        _link("partner_id", "Customer."),
        _text("type", "lead or opportunity."),
        _link("stage_id", "Stage."),
        _number("expected_revenue", "Expected revenue."),
        _flag("active", "False when lost."),
    ),
    "account.move": _entity(
        "account.move",
        "Customer refunds.",
        _text("name", "Number."),
        _text("move_type", "out_refund."),
        _link("partner_id", "Customer."),
        _link("reversed_entry_id", "Invoice that it reverses."),
        _date("invoice_date", "Day."),
        _number("amount_untaxed", "Net."),
        _number("amount_total", "Total."),
        _link("currency_id", "Currency."),
        _link("company_id", "Company."),
        _text("state", "State."),
        amount="amount_total",
    ),
    "account.move.line": _entity(
        "account.move.line",
        "Lines of customer refunds.",
        _link("move_id", "Refund."),
        _link("product_id", "Product."),
        _text("name", "Text."),
        _number("quantity", "Quantity."),
        _number("price_unit", "Unit price."),
        _number("discount", "Discount in percent."),
        _number("price_subtotal", "Net."),
        _number("price_total", "With tax."),
        _links("sale_line_ids", "Lines of sale orders that it gives back."),
        _text("display_type", "product, tax, payment_term and others; before 16 null, or section or note."),
        amount="price_subtotal",
    ),
    "x_reknit_task": _entity(
        "x_reknit_task",
        "Tasks that the pipeline made, for what people did with them; there once an Odoo is set up for it.",
        _text("x_key", "The task's key, as in sync_desired."),
        _link("x_partner_id", "Customer."),
        _link("x_activity_id", "Its activity, null when a person deleted it."),
        _flag("x_is_delivered", "Whether the activity was made."),
        _flag("x_is_open", "False when the activity is done."),
        _date("x_deadline", "Deadline."),
        _date("x_done_date", "Done."),
        _text("x_feedback", "What the person wrote.", personal=True),
        _link("x_assignee_id", "Assignee."),
        _flag("x_is_over", "Whether the pipeline asked for it to be closed, because the matter is over."),
        _flag("x_is_closed_by_pipeline", "Whether the pipeline closed it."),
        _flag("x_is_removed", "Whether the pipeline took it back."),
        _flag("x_is_taken_over", "Whether a person changed it, so that the pipeline leaves it."),
    ),
}

# Rows of a model that are pulled, where not all of them have a purpose here.
DOMAINS: dict[str, list[list[object]]] = {
    "account.move": [["move_type", "=", "out_refund"]],
    "account.move.line": [["move_id.move_type", "=", "out_refund"]],
}

# Models whose rows change without a new write date, because they show fields of other records: always read whole.
READ_WHOLE = frozenset({"x_reknit_task", "uom.uom", "product.supplierinfo"})

SYSTEM = System("odoo", "Odoo servers.", tuple(ODOO_MODELS.values()))
