"""Applies a plan to an Odoo: in large batches, each row once, whatever breaks in between.

Belongs here: sending changes, settling doubtful ones by reading back, finding the rows at fault in a refused batch.
Does not belong here: what should change (`plan.py`) and the books (`ledger.py`).

Records are created by Odoo's `load()` under an external id made from their key. Odoo itself keeps that id unique: a
second creation, even one that overlaps with the first in time, finds the first's record. So an answer that never came
needs no guessing: the key is looked up, and what is not there is sent again.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, cached_property
from hashlib import md5
from itertools import groupby
from typing import Any

from pipelines.odoo import older
from pipelines.odoo.approvals import PREFIX
from pipelines.odoo.client import (
    AccessDeniedError,
    ForbiddenWriteError,
    MaybeDoneError,
    NotSetUpError,
    OdooClient,
    ValidationError,
    Writable,
)
from pipelines.odoo.json2 import connected
from pipelines.odoo.language import set_languages
from pipelines.odoo.ledger import Change, Ledger, Outcome, Row, Store, Touch, changes_of
from pipelines.odoo.partners import details
from pipelines.odoo.reviews import cards
from pipelines.odoo.schema import (
    APPROVAL,
    CASE,
    CASE_PROJECT,
    CASE_STAGE_NEW,
    CONTROL,
    CUSTOMER_SCORE,
    DELIVER_TASKS,
    MAKE_PARTNERS,
    MODULE,
    NEW_PARTNER,
    PEOPLES_FIELDS,
    REVIEW_PROJECT,
    REVIEW_STAGE_OPEN,
    SCORE_FIELDS,
    SCORE_MODELS,
    TASK,
    WITHDRAW,
)
from pipelines.settings import OdooConnection

logger = logging.getLogger(__name__)

BATCH_ROWS = 2_000
# Read from the plan at once.
DUE_BATCHES = 10
# Batches of updates that travel at the same time.
SENDERS = 2
TASK_BATCH_ROWS = 200
# Everything that the sink may do to an Odoo; checked before a call, and again by the bot's rights.
SINK_WRITES: Writable = frozenset(
    {
        *((model, method) for model in (*SCORE_MODELS, TASK, CASE) for method in ("load", "web_save_multi")),
        (APPROVAL, "load"),
        (NEW_PARTNER, "load"),
        ("ir.actions.server", "run"),
    }
)
# Nobody gets a mail, and no record a log line, because a score was written.
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_activity_quick_update": True,
    "lang": "en_US",
}
# A field that every record has filled, read back to know that the record is there: one query for a whole batch.
_READ_BACK = {CASE: "name"}
_GONE = "The record is not in Odoo any more; it is made anew if it is still wanted."
# Kinds of records whose values are personal and stand in no plan, and what gives them by key.
_PERSONAL = {"review": cards, "partner": details}
# Project and stage of a new card.
_PLACES = {"case": (CASE_PROJECT, CASE_STAGE_NEW), "review": (REVIEW_PROJECT, REVIEW_STAGE_OPEN)}
# Where the books are new, one of these that stands in Odoo is taken as it is: written again, a card would lose the
# column that people gave it, and the others the bot may not change.
_TAKEN_AS_THEY_STAND = frozenset({CASE, APPROVAL, NEW_PARTNER})
_LINKS = frozenset(
    {
        "x_partner_id", "x_product_tmpl_id", "x_product_id", "x_orderpoint_id", "x_user_id", "x_pos_order_id",
        "x_move_id", "x_order_id", "x_sale_pos_order_id", "x_sale_order_id", "partner_id", "project_id", "stage_id",
    }
)  # fmt: skip
# What a new record hangs on, by the field that names it.
_LINKED = {
    "x_partner_id": "res.partner",
    "partner_id": "res.partner",
    "x_product_tmpl_id": "product.template",
    "x_product_id": "product.product",
}


class _StoppedError(Exception):
    """Somebody has switched writing off."""


@dataclass(frozen=True)
class ApplyResult:
    """What an apply did. `settled`: doubtful rows of earlier runs whose outcome was found. `calls`: writing calls.

    left: values that a person had changed and that were not overwritten. stopped_by: why not all of the plan was sent;
    empty where it was.
    """

    applied: int = 0
    rejected: int = 0
    settled: int = 0
    delivered: int = 0
    calls: int = 0
    left: int = 0
    stopped_by: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        if self.stopped_by:
            return "stopped"
        return "partial" if self.rejected else "complete"


def sink_client(connection: OdooConnection, transport: str = "xmlrpc") -> OdooClient:
    """The bot's client, which can write what the sink may and nothing else."""
    return connected(connection, transport, SINK_WRITES)


