"""Creates what `schema.py` declares, once, as an administrator; running it again changes nothing.

Belongs here: finding, creating and correcting declared records over RPC. Does not belong here: what they are.

A record is found by its external id, or, where an earlier set-up was interrupted, by what names it naturally.
"""

import ast
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.odoo import older, schema, server_actions, views
from pipelines.odoo.client import OdooClient, OdooError, Writable
from pipelines.odoo.json2 import connected
from pipelines.odoo.labels import LABELLED, VIEW, missing_translations
from pipelines.odoo.schema import Item, Ref, Value
from pipelines.settings import ODOO_VARIABLES, OdooConnection

_MODELS = (
    "ir.model", "ir.model.fields", "ir.model.access", "ir.model.data", "ir.rule", "ir.ui.view", "res.groups",
    "res.users", "ir.filters", "ir.actions.act_window", "ir.actions.server", "ir.ui.menu", "mail.activity.type",
    "project.project", "project.task.type", schema.CONTROL,
)  # fmt: skip
SETUP_WRITES: Writable = frozenset(
    {
        *((model, method) for model in _MODELS for method in ("create", "write")),
        *((model, "update_field_translations") for model in (*LABELLED, VIEW)),
    }
)
# The app whose absence explains why a model is missing.
_NEEDED_APPS = {"product.template": "Sales or Inventory", "project.task": "Project", "mail.activity": "Discuss"}
_QUIET = {"no_reset_password": True, "mail_create_nolog": True, "tracking_disable": True, "lang": "en_US"}


class SetupError(OdooError):
    """The server cannot be set up; the message says what is missing."""


@dataclass(frozen=True)
class Change:
    """One record that the set-up creates or corrects; `fields` are those that differ."""

    operation: str
    model: str
    name: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        differing = f" ({', '.join(self.fields)})" if self.operation == "update" else ""
        return f"{self.operation} {self.model} {self.name}{differing}"


@dataclass
class Known:
    """Ids of external ids, as far as they have been asked for."""

    client: OdooClient
    ids: dict[str, int] = field(default_factory=dict)

    def learn(self, xml_ids: Iterable[str]) -> None:
        names = sorted({xml_id.partition(".")[2] for xml_id in xml_ids if xml_id not in self.ids})
        if not names:
            return
        for row in self.client.search_read("ir.model.data", [["name", "in", names]], ["module", "name", "res_id"]):
            self.ids[f"{row['module']}.{row['name']}"] = row["res_id"]

    def resolve(self, value: Value) -> Any:
        """The value with ids for external ids; None where one does not exist yet."""
        if isinstance(value, Ref):
            return self.ids.get(value.xml_id)
        if isinstance(value, tuple):
            return [self.resolve(part) for part in value]
        return value


def plan_setup(client: OdooClient) -> list[Change]:
    """What `setup` would do."""
    return list(_changes(client, is_dry=True))


def setup(client: OdooClient, bot_password: str | None = None) -> list[Change]:
    """Make everything that is missing or differs, and give the bot a password where one is given.

    Needs an administrator's client with SETUP_WRITES. Gives what was done; nothing the second time.
    """
    done = list(_changes(client, is_dry=False))
    if bot_password is not None:
        known = Known(client)
        known.learn([schema.BOT_USER])
        client.call("res.users", "write", [[known.ids[schema.BOT_USER]], {"password": bot_password}])
    return done


def prepare_bot(server: OdooConnection, transport: str = "xmlrpc") -> dict[str, str]:
    """Set up the server that an administrator's connection names; gives the bot's environment, its password new."""
    password = secrets.token_urlsafe(24)
    setup(connected(server, transport, SETUP_WRITES), password)
    values = {"url": server.url, "database": server.database, "user": schema.BOT_LOGIN, "password": password}
    return {variable: values[name] for name, variable in ODOO_VARIABLES.items()}


def declared(client: OdooClient, known: Known) -> Iterator[Sequence[Item]]:
    """What must exist, in the order in which it can be made; items of one model at a time, as the server takes them.

    What belongs to an app that the server lacks is left out.
    """
    lacking = _lacking(client, schema.APP_MODELS)
    for items in _declared(client, known):
        if wanted := [item for item in items if item.needs not in lacking]:
            yield older.adapted(client, wanted)


