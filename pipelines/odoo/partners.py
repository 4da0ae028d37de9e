"""Partners for customers whom an Odoo does not know: none, unless `odoo.create_partners` in retail.yaml says so.

Belongs here: for whom (SQL to `sync_desired` and `sync_target`), and what the new partner says. Does not belong here:
making it, which the bot may not (`server_actions.py`), and booking whose it is (`judgements.py`).

A customer who agreed to marketing gets one partner, once, under an external id. What it says is personal, is put
together when it is sent, and stands in no table of the plan or the ledger.
"""

from collections.abc import Collection, Mapping

import duckdb

from pipelines.odoo.rates import RATE
from pipelines.odoo.schema import NEW_PARTNER, PARTNER_DETAILS
from pipelines.settings import NewPartners

_DESIRED = f"""
    insert into sync_desired by name
    with {RATE},
    known as (
        select xref.customer_id
        from identity_xref as xref
        inner join stg_odoo__partner using (source_name, source_customer_id)
        where xref.valid_to is null
    ),
    expected as (
        select score.customer_id, sum(score.expected_value_amount * rate.exchange_rate) as reporting_amount,
            max(score.as_of_date) as as_of_date
        from score_churn_current as score
        inner join rate using (currency_code)
        group by score.customer_id
    )
    select
        'partner' as target_kind,
        'partner:' || customer_id as key,
        customer_id as entity_id,
        customer_id,
        '{{}}'::json as values_json,
        as_of_date
    from expected
    inner join identity_golden as golden using (customer_id)
    where golden.has_marketing_consent
        and golden.full_name is not null
        and reporting_amount >= $min_expected_value_amount
        and customer_id not in (from known)
        and 'partner:' || customer_id not in (select key from sync_state)
    order by reporting_amount desc, customer_id
    limit $max_new
"""

PARTNER_TARGETS = f"""
    insert into sync_target by name
    select $odoo_name as odoo_name, target_kind, key as desired_key, key, '{NEW_PARTNER}' as model,
        json_object('x_key', key) as link_json
    from sync_desired where target_kind = 'partner'
"""


def desire_partners(connection: duckdb.DuckDBPyConnection, rules: NewPartners | None) -> None:
    """Put customers who should get a partner into `sync_desired`; those worth most first."""
    if rules is not None:
        connection.execute(_DESIRED, rules.model_dump())


def details(connection: duckdb.DuckDBPyConnection, keys: Collection[str]) -> Mapping[str, Mapping[str, str | None]]:
    """What new partners of these keys say. Personal: it goes to Odoo and nowhere else."""
    names = list(PARTNER_DETAILS)
    rows = connection.execute(
        f"""select 'partner:' || customer_id, {", ".join(PARTNER_DETAILS.values())} from identity_golden
        where list_contains($keys, 'partner:' || customer_id)""",
        {"keys": list(keys)},
    ).fetchall()
    return {key: dict(zip(names, values, strict=True)) for key, *values in rows}