def settle(store: Store, client: OdooClient, odoo_name: str, run_id: str) -> int:
    """Find out what became of rows that an earlier run sent and never booked; gives their number.

    To be called before a plan is built, so that it starts from what really stands in Odoo.
    """
    ledger = Ledger(store, odoo_name, run_id)
    pending = ledger.pending()
    for start in range(0, len(pending), BATCH_ROWS):
        changes = older.named(client, pending[start : start + BATCH_ROWS])
        arrived = _read_back(client, changes)
        ledger.settle(Outcome(applied=tuple(arrived)))
        ledger.interrupted(_without(changes, arrived))
    return len(pending)


def read_flags(store: Store, client: OdooClient, odoo_name: str, run_id: str) -> int:
    """Bring back what people ticked beside scores ("wrong", "do not contact"); gives the number of ticked scores.

    To be called before `build_desired`, which makes no task for who is ticked. Raises NotSetUpError.
    """
    _require_setup(client)
    domain: list[object] = ["|", ["x_is_wrong", "=", True], ["x_do_not_contact", "=", True]]
    rows = client.search_read(CUSTOMER_SCORE, domain, ["x_key", "x_partner_id", "x_is_wrong", "x_do_not_contact"])
    flags = [(row["x_key"], row["x_partner_id"][0], row["x_is_wrong"], row["x_do_not_contact"]) for row in rows]
    Ledger(store, odoo_name, run_id).replace_flags(flags)
    return len(flags)


def read_tasks(store: Store, client: OdooClient, odoo_name: str, run_id: str) -> int:
    """Bring back which tasks are still open and which a person took over; gives the number of open ones.

    To be called before `build_desired`, which opens no more than a person can do. Raises NotSetUpError.
    """
    _require_setup(client)
    fields = ["x_key", "x_is_open", "x_is_taken_over", "x_activity_id", "x_delivered_name"]
    rows = client.search_read(TASK, [], fields)
    tasks = [
        (
            row["x_key"],
            row["id"],
            row["x_is_open"] or not (row["x_activity_id"] or row["x_delivered_name"]),
            row["x_is_taken_over"],
        )
        for row in rows
    ]
    Ledger(store, odoo_name, run_id).replace_tasks(tasks)
    return sum(is_open for _, _, is_open, _ in tasks)


def read_decisions(store: Store, client: OdooClient, odoo_name: str, run_id: str) -> int:
    """Bring back what reviewers decided on what waits for approval; gives the number of decisions.

    To be called before a plan is built. Raises NotSetUpError.
    """
    _require_setup(client)
    # The bot asks and may not write again, so that the last writer is the person who decided.
    domain: list[object] = [["x_decision", "!=", False], ["write_uid", "!=", client.user_id]]
    rows = client.search_read(APPROVAL, domain, ["x_key", "x_decision", "write_uid", "write_date"])
    decisions = [
        (row["x_key"].removeprefix(PREFIX), row["x_decision"], row["write_uid"][0], row["write_date"]) for row in rows
    ]
    Ledger(store, odoo_name, run_id).add_decisions(decisions)
    return len(decisions)


