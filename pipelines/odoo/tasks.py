"""Tasks: for whom there is one, who gets it, what it says, and when it is over.

Belongs here: set-based SQL on the warehouse. Does not belong here: sending (`sink.py`), and what happens to the
activity in Odoo, which the server action of `server_actions.py` decides: a person's change there always wins.

A customer at risk is one matter, with one task, for MATTER_DAYS. The task is updated while it is open, and closed when
the matter is over. New ones are opened by value, a few a person and day; the rest waits for the next day.
"""

import duckdb
import polars as pl

from pipelines.odoo.language import join_translated, said
from pipelines.odoo.rates import RATE
from pipelines.odoo.schema import TASK
from pipelines.odoo.shown import html, items, money, plain
from pipelines.settings import TaskLimits

# Whether or not its task was done; then the matter may be raised again.
MATTER_DAYS = 90
TASK_DEADLINE_DAYS = 7
_ROUTE = {
    "position": pl.Int64,
    "brand": pl.String,
    "country_code": pl.String,
    "postcode_prefix": pl.String,
    "language": pl.String,
    "min_value_amount": pl.Float64,
    "login": pl.String,
}


def build_tasks(connection: duckdb.DuckDBPyConnection, limits: TaskLimits, seed: int) -> None:
    """Open matters, and put the tasks of all that are open into `sync_desired`.

    Who could get a task for the first time is held out or not, once and for good; who is held out gets no task and
    shows no score.
    """
    connection.execute(_ASSIGN, {"seed": str(seed), "holdout_share": limits.holdout_share})
    connection.execute(_HIDE)
    routes = [{**route.model_dump(), "position": position} for position, route in enumerate(limits.routes)]
    routes.append({"position": len(routes), "login": limits.assignee_login})
    connection.register("_route", pl.DataFrame(routes, schema=_ROUTE).to_arrow())
    connection.execute(
        _OPEN_MATTERS,
        {"max_new": limits.max_activities_per_assignee, "max_open": limits.max_open_per_person},
    )
    connection.execute(_TASKS)
    connection.unregister("_route")


# A customer counts as held out while all whose records it has are: one whom people acted on was acted on.
_HELD_OUT = """
    with recursive lineage as (
        select distinct customer_id as member_id, customer_id from sync_holdout
        union
        select lineage.member_id, event.other_customer_id
        from lineage
        inner join identity_event as event on event.customer_id = lineage.customer_id and event.kind = 'merged'
    ),
    held_out as (
        select lineage.customer_id
        from lineage
        inner join sync_holdout as holdout on holdout.customer_id = lineage.member_id
        group by lineage.customer_id
        having bool_and(holdout.is_held_out)
    )
"""

# Customers at risk who have not refused marketing and about whom nobody ticked "wrong" or "do not contact", with the
# person whom the first fitting route names. Where there is an Odoo, only those count who have a partner in it.
_CANDIDATES = f"""
    {_HELD_OUT},
    partner as (
        select xref.customer_id, partner.language_code
        from identity_xref as xref
        inner join stg_odoo__partner as partner using (source_name, source_customer_id)
        where xref.valid_to is null and partner.is_active and not partner.is_own
    ),
    flagged as (
        select distinct xref.customer_id
        from identity_xref as xref
        inner join sync_flag as flag
            on flag.odoo_name = xref.source_name and flag.res_id::varchar = xref.source_customer_id
        where xref.valid_to is null and (flag.is_wrong or flag.is_do_not_contact)
    ),
    {RATE},
    candidate as (
        select
            score.*,
            score.value_at_risk_amount * rate.exchange_rate as reporting_amount,
            golden.country_code,
            golden.postcode,
            (select max(language_code) from partner where partner.customer_id = score.customer_id) as language_code
        from score_churn_current as score
        inner join identity_golden as golden using (customer_id)
        left join rate using (currency_code)
        where score.churn_level <> 'low'
            and score.value_at_risk_amount > 0
            and golden.has_marketing_consent is distinct from false
            and score.customer_id not in (from flagged)
            and (
                score.customer_id in (select customer_id from partner)
                or not exists (from ops_source where system = 'odoo' and is_enabled)
            )
    )
"""

