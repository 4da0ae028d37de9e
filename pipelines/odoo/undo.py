"""The plan that takes back what one run wrote to an Odoo.

Belongs here: set-based SQL from ledger and state to `sync_plan`. Does not belong here: sending it (`sink.py`), which
leaves what people changed in the meantime.

A record that the run changed gets the values that stood before it; one that it made is archived or removed. What a
later run wrote again is left: that run is to be undone first. A row belongs to the run that sent it, even where a later
one, after a crash, found out that it had arrived.
"""

from dataclasses import dataclass

import duckdb

from pipelines.odoo.plan import HELD, Plan, name_plan
from pipelines.odoo.schema import CASE, NEW_PARTNER, TASK

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Undo:
    """What is taken back, and how many records are left, by reason."""

    plan: Plan
    left: dict[str, int]


def build_undo(connection: Connection, odoo_name: str, run_id: str) -> Undo:
    """Fill `sync_plan` with the way back to before a run."""
    connection.execute("delete from sync_plan where odoo_name = ?", [odoo_name])
    parameters = {"odoo_name": odoo_name, "run_id": run_id}
    connection.execute(_RESTORE, parameters)
    connection.execute(_REMOVE, parameters)
    left: list[tuple[str, int]] = connection.execute(_LEFT, parameters).fetchall()
    return Undo(name_plan(connection, odoo_name), dict(left))


_WRITTEN = """
    with applied as (
        select
            key, ledger_id, status, model, values_json,
            last_value(if(status = 'sent', run_id, null) ignore nulls)
                over (partition by key order by ledger_id) as sent_by
        from sync_ledger
        -- What reviewers were asked is theirs.
        where odoo_name = $odoo_name and target_kind <> 'approval'
        qualify status = 'applied'
    ),
    written as (
        select
            key,
            max(ledger_id) filter (where sent_by = $run_id) as last_id,
            min(ledger_id) filter (where sent_by = $run_id) as first_id,
            max(ledger_id) as newest_id
        from applied group by key having last_id is not null
    ),
    before as (
        select written.key, arg_max(applied.values_json, applied.ledger_id) as values_json
        from written inner join applied on applied.key = written.key and applied.ledger_id < written.first_id
        group by written.key
    ),
    standing as (
        select state.*, before.values_json as before_json
        from written
        inner join sync_state as state on state.odoo_name = $odoo_name and state.key = written.key
        left join before on before.key = written.key
        where written.newest_id = written.last_id
    )
"""

_RESTORE = f"""
    insert into sync_plan by name
    {_WRITTEN},
    {HELD},
    field as (
        select key, unnest(json_keys(before_json)) as field, values_json, before_json
        from standing where before_json is not null
    ),
    changed as (
        select
            key, field, json_extract(values_json, '$.' || field) as old_value,
            json_extract(before_json, '$.' || field) as new_value
        from field
        where old_value::varchar is distinct from new_value::varchar
            and (key, field) not in (select (key, field) from held)
    ),
    change as (
        select
            key,
            to_json(map(list(field order by field), list(old_value order by field))) as old_values_json,
            to_json(map(list(field order by field), list(new_value order by field))) as new_values_json
        from changed group by key
    )
    select
        $odoo_name as odoo_name, key, standing.target_kind, 'update' as operation, standing.model, standing.res_id,
        change.old_values_json,
        if(
            standing.model = '{TASK}',
            json_merge_patch(change.new_values_json, '{{"x_is_delivered":false}}'),
            change.new_values_json
        ) as new_values_json,
        json_merge_patch(standing.before_json, coalesce(held_values.values_json, '{{}}')) as values_json,
        'undo' as reason
    from change
    inner join standing using (key)
    left join held_values using (key)
"""

_REMOVE = f"""
    insert into sync_plan by name
    {_WRITTEN},
    {HELD},
    made as (
        select *,
            case
                when model = '{TASK}' then 'x_is_removed' when model = '{CASE}' then 'active' else 'x_active'
            end as field,
            model = '{TASK}' as removed_value
        from standing where before_json is null
    )
    select
        $odoo_name as odoo_name, key, target_kind,
        if(model = '{TASK}', 'close', 'archive') as operation, model, res_id,
        json_object(field, not removed_value) as old_values_json,
        if(
            model = '{TASK}',
            json_object(field, removed_value, 'x_is_delivered', false),
            json_object(field, removed_value)
        ) as new_values_json,
        json_merge_patch(values_json, json_object(field, removed_value)) as values_json, 'undo' as reason
    from made
    where model <> '{NEW_PARTNER}'
        and json_extract(values_json, '$.' || field) is distinct from to_json(removed_value)
        and (key, field) not in (select (key, field) from held)
        and key not in (select key from sync_task where odoo_name = $odoo_name and (not is_open or is_taken_over))
"""

_LEFT = f"""
    {_WRITTEN}
    select
        case
            when written.newest_id > written.last_id then 'a later run wrote it again'
            when state.key is null then 'it is not in Odoo any more'
            when state.model = '{NEW_PARTNER}' then 'a partner that was made is people''s'
            else 'it stands as it was, or a person changed it'
        end as why,
        count(*)
    from written
    left join sync_state as state on state.odoo_name = $odoo_name and state.key = written.key
    where written.key not in (select key from sync_plan where odoo_name = $odoo_name)
    group by why order by why
"""
