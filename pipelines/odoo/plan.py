"""From scores to a plan: what an Odoo should show, on which of its records, and what has to change for that.

Belongs here: set-based SQL on the warehouse, without a server. Does not belong here: sending anything (`sink.py`).

`build_desired` speaks of our own ids and needs no Odoo. `match_targets` finds the records of one, from what was pulled.
`build_plan` compares with what we last wrote: only values that a person would see change make a row of the plan.

A score belongs to a (brand, partner) or a (store, product) of Odoo and follows it through merges and splits of
customers; one that is not given any more is archived. Orders are in `orders.py`, tasks in `tasks.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.odoo.approvals import ASK, WAITING, WITHDRAW
from pipelines.odoo.cases import CLOSE_CASES, DESIRED_CASES, UPDATE_CASES
from pipelines.odoo.customers import DESIRED_CUSTOMERS
from pipelines.odoo.language import join_translated, set_languages, translate_scores
from pipelines.odoo.orders import CLOSE_NEEDS, DESIRED_ORDERS, NEED_KEY, OPEN_NEEDS, ORDER_TARGETS, ORDERS_ON_RULES
from pipelines.odoo.partners import PARTNER_TARGETS, desire_partners
from pipelines.odoo.product_cases import CLOSE_PRODUCT_CASES, DESIRED_PRODUCT_CASES
from pipelines.odoo.returns import ARCHIVE_RETURNS, DESIRED_RETURNS, RETURN_TARGETS
from pipelines.odoo.reviews import CLOSE_REVIEWS, DESIRED_REVIEWS, REVIEW_TARGETS
from pipelines.odoo.schema import (
    CASE,
    CUSTOMER_SCORE,
    PEOPLES_FIELDS,
    PRODUCT_SCORE,
    RETURN_SCORE,
    SCORE_FIELDS,
    SCORE_MODELS,
    TASK,
)  # fmt: skip
from pipelines.odoo.shown import lines, money, quantity, share
from pipelines.odoo.tasks import CLOSE_TASKS, UPDATE_TASKS, build_tasks
from pipelines.settings import ApprovalKind, NewPartners, TaskLimits

Connection = duckdb.DuckDBPyConnection

KINDS = ("customer_score", "product_score", "order", "return_score", "activity", "case", "review", "partner")
# What a plan may have beside them: a person is asked before the rest goes on.
PLANNED_KINDS = (*KINDS, "approval")
# Written along with a change, and no reason to write by themselves: every run has new ones.
COMPANIONS = ("x_as_of", "x_model_version")


@dataclass(frozen=True)
class Plan:
    """What `build_plan` found. `digest` names exactly this plan; `changes` counts rows by (target_kind, operation)."""

    digest: str
    changes: Mapping[tuple[str, str], int]

    @property
    def size(self) -> int:
        return sum(self.changes.values())


@dataclass(frozen=True)
class Match:
    """Desired rows of a kind that have a record in the Odoo, and those that have none."""

    matched: int
    unmatched: int


def build_desired(
    connection: Connection,
    limits: TaskLimits,
    seed: int = 0,
    languages: Mapping[str, str] | None = None,
    new_partners: NewPartners | None = None,
) -> dict[str, int]:
    """Fill `sync_desired` from the current scores; gives the number of rows by kind.

    `seed` decides who is held out. languages: the company's by brand, English where it is not named.
    new_partners: who gets a partner that no Odoo has; nobody where it is None.
    """
    set_languages(connection, languages or {})
    translate_scores(connection)
    connection.execute("delete from sync_desired")
    connection.execute(DESIRED_CUSTOMERS)
    connection.execute(_PRODUCT_SCORES)
    for statement in (DESIRED_ORDERS, CLOSE_NEEDS, OPEN_NEEDS):
        connection.execute(statement)
    connection.execute(DESIRED_RETURNS)
    build_tasks(connection, limits, seed)
    for statement in (DESIRED_CASES, DESIRED_PRODUCT_CASES):
        connection.execute(statement, {"max_cases": limits.max_cases})
    connection.execute(DESIRED_REVIEWS)
    desire_partners(connection, new_partners)
    rows = connection.execute("select target_kind, count(*) from sync_desired group by target_kind").fetchall()
    return {kind: dict(rows).get(kind, 0) for kind in KINDS}


def match_targets(connection: Connection, odoo_name: str) -> dict[str, Match]:
    """Fill `sync_target` for an Odoo from what was last pulled of it."""
    connection.execute("delete from sync_target where odoo_name = ?", [odoo_name])
    targets = (
        _CUSTOMER_TARGETS, _PRODUCT_TARGETS, ORDER_TARGETS, RETURN_TARGETS, _ACTIVITY_TARGETS, _CASE_TARGETS,
        REVIEW_TARGETS,
        PARTNER_TARGETS,
    )  # fmt: skip
    for statement in targets:
        connection.execute(statement, {"odoo_name": odoo_name})
    rows = connection.execute(
        f"""select target_kind,
            count(*) filter (where key in (select desired_key from sync_target where odoo_name = $odoo_name)),
            count(*)
        from sync_desired group by target_kind
        union all
        {ORDERS_ON_RULES}""",
        {"odoo_name": odoo_name},
    ).fetchall()
    return {kind: Match(matched, total - matched) for kind, matched, total in rows}


def build_plan(
    connection: Connection,
    odoo_name: str,
    human_edit_days: int = 90,
    approvals: Mapping[ApprovalKind, float] | None = None,
    languages: Mapping[str, str] | None = None,
    max_new_approvals: int = 20,
) -> Plan:
    """Fill `sync_plan` with the changes that lead an Odoo from what we last wrote to what it should show.

    A field that a person changed is left for `human_edit_days`. approvals: kinds of which nothing is made before a
    reviewer approved it, by the amount from which that holds, in the reporting currency; of max_new_approvals one is
    asked anew. languages: as in `build_desired`.
    """
    set_languages(connection, languages or {})
    connection.execute("delete from sync_plan where odoo_name = ?", [odoo_name])
    parameters = {"odoo_name": odoo_name}
    connection.execute(
        "delete from sync_touch where touched_at < now() at time zone 'UTC' - to_days(?)", [human_edit_days]
    )
    connection.execute(_WANTED_TABLE, parameters)
    rules = {"target_kind": [*(approvals or {})], "min_amount": [*(approvals or {}).values()]}
    rule_frame = pl.DataFrame(rules, schema={"target_kind": pl.String, "min_amount": pl.Float64})
    connection.register("_approval_rule", rule_frame.to_arrow())
    connection.execute(f"create or replace temp table _waiting as {_WANTED}, {WAITING}", parameters)
    connection.unregister("_approval_rule")
    connection.execute(ASK, parameters | {"max_new_approvals": max_new_approvals})
    connection.execute(_CREATE, parameters)
    models = connection.execute(
        "select distinct model from _wanted where list_contains(?, model) order by model", [list(SCORE_MODELS)]
    )
    for (model,) in models.fetchall():
        connection.execute(_update(model), parameters)
    connection.execute(_ARCHIVE, parameters)
    changes = (
        ARCHIVE_RETURNS,
        UPDATE_TASKS,
        CLOSE_TASKS,
        UPDATE_CASES,
        CLOSE_CASES,
        CLOSE_PRODUCT_CASES,
        CLOSE_REVIEWS,
        WITHDRAW,
    )
    for statement in changes:
        connection.execute(f"insert into sync_plan by name {_WANTED}, {statement}", parameters)
    # A refused row that is not planned any more is settled by that.
    connection.execute(
        """delete from sync_rejected where odoo_name = $odoo_name
        and key not in (select key from sync_plan where odoo_name = $odoo_name)""",
        parameters,
    )
    return name_plan(connection, odoo_name)


def name_plan(connection: Connection, odoo_name: str) -> Plan:
    """Give the plan that stands in `sync_plan` its digest, and count it."""
    parameters = {"odoo_name": odoo_name}
    digest = plan_digest(connection, odoo_name)
    connection.execute(
        "update sync_plan set plan_digest = $digest where odoo_name = $odoo_name", parameters | {"digest": digest}
    )
    rows = connection.execute(
        "select target_kind, operation, count(*) from sync_plan where odoo_name = ? group by all order by all",
        [odoo_name],
    ).fetchall()
    return Plan(digest, {(kind, operation): count for kind, operation, count in rows})


def plan_rows(connection: Connection, odoo_name: str, limit: int) -> list[tuple[str, str, str]]:
    """Key, reason and "field: old -> new" lines of the first rows of a plan."""
    return connection.execute(
        """with row as (
            from sync_plan where odoo_name = $odoo_name
            order by list_position($kinds, target_kind), operation, key limit $limit
        ),
        field as (
            select *, unnest(json_keys(new_values_json)) as field from row
        )
        select key, operation || ' (' || any_value(reason) || ')',
            string_agg(
                field || ': ' || coalesce(old_values_json ->> ('$.' || field) || ' → ', '')
                    || coalesce(replace(new_values_json ->> ('$.' || field), chr(10), '; '), ''),
                chr(10) order by field
            )
        from field
        group by key, operation, target_kind
        order by list_position($kinds, target_kind), operation, key""",
        {"odoo_name": odoo_name, "kinds": list(PLANNED_KINDS), "limit": limit},
    ).fetchall()


def plan_digest(connection: Connection, odoo_name: str) -> str:
    """A name for the content of an Odoo's plan: the same rows give the same digest."""
    digest: str = connection.execute(
        """select sha256($odoo_name || coalesce(string_agg(sha256(concat_ws('\n',
            key, operation, model, coalesce(res_id, 0)::varchar, new_values_json::varchar)), '' order by key), ''))
        from sync_plan where odoo_name = $odoo_name""",
        {"odoo_name": odoo_name},
    ).fetchall()[0][0]
    return digest