def read_touches(store: Store, client: OdooClient, odoo_name: str, run_id: str) -> int:
    """Find fields of our score records that a person changed; gives their number.

    To be called before a plan is built, and after `settle`: it compares with what we know to stand there.
    """
    ledger = Ledger(store, odoo_name, run_id)
    touches: list[Touch] = []
    for model in SCORE_MODELS:
        fields = [field for field in SCORE_FIELDS[model] if not field.needs]
        names = [field.name for field in fields if field.name not in PEOPLES_FIELDS]
        rows = client.search_read(model, [["write_uid", "!=", client.user_id]], names)
        written = ledger.written(model, [row["x_key"] for row in rows])
        for row in rows:
            ours = written.get(row["x_key"], {})
            touches += _touched(row["x_key"], row, ours, ours)
    # A case that a person worked on is the person's.
    cases = ledger.records(CASE)
    changed: list[object] = [["id", "in", list(cases)], ["write_uid", "!=", client.user_id]]
    rows = client.search_read(CASE, changed, ["active"]) if cases else []
    touches += [Touch(cases[row["id"]], "active", row["active"]) for row in rows]
    ledger.touch(touches)
    return len(touches)


def apply(
    store: Store,
    client: OdooClient,
    odoo_name: str,
    run_id: str,
    digest: str,
    is_writing_on: Callable[[], bool] = lambda: True,
    languages: Mapping[str, str] | None = None,
) -> ApplyResult:
    """Do what the plan of this digest says, and nothing that is done already.

    `is_writing_on` and the switch in Odoo are asked before every batch. languages: the company's by brand, English
    where it is not named. A refused row is booked in `sync_rejected` and holds up no other.

    Raises PlanChangedError or NotSetUpError before anything is sent; UnavailableError or
    MaybeDoneError where the server goes away: running again goes on from there.
    """
    with store() as connection:
        # The file is opened once: opening it costs as much as a batch.
        opened: Store = connection.cursor
        ledger = Ledger(opened, odoo_name, run_id)
        ledger.require_plan(digest)
        calls_before = client.write_count
        sink = _Sink(client, ledger, _require_setup(client), is_writing_on, languages or {})
        settled = settle(opened, client, odoo_name, run_id)
        stopped_by: tuple[str, ...] = ()
        try:
            sink.send_due()
            sink.deliver(TASK, "x_is_delivered", DELIVER_TASKS, "activity")
            sink.deliver(NEW_PARTNER, "x_is_made", MAKE_PARTNERS, "partner")
        except _StoppedError as error:
            stopped_by = (str(error),)
            # What was booked as sent and was not.
            settle(opened, client, odoo_name, run_id)
        calls = client.write_count - calls_before
        return ApplyResult(sink.applied, ledger.rejected(), settled, sink.delivered, calls, sink.left, stopped_by)


def external_name(key: str) -> str:
    """Name of a key's external id; a key may hold what an external id may not."""
    return md5(key.encode(), usedforsecurity=False).hexdigest()


@cache
def _require_setup(client: OdooClient) -> dict[str, int]:
    """Ids of what the set-up made. Raises NotSetUpError where it is missing or the bot lacks a right."""
    wanted = (*(xml_id for place in _PLACES.values() for xml_id in place), DELIVER_TASKS, MAKE_PARTNERS, WITHDRAW)
    hint = "set it up as an administrator first."
    needed = [("ir.model.data", "read")]
    needed += [(model, right) for model in (*SCORE_MODELS, TASK, CASE) for right in ("read", "create")]
    needed += [(CONTROL, "read")]
    needed += [(model, right) for model in (APPROVAL, NEW_PARTNER) for right in ("read", "create")]
    needed += [(model, "write") for model in (*SCORE_MODELS, TASK, CASE)]
    try:
        lacking = [f"{right} {model}" for model, right in needed if not client.has_right(model, right)]
    except ValidationError:
        raise NotSetUpError(f"{client.url} has no models for scores: {hint}") from None
    if lacking:
        raise NotSetUpError(f"{client.user} may not {', '.join(lacking)} on {client.url}: {hint}")
    names = [xml_id.partition(".")[2] for xml_id in wanted]
    rows = client.search_read("ir.model.data", [["module", "=", MODULE], ["name", "in", names]], ["name", "res_id"])
    ids = {f"{MODULE}.{row['name']}": int(row["res_id"]) for row in rows}
    if missing := [xml_id for xml_id in wanted if xml_id not in ids]:
        raise NotSetUpError(f"{client.url} has no {', '.join(missing)}: {hint}")
    return ids


