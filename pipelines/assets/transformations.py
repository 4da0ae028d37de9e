"""Stages 2 and 4: dbt, in two selections, because identity stands between staging and the marts."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from pipelines.dbt import AFTER_IDENTITY, BEFORE_IDENTITY, Translator, build, prepare_manifest
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.settings import load_settings

_MANIFEST = prepare_manifest()


@dbt_assets(
    manifest=_MANIFEST,
    select=BEFORE_IDENTITY,
    partitions_def=daily,
    dagster_dbt_translator=Translator(),
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
)
def staging(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    yield from build(context, dbt, load_settings())


@dbt_assets(
    manifest=_MANIFEST,
    select=AFTER_IDENTITY,
    partitions_def=daily,
    dagster_dbt_translator=Translator(),
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
)
def marts(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    yield from build(context, dbt, load_settings())
