"""Cases: which returns of systems other than Odoo a person should look at, what a case says, and when it is over.

Belongs here: set-based SQL on the warehouse. Does not belong here: on which partner a case stands (`plan.py`) and
sending it (`sink.py`). A case that a person worked on is the person's: it is neither changed nor closed.
"""

from pipelines.odoo.language import join_translated, said
from pipelines.odoo.past_cases import PAST_CASES, SAID_PAST_CASES
from pipelines.odoo.returns import IN_ODOO
from pipelines.odoo.schema import CASE
from pipelines.odoo.shown import html, items, plain

# What Odoo calls a task that is done.
DONE = "1_done"

_NAME = said(
    "language.language", "Unusual return at {0}: {1}", plain("ops_brand.brand_name"), plain("odd.return_order_id")
)
RETURNED = said(
    "language.language", "Returned: {0} {1}.", "odd.returned_amount::decimal(18, 2)::varchar", "odd.currency_code"
)
_OF_SALE = html("sale.largest.id"), "sale.largest.sold::varchar"
_SALE = f"""case
    when sale.sale_count = 1 then {said("language.language", "Sold as {0} on {1}.", *_OF_SALE)}
    when sale.sale_count > 1 then {
    said("language.language", "Sold as {0} on {1}, and in {2} more.", *_OF_SALE, "(sale.sale_count - 1)::varchar")
}
    else {said("language.language", "No sale of it is known.")} end"""
_OVER = said("language.language", "The matter is over: the return is not unusual any more.")

DESIRED_CASES = f"""
    insert into sync_desired by name
    with {IN_ODOO},
    odd as (
        from score_return_anomaly_current
        where anomaly_level <> 'low' and return_order_id not in (select order_id from in_odoo)
        order by improbability desc, return_order_id
        limit $max_cases
    ),
    {PAST_CASES},
    sale as (
        select
            return_order_id,
            arg_max({{id: sale_order_id, sold: sale_date}}, (net_amount, sale_order_id)) as largest,
            count(distinct sale_order_id) as sale_count
        from fct_return semi join odd using (return_order_id)
        where sale_order_id is not null
        group by return_order_id
    )
    select
        'case' as target_kind,
        'case:return:' || odd.brand || ':' || odd.return_order_id as key,
        odd.return_order_id as entity_id,
        odd.customer_id,
        odd.brand,
        to_json({{
            'name': {_NAME},
            'description': '<p>' || {html("coalesce(said_action.text[1], odd.suggested_action)")} || '</p>'
                || {items("coalesce(said_reasons.text, odd.reasons)")}
                || '<p>' || {RETURNED} || ' ' || {_SALE} || '</p>' || {SAID_PAST_CASES}
        }}) as values_json,
        odd.reasons,
        odd.suggested_action,
        odd.returned_amount as value_at_risk_amount,
        odd.currency_code,
        odd.model_version,
        odd.as_of_date
    from odd
    inner join ops_brand using (brand)
    left join sale using (return_order_id)
    left join past_case using (return_order_id)
    left join _brand_language as language using (brand)
    {join_translated("language.language", "odd.reasons", "odd.suggested_action")}
"""

# Continuations of `with wanted, state`.
OURS = f"""
    ours as (
        from state
        where target_kind = 'case'
            and coalesce(values_json ->> '$.state', '') <> '{DONE}'
            and coalesce(values_json ->> '$.active', 'true') = 'true'
            and key not in (select key from sync_touch where odoo_name = $odoo_name)
    )
"""

UPDATE_CASES = f"""
    {OURS},
    text as (
        select
            ours.*,
            json_object('name', ours.values_json -> '$.name', 'description', ours.values_json -> '$.description')
                as old_json,
            json_object('name', wanted.values_json -> '$.name', 'description', wanted.values_json -> '$.description')
                as new_json
        from ours inner join wanted using (key)
    )
    select
        $odoo_name as odoo_name, key, target_kind, 'update' as operation, model, res_id, old_json as old_values_json,
        new_json as new_values_json, json_merge_patch(values_json, new_json) as values_json,
        'changed: what the case says' as reason
    from text
    where old_json::varchar <> new_json::varchar
"""

# What ends a statement whose `over` has the cases that are over, each with a note.
CLOSED = f"""
    select
        $odoo_name as odoo_name, key, target_kind, 'close' as operation, '{CASE}' as model, res_id,
        json_object('description', values_json -> '$.description') as old_values_json,
        json_object(
            'state', '{DONE}', 'description', (values_json ->> '$.description') || '<p>' || note || '</p>'
        ) as new_values_json,
        json_merge_patch(values_json, new_values_json) as values_json,
        'the matter is over' as reason
    from over
"""

# Over is what is still scored and not unusual any more; what is too old to be scored stays with people.
CLOSE_CASES = f"""
    {OURS},
    over as (
        select
            ours.*,
            {_OVER} as note
        from ours
        inner join score_return_anomaly_current as score
            on ours.key = 'case:return:' || score.brand || ':' || score.return_order_id
        left join _brand_language as language on language.brand = score.brand
        where score.anomaly_level = 'low'
    )
    {CLOSED}
"""
