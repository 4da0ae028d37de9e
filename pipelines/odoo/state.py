"""The sync's own tables: what Odoo should show, what we last wrote there, and what became of every row that was sent.

Belongs here: their columns, by table name, for `pipelines/state.py` to create and migrate. They survive every rebuild.

`key` names one thing in one Odoo for good: the same in plan, ledger, state and, as `x_key` or behind the external id,
in Odoo itself. Values are JSON of Odoo's field names.
"""

SYNC_TABLES = {
    # What an Odoo should show, by our own ids; built with or without one. `key` becomes one or more targets.
    "sync_desired": """
        target_kind VARCHAR, key VARCHAR, entity_id VARCHAR, customer_id VARCHAR, store_id VARCHAR, brand VARCHAR,
        values_json JSON, reasons VARCHAR[], suggested_action VARCHAR, value_at_risk_amount DECIMAL(18,4),
        currency_code VARCHAR, assignee_login VARCHAR, model_version VARCHAR, as_of_date DATE""",
    # The day on which a matter with an entity was opened: as long as it lasts, its task keeps its key.
    "sync_matter": """
        target_kind VARCHAR, brand VARCHAR, entity_id VARCHAR, opened_date DATE, assignee_login VARCHAR""",
    # Customers by the brand whose task they could first have got, and whether they are held out to measure its effect.
    "sync_holdout": "brand VARCHAR, customer_id VARCHAR, assigned_date DATE, is_held_out BOOLEAN",
    # The records of an Odoo that a desired row belongs to; `link_json` holds their ids.
    "sync_target": """
        odoo_name VARCHAR, target_kind VARCHAR, desired_key VARCHAR, key VARCHAR, model VARCHAR, res_id BIGINT,
        link_json JSON""",
    # What stands in Odoo, as far as we wrote it.
    "sync_state": """
        odoo_name VARCHAR, key VARCHAR, target_kind VARCHAR, model VARCHAR, res_id BIGINT, values_json JSON,
        written_at TIMESTAMP, run_id VARCHAR""",
    # The changes that lead from state to desired. `new_values_json` is sent, `values_json` is what then stands there.
    "sync_plan": """
        plan_digest VARCHAR, odoo_name VARCHAR, key VARCHAR, target_kind VARCHAR, operation VARCHAR, model VARCHAR,
        res_id BIGINT, old_values_json JSON, new_values_json JSON, values_json JSON, reason VARCHAR""",
    # Append-only. The newest row of a key is its status: sent, applied, unknown, failed.
    "sync_ledger": """
        ledger_id BIGINT, run_id VARCHAR, odoo_name VARCHAR, key VARCHAR, target_kind VARCHAR, operation VARCHAR,
        model VARCHAR, res_id BIGINT, values_json JSON, status VARCHAR, error VARCHAR,
        booked_at TIMESTAMP""",
    # Rows that Odoo refused, with its reason, until one of them goes through or is not wanted any more. The same values
    # are sent again from `retry_at` on, others at once.
    "sync_rejected": """
        odoo_name VARCHAR, key VARCHAR, target_kind VARCHAR, operation VARCHAR, model VARCHAR, res_id BIGINT,
        error VARCHAR, run_id VARCHAR, rejected_at TIMESTAMP, values_json JSON, attempts INTEGER,
        retry_at TIMESTAMP""",
    # Tasks as they were when they were last read; taken over: a person changed the activity.
    "sync_task": """
        odoo_name VARCHAR, key VARCHAR, res_id BIGINT, is_open BOOLEAN, is_taken_over BOOLEAN, read_at TIMESTAMP""",
    # Append-only: what reviewers decided in Odoo on keys that wait for approval, who and when.
    "sync_approval": """
        odoo_name VARCHAR, key VARCHAR, decision VARCHAR, decided_by_user_id BIGINT, decided_at TIMESTAMP,
        read_at TIMESTAMP""",
    # Fields of ours that a person changed in Odoo; `sync_state` has the person's values.
    "sync_touch": "odoo_name VARCHAR, key VARCHAR, field VARCHAR, touched_at TIMESTAMP",
    # The server that the ledger of an Odoo speaks of.
    "sync_server": "odoo_name VARCHAR, set_up_at TIMESTAMP, database_name VARCHAR",
    # What reviewers decided on cases, by the column that a card of theirs stands in.
    "sync_case_outcome": """
        odoo_name VARCHAR, key VARCHAR, outcome VARCHAR, decided_by_user_id BIGINT, decided_at TIMESTAMP,
        read_at TIMESTAMP""",
    # What people ticked beside a score.
    "sync_flag": """
        odoo_name VARCHAR, key VARCHAR, res_id BIGINT, is_wrong BOOLEAN, is_do_not_contact BOOLEAN,
        read_at TIMESTAMP""",
}