_AT_RISK = """
    $candidates,
    routed as (
        select candidate.customer_id, candidate.brand, arg_min(route.login, route.position) as assignee_login
        from candidate
        inner join _route as route
            on coalesce(route.brand = candidate.brand, true)
            and (route.country_code is null or route.country_code = candidate.country_code)
            and (route.postcode_prefix is null or starts_with(candidate.postcode, route.postcode_prefix))
            and (route.language is null or starts_with(candidate.language_code, route.language))
            and (route.min_value_amount is null or candidate.reporting_amount >= route.min_value_amount)
        group by all
    ),
    at_risk as (
        from candidate inner join routed using (customer_id, brand)
        where customer_id not in (select customer_id from held_out)
    ),
    matter as (
        select brand, entity_id as customer_id, max(opened_date) as opened_date,
            arg_max(assignee_login, opened_date) as matter_login
        from sync_matter
        where target_kind = 'activity'
            and opened_date <= (select max(as_of_date) from score_churn_current)
            and opened_date >= (select max(as_of_date) from score_churn_current) - $matter_days
        group by all
    )
""".replace("$candidates", _CANDIDATES).replace("$matter_days", str(MATTER_DAYS))

_ASSIGN = f"""
    insert into sync_holdout by name
    {_CANDIDATES}
    select
        brand, customer_id, as_of_date as assigned_date,
        md5_number_lower($seed || ':' || customer_id) % 1000000 < $holdout_share * 1000000 as is_held_out
    from candidate
    where (brand, customer_id) not in (
        select (holdout.brand, lineage.customer_id)
        from lineage inner join sync_holdout as holdout on holdout.customer_id = lineage.member_id
    )
"""

_HIDE = f"""
    delete from sync_desired where target_kind = 'customer_score' and customer_id in (
        {_HELD_OUT} select customer_id from held_out
    )
"""


def _key(brand: str, customer_id: str, opened_date: str) -> str:
    return f"'activity:churn:' || {brand} || ':' || {customer_id} || ':' || {opened_date}"


_OPEN_MATTERS = f"""
    insert into sync_matter by name
    {_AT_RISK},
    used as (
        select
            coalesce(matter.matter_login, at_risk.assignee_login) as assignee_login,
            count(*) filter (matter.opened_date = at_risk.as_of_date) as opened_today,
            count(*) filter (
                {_key("brand", "customer_id", "matter.opened_date")}
                not in (select key from sync_task where not is_open)
            ) as open_tasks
        from at_risk inner join matter using (brand, customer_id)
        group by 1
    ),
    waiting as (
        select
            *,
            row_number() over (
                partition by assignee_login
                order by reporting_amount desc nulls last, value_at_risk_amount desc, customer_id, brand
            ) as place
        from at_risk
        where (brand, customer_id) not in (select (brand, customer_id) from matter)
    )
    select
        'activity' as target_kind, brand, customer_id as entity_id, as_of_date as opened_date, assignee_login
    from waiting
    left join used using (assignee_login)
    where place <= least($max_new - coalesce(opened_today, 0), $max_open - coalesce(open_tasks, 0))
"""
_LANGUAGE = "coalesce(login_language.language, brand_language.language)"
_LANGUAGES = """
    left join _login_language as login_language on login_language.login = $login
    left join _brand_language as brand_language on brand_language.brand = $brand
"""
_ASSIGNEE = "coalesce(matter.matter_login, at_risk.assignee_login)"
_AT_STAKE = said(
    _LANGUAGE,
    "Value at risk: {0} {1}. Risk of leaving: {2}%.",
    f"{money('at_risk.value_at_risk_amount')}::varchar",
    "at_risk.currency_code",
    "round(at_risk.churn_probability * 100)::integer::varchar",
)

