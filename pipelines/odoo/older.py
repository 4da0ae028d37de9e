"""What servers before 19 call differently, or do not have, of what `schema.py` declares.

Belongs here: the same records under the older names, by what the server says that it has. Does not belong here: what is
declared (`schema.py`), and how a server without `web_save_multi` is written to (`sink.py`).

Before 18 a list is a tree; before 17 a view's conditions are domains, and a task of a project has no state. A done
activity is deleted where activities cannot be archived: what people wrote when they closed it is not known there.
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace
from xml.etree import ElementTree

from pipelines.odoo.cases import DONE
from pipelines.odoo.client import OdooClient
from pipelines.odoo.ledger import Change
from pipelines.odoo.schema import TASK, Item, Ref, Value

_NEWEST = (19, 0)
_LISTS_SINCE = (18, 0)
_PLAIN_CONDITIONS_SINCE = (17, 0)
_TASK_STATES_SINCE = (17, 0)
_TRANSLATABLE_SINCE = (16, 0)
_RENAMED = {"group_ids": "groups_id"}
_ACTIVITY = "mail.activity"
_ACTIVITY_MODEL = ("mail.activity.type", "res_model")
_CONDITIONS = ("invisible", "readonly", "required")
_IS_OPEN = "for task in self:\n    task['x_is_open'] = bool(task.x_activity_id)"
_REPLENISHMENT, _OPERATIONS = Ref("stock.menu_stock_procurement"), Ref("stock.menu_stock_warehouse_mgmt")
_OPERATORS = {ast.Eq: "=", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}


def done_state(client: OdooClient) -> tuple[str, str]:
    """The field of a project's task that says that it is done, and its value."""
    return ("state", DONE) if client.version >= _TASK_STATES_SINCE else ("kanban_state", "done")


def named(client: OdooClient, changes: Sequence[Change]) -> list[Change]:
    """Changes under the names that the server has for their fields."""
    name, value = done_state(client)
    return [
        replace(change, values={**{f: v for f, v in change.values.items() if f != "state"}, name: value})
        if change.values.get("state") == DONE
        else change
        for change in changes
    ]


def forget_inherited_fields(client: OdooClient) -> None:
    """Before 19 a field of a partner that is gone still stands among a user's, and keeps its models from going."""
    if client.version >= _NEWEST:
        return
    domain: list[object] = [["name", "=like", "x_reknit_%"], ["state", "=", "base"]]
    if left := client.call("ir.model.fields", "search", [domain]):
        client.call("ir.model.fields", "unlink", [left], {"context": {"_force_unlink": True}})


def takes_translations(client: OdooClient) -> bool:
    """Whether words of several languages are brought in by one call."""
    return client.version >= _TRANSLATABLE_SINCE


def adapted(client: OdooClient, items: Sequence[Item]) -> Sequence[Item]:
    """Items of one model as this server takes them; those that it cannot have are left out."""
    if client.version >= _NEWEST:
        return items
    fields = _fields(client, items[0].model)
    # A model of our own is not there before it is made, and has the same fields everywhere.
    named = [item if not fields else _renamed(item, fields) for item in items]
    match items[0].model:
        case "ir.ui.view":
            return tuple(_older_view(item, client.version) for item in named)
        case "ir.actions.act_window" if client.version < _LISTS_SINCE:
            return tuple(_with(item, view_mode=str(item.values["view_mode"]).replace("list", "tree")) for item in named)
        case "ir.actions.server" | "ir.model.fields" if "active" not in _fields(client, _ACTIVITY):
            return tuple(_without_archive(named))
        case "ir.ui.menu":
            return tuple(_below_operations(client, item) for item in named)
        case "res.users":
            return tuple(_with(item, groups_id=(*_parts(item), *_implied_groups(client))) for item in named)
        case _:
            return tuple(named)


def _below_operations(client: OdooClient, item: Item) -> Item:
    """Inventory did not always have a menu of its own for replenishment."""
    if item.values.get("parent_id") != _REPLENISHMENT:
        return item
    module, name = _REPLENISHMENT.xml_id.split(".")
    has_one = client.search_read("ir.model.data", [["module", "=", module], ["name", "=", name]], ["id"])
    return item if has_one else _with(item, parent_id=_OPERATIONS)


