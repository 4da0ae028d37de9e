"""Past cases that resemble a new one: what they were and what reviewers decided.

Belongs here: finding and saying them, as SQL. Does not belong here: how answers come back (`judgements.py`) and what
the scores make of them (`models/returns/reviews.py`).

Alike is what is unusual by the same kinds of evidence in the same proportions (the cosine of the two); of several the
one of the nearest amount.
"""

from pipelines.odoo.language import said
from pipelines.odoo.shown import html

CONFIRMED, FINE = "confirmed", "fine"
# As many as a reviewer reads.
SHOWN = 3

_FACTS = (html("decided.return_order_id"), "decided.returned_amount::decimal(18, 2)::varchar", "decided.currency_code")
_CONFIRMED = said("language.language", "Similar case {0}, {1} {2}: confirmed", *_FACTS)
_FINE = said("language.language", "Similar case {0}, {1} {2}: found to be fine", *_FACTS)
_NONE = said("language.language", "No similar case has been decided yet.")


def _product(one: str, other: str) -> str:
    """SQL for the sum over the kinds that two lists of evidence share."""
    return f"""coalesce(list_sum(list_transform({one}, lambda a: coalesce(list_sum(list_transform(
        list_filter({other}, lambda b: b.kind = a.kind), lambda b: a.improbability * b.improbability)), 0))), 0)"""


# What follows a `select`: the returns that reviewers decided about, each with its newest score that has evidence.
DECIDED_RETURNS = """from sync_case_outcome as outcome
        inner join score_return_anomaly as score
            on outcome.key = 'case:return:' || score.brand || ':' || score.return_order_id
            and score.evidence is not null
        qualify row_number() over (partition by outcome.key order by score.as_of_date desc, outcome.odoo_name) = 1"""

# Common table expressions: `odd`, with a brand and a return_order_id, stands before them.
PAST_CASES = f"""
    decided as (
        select score.brand, score.return_order_id, score.returned_amount, score.currency_code, score.evidence,
            outcome.outcome
        {DECIDED_RETURNS}
    ),
    asked as (
        select odd.brand, odd.return_order_id, score.returned_amount, score.evidence
        from odd inner join score_return_anomaly as score using (brand, return_order_id, as_of_date)
    ),
    likeness as (
        select
            asked.return_order_id as asked_order_id,
            decided.*,
            round(
                {_product("asked.evidence", "decided.evidence")} / sqrt(
                    {_product("asked.evidence", "asked.evidence")} * {_product("decided.evidence", "decided.evidence")}
                ), 6
            ) as cosine,
            abs(ln(greatest(asked.returned_amount, 1)) - ln(greatest(decided.returned_amount, 1))) as amount_distance
        from asked inner join decided using (brand)
        where asked.return_order_id <> decided.return_order_id
    ),
    past_case as (
        select
            asked_order_id as return_order_id,
            list(
                if(decided.outcome = '{CONFIRMED}', {_CONFIRMED}, {_FINE})
                order by cosine desc, amount_distance, decided.return_order_id
            )[:{SHOWN}] as sentences
        from likeness as decided
        left join _brand_language as language using (brand)
        where cosine > 0.5
        group by asked_order_id
    )
"""

# Of a row that `past_case` was joined to by its left side.
SAID_PAST_CASES = f"""
    if(past_case.sentences is null, '<p>' || {_NONE} || '</p>',
        '<ul><li>' || array_to_string(past_case.sentences, '</li><li>') || '</li></ul>')
"""
