"""Answers about who is one customer, from what the last run kept.

Belongs here: reading records, customers and the model of the last run, writing an explanation's picture, asking for a
new estimate, and the history of households.
Does not belong here: what the explanation says (`models/identity`), how it is shown (`cli.py`).
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import polars as pl

from models import identity
from models.identity import explanation
from models.identity.explanation import Explanation, RecordKey
from models.identity.model import Model, load
from models.identity.reestimate import Table, before_and_after
from models.identity.settings import RECORD_KINDS, IdentityConfig, OwnContact, RecordKind
from models.identity.stable_ids import KEY
from models.identity.threshold import threshold_bits
from models.identity.waterfall import waterfall
from pipelines import decisions
from pipelines.settings import Settings, load_settings, state_dir
from pipelines.warehouse import connect, transaction

Connection = duckdb.DuckDBPyConnection
Shown = dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]]

# As records do: whom the first run finds together has always been known to be.
_HOUSEHOLDS_THAT_ENDED = """
    update identity_household_history set valid_to = $day
    where valid_to is null
        and (customer_id, household_id) not in (select customer_id, household_id from identity_household)
"""
_HOUSEHOLDS_THAT_BEGAN = """
    insert into identity_household_history
    select
        customer_id, household_id,
        if(exists (from identity_household_history), $day, date '1900-01-01') as valid_from, null as valid_to
    from identity_household
    where
        (customer_id, household_id)
        not in (select customer_id, household_id from identity_household_history where valid_to is null)
    order by customer_id
"""

# Of each query: $customer_id.
_CUSTOMER = {
    "Records": (
        ("source", "record", "match probability", "from", "to"),
        """select source_name, source_customer_id, round(match_probability, 4), valid_from, valid_to
        from identity_xref where customer_id = $customer_id
        order by valid_to is not null, source_name, source_customer_id, valid_from""",
    ),
    "Values": (
        ("field", "shown as in record", "because"),
        """select field, source_name || ':' || source_customer_id, rule from identity_golden_source
        where customer_id = $customer_id order by all""",
    ),
    "Links": (
        ("record", "other record", "other record's customer", "probability", "bits"),
        """with link as (
            select left_source_name as source_name, left_source_customer_id as source_customer_id,
                right_source_name as other_name, right_source_customer_id as other_id, match_probability, match_weight
            from identity_link
            union all
            select right_source_name, right_source_customer_id, left_source_name, left_source_customer_id,
                match_probability, match_weight
            from identity_link
        )
        select source_name || ':' || source_customer_id, other_name || ':' || other_id, other.customer_id,
            round(link.match_probability, 4), round(match_weight, 2)
        from link
        join identity_xref as own using (source_name, source_customer_id)
        join identity_xref as other on other.source_name = other_name and other.source_customer_id = other_id
        where own.customer_id = $customer_id and own.valid_to is null and other.valid_to is null
            and (other.customer_id <> own.customer_id
                or (source_name, source_customer_id) < (other_name, other_id))
        order by all""",
    ),
    "Events": (
        ("date", "customer", "what", "other customer", "cause", "evidence"),
        """select as_of_date, customer_id, kind, other_customer_id, cause, evidence from identity_event
        where customer_id = $customer_id or other_customer_id = $customer_id order by all""",
    ),
    "Decisions": (
        ("decision", "kind", "who", "when, UTC", "why"),
        """with named as (
            select decision_id, unnest(records, recursive := true) from identity_decision where withdrawn_at is null
        )
        select decision_id, kind, decided_by, strftime(decided_at, '%Y-%m-%d %H:%M'), reason from identity_decision
        where decision_id in (
            select decision_id from named join identity_xref using (source_name, source_customer_id)
            where customer_id = $customer_id and valid_to is null
        ) order by decided_at, decision_id""",
    ),
    "Household": (
        ("household", "customer"),
        """select household_id, customer_id from identity_household
        where household_id = (select household_id from identity_household where customer_id = $customer_id)
        order by all""",
    ),
}


class IdentityError(Exception):
    """The question cannot be answered; the message says what to ask or do instead."""


@dataclass(frozen=True)
class Explained:
    explanation: Explanation
    sentences: list[str]
    picture: Path


def remember_households(connection: Connection, day: date) -> None:
    """Note which customers live together from the day on, and which no longer do."""
    for statement in (_HOUSEHOLDS_THAT_ENDED, _HOUSEHOLDS_THAT_BEGAN):
        connection.execute(statement, {"day": day})


def config(connection: Connection, settings: Settings) -> IdentityConfig:
    """What the retailer's settings, and the companies of its Odoos, say of resolving customers."""
    written = [
        OwnContact(contact.email, contact.phone, contact.street, contact.postcode, company.country_code)
        for company in settings.companies.values()
        for contact in company.contacts
    ]
    found = connection.execute(
        """select email, phone, street, postcode, country_code from stg_odoo__partner
        where (source_name, source_customer_id) in (select (source_name, source_partner_id) from stg_odoo__company)
        order by all"""
    ).fetchall()
    return IdentityConfig(
        trusted_sources=settings.identity.trusted_sources,
        golden=settings.identity.golden.model_dump(),
        own_contacts=tuple(dict.fromkeys([*written, *(OwnContact(*row) for row in found)])),
    )