def _declared(client: OdooClient, known: Known) -> Iterator[Sequence[Item]]:
    yield from (
        schema.MODELS, schema.OWN_FIELDS, schema.LIST_FIELDS, schema.COMPUTED_FIELDS, schema.GROUPS,
        schema.ACTIVITY_TYPES, server_actions.ACTIONS, schema.WINDOW_ACTIONS, schema.PROJECTS, schema.STAGES,
        views.VIEWS, views.FAVOURITES,
    )  # fmt: skip
    model_ids = dict.fromkeys(schema.OWN_MODELS, 0)
    domain: list[object] = [["model", "in", [*schema.BOT_READS, *schema.BOT_WRITES, *schema.OWN_MODELS]]]
    model_ids |= {row["model"]: row["id"] for row in client.search_read("ir.model", domain, ["model"])}
    yield schema.access_items(model_ids)
    known.learn([*schema.BOT_PROJECTS, *schema.MENU_ACTIONS])
    yield [schema.control_item(client.database)]
    yield schema.menu_items(*(known.ids.get(action, 0) for action in schema.MENU_ACTIONS))
    yield schema.rule_items(tuple(known.ids.get(project, 0) for project in schema.BOT_PROJECTS))
    yield [schema.bot_item(tuple(client.call("res.company", "search", [[]])))]


def _changes(client: OdooClient, *, is_dry: bool) -> Iterator[Change]:
    known = Known(client)
    _require_apps(client)
    there: list[tuple[Item, int]] = []
    for items in declared(client, known):
        made = list(_ensure(client, known, items, is_dry=is_dry))
        yield from made
        if made and not is_dry and items[0].model == "ir.model.access":
            # Odoo remembers who may create what from just before rights were made, and forgets it when one is written.
            client.call("ir.model.access", "write", [[known.ids[items[0].xml_id]], {"active": True}])
        there += [(item, known.ids[item.xml_id]) for item in items if item.xml_id in known.ids]
    words_to_bring = missing_translations(client, there) if older.takes_translations(client) else ()
    for model, id_, name, field_name, words in words_to_bring:
        if not is_dry:
            client.call(model, "update_field_translations", [[id_], field_name, words])
        yield Change("update", model, name, tuple(words))


def _require_apps(client: OdooClient) -> None:
    lacking = _lacking(client, [*_NEEDED_APPS])
    missing = [app for model, app in _NEEDED_APPS.items() if model in lacking]
    if missing:
        raise SetupError(f"{client.url} lacks the app {' and '.join(missing)}: install it in Odoo, then set up again.")


def _lacking(client: OdooClient, models: Sequence[str]) -> set[str]:
    """Those of the models that the server does not have."""
    found = client.search_read("ir.model", [["model", "in", list(models)]], ["model"])
    return {*models} - {row["model"] for row in found}


def _ensure(client: OdooClient, known: Known, items: Sequence[Item], *, is_dry: bool) -> Iterator[Change]:
    """Items of one model: adopt, correct one by one, create in one call."""
    _learn(known, items)
    absent = [item for item in items if item.xml_id not in known.ids and not _adopt(client, known, item, is_dry=is_dry)]
    yield from _correct(client, known, [item for item in items if item not in absent], is_dry=is_dry)
    if absent and not is_dry:
        ids = client.call(absent[0].model, "create", [[_commands(known, item) for item in absent]], {"context": _QUIET})
        _name(client, known, absent, ids)
    yield from (Change("create", item.model, item.name) for item in absent)


def present(client: OdooClient, known: Known, items: Sequence[Item]) -> dict[str, int]:
    """Ids of those items of one model that the server has, by name."""
    _learn(known, items)
    found = [item for item in items if item.xml_id in known.ids or _adopt(client, known, item, is_dry=True)]
    ids = {item.name: known.ids[item.xml_id] for item in found}
    rows = client.search_read(items[0].model, [["id", "in", list(ids.values())]], ["id"]) if ids else []
    existing = {row["id"] for row in rows}
    return {name: id_ for name, id_ in ids.items() if id_ in existing}


