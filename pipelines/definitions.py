"""The one Definitions object: every asset, check, job, schedule and sensor of the line."""

import dagster as dg

from pipelines.assets import identity, publish, raw, return_excess, scores, sync, transformations
from pipelines.checks import rows_reconcile
from pipelines.dbt import dbt_resource
from pipelines.schedules import daily_line, line
from pipelines.sensors import new_files

_upstream: list[dg.AssetsDefinition] = [
    raw.settings_tables,
    raw.pull_odoo,
    *raw.file_assets,
    transformations.staging,
    identity.resolve_identities,
    transformations.marts,
    *scores.assets,
    return_excess.score_return_excess,
    sync.sync_desired,
]
_published_keys = [key for asset in _upstream for key in asset.keys if publish.is_input(key)]

defs = dg.Definitions(
    assets=[*_upstream, *sync.odoo_assets, publish.published_asset(_published_keys)],
    asset_checks=[rows_reconcile],
    jobs=[line],
    schedules=[daily_line],
    sensors=[new_files],
    resources={"dbt": dbt_resource()},
    executor=dg.in_process_executor,
)
