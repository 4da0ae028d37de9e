"""What people ask about demand between two runs, of a warehouse and a published file with known prices and sales."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from models import registry
from models.demand import daily, fit_and_score
from pipelines.forecasting import NoForecastError, daily_forecast, largest, sums, what_if
from pipelines.settings import Settings, state_dir
from pipelines.warehouse import connect, published_path
from tests.models.frames import AS_OF, demand_frame, stock_frame

PRODUCT, STORE = "grocer:3", "grocer:1"


@pytest.fixture(scope="module")
def forecast() -> tuple[pl.DataFrame, pl.DataFrame, list[registry.SavedModel]]:
    frame = demand_frame()
    displayed = np.random.default_rng(3).random(frame.height) < 0.3
    frame = frame.with_columns(
        category=pl.when(pl.col("product_id") == PRODUCT).then(pl.lit("tea")),
        display_count=pl.Series(displayed).cast(pl.Int64),
        units=pl.col("units") * pl.when(pl.Series(displayed)).then(2.0).otherwise(1.0),
    )
    return frame, *fit_and_score(frame, stock_frame(frame), AS_OF, 7)


@pytest.fixture
def asked(prepared: Settings, forecast: tuple[pl.DataFrame, pl.DataFrame, list[registry.SavedModel]]) -> None:
    """One product sold for 2.00 at a cost of 1.20, and for 1.60 on a display; another without a cost.

    The category of the first has an elasticity of -20 / 10 = -2.
    """
    features, scores, models = forecast
    for model in models:
        registry.save(model, state_dir() / "models")
    with connect() as connection:
        connection.register("_features", features.to_arrow())
        connection.execute("create table feat_sku_store__demand as from _features")
        connection.register("_scores", scores.to_arrow())
        connection.execute("insert into score_demand by name from _scores")
        connection.execute(
            f"""create table int_promotion_store_week as
            select '{PRODUCT}' as product_id, '{STORE}' as store_id, date '2017-10-02' as week_start_date;
            create table fct_order_line as
            select
                'grocer' as brand, 'USD' as currency_code, '{STORE}' as store_id, 'sale' as line_kind,
                'product' as item_kind, 'piece' as unit_of_measure, line.*
            from (
                values
                    ('{PRODUCT}', date '2017-10-01', 10.0::decimal(18, 3), 20.0::decimal(18, 4), 12.0::decimal(18, 4)),
                    ('{PRODUCT}', date '2017-10-08', 5, 8, 6),
                    ('{PRODUCT}', date '2016-10-08', 50, 500, 6),
                    ('{PRODUCT}', date '2017-10-09', 51, 999, 9),
                    ('{PRODUCT}', date '2018-01-01', 1, 999, 9),
                    ('grocer:4', date '2017-10-01', 10, 30, null)
            ) as line (product_id, order_date, quantity, net_amount, cost_amount);
            create table feat_category__price_response as
            select
                'grocer' as brand, 'tea' as category, 5::bigint as product_count, 40::bigint as week_count,
                200::bigint as product_week_count, 10.0::double as xx, -20.0::double as xy, 40.5::double as yy"""
        )


@pytest.mark.usefixtures("asked")
def test_past_prices_cost_and_discount_make_the_margin() -> None:
    """1.60 is 0.2 off 2.00: a unit leaves 2 - 0.4 - 1.2 = 0.4 with the display and 0.8 without."""
    found = what_if(PRODUCT, has_display=True)
    assert found.height == 4
    assert found["discount_share"].to_list() == [0.2] * 4
    assert (found["uplift_qty"] > 0).all()
    for row in found.iter_rows(named=True):
        assert float(row["margin_amount"]) == pytest.approx(0.4 * row["forecast_qty"], abs=1e-4)
        assert float(row["margin_without_amount"]) == pytest.approx(0.8 * row["forecast_without_qty"], abs=1e-4)
    assert sums(found).row(0)[:2] == ("USD", 4)
    assert largest(found, 2)["product_id"].to_list() == [PRODUCT] * 2


@pytest.mark.usefixtures("asked")
def test_a_discount_that_is_named_is_taken() -> None:
    """1.60 is the usual price of a promotion: 0.1 off, 1.80, sells (1.8 / 1.6) ** -2 times as much."""
    found, usual = what_if(PRODUCT, STORE, has_mailer=True, discount_share=0.1), what_if(PRODUCT, has_mailer=True)
    assert found["discount_share"].to_list() == [0.1] * 4
    assert not found["has_display"].any()
    expected = usual["forecast_qty"].to_numpy() * (1.8 / 1.6) ** -2
    assert found["forecast_qty"].to_numpy() == pytest.approx(expected, abs=1e-5)


@pytest.mark.usefixtures("asked")
def test_a_product_and_its_discount_ask_about_the_price_in_each_week() -> None:
    found = what_if(PRODUCT, discount_share=0.2)
    assert found.height == 4
    without = found.filter(~pl.col("has_display"))
    times = without["forecast_qty"].to_numpy() / without["forecast_without_qty"].to_numpy()
    assert times == pytest.approx(0.8**-2, abs=1e-5)
    unmeasured = what_if("grocer:4", discount_share=0.2).filter(~pl.col("has_display"))
    assert unmeasured["price_elasticity"].null_count() == unmeasured.height > 0
    assert (unmeasured["uplift_qty"] == 0).all()


@pytest.mark.usefixtures("asked")
def test_a_product_that_was_never_promoted_has_the_discount_of_those_that_were() -> None:
    assert what_if("grocer:4", has_display=True)["discount_share"].to_list() == [0.2] * 4


@pytest.mark.usefixtures("asked")
def test_without_a_product_the_plan_of_the_sources_is_shown(
    forecast: tuple[pl.DataFrame, pl.DataFrame, list[registry.SavedModel]],
) -> None:
    planned = forecast[0].filter(pl.col("origin_date") == AS_OF, pl.col("display_count") > 0)
    found = what_if()
    assert found.height == planned.height
    assert found.filter(pl.col("product_id") != PRODUCT)["margin_amount"].null_count() == (
        planned.filter(pl.col("product_id") != PRODUCT).height
    )


@pytest.mark.usefixtures("asked")
def test_a_product_without_a_forecast_is_named_as_such() -> None:
    with pytest.raises(NoForecastError, match="score_demand_current"):
        what_if("grocer:none", has_display=True)


@pytest.mark.usefixtures("settings")
def test_daily_forecasts_read_the_published_sales(tmp_path: Path) -> None:
    published_path().parent.mkdir(parents=True)
    with duckdb.connect(str(published_path())) as connection:
        connection.execute(
            """create table score_demand as select date '2017-12-31' as as_of_date;
            create table fct_order_line as
            select
                'p' || product as product_id, 's' as store_id, date '2016-06-01' + cast(day as integer) as order_date,
                if(product = 3, 'kg', 'piece') as unit_of_measure, 'sale' as line_kind, 'product' as item_kind,
                cast(1 + product as decimal(18, 3)) as quantity
            from range(4) as products(product), range(579) as days(day), range(2)"""
        )
    target = tmp_path / "days.parquet"
    assert daily_forecast(target) == 3 * daily.HORIZON_DAYS
    found = pl.read_parquet(target)
    assert found["forecast_date"].min() == date(2018, 1, 1)
    # Two lines a day of one, two and three pieces each.
    means = found.group_by("product_id").agg(pl.col("forecast_qty").mean()).sort("product_id")["forecast_qty"]
    assert means.to_list() == pytest.approx([2, 4, 6], rel=0.05)