def _learn(known: Known, items: Sequence[Item]) -> None:
    """Ask for the ids of items and of what they refer to."""
    references = [part for item in items for value in item.values.values() for part in _parts(value)]
    known.learn([*(item.xml_id for item in items), *(part.xml_id for part in references)])


def _parts(value: Value) -> list[Ref]:
    parts = value if isinstance(value, tuple) else (value,)
    return [part for part in parts if isinstance(part, Ref)]


def _commands(known: Known, item: Item) -> dict[str, Any]:
    """Values as Odoo takes them."""
    values = {}
    for name, value in item.values.items():
        resolved = known.resolve(value)
        if resolved is None or (isinstance(resolved, list) and None in resolved):
            raise SetupError(f"{item.model} {item.name}: {name} names a record that this Odoo does not have.")
        values[name] = [[6, 0, resolved]] if isinstance(resolved, list) else resolved
    return values


def _name(client: OdooClient, known: Known, items: Sequence[Item], ids: Sequence[int]) -> None:
    """Give records their external ids."""
    rows = [
        {"module": schema.MODULE, "name": item.name, "model": item.model, "res_id": res_id, "noupdate": True}
        for item, res_id in zip(items, ids, strict=True)
    ]
    client.call("ir.model.data", "create", [rows])
    known.ids |= {item.xml_id: res_id for item, res_id in zip(items, ids, strict=True)}


def _adopt(client: OdooClient, known: Known, item: Item, *, is_dry: bool) -> bool:
    """Find a record that an interrupted set-up left without its external id.

    What is people's and archived is past: it is left, and made anew.
    """
    if item.model in schema.OWN_MODELS and f"{schema.MODULE}.model_{item.model}" not in known.ids:
        return False
    domain: list[object] = []
    for name in item.natural:
        value = known.resolve(item.values[name])
        if value is None or (isinstance(value, list) and None in value):
            return False
        domain.append([name, "in" if isinstance(value, list) else "=", value])
    if item.is_peoples:
        domain.append(["active", "=", True])
    found = client.search_read(item.model, domain, ["id"], limit=1)
    if not found:
        return False
    if is_dry:
        known.ids[item.xml_id] = found[0]["id"]
    else:
        _name(client, known, [item], [found[0]["id"]])
    return True


def _correct(client: OdooClient, known: Known, items: Sequence[Item], *, is_dry: bool) -> Iterator[Change]:
    """Put right what differs, of items of one model that the server has."""
    ours = [item for item in items if not item.is_peoples]
    if not ours:
        return
    fields = sorted({name for item in ours for name in item.values})
    domain: list[object] = [["id", "in", [known.ids[item.xml_id] for item in ours]]]
    found = {row["id"]: row for row in client.search_read(ours[0].model, domain, fields)}
    for item in ours:
        id_ = known.ids[item.xml_id]
        if id_ not in found:
            raise SetupError(
                f"{item.xml_id} names a {item.model} that is gone: delete the external id, then set up again."
            )
        wanted = {name: known.resolve(value) for name, value in item.values.items()}
        differing = tuple(name for name, value in wanted.items() if not _is_same(name, value, found[id_][name]))
        if not differing:
            continue
        if not is_dry:
            commands = _commands(known, item)
            client.call(item.model, "write", [[id_], {name: commands[name] for name in differing}], {"context": _QUIET})
        yield Change("update", item.model, item.name, differing)


def _is_same(name: str, wanted: Any, actual: Any) -> bool:
    """Whether a value read is the one declared: a many2one comes as [id, name], a selection as text."""
    if isinstance(wanted, list):
        return set(wanted) == set(actual)
    if isinstance(wanted, bool):
        return wanted is bool(actual)
    if isinstance(wanted, int) and isinstance(actual, list):
        return bool(actual) and wanted == actual[0]
    if name == "selection":
        return bool(ast.literal_eval(wanted) == ast.literal_eval(actual or "None"))
    if isinstance(wanted, str) and isinstance(actual, str):
        return wanted.split() == actual.split()
    return bool(wanted == actual)