def explain(left: str, right: str) -> Explained:
    """Why two records (source:id) or customers are linked or not, by the model of the last run."""
    with connect() as connection:
        lefts, rights = records_of(connection, left), records_of(connection, right)
        rights = [key for key in rights if key not in lefts] or rights
        if set(lefts) & set(rights):
            raise IdentityError(f"{left} and {right} are the same: name two records, or two customers.")
        records = connection.sql("select * from stg_customer_record").pl()
        # What Odoo merged away has a customer and no values any more.
        staged = set(records.select(KEY).rows())
        customer_of = {key: of for key, of in _customers(connection, lefts + rights).items() if key in staged}
        lefts, rights = [key for key in lefts if key in staged], [key for key in rights if key in staged]
        if not lefts or not rights:
            raise IdentityError(f"{left if not lefts else right} is no longer staged: its source has deleted it.")
        kind = kind_of(records, customer_of)
        model = _model(connection, kind)
        rules = config(connection, load_settings())
        [(as_of,)] = connection.execute("select as_of from identity_store.made_by").fetchall()
        decided = decisions.between(connection, lefts, rights)
        needed = threshold_bits(decisions.answers_to_even(connection))
    found = explanation.explain(records, customer_of, lefts, rights, model, as_of, rules)
    sentences = [
        *explanation.in_words(found, rules),
        f"By the model of {model.as_of}, {'learnt from that day' if model.is_trained else 'its starting weights'}.",
        *_changed(found),
        *([f"By people's answers {needed:+.1f} bits must speak for one customer, not 0."] if needed else []),
        *(f"People decided: {kind}, {decision}, by {who} on {day}." for decision, kind, who, day in decided),
    ]
    return Explained(found, sentences, _draw(found, left, right))


def records_of(connection: Connection, name: str) -> list[RecordKey]:
    """The records that a name stands for: itself, or a customer's."""
    source_name, _, source_customer_id = name.partition(":")
    if source_customer_id:
        query = "source_name = ? and source_customer_id = ?"
        found = _current(connection, query, [source_name, source_customer_id])
    else:
        found = _current(connection, "customer_id = ?", [name])
    if not found:
        what = "record" if source_customer_id else "customer"
        raise IdentityError(
            f"The last run knows no {what} {name}: give source:id as in identity_xref, or a current customer_id."
        )
    return list(found)


def _customers(connection: Connection, keys: list[RecordKey]) -> dict[RecordKey, str]:
    """Customer by record, of all records of the customers that the given records belong to."""
    every = _current(connection, "true", [])
    concerned = {every[key] for key in keys}
    return {key: customer_id for key, customer_id in every.items() if customer_id in concerned}


def _current(connection: Connection, condition: str, values: list[str]) -> dict[RecordKey, str]:
    rows = connection.execute(
        f"""select source_name, source_customer_id, customer_id from identity_xref
        where valid_to is null and {condition} order by all""",
        values,
    ).fetchall()
    return {(source_name, source_customer_id): customer_id for source_name, source_customer_id, customer_id in rows}


