"""Stage 4: scores, appended as history. A day that runs again replaces that day's scores."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl

from models import churn, demand, ordering, registry, returns
from models.demand import backtest
from models.pictures import calibration_picture
from pipelines import forecasting, standings
from pipelines.dbt import as_of
from pipelines.odoo.past_cases import DECIDED_RETURNS
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.settings import load_settings
from pipelines.warehouse import connect, replace_rows, transaction

# Sale lines a brand's return model learns from at most: more do not make it better, and they all lie in memory.
MAX_RETURN_LINES = 2_000_000

Result = tuple[pl.DataFrame, list[registry.SavedModel]]
Compute = Callable[[duckdb.DuckDBPyConnection, date, int, registry.Standing], Callable[[], Result]]


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
            standing = standings.standing(connection, REGISTRY_TASK.get(task, task), day)
            compute = COMPUTE[task](connection, day, load_settings().seed, standing)
        context.log.info(f"training and scoring {task} as of {day}")
        scores, models = compute()
        for model in models:
            _save(model, standings.models_dir())
        with connect() as connection, transaction(connection):
            replace_rows(connection, f"score_{task}", scores, f"as_of_date = date '{day}'")
            if task in BACKTEST:
                replace_rows(
                    connection, f"score_{task}_backtest", BACKTEST[task](models, day), f"as_of_date = date '{day}'"
                )
            standings.record(connection, REGISTRY_TASK.get(task, task), day, models)
        return dg.MaterializeResult(
            metadata={"rows": scores.height, "models": _standings_table(models), "scored_by": _scored_by(scores)}
        )

    return score


def _save(model: registry.SavedModel, models_dir: Path) -> None:
    """The model's file and, where it was tested, the picture of its calibration beside it."""
    version = registry.save(model, models_dir)
    if model.card.calibration:
        (models_dir / f"{version}.svg").write_text(calibration_picture(model.card))


