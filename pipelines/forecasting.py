"""What people ask about demand between two runs: what a promotion does, and the units of each coming day.

Belongs here: reading warehouse, published copy and models for `models.demand`. Does not belong here: how it is shown.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from models import registry
from models.demand import daily, whatif
from models.ordering import markdown
from pipelines import standings
from pipelines.settings import load_settings
from pipelines.warehouse import connect, read_published

Connection = duckdb.DuckDBPyConnection

# Days of sales that usual price, cost and the discount of past promotions are taken from.
PRICE_DAYS = 364
# Sales by the piece; one line of more than 50 says nothing of a product's price or its days.
COUNTED_SALE = """
    line_kind = 'sale' and item_kind = 'product' and unit_of_measure = 'piece' and quantity between 1 and 50
    and product_id is not null and store_id is not null"""


class NoForecastError(Exception):
    """Nothing to answer with; the message says what is missing."""


@dataclass(frozen=True)
class Known:
    """What a promotion is judged by: features of the last origin, the models that forecast it, prices by product."""

    features: pl.DataFrame
    models: dict[str, registry.SavedModel]
    prices: pl.DataFrame


def known(connection: Connection, as_of: date) -> Known:
    """What the forecast of a day was made of, while its features stand."""
    features = connection.sql(
        """from feat_sku_store__demand
        where origin_date = (select max(origin_date) from feat_sku_store__demand)"""
    ).pl()
    versions = connection.execute(
        "select distinct brand, model_version from score_demand where as_of_date = ? order by all", [as_of]
    ).fetchall()
    models = {brand: registry.load(version, standings.models_dir()) for brand, version in versions}
    return Known(features, models, _prices(connection, as_of))


def _last_day(connection: Connection) -> date:
    """The day of the run whose features stand: the last one of their week."""
    found: date | None = connection.execute(
        """select max(as_of_date) from score_demand
        where as_of_date < (select max(origin_date) + 7 from feat_sku_store__demand)"""
    ).fetchall()[0][0]
    if found is None:
        raise NoForecastError("No run has forecast demand yet.")
    return found


def planned_promotions(known: Known) -> pl.DataFrame:
    """Each promotion that the sources plan for the coming four weeks, at the discount of past ones.

    That is the price which the model's uplift is of, so that no elasticity is asked.
    """
    none = pl.DataFrame(schema=whatif.ELASTICITIES)
    return _answer(known, whatif.planned(known.features), None, none).drop("price_elasticity")


def what_if(
    product_id: str | None = None,
    store_id: str | None = None,
    has_display: bool = False,
    has_mailer: bool = False,
    discount_share: float | None = None,
) -> pl.DataFrame:
    """Each promotion planned for the coming four weeks, or one asked about, beside the same weeks without it.

    product_id, store_id: of these alone. With a display or mailer the question is about it, in each of the weeks;
    without, the plan is what the sources have planned, and where a product and its discount are named that price is
    asked about in each week, planned promotion or not. discount_share: off the usual price; past promotions' if None.
    """
    with connect() as connection:
        all_known = known(connection, _last_day(connection))
        elasticities = markdown.elasticities(connection.sql("from feat_category__price_response").pl())
    features = all_known.features.filter(_is(("product_id", product_id), ("store_id", store_id)))
    if features.is_empty():
        raise NoForecastError("No such product and store has a forecast: they stand in score_demand_current.")
    if has_display or has_mailer:
        plan = features.select(*whatif.KEYS, has_display=pl.lit(has_display), has_mailer=pl.lit(has_mailer))
    elif product_id is not None and discount_share is not None:
        plan = whatif.weeks(features)
    else:
        plan = whatif.planned(features)
    return _answer(all_known, plan, discount_share, elasticities)


def _answer(known: Known, plan: pl.DataFrame, discount_share: float | None, elasticities: pl.DataFrame) -> pl.DataFrame:
    keys = [*whatif.PRICE_KEYS, "brand"]
    prices = known.features.select(keys).unique().join(known.prices, on=["product_id", "brand"])
    # Of a product that was never promoted, the model's uplift is that of others at their discount.
    of_others = known.prices.group_by("brand").agg(of_others=pl.col("discount_share").median())
    discounts = prices.join(of_others, on="brand").select(
        *whatif.PRICE_KEYS, past_discount=pl.coalesce("discount_share", "of_others")
    )
    is_promoted = pl.col("has_display") | pl.col("has_mailer")
    plan = (
        plan.join(discounts, on=whatif.PRICE_KEYS, how="left")
        .with_columns(usual_discount_share=pl.when(is_promoted).then("past_discount").fill_null(0.0))
        .with_columns(
            discount_share=pl.col("usual_discount_share") if discount_share is None else pl.lit(discount_share)
        )
    )
    return whatif.what_if(known.features, known.models, plan, prices, elasticities)


def _is(*wanted: tuple[str, str | None]) -> pl.Expr:
    return pl.all_horizontal(pl.lit(True), *(pl.col(name) == value for name, value in wanted if value is not None))


def _prices(connection: Connection, as_of: date) -> pl.DataFrame:
    """A unit's usual price and cost by product, and the discount of its past promotions: on what the prices differ."""
    return connection.sql(
        f"""with line as (
            select
                line.product_id, line.brand, line.currency_code, line.quantity, line.net_amount, line.cost_amount,
                promotion.product_id is not null as is_promoted
            from (from fct_order_line where {COUNTED_SALE}) as line
            semi join feat_sku_store__demand as feature on line.product_id = feature.product_id
            left join int_promotion_store_week as promotion
                on line.product_id = promotion.product_id and line.store_id = promotion.store_id
                and cast(date_trunc('week', line.order_date) as date) = promotion.week_start_date
            where line.order_date > $as_of - {PRICE_DAYS} and line.order_date <= $as_of
        ),
        price as (
            select
                product_id, brand, any_value(currency_code) as currency_code,
                sum(net_amount) filter (where not is_promoted)
                    / sum(quantity) filter (where not is_promoted) as usual_price,
                sum(net_amount) filter (where is_promoted) / sum(quantity) filter (where is_promoted) as promoted_price,
                sum(cost_amount) / sum(quantity) filter (where cost_amount is not null) as unit_cost
            from line group by product_id, brand having count(distinct currency_code) = 1
        )
        select
            product_id, brand, currency_code,
            cast(coalesce(usual_price, promoted_price) as decimal(18, 4)) as unit_price_amount,
            cast(unit_cost as decimal(18, 4)) as unit_cost_amount,
            case when promoted_price > 0 and usual_price > 0
                then round(greatest(1 - promoted_price / usual_price, 0), 6) end as discount_share
        from price""",
        params={"as_of": as_of},
    ).pl()


