"""What waits until a person in Odoo says yes: which changes do, how they are asked about, and what was decided.

Belongs here: set-based SQL on the warehouse. Does not belong here: reading decisions (`sink.py`) and who may decide
(`schema.py`: the bot can ask, and can decide nothing).
"""

from pipelines.odoo.rates import RATE
from pipelines.odoo.schema import APPROVAL
from pipelines.odoo.shown import html

PREFIX = "approval:"

# Whether what was asked about under a key holds for a row of `high`. A task or a case is made once. A need lasts and
# may grow: there it holds for this need up to twice the amount that was asked about, so that no trifle asks again.
_COVERS = """(
    asked.key = high.approval_key
    or starts_with(asked.key, high.need_key || ':')
    and coalesce(try_cast(split_part(asked.key, ':', -1) as bigint) >= high.reporting_amount, true)
)"""

# Continuations of `with wanted, state`. What has no known amount or rate waits too.
WAITING = f"""
    {RATE},
    high as (
        select
            wanted.*,
            wanted.amount * rate.exchange_rate as reporting_amount,
            coalesce(need_key || ':' || coalesce(ceil(2 * reporting_amount), 0)::bigint, key) as approval_key
        from wanted
        inner join _approval_rule as rule using (target_kind)
        left join rate using (currency_code)
        where coalesce(wanted.amount * rate.exchange_rate, rule.min_amount) >= rule.min_amount
            and (need_key is not null or key not in (select key from state))
    )
    from high
    where not exists (
        from (
            select key, decision from sync_approval where odoo_name = $odoo_name
            -- The newest decision on each key that a person was asked about.
            qualify row_number() over (partition by key order by decided_at desc, read_at desc) = 1
        ) as asked
        where asked.decision = 'approved' and {_COVERS}
    )
"""

ASK = f"""
    insert into sync_plan by name
    select
        $odoo_name as odoo_name,
        '{PREFIX}' || approval_key as key,
        'approval' as target_kind,
        'create' as operation,
        '{APPROVAL}' as model,
        json_object(
            'x_key', '{PREFIX}' || approval_key,
            'x_name', coalesce(values_json ->> '$.name', values_json ->> '$.x_name'),
            'x_note', coalesce(
                values_json ->> '$.description',
                values_json ->> '$.x_note',
                '<p>' || replace({html("values_json ->> '$.x_reasons'")}, chr(10), '<br/>') || '</p>'
            ),
            'x_partner_id', coalesce(values_json -> '$.partner_id', values_json -> '$.x_partner_id'),
            'x_amount', round(coalesce(amount, 0), 2)::decimal(18, 2),
            'x_currency', currency_code
        ) as new_values_json,
        new_values_json as values_json,
        'waits for approval' as reason
    from _waiting as high
    where not exists (
        from (
            select key[{len(PREFIX) + 1}:] as key from sync_state
            where odoo_name = $odoo_name and target_kind = 'approval'
        ) as asked
        where {_COVERS}
    )
    order by reporting_amount desc nulls last, approval_key
    limit $max_new_approvals
"""

# What a request is about, by how its key begins, and the scores that it comes from. A stage that gave none did not run.
_SCORES_OF = {
    "case:return:": "score_return_anomaly_current",
    "case:product:": "score_return_excess_current",
    "order:": "score_order_current",
    "activity:": "score_churn_current",
}
_HAS_RUN = " or ".join(
    f"starts_with(key, '{matter}') and exists (from {scores})" for matter, scores in _SCORES_OF.items()
)

# A request that nobody has decided goes when its matter is over, and comes back with it.
WITHDRAW = f"""
    asked as (
        select
            * replace (key[{len(PREFIX) + 1}:] as key),
            key as request_key,
            coalesce((values_json ->> '$.x_is_withdrawn')::boolean, false) as is_withdrawn
        from state
        where target_kind = 'approval'
            and key[{len(PREFIX) + 1}:] not in (select key from sync_approval where odoo_name = $odoo_name)
    ),
    request as (
        select asked.*, exists (from _waiting as high where {_COVERS}) as is_waiting
        from asked
        where {_HAS_RUN}
    )
    select
        $odoo_name as odoo_name, request_key as key, target_kind, if(is_withdrawn, 'update', 'close') as operation,
        model, res_id,
        json_object('x_is_withdrawn', is_withdrawn) as old_values_json,
        json_object('x_is_withdrawn', not is_withdrawn) as new_values_json,
        json_merge_patch(values_json, new_values_json) as values_json,
        if(is_withdrawn, 'waits for approval again', 'the matter is over') as reason
    from request
    where is_waiting = is_withdrawn
"""

DECISIONS = """
    select
        asked.odoo_name, asked.key[len($prefix) + 1:],
        case
            when approval.decision is not null then approval.decision
            when asked.values_json ->> '$.x_is_withdrawn' = 'true' then 'withdrawn'
            else 'waiting'
        end,
        coalesce(approval.decided_by_user_id::varchar, ''),
        coalesce(strftime(approval.decided_at, '%Y-%m-%d %H:%M'), '')
    from sync_state as asked
    left join sync_approval as approval
        on approval.odoo_name = asked.odoo_name and $prefix || approval.key = asked.key
    where asked.target_kind = 'approval'
    order by approval.decided_at desc nulls first, asked.odoo_name, asked.key
"""