_PRODUCT_SCORES = f"""
    insert into sync_desired by name
    select
        'product_score' as target_kind,
        'product_score:' || score.store_id || ':' || score.product_id as key,
        score.product_id as entity_id,
        score.store_id,
        score.brand,
        to_json({{
            'x_active': true,
            'x_name': coalesce(store.store_name, score.store_id),
            'x_store': coalesce(store.store_name, score.store_id),
            'x_horizon_weeks': score.horizon_weeks,
            'x_forecast_qty': {quantity("score.forecast_qty")},
            'x_forecast_low_qty': {quantity("score.forecast_low_qty")},
            'x_forecast_high_qty': {quantity("score.forecast_high_qty")},
            'x_is_stock_known': score.on_hand_qty is not null,
            'x_on_hand_qty': {quantity("score.on_hand_qty")},
            'x_cover_days': {money("score.cover_days")},
            'x_stock_out_probability': {share("score.stock_out_probability")},
            'x_reasons': {lines("coalesce(said_reasons.text, score.reasons)")},
            'x_as_of': score.as_of_date,
            'x_model_version': score.model_version
        }}) as values_json,
        score.reasons,
        score.model_version,
        score.as_of_date
    from score_demand_current as score
    left join dim_store as store using (store_id)
    left join _brand_language as language on language.brand = score.brand
    {join_translated("language.language", "score.reasons")}
"""

