"""What waits until a person in Odoo says yes: which changes do, how they are asked about, and what was decided.

Belongs here: set-based SQL on the warehouse. Does not belong here: reading decisions (`sink.py`) and who may decide
(`schema.py`: the bot can ask, and can decide nothing).
"""

from pipelines.odoo.rates import RATE
from pipelines.odoo.schema import APPROVAL

PREFIX = "approval:"

# The newest decision on each key that a person was asked about.
_DECIDED = """
    select key, decision from sync_approval where odoo_name = $odoo_name
    qualify row_number() over (partition by key order by decided_at desc, read_at desc) = 1
"""

# Continuations of `with wanted, state`. What has no known rate waits too.
WAITING = f"""
    {RATE},
    decided as ({_DECIDED})
    select wanted.key, wanted.target_kind, wanted.values_json, wanted.amount, wanted.currency_code
    from wanted
    inner join _approval_rule as rule using (target_kind)
    left join rate using (currency_code)
    where wanted.key not in (select key from state)
        and coalesce(wanted.amount * rate.exchange_rate, rule.min_amount) >= rule.min_amount
        and wanted.key not in (select key from decided where decision = 'approved')
"""

ASK = f"""
    insert into sync_plan by name
    select
        $odoo_name as odoo_name,
        '{PREFIX}' || key as key,
        'approval' as target_kind,
        'create' as operation,
        '{APPROVAL}' as model,
        json_object(
            'x_key', '{PREFIX}' || key,
            'x_name', coalesce(values_json ->> '$.name', values_json ->> '$.x_name'),
            'x_note', coalesce(values_json ->> '$.description', values_json ->> '$.x_note'),
            'x_partner_id', coalesce(values_json -> '$.partner_id', values_json -> '$.x_partner_id'),
            'x_amount', round(coalesce(amount, 0), 2)::decimal(18, 2),
            'x_currency', currency_code
        ) as new_values_json,
        new_values_json as values_json,
        'waits for approval' as reason
    from _waiting
    where '{PREFIX}' || key not in (select key from sync_state where odoo_name = $odoo_name)
"""

DECISIONS = """
    select
        asked.odoo_name, asked.key[len($prefix) + 1:], coalesce(approval.decision, 'waiting'),
        coalesce(approval.decided_by_user_id::varchar, ''),
        coalesce(strftime(approval.decided_at, '%Y-%m-%d %H:%M'), '')
    from sync_state as asked
    left join sync_approval as approval
        on approval.odoo_name = asked.odoo_name and $prefix || approval.key = asked.key
    where asked.target_kind = 'approval'
    order by approval.decided_at desc nulls first, asked.odoo_name, asked.key
"""
