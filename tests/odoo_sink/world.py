"""A small warehouse as the stages before the sync leave it, filled by hand.

Belongs here: making and reading it. Does not belong here: an Odoo (`conftest.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.odoo.ledger import Store
from pipelines.odoo.plan import Plan, build_desired, build_plan, match_targets
from pipelines.odoo.state import SYNC_TABLES
from pipelines.settings import ApprovalKind, NewPartners, TaskLimits
from pipelines.warehouse import transaction

ODOO = "odoo_main"
AS_OF = date(2017, 12, 31)

# The tables of earlier stages that the plan reads, with the columns that it reads.
_INPUTS = {
    "score_churn_current": """
        customer_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR, churn_probability DOUBLE,
        churn_level VARCHAR, expected_value_amount DECIMAL(18,4), value_at_risk_amount DECIMAL(18,4),
        currency_code VARCHAR, reasons VARCHAR[], suggested_action VARCHAR, is_fallback BOOLEAN""",
    "score_demand_current": """
        product_id VARCHAR, store_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR,
        horizon_weeks INTEGER, forecast_qty DOUBLE, forecast_low_qty DOUBLE, forecast_high_qty DOUBLE,
        on_hand_qty DOUBLE, cover_days DOUBLE, stock_out_probability DOUBLE, reasons VARCHAR[], is_fallback BOOLEAN""",
    "score_order_current": """
        product_id VARCHAR, store_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR,
        on_hand_qty DOUBLE, on_order_qty DOUBLE, reorder_point_qty DOUBLE, order_up_to_qty DOUBLE,
        suggested_order_qty DOUBLE, order_amount DECIMAL(18,4), currency_code VARCHAR, reasons VARCHAR[],
        is_fallback BOOLEAN""",
    "score_return_anomaly_current": """
        return_order_id VARCHAR, customer_id VARCHAR, brand VARCHAR, as_of_date DATE, model_version VARCHAR,
        returned_qty DOUBLE, returned_amount DECIMAL(18,4), currency_code VARCHAR, expected_return_qty DOUBLE,
        return_probability DOUBLE, improbability DOUBLE, anomaly_level VARCHAR, reasons VARCHAR[],
        suggested_action VARCHAR, is_fallback BOOLEAN""",
    "score_return_anomaly": """
        return_order_id VARCHAR, brand VARCHAR, as_of_date DATE, returned_amount DECIMAL(18,4), currency_code VARCHAR,
        evidence STRUCT(kind VARCHAR, improbability DOUBLE, weight DOUBLE)[]""",
    "score_return_excess_current": """
        brand VARCHAR, product_id VARCHAR, dimension VARCHAR, as_of_date DATE, model_version VARCHAR, q_value DOUBLE,
        is_excess BOOLEAN, returned_amount DECIMAL(18,4), currency_code VARCHAR, finding VARCHAR,
        suggested_action VARCHAR""",
    "dim_product": "product_id VARCHAR, product_name VARCHAR",
    "fct_return": """
        return_order_id VARCHAR, sale_order_id VARCHAR, sale_date DATE, net_amount DECIMAL(18,4)""",
    "ops_brand": "brand VARCHAR, brand_name VARCHAR",
    "mart_customer_brand": """
        customer_id VARCHAR, brand VARCHAR, as_of_date DATE, segment VARCHAR, net_sales_amount DECIMAL(18,4),
        currency_code VARCHAR, channel_kinds VARCHAR[], points_balance BIGINT, has_points BOOLEAN,
        marketing_consent VARCHAR""",
    "fct_order": "order_id VARCHAR, source_order_id VARCHAR",
    "stg_odoo__pos_order": """
        order_id VARCHAR, source_name VARCHAR, source_order_id VARCHAR, order_name VARCHAR,
        source_invoice_id VARCHAR""",
    "stg_odoo__sale_order": """
        order_id VARCHAR, source_name VARCHAR, source_order_id VARCHAR, order_name VARCHAR""",
    "stg_odoo__refund": """
        order_id VARCHAR, source_name VARCHAR, source_refund_id VARCHAR, refund_name VARCHAR""",
    "ops_source": "source_name VARCHAR, system VARCHAR, is_enabled BOOLEAN, brand VARCHAR",
    "identity_xref": "source_name VARCHAR, source_customer_id VARCHAR, customer_id VARCHAR, valid_to DATE",
    "identity_event": "customer_id VARCHAR, kind VARCHAR, other_customer_id VARCHAR",
    "identity_review": """
        review_id VARCHAR, left_source_name VARCHAR, left_source_customer_id VARCHAR, right_source_name VARCHAR,
        right_source_customer_id VARCHAR, match_probability DOUBLE, reason VARCHAR, asked_date DATE,
        asked_at TIMESTAMP, answer VARCHAR, answered_at TIMESTAMP, answered_by VARCHAR, decision_id VARCHAR""",
    "identity_decision": """
        decision_id VARCHAR, kind VARCHAR,
        records STRUCT(source_name VARCHAR, source_customer_id VARCHAR, group_no INTEGER)[], reason VARCHAR,
        source VARCHAR, decided_by VARCHAR, decided_at TIMESTAMP, withdrawn_at TIMESTAMP""",
    "ops_cursor": "source_name VARCHAR, entity VARCHAR, cursor_at TIMESTAMP",
    "stg_customer_record": """
        source_name VARCHAR, source_customer_id VARCHAR, full_name VARCHAR, email VARCHAR, phone VARCHAR,
        street VARCHAR, postcode VARCHAR, city VARCHAR, country_code VARCHAR, birth_date DATE, loyalty_number VARCHAR,
        tax_id VARCHAR, updated_at TIMESTAMP""",
    "identity_golden": """
        customer_id VARCHAR, has_marketing_consent BOOLEAN, country_code VARCHAR, postcode VARCHAR, full_name VARCHAR,
        email VARCHAR, phone VARCHAR, street VARCHAR, city VARCHAR""",
    "stg_odoo__partner": """
        source_name VARCHAR, source_customer_id VARCHAR, is_active BOOLEAN, is_own BOOLEAN, language_code VARCHAR,
        parent_source_customer_id VARCHAR""",
    "stg_odoo__user": """
        source_name VARCHAR, source_user_id VARCHAR, source_partner_id VARCHAR, login VARCHAR, is_active BOOLEAN""",
    "stg_odoo__product_product": """
        source_name VARCHAR, source_product_id VARCHAR, source_template_id VARCHAR, product_id VARCHAR,
        is_active BOOLEAN""",
    "stg_odoo__warehouse": "source_name VARCHAR, store_id VARCHAR",
    "int_stock_store": "store_id VARCHAR, stock_store_id VARCHAR",
    "stg_odoo__orderpoint": """
        source_name VARCHAR, source_orderpoint_id VARCHAR, store_id VARCHAR, source_product_id VARCHAR,
        is_at_stock_location BOOLEAN, is_active BOOLEAN""",
    "ops_freshness": "source_name VARCHAR, entity VARCHAR, age_days INTEGER, is_transactional BOOLEAN",
    "model_registry": """
        task VARCHAR, brand VARCHAR, model_version VARCHAR, as_of_date DATE, role VARCHAR, reason VARCHAR,
        decided_at TIMESTAMP""",
    "dim_store": "store_id VARCHAR, store_name VARCHAR",
    "fct_order_line": "currency_code VARCHAR, order_date DATE, exchange_rate DECIMAL(28,10)",
}


@dataclass
class World:
    """One warehouse file. Each use of the store opens and closes it, as the pipeline does."""

    path: Path
    limits: TaskLimits = field(default_factory=TaskLimits)
    approvals: dict[ApprovalKind, float] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    new_partners: NewPartners | None = None

    @classmethod
    def create(cls, path: Path) -> "World":
        world = cls(path)
        with world.store() as connection, transaction(connection):
            for name, columns in {**_INPUTS, **SYNC_TABLES}.items():
                connection.execute(f"create table {name} ({columns})")
        world.insert("ops_brand", ("grocer", "Demo Grocer"), ("gifts", "Demo Gifts"))
        world.insert("fct_order_line", ("USD", AS_OF, 1), ("GBP", AS_OF, 2))
        return world

    @property
    def store(self) -> Store:
        @contextmanager
        def store() -> Iterator[duckdb.DuckDBPyConnection]:
            connection = duckdb.connect(str(self.path))
            try:
                yield connection
            finally:
                connection.close()

        return store

    def insert(self, table: str, *rows: Sequence[Any]) -> None:
        """Rows of the first columns of a table; the others are null."""
        if not rows:
            return
        with self.store() as connection, transaction(connection):
            columns = connection.table(table).columns[: len(rows[0])]
            marks = ", ".join("?" for _ in columns)
            connection.executemany(
                f"insert into {table} ({', '.join(columns)}) values ({marks})", [list(row) for row in rows]
            )

    def execute(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.store() as connection:
            return connection.execute(statement, list(parameters)).fetchall()

    def connect_odoo(self, admin_id: int = 2) -> None:
        """There is an Odoo; its user `admin` gets the tasks."""
        self.insert("ops_source", (ODOO, "odoo", True, "grocer"))
        self.insert("stg_odoo__user", (ODOO, str(admin_id), "3", "admin", True))

    def add_customer(self, customer_id: str, *partners: int, consent: bool | None = None) -> None:
        """A customer who is known to Odoo by these partners."""
        self.add_customers([(customer_id, partner) for partner in partners], consent)
        if not partners:
            self.insert("identity_golden", (customer_id, consent))

    def add_customers(self, pairs: Sequence[tuple[str, int]], consent: bool | None = None) -> None:
        self.insert("identity_golden", *sorted({(customer, consent) for customer, _ in pairs}))
        self.insert("identity_xref", *((ODOO, str(partner), customer, None) for customer, partner in pairs))
        self.insert("stg_odoo__partner", *((ODOO, str(partner), True, False, None) for _, partner in pairs))

    def add_churn(
        self,
        customer_id: str,
        brand: str = "grocer",
        probability: float = 0.8,
        value: float = 100,
        level: str = "high",
        reasons: Sequence[str] = ("No purchase for 64 days; usual gap 14",),
        currency: str = "USD",
    ) -> None:
        self.insert("score_churn_current", churn_row(customer_id, brand, probability, value, level, reasons, currency))

    def plan(self) -> Plan:
        """Desired, targets and plan anew."""
        with self.store() as connection:
            build_desired(connection, self.limits, languages=self.languages, new_partners=self.new_partners)
            match_targets(connection, ODOO)
            return build_plan(connection, ODOO, approvals=self.approvals, languages=self.languages)

    def plan_of(self, statement: str) -> Plan:
        """The plan after a change of the world."""
        self.execute(statement)
        return self.plan()

    def status(self) -> dict[str, str]:
        """Newest status of each key in the ledger."""
        return dict(self.execute("select key, arg_max(status, ledger_id) from sync_ledger group by key order by key"))


def churn_row(
    customer_id: str,
    brand: str = "grocer",
    probability: float = 0.8,
    value: float = 100,
    level: str = "high",
    reasons: Sequence[str] = ("No purchase for 64 days; usual gap 14",),
    currency: str = "USD",
) -> tuple[Any, ...]:
    return (
        customer_id, brand, AS_OF, "model-1", probability, level, value / probability, value, currency, list(reasons),
        "Contact the customer this week", True,
    )  # fmt: skip