# Partners that a customer is known by: the one to give a task to is the newest.
_PARTNERS = """
    with partner as (
        select
            xref.customer_id,
            partner.source_customer_id::bigint as res_id,
            row_number() over (
                partition by xref.customer_id order by partner.source_customer_id::bigint desc
            ) as newest_first
        from identity_xref as xref
        inner join stg_odoo__partner as partner using (source_name, source_customer_id)
        where xref.source_name = $odoo_name and xref.valid_to is null and partner.is_active and not partner.is_own
    )
"""

_CUSTOMER_TARGETS = f"""
    insert into sync_target by name
    {_PARTNERS}
    select
        $odoo_name as odoo_name,
        desired.target_kind,
        desired.key as desired_key,
        'customer_score:' || desired.brand || ':' || partner.res_id as key,
        '{CUSTOMER_SCORE}' as model,
        partner.res_id,
        to_json({{
            'x_key': 'customer_score:' || desired.brand || ':' || partner.res_id, 'x_partner_id': partner.res_id
        }}) as link_json
    from sync_desired as desired
    inner join partner using (customer_id)
    where desired.target_kind = 'customer_score'
"""

_PRODUCT_TARGETS = f"""
    insert into sync_target by name
    select
        $odoo_name as odoo_name,
        desired.target_kind,
        desired.key as desired_key,
        'product_score:' || desired.store_id || ':' || product.source_product_id as key,
        '{PRODUCT_SCORE}' as model,
        product.source_product_id::bigint as res_id,
        to_json({{
            'x_key': 'product_score:' || desired.store_id || ':' || product.source_product_id,
            'x_product_tmpl_id': product.source_template_id::bigint,
            'x_product_id': product.source_product_id::bigint
        }}) as link_json
    from sync_desired as desired
    inner join stg_odoo__product_product as product on product.product_id = desired.entity_id
    where desired.target_kind = 'product_score' and product.source_name = $odoo_name and product.is_active
"""

_ACTIVITY_TARGETS = f"""
    insert into sync_target by name
    {_PARTNERS}
    select
        $odoo_name as odoo_name,
        desired.target_kind,
        desired.key as desired_key,
        desired.key,
        '{TASK}' as model,
        partner.res_id,
        to_json({{
            'x_key': desired.key, 'x_partner_id': partner.res_id, 'x_user_id': assignee.source_user_id::bigint
        }}) as link_json
    from sync_desired as desired
    inner join partner using (customer_id)
    inner join stg_odoo__user as assignee on assignee.login = desired.assignee_login
    where desired.target_kind = 'activity'
        and partner.newest_first = 1
        and assignee.source_name = $odoo_name
        and assignee.is_active
"""

# A case needs no partner: the return may be of somebody whom Odoo does not know.
_CASE_TARGETS = f"""
    insert into sync_target by name
    {_PARTNERS}
    select
        $odoo_name as odoo_name,
        desired.target_kind,
        desired.key as desired_key,
        desired.key,
        '{CASE}' as model,
        partner.res_id,
        to_json({{'partner_id': coalesce(to_json(partner.res_id), 'false'::json)}}) as link_json
    from sync_desired as desired
    left join partner on partner.customer_id = desired.customer_id and partner.newest_first = 1
    where desired.target_kind = 'case'
"""