def kind_of(records: pl.DataFrame, keys: Collection[RecordKey]) -> RecordKind:
    """The one kind that the records are of."""
    asked = records.join(pl.DataFrame(list(keys), schema=KEY, orient="row"), on=KEY)
    if asked.height < len(keys):
        raise IdentityError("Records of these customers are no longer staged: run `retail run` first.")
    names = set(asked["record_kind"])
    if len(names) > 1:
        raise IdentityError("One is a person and one an organisation: they are never compared.")
    [kind] = [kind for kind in RECORD_KINDS if kind.name in names]
    return kind


def _model(connection: Connection, kind: RecordKind) -> Model:
    """What the last run judged records of the kind by."""
    found = load(connection, "identity_model", kind)
    if isinstance(found, str):
        raise IdentityError(f"Nothing to explain by, as {found}: run `retail run` once with this release.")
    if found.parameters is None:
        raise IdentityError(f"No two {kind.name} records share a value that could link them: none were compared.")
    return found


def _changed(found: Explanation) -> list[str]:
    """Says so where the run came to another weight: a later run for an earlier day staged other records."""
    ends = sorted((found.pair.left, found.pair.right))
    with connect() as connection:
        rows = connection.execute(
            """select match_probability, match_weight from identity_link
            where left_source_name = ? and left_source_customer_id = ?
                and right_source_name = ? and right_source_customer_id = ?""",
            [*ends[0], *ends[1]],
        ).fetchall()
    if all(abs(probability - found.pair.match_probability) < 1e-6 for probability, _ in rows):
        return []
    return [f"The run itself found {rows[0][1]:+.2f} bits: the staged records have changed since."]


def _draw(found: Explanation, left: str, right: str) -> Path:
    """The picture shows personal values: only its owner may read it."""
    folder = state_dir() / "explanations"
    folder.mkdir(parents=True, exist_ok=True)
    names = [re.sub(r"[^A-Za-z0-9]+", "_", name)[:40] for name in (left, right)]
    path = folder / f"{'-'.join(names)}-{sha256(f'{left} {right}'.encode()).hexdigest()[:8]}.svg"
    path.touch(mode=0o600)
    path.write_text(waterfall(found.pair), encoding="utf-8")
    return path


def customer(customer_id: str) -> Shown:
    """Tables by title: the customer's records, links, events and household; of a past id what is left of it."""
    with connect() as connection:
        shown: Shown = {
            title: (columns, connection.execute(query, {"customer_id": customer_id}).fetchall())
            for title, (columns, query) in _CUSTOMER.items()
        }
    if not shown["Records"][1] and not shown["Events"][1]:
        raise IdentityError(f"No customer is or was called {customer_id}: ids stand in identity_xref.")
    return shown


@dataclass(frozen=True)
class Reestimated:
    """What a new estimate changes, as tables by title; `report`: the same in a file."""

    tables: dict[str, Table]
    report: Path


def reestimate(apply: bool) -> Reestimated:
    """Judges all records by a new estimate as of the last run's day; without `apply` nothing of it is kept."""
    with connect() as connection:
        [(day,)] = connection.execute("select max(as_of_date) from ops_run where status = 'succeeded'").fetchall()
        if day is None:
            raise IdentityError("There is nothing to learn from: run `retail run` first.")
        settings, reason = load_settings(), "asked for by `retail identity reestimate`"
        rules, engine = config(connection, settings), settings.identity.engine
        human = decisions.human_input(connection, settings.identity.review, day)
        with identity.update(
            connection,
            "stg_customer_record",
            day,
            settings.seed,
            rules,
            reestimate_because=reason,
            engine=engine,
            human=human,
        ) as run:
            tables = before_and_after(run)
            versions = [found.version for found in run.models.values()]
            if apply:
                with transaction(connection):
                    run.write()
    folder = state_dir() / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"identity_reestimate_{sha256(' '.join(versions).encode()).hexdigest()[:12]}.md"
    path.write_text(_as_markdown(f"New estimate as of {day}", tables), encoding="utf-8")
    return Reestimated(tables, path)


def _as_markdown(title: str, tables: dict[str, Table]) -> str:
    lines = [f"# {title}"]
    for name, (columns, rows) in tables.items():
        lines += ["", f"## {name}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
        lines += [f"| {' | '.join(str(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"
