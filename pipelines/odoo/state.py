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
    "sync_matter": "target_kind VARCHAR, brand VARCHAR, entity_id VARCHAR, opened_date DATE",
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
    # Rows that Odoo refused, with its reason, until one of them goes through or is not wanted any more.
    "sync_rejected": """
        odoo_name VARCHAR, key VARCHAR, target_kind VARCHAR, operation VARCHAR, model VARCHAR, res_id BIGINT,
        error VARCHAR, run_id VARCHAR, rejected_at TIMESTAMP""",
    # What people ticked beside a score.
    "sync_flag": """
        odoo_name VARCHAR, key VARCHAR, res_id BIGINT, is_wrong BOOLEAN, is_do_not_contact BOOLEAN,
        read_at TIMESTAMP""",
}