# Fields that a person changed: `sync_state` has the person's values.
HELD = """held as (
    select touch.key, touch.field, json_extract(state.values_json, '$.' || touch.field) as value
    from sync_touch as touch inner join sync_state as state using (odoo_name, key)
    where odoo_name = $odoo_name
),
held_values as (
    select key, to_json(map(list(field order by field), list(value order by field))) as values_json
    from held group by key
)"""

# What an Odoo should show and what we last wrote there, side by side for all that compares them.
_WANTED_TABLE = f"""
    create or replace temp table _wanted as
    select
        target.key,
        target.target_kind,
        target.model,
        json_merge_patch(desired.values_json, target.link_json) as values_json,
        desired.value_at_risk_amount as amount,
        desired.currency_code,
        {NEED_KEY} as need_key
    from sync_target as target
    inner join sync_desired as desired on desired.key = target.desired_key
    left join sync_matter as matter
        on matter.target_kind = 'order' and desired.target_kind = 'order'
        and matter.brand = desired.brand and matter.entity_id = desired.store_id || ':' || desired.entity_id
    where target.odoo_name = $odoo_name
"""

_WANTED = """
    with wanted as (from _wanted),
    state as (from sync_state where odoo_name = $odoo_name)
"""

_CREATE = f"""
    insert into sync_plan by name
    {_WANTED}
    select
        $odoo_name as odoo_name,
        key,
        target_kind,
        'create' as operation,
        model,
        values_json as new_values_json,
        values_json,
        'new' as reason
    from wanted
    where key not in (select key from state) and key not in (select key from _waiting)
"""


def _update(model: str) -> str:
    """SQL for the changes of scores that stand there. A row's values are read once for all of its fields."""
    names = sorted({"x_name", *(field.name for field in SCORE_FIELDS[model])} - PEOPLES_FIELDS)
    paths = [f"$.{name}" for name in names]
    is_changed = ", ".join(
        f"new_values[{place}] is not null and old_values[{place}] is distinct from new_values[{place}]"
        f" and not (is_held and list_contains(held_fields, '{name}'))"
        for place, name in enumerate(names, start=1)
    )
    return f"""
    insert into sync_plan by name
    {_WANTED},
    {HELD},
    pair as (
        select
            wanted.*,
            state.res_id,
            held_values.values_json as held_json,
            held_json is not null as is_held,
            json_keys(held_json) as held_fields,
            json_extract(state.values_json, {paths}) as old_values,
            json_extract(wanted.values_json, {paths}) as new_values
        from wanted
        inner join state using (key)
        left join held_values using (key)
        where wanted.model = '{model}'
            and wanted.key not in (select key from _waiting)
            and wanted.values_json::varchar <> state.values_json::varchar
    ),
    change as (
        select *, [{is_changed}] as is_changed, list_where({names}, is_changed) as fields
        from pair
    )
    select
        $odoo_name as odoo_name,
        key,
        target_kind,
        'update' as operation,
        model,
        res_id,
        to_json(map(fields, list_where(old_values, is_changed))) as old_values_json,
        to_json(map(fields, list_where(new_values, is_changed))) as new_values_json,
        if(is_held, json_merge_patch(values_json, held_json), values_json) as values_json,
        'changed: ' || array_to_string(list_filter(fields, lambda field: field not in {COMPANIONS}), ', ') as reason
    from change
    where not list_has_all({list(COMPANIONS)}, fields)
    """


# Scores that nothing gives any more. A kind without any desired row at all is a stage that did not run, and is left.
_ARCHIVE = f"""
    insert into sync_plan by name
    {_WANTED}
    select
        $odoo_name as odoo_name,
        state.key,
        state.target_kind,
        'archive' as operation,
        state.model,
        state.res_id,
        '{{"x_active":true}}' as old_values_json,
        '{{"x_active":false}}' as new_values_json,
        json_merge_patch(state.values_json, '{{"x_active":false}}') as values_json,
        if(state.target_kind = 'order', 'nothing to order any more', 'no longer scored') as reason
    from state
    where state.model in {SCORE_MODELS} and state.model <> '{RETURN_SCORE}'
        and json_extract(state.values_json, '$.x_active')::varchar = 'true'
        and state.key not in (select key from wanted)
        and state.key not in (select key from sync_touch where odoo_name = $odoo_name and field = 'x_active')
        and (
            state.target_kind in (select target_kind from sync_desired)
            -- That nothing is to be ordered is a result too.
            or (state.target_kind = 'order' and exists (from score_order_current))
        )
"""