@dataclass
class _Sink:
    """One apply. `ids`: external ids of the set-up."""

    client: OdooClient
    ledger: Ledger
    ids: dict[str, int]
    is_writing_on: Callable[[], bool]
    languages: Mapping[str, str]
    applied: int = 0
    delivered: int = 0
    left: int = 0

    @cached_property
    def saves_many(self) -> bool:
        return self.client.saves_many(CUSTOMER_SCORE)

    def require_switches(self) -> None:
        """Raises _StoppedError where somebody has switched writing off."""
        if not self.is_writing_on():
            raise _StoppedError("Writing is switched off: odoo.is_writing_on is false in retail.yaml.")
        if any(row["x_is_stopped"] for row in self.client.search_read(CONTROL, [], ["x_is_stopped"])):
            raise _StoppedError(f"Writing is switched off in {self.client.database}: Settings, Reknit.")

    def send_due(self) -> None:
        """Send what the plan still asks for, a batch at a time."""
        with ThreadPoolExecutor(max_workers=SENDERS) as senders:
            while rows := self.ledger.due(DUE_BATCHES * BATCH_ROWS):
                self.send_batches(senders, rows)

    def send_batches(self, senders: ThreadPoolExecutor, rows: Sequence[Row]) -> None:
        """Send changes of one model and operation; while batches travel, those before and after them are booked.

        Creations travel one by one: two at a time would fight over what Odoo keeps for all records of a model.
        """
        [first] = changes_of(rows[:1])
        is_update = first.operation != "create" and first.model in SCORE_MODELS
        at_once = SENDERS if is_update and self.saves_many else 1
        travelling: deque[Future[Outcome]] = deque()
        try:
            for batch_rows in _batches(rows, at_once):
                batch = changes_of(batch_rows)
                _refuse_peoples_fields(batch)
                self.ledger.sent(batch)
                if len(travelling) == at_once:
                    self.book(travelling.popleft())
                travelling.append(senders.submit(self.send, batch))
            while travelling:
                self.book(travelling.popleft())
        finally:
            # Where a batch failed or was stopped, what became of the others is known all the same.
            for batch_travelling in travelling:
                if batch_travelling.exception() is None:
                    self.book(batch_travelling)

    def send(self, changes: Sequence[Change]) -> Outcome:
        """Send one batch, unless somebody has switched writing off."""
        self.require_switches()
        return self.attempt(older.named(self.client, changes))

    def book(self, travelling: Future[Outcome]) -> None:
        """Book what became of a batch, once it is known."""
        outcome = travelling.result()
        self.ledger.settle(outcome)
        self.applied += len(outcome.applied)
        self.left += len(outcome.touched)
        logger.info("%s: %d written", self.ledger.odoo_name, len(outcome.applied))

    def attempt(self, changes: Sequence[Change], is_repeated: bool = False) -> Outcome:
        """Send changes of one model and operation; where Odoo refuses, halve until the rows at fault stand alone.

        Where the reply is lost, what did not arrive is sent once more.
        """
        try:
            return self.create(changes) if changes[0].operation == "create" else self.update(changes)
        except MaybeDoneError as error:
            self.ledger.unknown(changes, str(error))
            if is_repeated:
                raise
            arrived = _read_back(self.client, changes)
            missing = _without(changes, arrived)
            repeated = self.attempt(missing, is_repeated=True) if missing else Outcome()
            return Outcome(applied=tuple(arrived)) + repeated
        except (ValidationError, AccessDeniedError) as error:
            if len(changes) > 1:
                middle = len(changes) // 2
                return self.attempt(changes[:middle], is_repeated) + self.attempt(changes[middle:], is_repeated)
            refused = (replace(changes[0], error=str(error)),)
            is_gone = changes[0].operation != "create" and not _existing(self.client, refused)
            return Outcome(gone=refused) if is_gone else Outcome(rejected=refused)

    def update(self, changes: Sequence[Change]) -> Outcome:
        """Change what no person has changed."""
        touched = self.touched(changes)
        held = {(touch.key, touch.field) for touch in touched} | self.ledger.held(changes)
        free = [_without_fields(change, held) for change in changes] if held else changes
        sent = [change for change in free if change.values]
        outcome = self.write(sent) if sent else Outcome()
        return outcome + Outcome(applied=tuple(_without(free, sent)), touched=tuple(touched))

    def touched(self, changes: Sequence[Change]) -> list[Touch]:
        """What people changed since we last wrote: neither the value that we left there nor the one to be written."""
        fields = sorted({name for change in changes for name in change.values})
        domain: list[object] = [
            ["id", "in", [change.res_id for change in changes]], ["write_uid", "!=", self.client.user_id],
        ]  # fmt: skip
        rows = {row["id"]: row for row in self.client.search_read(changes[0].model, domain, fields)}
        return [
            touch
            for change in changes
            if change.res_id in rows
            for touch in _touched(change.key, rows[change.res_id], change.old_values, change.values)
        ]

    def write(self, changes: Sequence[Change]) -> Outcome:
        """Odoo may write to a record that is gone without a word, so that the reply has to name each."""
        model = changes[0].model
        if model == APPROVAL:
            existing = self.withdraw(changes)
        elif self.saves_many:
            ids, values = [change.res_id for change in changes], [_sendable(change.values) for change in changes]
            specification: dict[str, Any] = {_READ_BACK.get(model, "x_key"): {}}
            rows = self.client.call(model, "web_save_multi", [ids, values, specification], {"context": QUIET})
            existing = {row["id"] for row in rows}
        else:
            existing = self.write_by_external_id(changes)
        return Outcome(
            applied=tuple(change for change in changes if change.res_id in existing),
            gone=tuple(replace(change, error=_GONE) for change in changes if change.res_id not in existing),
        )

    def withdraw(self, changes: Sequence[Change]) -> set[int]:
        """Have Odoo take requests off the reviewers' list, or put them back; one that was decided stays.

        Gives the ids of the records that are there.
        """
        context = {
            **QUIET,
            "active_model": APPROVAL,
            "active_ids": [change.res_id for change in changes],
            "reknit_is_withdrawn": changes[0].values["x_is_withdrawn"],
        }
        self.client.call("ir.actions.server", "run", [[self.ids[WITHDRAW]]], {"context": context})
        return _existing(self.client, changes)

    def write_by_external_id(self, changes: Sequence[Change]) -> set[int]:
        """For a server without `web_save_multi`; gives the ids of the records that are there.

        A call takes rows of the same fields, because what a row does not name it would make empty.
        """
        existing = _existing(self.client, changes)
        present = sorted((change for change in changes if change.res_id in existing), key=_fields)
        for _, group in groupby(present, key=_fields):
            rows = list(group)
            self.load(rows, [change.values for change in rows])
        return existing

    def create(self, changes: Sequence[Change]) -> Outcome:
        """One call: all of the changes whose partners and products the bot sees, with their records' ids, or none."""
        standing = _read_created(self.client, changes) if changes[0].model in _TAKEN_AS_THEY_STAND else []
        missing = _without(changes, standing)
        hidden = self.hidden(missing)
        visible = _without(missing, hidden)
        ids = self.load(visible, self.complete_values(visible)) if visible else []
        made = [replace(change, res_id=res_id) for change, res_id in zip(visible, ids, strict=True)]
        return Outcome(applied=(*standing, *made), rejected=tuple(hidden))

    def hidden(self, changes: Sequence[Change]) -> list[Change]:
        """Changes that name what the bot does not see, with the reason: Odoo itself would let them hang on it."""
        reasons: dict[str, str] = {}
        for name, model in _LINKED.items():
            named = {change.key: change.values[name] for change in changes if change.values.get(name)}
            domain: list[object] = [["id", "in", sorted({*named.values()})]]
            seen = {row["id"] for row in self.client.search_read(model, domain, ["id"])} if named else set()
            reasons |= {
                key: f"{model} {id_} is gone, merged, or of a company that {self.client.user} is not in."
                for key, id_ in named.items()
                if id_ not in seen
            }
        return [replace(change, error=reasons[change.key]) for change in changes if change.key in reasons]

    def load(self, changes: Sequence[Change], values: Sequence[dict[str, Any]]) -> list[int]:
        """Make or change the records of the changes' external ids, all or none; gives the records' ids."""
        model = changes[0].model
        fields = list(dict.fromkeys(name for row in values for name in row))
        columns = ["id", *(f"{name}/.id" if name in _LINKS else name for name in fields)]
        rows = [
            [f"{MODULE}.{external_name(change.key)}", *(_loadable(row.get(name)) for name in fields)]
            for change, row in zip(changes, values, strict=True)
        ]
        reply = self.client.call(model, "load", [columns, rows], {"context": QUIET})
        if not reply["ids"]:
            reasons = [message["message"] for message in reply["messages"] if message["type"] == "error"]
            raise ValidationError(" ".join(reasons[:1]) or f"{model}.load created nothing and gave no reason.")
        ids: list[int] = reply["ids"]
        return ids

    def complete_values(self, changes: Sequence[Change]) -> list[dict[str, Any]]:
        """Values of new records: of a card with its place, and with what is personal and stands in no plan."""
        kind = changes[0].target_kind
        place: dict[str, Any] = {}
        if kind in _PLACES:
            place = dict(zip(("project_id", "stage_id"), (self.ids[xml_id] for xml_id in _PLACES[kind]), strict=True))
        personal: Mapping[str, Mapping[str, str | None]] = {}
        if kind in _PERSONAL:
            with self.ledger.store() as connection:
                set_languages(connection, self.languages)
                personal = _PERSONAL[kind](connection, [change.key for change in changes])
        return [{**change.values, **place, **personal.get(change.key, {})} for change in changes]

    def deliver(self, model: str, is_done: str, action: str, kind: str) -> None:
        """Have Odoo's server action make what rows of ours ask for. What was delivered is not delivered again."""
        waiting = self.client.search_read(model, [[is_done, "=", False]], ["x_key"])
        for start in range(0, len(waiting), TASK_BATCH_ROWS):
            self.require_switches()
            rows = waiting[start : start + TASK_BATCH_ROWS]
            refused = self.run_action(model, action, kind, rows)
            self.ledger.settle(Outcome(rejected=tuple(refused)))
            self.delivered += len(rows) - len(refused)

    def run_action(self, model: str, action: str, kind: str, rows: Sequence[dict[str, Any]]) -> list[Change]:
        """Run a server action over rows in one call, halving where one is refused; gives the refused."""
        context = {**QUIET, "active_model": model, "active_ids": [row["id"] for row in rows]}
        arguments = [[self.ids[action]]]
        try:
            try:
                self.client.call("ir.actions.server", "run", arguments, {"context": context})
            except MaybeDoneError:
                self.client.call("ir.actions.server", "run", arguments, {"context": context})
        except ValidationError as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                return [
                    *self.run_action(model, action, kind, rows[:middle]),
                    *self.run_action(model, action, kind, rows[middle:]),
                ]
            return [Change(rows[0]["x_key"], kind, "deliver", model, rows[0]["id"], {}, "{}", error=str(error))]
        return []