_TASKS = f"""
    insert into sync_desired by name
    {_AT_RISK}
    select
        'activity' as target_kind,
        {_key("brand", "customer_id", "matter.opened_date")} as key,
        customer_id as entity_id,
        customer_id,
        brand,
        to_json({{
            'x_name': {said(_LANGUAGE, "Win back a customer of {0}", plain("ops_brand.brand_name"))},
            'x_note': '<p>' || {html("coalesce(said_action.text[1], at_risk.suggested_action)")} || '</p>'
                || {items("coalesce(said_reasons.text, at_risk.reasons)")} || '<p>' || {_AT_STAKE} || '</p>',
            'x_deadline': matter.opened_date + {TASK_DEADLINE_DAYS}
        }}) as values_json,
        at_risk.reasons,
        at_risk.suggested_action,
        at_risk.value_at_risk_amount,
        at_risk.currency_code,
        {_ASSIGNEE} as assignee_login,
        at_risk.model_version,
        at_risk.as_of_date
    from at_risk
    inner join matter using (brand, customer_id)
    inner join ops_brand using (brand)
    {_LANGUAGES.replace("$login", _ASSIGNEE).replace("$brand", "at_risk.brand")}
    {join_translated(_LANGUAGE, "at_risk.reasons", "at_risk.suggested_action")}
"""

# Continuations of `with wanted, state`. Tasks that a person has done, deleted or changed are left.
_OURS = """
    ours as (
        select state.*
        from state
        inner join sync_task as task using (odoo_name, key)
        where state.target_kind = 'activity' and task.is_open and not task.is_taken_over
            and coalesce(json_extract(state.values_json, '$.x_is_over')::varchar, 'false') <> 'true'
            and coalesce(json_extract(state.values_json, '$.x_is_removed')::varchar, 'false') <> 'true'
    )
"""

UPDATE_TASKS = f"""
    {_OURS},
    text as (
        select
            ours.*,
            json_object('x_name', ours.values_json -> '$.x_name', 'x_note', ours.values_json -> '$.x_note') as old_json,
            json_object('x_name', wanted.values_json -> '$.x_name', 'x_note', wanted.values_json -> '$.x_note')
                as new_json
        from ours inner join wanted using (key)
    )
    select
        $odoo_name as odoo_name, key, target_kind, 'update' as operation, model, res_id, old_json as old_values_json,
        json_merge_patch(new_json, '{{"x_is_delivered":false}}') as new_values_json,
        json_merge_patch(values_json, new_json) as values_json,
        'changed: what the task says' as reason
    from text
    where old_json::varchar <> new_json::varchar
"""

_AT_LOW_RISK = said(_LANGUAGE, "The matter is over: the customer is at low risk again.")
_NOT_AT_RISK = said(_LANGUAGE, "The matter is over: the customer is not at risk any more, or is not to be contacted.")

# A run without any churn score is a stage that did not run, and closes nothing.
CLOSE_TASKS = f"""
    {_OURS},
    over as (
        select
            ours.*,
            if(score.churn_level = 'low', {_AT_LOW_RISK}, {_NOT_AT_RISK}) as note
        from ours
        left join score_churn_current as score
            on score.brand = split_part(ours.key, ':', 3) and score.customer_id = split_part(ours.key, ':', 4)
        left join sync_matter as matter
            on matter.target_kind = 'activity' and matter.brand = split_part(ours.key, ':', 3)
            and matter.entity_id = split_part(ours.key, ':', 4)
            and matter.opened_date::varchar = split_part(ours.key, ':', 5)
        {_LANGUAGES.replace("$login", "matter.assignee_login").replace("$brand", "split_part(ours.key, ':', 3)")}
        where ours.key not in (select key from wanted)
            and exists (from sync_desired where target_kind = 'customer_score')
    )
    select
        $odoo_name as odoo_name, key, target_kind, 'close' as operation, '{TASK}' as model, res_id,
        json_object('x_is_over', false) as old_values_json,
        json_object('x_is_over', true, 'x_over_note', note, 'x_is_delivered', false) as new_values_json,
        json_merge_patch(values_json, '{{"x_is_over":true}}') as values_json,
        'the matter is over' as reason
    from over
"""
