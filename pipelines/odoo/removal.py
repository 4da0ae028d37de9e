"""Takes away what `setup.py` made, as an administrator; running it again changes nothing.

Belongs here: what is deleted, in which order, and what is archived because Odoo keeps it where it was used. Does not
belong here: what was made (`schema.py`). What people made out of it goes too where it could not work any more: their
favourites that name our fields. Cases, and activities that were delivered, are people's and stay; so do answered
questions, but not open ones, which show values of other systems.
"""

from collections.abc import Iterator, Sequence

from pipelines.odoo import older, schema, views
from pipelines.odoo.client import OdooClient, Writable
from pipelines.odoo.schema import Item
from pipelines.odoo.setup import SETUP_WRITES, Change, Known, declared, present

REMOVAL_WRITES: Writable = SETUP_WRITES | {
    (model, "unlink") for model in ("ir.filters", schema.CASE, *(model for model, _ in SETUP_WRITES))
}
# Fields of our own models go with their model, and our favourites with people's.
_GO_WITH_OTHERS = (*schema.OWN_FIELDS, *views.FAVOURITES)
# What Odoo keeps where it was used: the model and field by which others name it.
_USED_BY = {
    "mail.activity.type": ("mail.activity", "activity_type_id"),
    "project.task.type": (schema.CASE, "stage_id"),
    "project.project": (schema.CASE, "project_id"),
}


def plan_removal(client: OdooClient) -> list[Change]:
    """What `remove` would do."""
    return list(_removals(client, is_dry=True))


def remove(client: OdooClient) -> list[Change]:
    """Take everything away. Needs an administrator's client with REMOVAL_WRITES; gives what was done.

    Raises ValidationError where something that people made, such as a view of theirs, still needs one of our fields.
    """
    return list(_removals(client, is_dry=False))


def _removals(client: OdooClient, *, is_dry: bool) -> Iterator[Change]:
    known = Known(client)
    groups = list(declared(client, known))
    yield from _remove_favourites(client, is_dry=is_dry)
    yield from _remove_open_questions(client, known, is_dry=is_dry)
    for items in reversed(groups):
        if items[0] not in _GO_WITH_OTHERS:
            yield from _remove(client, known, items, is_dry=is_dry)
    if not is_dry:
        left = client.call("ir.model.data", "search", [[["module", "=", schema.MODULE]]])
        if left:
            client.call("ir.model.data", "unlink", [left])


def _remove_favourites(client: OdooClient, *, is_dry: bool) -> Iterator[Change]:
    naming_us: list[object] = [
        ["domain", "like", "x_reknit_"],
        ["context", "like", "x_reknit_"],
        ["sort", "like", "x_reknit_"],
    ]
    found = client.search_read("ir.filters", ["|", "|", *naming_us], ["name"], order="id")
    if found and not is_dry:
        client.call("ir.filters", "unlink", [[row["id"] for row in found]])
    yield from (Change("delete", "ir.filters", row["name"]) for row in found)


def _remove_open_questions(client: OdooClient, known: Known, *, is_dry: bool) -> Iterator[Change]:
    project = known.ids.get(schema.REVIEW_PROJECT)
    field, done = older.done_state(client)
    domain: list[object] = [["project_id", "=", project], [field, "!=", done]]
    found = client.search_read(schema.CASE, domain, ["name"], order="id") if project else []
    if found and not is_dry:
        client.call(schema.CASE, "unlink", [[row["id"] for row in found]])
    yield from (Change("delete", schema.CASE, row["name"]) for row in found)


def _remove(client: OdooClient, known: Known, items: Sequence[Item], *, is_dry: bool) -> Iterator[Change]:
    """Items of one model."""
    model = items[0].model
    ids = present(client, known, items)
    kept = {name: id_ for name, id_ in ids.items() if _is_kept(client, model, id_)}
    deleted = {name: id_ for name, id_ in ids.items() if name not in kept}
    standing = client.search_read(model, [["id", "in", list(kept.values())]], ["active"]) if kept else []
    archived = {row["id"] for row in standing if row["active"]}
    if model == "ir.model" and not is_dry:
        older.forget_inherited_fields(client)
    if deleted and not is_dry:
        client.call(model, "unlink", [list(deleted.values())])
    if archived and not is_dry:
        client.call(model, "write", [list(archived), {"active": False}])
    yield from (Change("delete", model, name) for name in deleted)
    yield from (Change("archive", model, name) for name, id_ in kept.items() if id_ in archived)


def _is_kept(client: OdooClient, model: str, id_: int) -> bool:
    """Whether Odoo will not delete a record: a user, and what others name."""
    if model == "res.users":
        return True
    if model not in _USED_BY:
        return False
    user_model, field = _USED_BY[model]
    return bool(client.search_read(user_model, [[field, "=", id_]], ["id"], limit=1))