def _read_back(client: OdooClient, changes: Sequence[Change]) -> list[Change]:
    """Those changes that stand in Odoo, with their records' ids."""
    arrived: list[Change] = []
    for (_, operation), group in groupby(sorted(changes, key=_call), key=_call):
        read = _read_created if operation == "create" else _read_updated
        arrived += read(client, list(group))
    return arrived


def _read_created(client: OdooClient, changes: Sequence[Change]) -> list[Change]:
    """Looked up by external id; one whose record is gone again does not count."""
    names = {external_name(change.key): change for change in changes}
    rows = client.search_read(
        "ir.model.data", [["module", "=", MODULE], ["name", "in", list(names)]], ["name", "res_id"]
    )
    found = [replace(names[row["name"]], res_id=row["res_id"]) for row in rows]
    existing = _existing(client, found)
    return [change for change in found if change.res_id in existing]


def _read_updated(client: OdooClient, changes: Sequence[Change]) -> list[Change]:
    """Looked up by id and compared value by value."""
    fields = sorted({name for change in changes for name in change.values})
    ids = [change.res_id for change in changes]
    rows = {row["id"]: row for row in client.search_read(changes[0].model, [["id", "in", ids]], fields)}
    return [
        change
        for change in changes
        if change.res_id in rows
        and all(_is_same(value, rows[change.res_id][name]) for name, value in change.values.items())
    ]


