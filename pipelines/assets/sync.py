"""Stage 5: what an Odoo should show, the plan that leads there, and what became of it."""

import dagster as dg

from pipelines import writeback
from pipelines.dbt import as_of
from pipelines.freshness import write_freshness
from pipelines.odoo.client import MaybeDoneError, UnavailableError
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.settings import load_settings
from pipelines.sources import odoo_entities
from pipelines.warehouse import connect

SCORES = ["score_churn", "score_demand", "score_order", "score_return_anomaly", "score_return_excess"]
REFUSED_ROWS = 50
# A server that restarts or asks for fewer requests is back soon.
SERVER_RETRIES = 3
SERVER_RETRY_SECONDS = 60
_PARTNERS = dg.AssetKey([odoo_entities.SYSTEM.schema, "res_partner"])
_PRODUCTS = dg.AssetKey([odoo_entities.SYSTEM.schema, "product_product"])


@dg.asset(
    deps=[*SCORES, "dim_customer", "dim_product", "dim_store", "fct_order", "fct_return", "mart_customer_brand"],
    group_name="sync",
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
    kinds={"duckdb"},
)
def sync_desired(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """What an Odoo should show, by our own customer and product ids; needs none."""
    settings = load_settings()
    with connect() as connection:
        # A plan is stopped where a source is silent for too long.
        write_freshness(connection, settings.sources, as_of(context))
    return dg.MaterializeResult(metadata=dict(writeback.desire(settings, context.run.run_id)))


@dg.asset(
    deps=["sync_desired", "identity_xref", "int_stock_store", _PARTNERS, _PRODUCTS],
    check_specs=[dg.AssetCheckSpec("within_guards", asset="sync_plan", description="No guard stops the plan.")],
    group_name="sync",
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
    kinds={"duckdb"},
)
def sync_plan(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """What has to change in each Odoo, against what was last written there."""
    plans = writeback.plan_all(load_settings(), context.run.run_id)
    return dg.MaterializeResult(
        metadata={p.odoo_name: f"{p.plan.size} changes, {p.plan.digest[: writeback.DIGEST_LENGTH]}" for p in plans},
        check_results=[
            dg.AssetCheckResult(
                check_name="within_guards",
                passed=not any(p.stopped_by for p in plans),
                metadata={p.odoo_name: "; ".join(p.stopped_by) or "passed" for p in plans},
            )
        ],
    )


@dg.asset(
    deps=["sync_plan"],
    group_name="sync",
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
    kinds={"odoo"},
)
def sync_ledger(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The plan applied over XML-RPC, each row's outcome in the ledger; only the latest day writes.

    Where the server goes away in the middle, the step is tried again and goes on from there.
    """
    try:
        results = writeback.apply_current(load_settings(), context.run.run_id, as_of(context))
    except (UnavailableError, MaybeDoneError) as error:
        raise dg.RetryRequested(SERVER_RETRIES, SERVER_RETRY_SECONDS) from error
    for name, result in results.items():
        for reason in result.stopped_by:
            context.log.error(f"{name}: nothing more is written. {reason}")
    metadata: dict[str, dg.MetadataValue] = {}
    for name, result in results.items():
        done = f"{result.status}: {result.applied} applied, {result.rejected} refused, {result.left} left to people"
        metadata[name] = dg.MetadataValue.text("; ".join([done, *result.stopped_by]))
        if refused := writeback.refused_rows(name, REFUSED_ROWS):
            lines = [f"| {key} | {attempts} | {error.replace('|', ' ')} |" for key, attempts, error in refused]
            table = "\n".join(["| key | attempts | Odoo's reason |", "|---|---|---|", *lines])
            metadata[f"{name}_refused"] = dg.MetadataValue.md(table)
    return dg.MaterializeResult(metadata=metadata)


odoo_assets = [sync_plan, sync_ledger]
