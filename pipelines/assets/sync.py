"""Stage 5: what an Odoo should show, the plan that leads there, and what became of it."""

import dagster as dg

from pipelines import writeback
from pipelines.dbt import as_of
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.settings import load_settings
from pipelines.sources import odoo_entities

SCORES = ["score_churn", "score_demand", "score_return_anomaly"]
_PARTNERS = dg.AssetKey([odoo_entities.SYSTEM.schema, "res_partner"])
_PRODUCTS = dg.AssetKey([odoo_entities.SYSTEM.schema, "product_product"])


@dg.asset(
    deps=[*SCORES, "dim_customer", "dim_product", "dim_store"],
    group_name="sync",
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
    kinds={"duckdb"},
)
def sync_desired(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """What an Odoo should show, by our own customer and product ids; needs none."""
    return dg.MaterializeResult(metadata=dict(writeback.desire(load_settings(), context.run_id)))


@dg.asset(
    deps=["sync_desired", "identity_xref", _PARTNERS, _PRODUCTS],
    group_name="sync",
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
    kinds={"duckdb"},
)
def sync_plan(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """What has to change in each Odoo, against what was last written there."""
    plans = writeback.plan_all(load_settings(), context.run_id)
    return dg.MaterializeResult(metadata={p.odoo_name: f"{p.plan.size} changes, {p.plan.digest[:12]}" for p in plans})


@dg.asset(
    deps=["sync_plan"],
    group_name="sync",
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
    kinds={"odoo"},
)
def sync_ledger(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The plan applied over XML-RPC, each row's outcome in the ledger; only the latest day writes."""
    results = writeback.apply_current(load_settings(), context.run_id, as_of(context))
    return dg.MaterializeResult(
        metadata={name: f"{r.status}: {r.applied} applied, {r.rejected} refused" for name, r in results.items()}
    )


odoo_assets = [sync_plan, sync_ledger]