def _standings_table(models: list[registry.SavedModel]) -> dg.TableMetadataValue:
    """The models that were trained, and what each became."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "brand": model.brand,
                    "model_version": model.version,
                    "role": model.card.role or "rule",
                    "reason": model.card.role_reason or model.card.method,
                }
            )
            for model in models
        ],
        # A task without models of its own has no record to take the columns from.
        schema=dg.TableSchema([dg.TableColumn(name) for name in ("brand", "model_version", "role", "reason")]),
    )


def _scored_by(scores: pl.DataFrame) -> list[str]:
    """Versions that the scores name; what a rule says of itself names none."""
    return sorted(scores["model_version"].drop_nulls().unique().to_list())


def _churn(
    connection: duckdb.DuckDBPyConnection, day: date, seed: int, standing: registry.Standing
) -> Callable[[], Result]:
    features = connection.sql("select * from feat_customer__churn").pl()
    brands = {
        name: churn.ChurnBrand(horizon_days=brand.churn.horizon_days) for name, brand in load_settings().brands.items()
    }
    return lambda: churn.fit_and_score(features, brands, day, seed, standing)


def _demand(
    connection: duckdb.DuckDBPyConnection, day: date, seed: int, standing: registry.Standing
) -> Callable[[], Result]:
    features = connection.sql("select * from feat_sku_store__demand").pl()
    stock = connection.sql(
        f"""select product_id, store_id, max(stock_date) as stock_date, arg_max(on_hand_qty, stock_date) as on_hand_qty
        from fct_stock_level where stock_date <= date '{day}' group by all"""
    ).pl()
    return lambda: demand.fit_and_score(features, stock, day, seed, standing=standing)


def _order(
    connection: duckdb.DuckDBPyConnection, day: date, seed: int, standing: registry.Standing
) -> Callable[[], Result]:
    # What several stores sell from one stock is one need: means add up, and spreads as those of independent demands.
    forecasts = connection.sql(
        f"""select product_id, coalesce(place.stock_store_id, demand.store_id) as store_id, brand,
            max(model_version) as model_version, max(horizon_weeks) as horizon_weeks,
            round(sum(forecast_qty), 6) as forecast_qty,
            round(sqrt(sum(forecast_std_qty ** 2)), 6) as forecast_std_qty,
            bool_or(is_fallback) as is_fallback
        from score_demand as demand
        left join int_stock_store as place using (store_id)
        where as_of_date = date '{day}'
        group by all"""
    ).pl()
    positions = connection.sql("select * from feat_sku_store__order").pl()
    responses = connection.sql("select * from feat_category__price_response").pl()
    brands = {name: brand.ordering.brand for name, brand in load_settings().brands.items()}
    # The forecast's models are saved with it; ordering learns nothing.
    return lambda: (ordering.suggest(forecasts, positions, responses, brands, day), [])


def _promotion(
    connection: duckdb.DuckDBPyConnection, day: date, seed: int, standing: registry.Standing
) -> Callable[[], Result]:
    known = forecasting.known(connection, day)
    # By the forecast's models, which are saved with it.
    return lambda: (forecasting.planned_promotions(known).with_columns(as_of_date=pl.lit(day)), [])


def _returns(
    connection: duckdb.DuckDBPyConnection, day: date, seed: int, standing: registry.Standing
) -> Callable[[], Result]:
    brands = {
        name: returns.ReturnsBrand(window_days=brand.returns.window_days)
        for name, brand in load_settings().brands.items()
    }
    expected = _return_lines(connection, day, brands)
    actual = connection.sql("select * from feat_return__actual").pl()
    answers = return_answers(connection)
    return lambda: returns.fit_and_score(expected, actual, brands, day, seed, standing, answers)


def return_answers(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """What reviewers decided on cases of returns, with the evidence that the case had by then."""
    return connection.sql(
        f"""select
            score.return_order_id, score.brand, outcome.decided_at::date as decided_date,
            outcome.outcome = 'confirmed' as is_confirmed, score.evidence
        {DECIDED_RETURNS}"""
    ).pl()


def _return_lines(
    connection: duckdb.DuckDBPyConnection, day: date, brands: dict[str, returns.ReturnsBrand]
) -> pl.DataFrame:
    """Sale lines to learn from, at most MAX_RETURN_LINES a brand, and all lines of customers with recent returns."""
    scored_since = day - timedelta(days=max((brand.score_days for brand in brands.values()), default=0))
    bought_since = scored_since - timedelta(days=max((brand.lookback_days for brand in brands.values()), default=0))
    return connection.sql(
        """with brand_size as (
            select brand, cast(ceil(count(*) / $max_lines) as bigint) as sample_step
            from feat_return__expected group by brand
        ),
        recent_returner as (
            select distinct customer_id from feat_return__actual
            where return_date > $scored_since and customer_id is not null
        )
        select line.*,
            case when md5_number_lower(line.order_line_id) % size.sample_step = 0 then size.sample_step else 0 end
                as line_weight
        from feat_return__expected as line
        inner join brand_size as size using (brand)
        left join recent_returner using (customer_id)
        where line_weight > 0 or (recent_returner.customer_id is not null and line.order_date > $bought_since)""",
        params={"max_lines": MAX_RETURN_LINES, "scored_since": scored_since, "bought_since": bought_since},
    ).pl()


# What computes the scores of each task, given an open warehouse, a day and a seed.
COMPUTE: dict[str, Compute] = {
    "churn": _churn,
    "demand": _demand,
    "order": _order,
    "promotion": _promotion,
    "return_anomaly": _returns,
}
# The rows of how good past forecasts were, of tasks that keep them as a table.
BACKTEST = {"demand": backtest.table}
# What the registry calls a task where that is another name.
REGISTRY_TASK = {"return_anomaly": "returns"}

assets = [
    _score_asset("churn", ["feat_customer__churn"], "Who is leaving, and what is at risk."),
    _score_asset(
        "demand", ["feat_sku_store__demand", "fct_stock_level"], "Units of the next four weeks by SKU and store."
    ),
    _score_asset(
        "order",
        ["score_demand", "feat_sku_store__order", "feat_category__price_response", "int_stock_store"],
        "What to order, move or mark down by SKU and store.",
    ),
    _score_asset(
        "promotion",
        ["score_demand", "feat_sku_store__demand", "fct_order_line", "int_promotion_store_week"],
        "What the planned promotions are forecast to bring, against the same weeks without them.",
    ),
    _score_asset(
        "return_anomaly",
        ["feat_return__expected", "feat_return__actual"],
        "How improbable the returns are, given what was to be expected.",
    ),
]
