"""Stage 4: LightGBM's scores, appended as history. A day that runs again replaces that day's scores."""

from collections.abc import Callable
from datetime import date

import dagster as dg
import duckdb
import polars as pl

from models import churn, demand, registry, returns
from pipelines.dbt import as_of
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.settings import load_settings, state_dir
from pipelines.warehouse import connect, replace_rows, transaction

Result = tuple[pl.DataFrame, list[registry.SavedModel]]
Compute = Callable[[duckdb.DuckDBPyConnection, date, int], Callable[[], Result]]


def _score_asset(task: str, features: list[str], description: str) -> dg.AssetsDefinition:
    """The asset of one task; features are read first, and computed on once the file is closed."""

    @dg.asset(
        name=f"score_{task}",
        deps=features,
        group_name="scores",
        partitions_def=daily,
        pool=WRITE_POOL,
        backfill_policy=ONE_DAY_A_RUN,
        kinds={"lightgbm", "duckdb"},
        description=description,
    )
    def score(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        day = as_of(context)
        with connect() as connection:
            compute = COMPUTE[task](connection, day, load_settings().seed)
        context.log.info(f"training and scoring {task} as of {day}")
        scores, models = compute()
        versions = [registry.save(model, state_dir() / "models") for model in models]
        with connect() as connection, transaction(connection):
            replace_rows(connection, f"score_{task}", scores, f"as_of_date = date '{day}'")
        return dg.MaterializeResult(metadata={"rows": scores.height, "models": versions})

    return score


def _churn(connection: duckdb.DuckDBPyConnection, day: date, seed: int) -> Callable[[], Result]:
    features = connection.sql("select * from feat_customer__churn").pl()
    brands = {
        name: churn.ChurnBrand(horizon_days=brand.churn.horizon_days) for name, brand in load_settings().brands.items()
    }
    return lambda: churn.fit_and_score(features, brands, day, seed)


def _demand(connection: duckdb.DuckDBPyConnection, day: date, seed: int) -> Callable[[], Result]:
    features = connection.sql("select * from feat_sku_store__demand").pl()
    stock = connection.sql(
        f"""select product_id, store_id, max(stock_date) as stock_date, arg_max(on_hand_qty, stock_date) as on_hand_qty
        from fct_stock_level where stock_date <= date '{day}' group by all"""
    ).pl()
    return lambda: demand.fit_and_score(features, stock, day, seed)


def _returns(connection: duckdb.DuckDBPyConnection, day: date, seed: int) -> Callable[[], Result]:
    expected = connection.sql("select * from feat_return__expected").pl()
    actual = connection.sql("select * from feat_return__actual").pl()
    brands = {
        name: returns.ReturnsBrand(window_days=brand.returns.window_days)
        for name, brand in load_settings().brands.items()
    }
    return lambda: returns.fit_and_score(expected, actual, brands, day, seed)


# What computes the scores of each task, given an open warehouse, a day and a seed.
COMPUTE: dict[str, Compute] = {"churn": _churn, "demand": _demand, "return_anomaly": _returns}

assets = [
    _score_asset("churn", ["feat_customer__churn"], "Who is leaving, and what is at risk."),
    _score_asset(
        "demand", ["feat_sku_store__demand", "fct_stock_level"], "Units of the next four weeks by SKU and store."
    ),
    _score_asset(
        "return_anomaly",
        ["feat_return__expected", "feat_return__actual"],
        "How improbable the returns are, given what was to be expected.",
    ),
]
