"""Questions about who is one customer, as cards in an Odoo.

Belongs here: the cards (SQL to `sync_desired` and `sync_plan`), and what they show. Does not belong here: which pairs
are asked about (`models/identity/review.py`), sending (`sink.py`) and reading the answers (`judgements.py`).

A card shows both records side by side and no score: who answers judges blind. What it shows is put together when it is
sent and stands in no table of the plan or the ledger; once the question is answered, a note takes its place.
"""

from collections.abc import Collection, Mapping

import duckdb

from models.identity.decisions import DIFFERENT, SAME
from pipelines.decisions import MERGE, MOOT, UNSURE
from pipelines.odoo.cases import DONE
from pipelines.odoo.language import said
from pipelines.odoo.schema import CASE
from pipelines.odoo.shown import html

_LANGUAGE = "language.language"
_TITLE = said(_LANGUAGE, "One customer or two? {0}", "review_id")
# The company's whose record is on the left.
_LANGUAGE_OF_REVIEW = """
    left join ops_source as source on source.source_name = review.left_source_name
    left join _brand_language as language on language.brand = source.brand
"""

DESIRED_REVIEWS = f"""
    insert into sync_desired by name
    select
        'review' as target_kind,
        'review:' || review_id as key,
        review_id as entity_id,
        xref.customer_id,
        to_json({{'name': {_TITLE}}}) as values_json,
        [review.reason] as reasons,
        asked_date as as_of_date
    from identity_review as review
    left join identity_xref as xref
        on xref.source_name = left_source_name
        and xref.source_customer_id = left_source_customer_id
        and xref.valid_to is null
    {_LANGUAGE_OF_REVIEW}
    where answer is null
"""

REVIEW_TARGETS = f"""
    insert into sync_target by name
    select $odoo_name as odoo_name, target_kind, key as desired_key, key, '{CASE}' as model, '{{}}' as link_json
    from sync_desired where target_kind = 'review'
"""

_NOTES = {
    SAME: "Answered: one customer.",
    DIFFERENT: "Answered: different customers.",
    UNSURE: "Answered: cannot say. The records stay as they are.",
    MOOT: "There is nothing to answer any more: a record is gone, or it was decided elsewhere.",
}
_ANSWERED = " ".join(f"when '{answer}' then {said(_LANGUAGE, note)}" for answer, note in _NOTES.items())
_DECISION = said(_LANGUAGE, "Decision {0}, which an engineer can withdraw.", "review.decision_id")

# A continuation of `with wanted, state`.
CLOSE_REVIEWS = f"""
    answered as (
        select
            state.*,
            case review.answer
                {_ANSWERED}
            end || coalesce(' ' || {_DECISION}, '') as note
        from state
        inner join identity_review as review on state.key = 'review:' || review.review_id
        {_LANGUAGE_OF_REVIEW}
        where review.answer is not null and (state.values_json ->> '$.state') is distinct from '{DONE}'
    )
    select
        $odoo_name as odoo_name, key, target_kind, 'close' as operation, model, res_id, '{{}}' as old_values_json,
        json_object('state', '{DONE}', 'description', '<p>' || note || '</p>') as new_values_json,
        json_merge_patch(values_json, '{{"state":"{DONE}"}}') as values_json,
        'the question is answered' as reason
    from answered
"""

_SHOWN = {
    "Source": "source_name",
    "Record": "source_customer_id",
    "Name": "full_name",
    "E-mail": "email",
    "Phone": "phone",
    "Street": "street",
    "Postcode": "postcode",
    "City": "city",
    "Country": "country_code",
    "Born": "birth_date",
    "Loyalty number": "loyalty_number",
    "Tax id": "tax_id",
    "Last changed": "updated_at::date",
}


def _cell(value: str) -> str:
    text = html(f"coalesce({value}::varchar, '')")
    return f"'<td>' || {text} || '</td>'"


_ROWS = " || ".join(
    f"case when coalesce(l.{column}, r.{column}) is null then '' else"
    f" '<tr><th>' || {said(_LANGUAGE, label)} || '</th>' || {_cell(f'l.{column}')} || {_cell(f'r.{column}')}"
    " || '</tr>' end"
    for label, column in _SHOWN.items()
)


_QUESTION = said(_LANGUAGE, "Are these two records one customer? Move the card to the column that answers it.")
_MERGE_THEM = said(
    _LANGUAGE,
    "These two contacts count as one customer. If they are, merge them: in the list of contacts select both, then"
    " Actions, Merge. If not, move the card to the column that says so.",
)


def cards(connection: duckdb.DuckDBPyConnection, keys: Collection[str]) -> Mapping[str, Mapping[str, str | None]]:
    """What the cards of these keys show beside their name, in the languages of `set_languages`.

    Personal: it goes to Odoo and nowhere else.
    """
    rows = connection.execute(
        f"""select
            'review:' || review_id,
            '<p>' || if(review.reason = '{MERGE}', {_MERGE_THEM}, {_QUESTION}) || '</p>'
            || '<table class="table table-bordered"><tbody>' || {_ROWS} || '</tbody></table>'
        from identity_review as review
        {_LANGUAGE_OF_REVIEW}
        inner join stg_customer_record as l
            on l.source_name = left_source_name and l.source_customer_id = left_source_customer_id
        inner join stg_customer_record as r
            on r.source_name = right_source_name and r.source_customer_id = right_source_customer_id
        where list_contains($keys, 'review:' || review_id)""",
        {"keys": list(keys)},
    ).fetchall()
    return {key: {"description": description} for key, description in rows}
