"""What people decided in an Odoo: about cases, and about who is one customer, by answers, merges of partners and
partners made for customers.

Belongs here: reading it and booking it as decisions. Does not belong here: the cards that ask (`reviews.py`).
"""

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from models.identity.decisions import ODOO_MERGE, SAME, decision_id
from pipelines import decisions
from pipelines.odoo.client import AccessDeniedError, OdooClient
from pipelines.odoo.ledger import Ledger, Store
from pipelines.odoo.schema import BOT_LOGIN, CASE, CASE_STAGES, MODULE, NEW_PARTNER, REVIEW_STAGES
from pipelines.warehouse import transaction

logger = logging.getLogger(__name__)

_MERGES = "partner_merge"
# Longer than an Odoo transaction lasts.
_OVERLAP = timedelta(minutes=10)
# What Odoo writes on the partner that is left: each of the others as name <e-mail> (ID number).
_MERGED_ID = re.compile(r"&gt; \(ID (\d+)\)")


def read_answers(store: Store, client: OdooClient, odoo_name: str) -> int:
    """Bring back the answers to open questions; gives their number. An Odoo that is not set up has none."""
    with store() as connection:
        rows = connection.execute(
            """select state.res_id, review.review_id
            from sync_state as state inner join identity_review as review on state.key = 'review:' || review.review_id
            where state.odoo_name = ? and review.answer is null""",
            [odoo_name],
        ).fetchall()
    review_of: dict[int, str] = dict(rows)
    stages = _stages(client, REVIEW_STAGES) if review_of else {}
    domain: list[object] = [["id", "in", list(review_of)], ["stage_id", "in", list(stages)]]
    answered = client.search_read(CASE, domain, ["stage_id", "write_uid"], order="id") if stages else []
    login_of = _logins(client, answered, "write_uid")
    with store() as connection, transaction(connection):
        for row in answered:
            login = login_of[row["write_uid"][0]]
            decisions.answer(connection, review_of[row["id"]], stages[row["stage_id"][0]], decisions.ODOO_REVIEW, login)
    return len(answered)


def read_case_outcomes(store: Store, client: OdooClient, odoo_name: str, run_id: str) -> int:
    """Bring back on which cases people decided, and what: the column that the card stands in. Gives their number.

    A card that was moved on loses its answer; one that was archived keeps it.
    """
    ledger = Ledger(store, odoo_name, run_id)
    key_of = {res_id: key for res_id, key in ledger.records(CASE).items() if key.startswith("case:return:")}
    stages = _stages(client, CASE_STAGES) if key_of else {}
    domain: list[object] = [
        ["id", "in", list(key_of)],
        ["stage_id", "in", list(stages)],
        ["active", "in", [True, False]],
    ]
    fields = ["stage_id", "write_uid", "date_last_stage_update"]
    decided = client.search_read(CASE, domain, fields, order="id") if stages else []
    outcomes = [
        (key_of[row["id"]], stages[row["stage_id"][0]], row["write_uid"][0], row["date_last_stage_update"])
        for row in decided
    ]
    ledger.replace_case_outcomes(outcomes)
    return len(outcomes)


def _stages(client: OdooClient, stage_of: Mapping[str, str]) -> dict[int, str]:
    """Answers by stage."""
    answers = {xml_id.partition(".")[2]: answer for answer, xml_id in stage_of.items()}
    domain: list[object] = [["module", "=", MODULE], ["name", "in", list(answers)]]
    rows = client.search_read("ir.model.data", domain, ["name", "res_id"])
    return {row["res_id"]: answers[row["name"]] for row in rows}


def _logins(client: OdooClient, rows: Sequence[dict[str, Any]], field: str) -> dict[int, str]:
    """By user id; of a user whom the bot does not see, the id stands for the login."""
    ids = sorted({row[field][0] for row in rows})
    found = client.search_read("res.users", [["id", "in", ids]], ["login"]) if ids else []
    return {user_id: str(user_id) for user_id in ids} | {row["id"]: row["login"] for row in found}


def read_merges(store: Store, client: OdooClient, odoo_name: str) -> int:
    """Book merges of partners since the last reading as decisions; gives their number.

    A merge leaves a message on the partner that is left, which names the others by their ids; they are gone. Without
    the right to read messages no merge is seen.
    """
    with store() as connection:
        rows = connection.execute(
            "select cursor_at from ops_cursor where source_name = ? and entity = ?", [odoo_name, _MERGES]
        ).fetchall()
    domain: list[object] = [
        ["model", "=", "res.partner"],
        ["message_type", "=", "notification"],
        ["body", "like", "(ID "],
    ]
    if rows:
        domain.append(["create_date", ">=", str(rows[0][0] - _OVERLAP)])
    try:
        messages = client.search_read(
            "mail.message", domain, ["res_id", "body", "create_date", "create_uid"], order="id"
        )
    except AccessDeniedError:
        logger.warning("%s may not read messages on %s: no merge of partners is seen.", client.user, client.url)
        return 0
    named = [(row, sorted({int(number) for number in _MERGED_ID.findall(row["body"])})) for row in messages]
    everybody: list[object] = [["id", "in", sorted({one for _, ids in named for one in ids})]]
    present = {row["id"] for row in client.search_read("res.partner", everybody, ["id"])}
    login_of = _logins(client, messages, "create_uid")
    merges = [
        (
            decision_id(ODOO_MERGE, odoo_name, str(gone), str(row["res_id"])),
            SAME,
            [[(odoo_name, str(gone))], [(odoo_name, str(row["res_id"]))]],
            "merged in Odoo",
            ODOO_MERGE,
            login_of[row["create_uid"][0]],
            datetime.fromisoformat(row["create_date"]),
        )
        for row, ids in named
        for gone in ids
        if gone not in present
    ]
    with store() as connection, transaction(connection):
        booked = decisions.add(connection, merges)
        if messages:
            newest = max(datetime.fromisoformat(row["create_date"]) for row in messages)
            connection.execute("delete from ops_cursor where source_name = ? and entity = ?", [odoo_name, _MERGES])
            connection.execute("insert into ops_cursor values (?, ?, ?)", [odoo_name, _MERGES, newest])
    return booked


def read_made_partners(store: Store, client: OdooClient, odoo_name: str) -> int:
    """Book partners that were made as those of their customers; gives the number of new ones.

    The next run then takes both for one customer, however little the partner says.
    """
    rows = client.search_read(NEW_PARTNER, [["x_partner_id", "!=", False]], ["x_key", "x_partner_id", "write_date"])
    made = {row["x_key"].partition(":")[2]: (str(row["x_partner_id"][0]), row["write_date"]) for row in rows}
    with store() as connection, transaction(connection):
        records = connection.execute(
            """select customer_id, min((source_name, source_customer_id)) from identity_xref
            where valid_to is null and source_name <> $odoo_name and list_contains($customers, customer_id)
            group by customer_id order by customer_id""",
            {"odoo_name": odoo_name, "customers": list(made)},
        ).fetchall()
        return decisions.add(
            connection, [_as_decision(odoo_name, record, *made[customer]) for customer, record in records]
        )


def _as_decision(odoo_name: str, record: tuple[str, str], partner: str, made_at: str) -> decisions.Row:
    made = decision_id(decisions.ODOO_PARTNER, odoo_name, partner)
    reason = "the partner was made for the customer"
    groups = [[record], [(odoo_name, partner)]]
    return made, SAME, groups, reason, decisions.ODOO_PARTNER, BOT_LOGIN, datetime.fromisoformat(made_at)