def _existing(client: OdooClient, changes: Sequence[Change]) -> set[int]:
    """Ids of the changes' records that Odoo has."""
    if not changes:
        return set()
    domain: list[object] = [["id", "in", [change.res_id for change in changes]]]
    return {row["id"] for row in client.search_read(changes[0].model, domain, ["id"])}


def _without(changes: Sequence[Change], others: Iterable[Change]) -> list[Change]:
    keys = {change.key for change in others}
    return [change for change in changes if change.key not in keys]


def _without_fields(change: Change, fields: set[tuple[str, str]]) -> Change:
    return replace(change, values={f: v for f, v in change.values.items() if (change.key, f) not in fields})


def _call(change: Change) -> tuple[str, str]:
    return change.model, change.operation


def _fields(change: Change) -> list[str]:
    return sorted(change.values)


def _batches(rows: Sequence[Row], at_once: int) -> Iterable[Sequence[Row]]:
    """Batches of one size, so many that all that travel at the same time are at work until the end."""
    count = math.ceil(len(rows) / BATCH_ROWS)
    if count > 1:
        count = math.ceil(count / at_once) * at_once
    size = math.ceil(len(rows) / count)
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _refuse_peoples_fields(changes: Sequence[Change]) -> None:
    touched = PEOPLES_FIELDS.intersection(name for change in changes for name in change.values)
    if touched:
        raise ForbiddenWriteError(f"{', '.join(sorted(touched))} belong to people: a plan may not write them.")


def _sendable(values: dict[str, Any]) -> dict[str, Any]:
    """Values as a write takes them: XML-RPC has no null, Odoo's is False."""
    return {name: False if value is None else value for name, value in values.items()}


def _loadable(value: Any) -> Any:
    """A value as a load takes it."""
    if value is None:
        return ""
    return str(value) if isinstance(value, bool) else value


def _touched(key: str, row: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> list[Touch]:
    """Fields of a row that hold neither the old nor the new value."""
    return [
        Touch(key, name, _plain_value(row[name]))
        for name in old
        if name in new and name in row and not _is_same(old[name], row[name]) and not _is_same(new[name], row[name])
    ]


def _plain_value(read: Any) -> Any:
    """A value as it stands in `sync_state`."""
    return read[0] if isinstance(read, list) and read else read


def _is_same(sent: Any, read: Any) -> bool:
    """Whether a value read is the one sent: a many2one comes as [id, name], a null as False or 0."""
    if isinstance(read, list):
        read = read[0] if read else None
    if isinstance(sent, float) and isinstance(read, int | float):
        return abs(sent - read) < 1e-6
    return bool((sent or None) == (read or None))
