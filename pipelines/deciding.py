"""What people decide by the command about who is one customer: from the names that they give to the books.

Belongs here: which records a decision's names stand for, and what is refused. Does not belong here: the books
(`decisions.py`), how it is shown (`cli.py`).
"""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from models.identity.decisions import DIFFERENT, SAME, SPLIT, RecordKey, Unfollowed, named, settle
from models.identity.stable_ids import KEY
from pipelines import decisions
from pipelines.identities import IdentityError, kind_of, records_of
from pipelines.warehouse import connect, transaction

Connection = duckdb.DuckDBPyConnection

_DECISIONS = """
    with record as (select decision_id, unnest(records, recursive := true) from identity_decision),
    grouped as (
        select decision_id, group_no, string_agg(source_name || ':' || source_customer_id, ', ' order by all) as names,
            count(*) filter (
                (source_name, source_customer_id)
                    not in (select (source_name, source_customer_id) from stg_customer_record)
            ) as gone_count
        from record group by all
    ),
    named as (
        select decision_id, string_agg(names, ' | ' order by group_no) as names, sum(gone_count) as gone_count
        from grouped group by all
    )
    select decision_id, kind, names, strftime(decided_at, '%Y-%m-%d %H:%M'), decided_by, source, reason,
        case
            when withdrawn_at is not null then 'withdrawn ' || strftime(withdrawn_at, '%Y-%m-%d')
            when gone_count > 0 then 'in force, ' || gone_count::bigint || ' of its records gone'
            else 'in force'
        end
    from identity_decision join named using (decision_id)
    order by decided_at desc, decision_id
"""


@dataclass(frozen=True)
class Decided:
    """A decision that was booked, and all that are not followed now, with the reason."""

    decision_id: str
    unfollowed: tuple[Unfollowed, ...]


def same(names: Sequence[str], why: str) -> Decided:
    """The records (source:id) and customers are one customer."""
    with connect() as connection, transaction(connection):
        keys = list(dict.fromkeys(key for name in names for key in records_of(connection, name)))
        if len(keys) < 2:
            raise IdentityError("Name two records, or two customers: these are one record.")
        kind_of(connection.sql("select * from stg_customer_record").pl(), keys)
        return _decide(connection, SAME, [keys], why)


def different(left: str, right: str, why: str) -> Decided:
    """No record of the one is the same customer as a record of the other."""
    with connect() as connection, transaction(connection):
        groups = [records_of(connection, name) for name in (left, right)]
        if set(groups[0]) & set(groups[1]):
            raise IdentityError(f"{left} and {right} have a record in common: name the records that are different.")
        return _decide(connection, DIFFERENT, groups, why)


def split(customer_id: str, parts: Sequence[Sequence[str]], why: str) -> Decided:
    """The customer's records are of several: those of each part, and the rest; without parts each is by itself."""
    with connect() as connection, transaction(connection):
        keys = records_of(connection, customer_id)
        chosen = [[_record_of(connection, name, keys, customer_id) for name in part] for part in parts]
        taken = [key for group in chosen for key in group]
        if len(set(taken)) < len(taken):
            raise IdentityError("A record is named twice.")
        rest = [key for key in keys if key not in taken]
        groups = [*chosen, *([rest] if rest else [])] if parts else [[key] for key in keys]
        if len(groups) < 2:
            raise IdentityError(f"{customer_id} has one record, or all were named together: nothing is split.")
        return _decide(connection, SPLIT, groups, why)


def _record_of(connection: Connection, name: str, keys: list[RecordKey], customer_id: str) -> RecordKey:
    [key, *others] = records_of(connection, name)
    if others or key not in keys:
        raise IdentityError(f"{name} is no record of {customer_id}.")
    return key


def _decide(connection: Connection, kind: str, groups: Sequence[Sequence[RecordKey]], why: str) -> Decided:
    made = decisions.decide(connection, kind, groups, why, decisions.COMMAND_LINE, getpass.getuser())
    return Decided(made, _unfollowed(connection))


def _unfollowed(connection: Connection) -> tuple[Unfollowed, ...]:
    """As a run from now on would find them."""
    kept = decisions.every_decision(connection)
    connection.register("_named", named(kept).to_arrow())
    records = connection.sql(
        f"""select row_number() over (order by {", ".join(KEY)}) as record_no, {", ".join(KEY)}, record_kind
        from stg_customer_record semi join _named using ({", ".join(KEY)})"""
    ).pl()
    connection.unregister("_named")
    return settle(kept, records).unfollowed


def withdraw(decision_id: str) -> None:
    with connect() as connection, transaction(connection):
        decisions.withdraw(connection, decision_id)


def answer(review_id: str, given: str) -> str | None:
    """The decision that the answer to a question makes, None where it makes none."""
    with connect() as connection, transaction(connection):
        return decisions.answer(connection, review_id, given, decisions.COMMAND_LINE, getpass.getuser())


def open_questions() -> list[tuple[str, str, str, str, str]]:
    with connect() as connection:
        return decisions.open_questions(connection)


def every_decision() -> list[tuple[str, str, str, str, str, str, str, str]]:
    """Id, kind, records by group, when (UTC), who, where, why, and whether it is in force; the newest first."""
    with connect() as connection:
        why_not = {one.decision_id: f"not followed, {one.why}" for one in _unfollowed(connection)}
        rows = connection.execute(_DECISIONS).fetchall()
    return [(*row[:-1], why_not.get(row[0], row[-1])) for row in rows]