def sums(found: pl.DataFrame) -> pl.DataFrame:
    """What the promotions do together, by currency; margins over those whose cost is known."""
    total = [
        pl.col(name).sum().round(1) for name in ("forecast_qty", "forecast_without_qty", "uplift_qty")
    ] + [
        pl.col(name).sum() for name in ("margin_amount", "margin_without_amount", "incremental_margin_amount")
    ]  # fmt: skip
    return found.group_by("currency_code").agg(pl.len(), *total).sort("currency_code")


def largest(found: pl.DataFrame, rows: int) -> pl.DataFrame:
    """The promotions with the largest uplift."""
    return (
        found.sort("uplift_qty", *whatif.KEYS, descending=[True, False, False, False])
        .head(rows)
        .select(
            *whatif.KEYS, "has_display", "has_mailer", pl.col("discount_share").round(3),
            pl.col("forecast_qty", "forecast_without_qty").round(2), "incremental_margin_amount", "currency_code",
        )
    )  # fmt: skip


def daily_forecast(target: Path) -> int:
    """Write the units of each of the coming 28 days, by product and store, as Parquet; the number of rows."""
    with read_published() as connection:
        as_of: date | None = connection.execute("select max(as_of_date) from score_demand").fetchall()[0][0]
        if as_of is None:
            raise NoForecastError("No run has forecast demand yet.")
        sales = f"""(
            select product_id, store_id, order_date, cast(sum(quantity) as integer) as units
            from fct_order_line where {COUNTED_SALE} group by all
        )"""
        found = daily.fit_and_forecast(connection, sales, as_of, load_settings().seed)
    if found.is_empty():
        raise NoForecastError(f"No product of a store has {daily.HISTORY_DAYS} days of sales.")
    found.write_parquet(target)
    return found.height
