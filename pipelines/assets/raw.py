"""Stage 1: what the sources send, as raw tables."""

from collections.abc import Iterator

import dagster as dg

from pipelines import writeback
from pipelines.dbt import as_of
from pipelines.loading import FileLoader, LoadCount
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.pulling import OdooLoader
from pipelines.runs import start_run
from pipelines.settings import load_settings, odoo_connection
from pipelines.sources import SYSTEMS, odoo_entities
from pipelines.sources.contract import Entity, System
from pipelines.sources.odoo import OdooSource
from pipelines.state import prepare_state
from pipelines.warehouse import connect

SETTING_KEYS = [dg.AssetKey("ops_source"), dg.AssetKey("ops_brand")]
# State that a later stage of the run before wrote, as this run's marts find it.
STATE_KEYS = [
    dg.AssetKey(name)
    for name in (
        "sync_holdout", "sync_flag", "score_order_current", "score_demand_history",
        "score_demand_backtest_history", "score_promotion_history",
    )
]  # fmt: skip


@dg.multi_asset(
    specs=[
        *(dg.AssetSpec(key, group_name="settings", description="From retail.yaml.") for key in SETTING_KEYS),
        *(dg.AssetSpec(key, group_name="settings", description="As the run before left it.") for key in STATE_KEYS),
    ],
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
)
def settings_tables(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Create or migrate the state tables, and write the sources and brands of retail.yaml for dbt."""
    prepare_state(load_settings())
    with connect() as connection:
        start_run(connection, context.run.run_id, as_of(context))
    for key in (*SETTING_KEYS, *STATE_KEYS):
        yield dg.MaterializeResult(asset_key=key)


def _spec(system: System, entity: Entity) -> dg.AssetSpec:
    return dg.AssetSpec(
        dg.AssetKey([system.schema, entity.name]),
        deps=SETTING_KEYS,
        group_name="raw",
        description=entity.description,
        kinds={"duckdb"},
    )


def _result(system: System, entity: Entity, counts: list[LoadCount]) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        asset_key=dg.AssetKey([system.schema, entity.name]),
        metadata={
            "files": sum(count.files for count in counts),
            "rows_read": sum(count.rows_read for count in counts),
            "rows_loaded": sum(count.rows_loaded for count in counts),
            "rows_quarantined": sum(count.rows_quarantined for count in counts),
        },
    )


def _file_assets(system: System) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=system.schema,
        specs=[_spec(system, entity) for entity in system.entities],
        partitions_def=daily,
        pool=WRITE_POOL,
        backfill_policy=ONE_DAY_A_RUN,
    )
    def load_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        settings = load_settings()
        sources = settings.sources_of(system.name)
        with connect() as connection:
            loaders = [
                FileLoader(connection, system, name, source, settings.landing_dir / name, context.run.run_id)
                for name, source in sources.items()
            ]
            for entity in system.entities:
                context.log.info(f"{system.name}: {entity.name} of {', '.join(sources) or 'no source'}")
                yield _result(system, entity, [loader.load(entity) for loader in loaders])

    return load_files


@dg.multi_asset(
    name=odoo_entities.SYSTEM.schema,
    specs=[_spec(odoo_entities.SYSTEM, entity) for entity in odoo_entities.SYSTEM.entities],
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
)
def pull_odoo(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Pull what changed in each Odoo; without one the tables stay empty."""
    sources = load_settings().sources_of("odoo")
    connection_settings = odoo_connection()
    with connect() as connection:
        run_id = context.run.run_id
        loaders = [
            OdooLoader(connection, odoo_entities.SYSTEM, name, source, OdooSource.connect(connection_settings), run_id)
            for name, source in sources.items()
            if connection_settings is not None
        ]
        for model, entity in odoo_entities.ODOO_MODELS.items():
            if loaders:
                context.log.info(f"odoo: {model} of {', '.join(sources)}")
            yield _result(odoo_entities.SYSTEM, entity, [loader.load(model, entity) for loader in loaders])
        for loader in loaders:
            context.log.info(f"odoo: {loader.follow_merges()} rows of partners that are gone read again")
    for name, found in writeback.read_judgements(load_settings()).items():
        context.log.info(f"odoo: {found} in {name}")


file_assets = [_file_assets(system) for system in SYSTEMS.values() if system.name != "odoo"]
