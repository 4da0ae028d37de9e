"""The books of what people decided about who is one customer, and of what they are asked.

Belongs here: reading and writing `identity_decision` and `identity_review`.
Does not belong here: what a decision means for a run (`models/identity/decisions.py`), which pairs are worth a question
(`models/identity/review.py`), and where people answer (`cli.py`, `pipelines/odoo/reviews.py`).

Nothing is ever deleted: a decision ends by its withdrawal, a question by its answer. A question whose records are gone,
or were decided about elsewhere, is moot.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import duckdb
import polars as pl

from models.identity import HumanInput
from models.identity.decisions import ASKED_SCHEMA, DECISION_SCHEMA, DIFFERENT, SAME, RecordKey, decision_id
from models.identity.review import EVEN
from pipelines.settings import ReviewRules

Connection = duckdb.DuckDBPyConnection

UNSURE, MOOT = "unsure", "moot"
ANSWERS = (SAME, DIFFERENT, UNSURE)
# Why people are asked about two partners of one Odoo that count as one customer.
MERGE = "one customer, to be merged in Odoo"
# Where a decision was made.
COMMAND_LINE, ODOO_REVIEW, ODOO_PARTNER = "command line", "odoo review", "odoo partner"


class DecisionError(Exception):
    """Nothing was booked; the message says what to do instead."""


def human_input(connection: Connection, rules: ReviewRules, as_of: date) -> HumanInput:
    """What people have to say to a run, and how many new questions its day may still bring."""
    asked = connection.sql(f"select {', '.join(ASKED_SCHEMA)} from identity_review order by all").pl()
    limit = room_for_questions(connection, rules, as_of)
    return HumanInput(every_decision(connection), asked, limit, answers_to_even(connection))


def room_for_questions(
    connection: Connection, rules: ReviewRules, as_of: date, *, is_about_merges: bool = False
) -> int:
    """How many more questions a day may bring; merges that people are asked to make are counted by themselves."""
    open_count, today = connection.execute(
        """select count(*) filter (answer is null), count(*) filter (asked_date = $as_of) from identity_review
        where (reason = $merge) = $is_about_merges""",
        {"as_of": as_of, "merge": MERGE, "is_about_merges": is_about_merges},
    ).fetchall()[0]
    return max(0, min(rules.max_new - today, rules.max_open - open_count))


def answers_to_even(connection: Connection) -> pl.DataFrame:
    """What people said of pairs that were about as likely one customer as two."""
    return connection.sql(
        """select match_probability, answer = $same as is_same from identity_review
        where reason = $even and answer in ($same, $different) order by all""",
        params={"same": SAME, "different": DIFFERENT, "even": EVEN},
    ).pl()


def every_decision(connection: Connection) -> pl.DataFrame:
    decisions = connection.sql("select * from identity_decision order by decision_id").pl()
    return decisions.select(pl.col(name).cast(kind) for name, kind in DECISION_SCHEMA.items())


def ask(connection: Connection, questions: pl.DataFrame, as_of: date) -> None:
    """Book new questions, and close those that have become moot."""
    connection.register("_questions", questions.to_arrow())
    connection.execute(
        """insert into identity_review by name
        select *, $as_of as asked_date, now() at time zone 'UTC' as asked_at from _questions""",
        {"as_of": as_of},
    )
    connection.unregister("_questions")
    connection.execute(
        f"""update identity_review set answer = '{MOOT}', answered_at = now() at time zone 'UTC'
        where answer is null and (
            not exists (
                from stg_customer_record as record
                where record.source_name = left_source_name and record.source_customer_id = left_source_customer_id
            )
            or not exists (
                from stg_customer_record as record
                where record.source_name = right_source_name and record.source_customer_id = right_source_customer_id
            )
            or exists (
                from (
                    select list_transform(records, lambda r: r.source_name || ':' || r.source_customer_id) as keys
                    from identity_decision where withdrawn_at is null
                )
                where list_has_all(keys, [
                    left_source_name || ':' || left_source_customer_id,
                    right_source_name || ':' || right_source_customer_id
                ])
            )
        )"""
    )


def decide(
    connection: Connection, kind: str, groups: Sequence[Sequence[RecordKey]], reason: str, source: str, decided_by: str
) -> str:
    """Book a decision; gives its id."""
    decided_at = datetime.now(UTC).replace(tzinfo=None)
    made = decision_id(kind, repr(groups), decided_at.isoformat(), decided_by)
    add(connection, [(made, kind, groups, reason, source, decided_by, decided_at)])
    return made


Row = tuple[str, str, Sequence[Sequence[RecordKey]], str, str, str, datetime]


def add(connection: Connection, decisions: Sequence[Row]) -> int:
    """Book decisions of known ids, those that are booked already left as they are; gives the number of new ones."""
    rows = [
        {
            "decision_id": made,
            "kind": kind,
            "records": [
                {"source_name": source_name, "source_customer_id": source_customer_id, "group_no": group_no}
                for group_no, keys in enumerate(groups, start=1)
                for source_name, source_customer_id in keys
            ],
            "reason": reason,
            "source": source,
            "decided_by": decided_by,
            "decided_at": decided_at,
        }
        for made, kind, groups, reason, source, decided_by, decided_at in decisions
    ]
    connection.register("_decisions", pl.DataFrame(rows, schema=DECISION_SCHEMA).to_arrow())
    known = "select decision_id from identity_decision"
    booked: int = connection.execute(
        f"insert into identity_decision by name from _decisions where decision_id not in ({known})"
    ).fetchall()[0][0]
    connection.unregister("_decisions")
    return booked


def withdraw(connection: Connection, decision: str) -> None:
    """End a decision. Raises DecisionError where there is none to end."""
    found = connection.execute(
        """update identity_decision set withdrawn_at = now() at time zone 'UTC'
        where decision_id = ? and withdrawn_at is null returning decision_id""",
        [decision],
    ).fetchall()
    if not found:
        raise DecisionError(f"No decision {decision} is in force: `retail identity decisions` lists them.")


def answer(connection: Connection, review: str, given: str, source: str, decided_by: str) -> str | None:
    """Book the answer to a question; gives the decision that it makes, None where it makes none.

    Raises DecisionError where the question is not open.
    """
    found = connection.execute(
        f"select {', '.join(ASKED_SCHEMA)} from identity_review where review_id = ? and answer is null", [review]
    ).fetchall()
    if not found:
        raise DecisionError(f"No question {review} is open: `retail identity review` lists them.")
    left, right = found[0][:2], found[0][2:]
    groups = [[left, right]] if given == SAME else [[left], [right]]
    made = None if given == UNSURE else decide(connection, given, groups, f"review {review}", source, decided_by)
    connection.execute(
        """update identity_review
        set answer = ?, answered_at = now() at time zone 'UTC', answered_by = ?, decision_id = ? where review_id = ?""",
        [given, decided_by, made, review],
    )
    return made


def between(
    connection: Connection, lefts: Sequence[RecordKey], rights: Sequence[RecordKey]
) -> list[tuple[str, str, str, str]]:
    """Id, kind, who and day of decisions in force that name a record of each side, the oldest first."""
    return connection.execute(
        """with decision as (
            select *, list_transform(records, lambda r: r.source_name || ':' || r.source_customer_id) as keys
            from identity_decision where withdrawn_at is null
        )
        select decision_id, kind, decided_by, decided_at::date::varchar from decision
        where list_has_any(keys, $lefts) and list_has_any(keys, $rights) order by decided_at, decision_id""",
        {"lefts": [":".join(key) for key in lefts], "rights": [":".join(key) for key in rights]},
    ).fetchall()


def open_questions(connection: Connection) -> list[tuple[str, str, str, str, str]]:
    """Id, day, both records as source:id and why, the oldest first."""
    return connection.execute(
        """select review_id, asked_date::varchar, left_source_name || ':' || left_source_customer_id,
            right_source_name || ':' || right_source_customer_id, reason
        from identity_review where answer is null order by asked_date, review_id"""
    ).fetchall()