def _parts(item: Item) -> tuple[Ref | int, ...]:
    groups = item.values["groups_id"]
    return groups if isinstance(groups, tuple) else ()


def _implied_groups(client: OdooClient) -> list[int]:
    """Before 19 a user's groups are also those that an internal user's group brings along."""
    domain: list[object] = [["module", "=", "base"], ["name", "=", "group_user"]]
    [internal] = client.search_read("ir.model.data", domain, ["res_id"])
    [group] = client.search_read("res.groups", [["id", "=", internal["res_id"]]], ["trans_implied_ids"])
    return sorted(group["trans_implied_ids"])


def _fields(client: OdooClient, model: str) -> set[str]:
    if not client.search_read("ir.model", [["model", "=", model]], ["id"]):
        return set()
    return {*client.call(model, "fields_get", [], {"attributes": ["type"]})}


def _with(item: Item, **values: Value) -> Item:
    return replace(item, values={**item.values, **values})


def _renamed(item: Item, fields: set[str]) -> Item:
    values: dict[str, Value] = {}
    for name, value in item.values.items():
        if (item.model, name) == _ACTIVITY_MODEL and name not in fields:
            values["res_model_id"] = Ref(f"base.model_{str(value).replace('.', '_')}")
        else:
            values[name if name in fields else _RENAMED.get(name, name)] = value
    return replace(item, values=values)


def _without_archive(items: Iterable[Item]) -> Iterable[Item]:
    """Where a done activity is deleted, an activity that is there is open."""
    for item in items:
        if item.model == "ir.actions.server":
            code = str(item.values["code"])
            yield _with(item, code=code.replace(" or not activity.active", "").replace(" and activity.active", ""))
        elif item.name == f"field_{TASK}__x_is_open":
            kept = {name: value for name, value in item.values.items() if name != "related"}
            yield replace(item, values={**kept, "compute": _IS_OPEN, "depends": "x_activity_id", "store": False})
        elif item.values.get("related") not in ("x_activity_id.date_done", "x_activity_id.feedback"):
            yield item


def _older_view(item: Item, version: tuple[int, ...]) -> Item:
    arch = ElementTree.fromstring(str(item.values["arch"]))
    for element in arch.iter():
        if version < _LISTS_SINCE:
            element.tag = "tree" if element.tag == "list" else element.tag
            if "expr" in element.attrib:
                element.set("expr", element.attrib["expr"].replace("//list", "//tree"))
        if version < _PLAIN_CONDITIONS_SINCE:
            _older_conditions(element)
    return _with(item, arch=ElementTree.tostring(arch, encoding="unicode"))


def _older_conditions(element: ElementTree.Element) -> None:
    if element.attrib.pop("column_invisible", ""):
        element.set("invisible", "1")
    conditions = {name: element.attrib[name] for name in _CONDITIONS if element.get(name, "1") not in ("0", "1")}
    if not conditions:
        return
    for name in conditions:
        del element.attrib[name]
    domains = {name: _domain(ast.parse(text, mode="eval").body) for name, text in conditions.items()}
    if said := {name: domain for name, domain in domains.items() if domain}:
        element.set("attrs", repr(said))


def _domain(condition: ast.expr) -> list[object]:
    """A condition of a view as a domain; empty where a domain cannot say it, so that it does not hold."""
    match condition:
        case ast.Name(id=name):
            return [(name, "!=", False)]
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return [(name, "=", False)]
        case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[ast.Constant(value=value)]):
            return [(name, _OPERATORS[type(operator)], value)]
        case ast.BoolOp(op=operator, values=parts):
            signs: list[object] = ["|" if isinstance(operator, ast.Or) else "&"] * (len(parts) - 1)
            domains = [_domain(part) for part in parts]
            return [*signs, *(leaf for domain in domains for leaf in domain)] if all(domains) else []
        case _:
            return []
