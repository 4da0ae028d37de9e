"""Weekly units of The Complete Journey's products, four weeks ahead, by the product's own path.

A product is one series of all stores: its lines become rows of fct_order_line of one store, dbt builds
`feat_sku_store__demand` as of the origin, and `models.demand` trains and forecasts on what was known by then. Weeks are
the data's own 1 to 52; lines of more than 50 units are left out; measured are products sold in at least 20 of the
first 39 weeks. The units of the weeks after the origin are read for the figures alone.
"""

import os
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks import demand_measures as measures
from benchmarks.report import report
from benchmarks.warehouse import NO_STOCK_NO_RETURNS, empty_warehouse, run_dbt
from demo.grocer import data_folder
from models import metrics
from models.demand import fit_and_score, forecast_weeks
from pipelines.settings import STATE_VARIABLE

CASES = {f"complete_journey_w{week}": week for week in (40, 44, 48)}
BRAND, STORE = "benchmark", "all"
SEED = 20170417
# Week 1 is the Sunday 1 January 2017 alone.
FIRST_MONDAY = date(2016, 12, 26)
REVENUE_WEEKS = 4
WEEKS_AHEAD = 4
# As many sale days as make a product of 20 weeks in 39 one of those that the model learns from.
VARIABLES = {"demand_min_sale_days": 15}

TABLES = f"""
    create or replace table ops_brand as
    select * replace ('{BRAND}' as brand, 'USD' as currency_code, 'US' as country_code, 'UTC' as time_zone)
    from ops_brand limit 1;
    create or replace table fct_order_line as
    select
        cast(file_row_number as varchar) as order_line_id, '{BRAND}' as brand, '{STORE}' as store_id,
        cast(product_id as varchar) as product_id, 'sale' as line_kind,
        'product' as item_kind, 'piece' as unit_of_measure,
        date '{FIRST_MONDAY}' + cast(7 * (week - 1) as integer)
            + cast((isodow(cast(transaction_timestamp as date)) - 1) as integer) as order_date,
        order_date as known_date,
        cast(quantity as decimal(18, 3)) as quantity,
        cast(sales_value as decimal(18, 4)) as net_amount,
        cast(sales_value + retail_disc + coupon_match_disc as decimal(18, 4)) as gross_amount
    from read_parquet('{{folder}}/transactions.parquet', file_row_number = true)
    where week <= 52 and quantity <= 50;
    create or replace table dim_product as
    select
        cast(product_id as varchar) as product_id, department, product_category as category, product_type as family
    from read_parquet('{{folder}}/products.parquet');
    {NO_STOCK_NO_RETURNS}
    create or replace table stg_campaign__promotion as
    select
        cast(product_id as varchar) as product_id, '{STORE}' as store_id, '{BRAND}' as brand,
        date '{FIRST_MONDAY}' + cast(7 * (week - 1) as integer) as week_start_date,
        nullif(display_location, '0') as display_location, nullif(mailer_location, '0') as mailer_location,
        cast(week_start_date - 28 as timestamp) as known_at
    from read_parquet('{{folder}}/promotions.parquet')
    where week <= 52;
"""
WEEKLY = """
    with sold as (
        select product_id, divide(order_date - $first_monday, 7) + 1 as week, sum(quantity) as units,
            sum(net_amount) as revenue
        from fct_order_line group by all
    ),
    measured as (
        select product_id from sold where week <= 39 group by product_id having count(*) >= 20
    )
    select
        product_id, week, coalesce(cast(units as double), 0) as units, coalesce(cast(revenue as double), 0) as revenue
    from measured cross join range(1, 53) as weeks(week)
    left join sold using (product_id, week)
    order by product_id, week
"""


def sunday(week: int) -> date:
    return FIRST_MONDAY + timedelta(days=7 * week - 1)


def prepare() -> Path:
    path = empty_warehouse()
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES.format(folder=data_folder()))
    return path


def weekly(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Products measured, their units and revenue: products × weeks."""
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.sql(WEEKLY, params={"first_monday": FIRST_MONDAY}).pl()
    products = rows["product_id"].unique(maintain_order=True).to_list()
    shape = (len(products), 52)
    return products, rows["units"].to_numpy().reshape(shape), rows["revenue"].to_numpy().reshape(shape)


def features(path: Path, folder: Path, origin: date, every_week: bool = False) -> pl.DataFrame:
    """`feat_sku_store__demand` as of an origin; with every week ahead also of the origins that training alone needs."""
    variables = {**VARIABLES, "demand_has_every_week": int(every_week)}
    run_dbt(path, folder, "int_holiday", "int_demand_*", "feat_sku_store__demand", as_of=origin, variables=variables)
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql("from feat_sku_store__demand").pl()


def forecast(table: pl.DataFrame, origin: date, products: list[str]) -> measures.Forecast:
    stock = pl.DataFrame(
        schema={"product_id": pl.String, "store_id": pl.String, "stock_date": pl.Date, "on_hand_qty": pl.Decimal(18, 3)}
    )
    _, models = fit_and_score(table, stock, origin, SEED)
    return measures.Forecast.of(forecast_weeks(models[0], table), products, WEEKS_AHEAD)


def run(cases: list[str], data: str | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ[STATE_VARIABLE] = name
        path = prepare()
        products, units, revenue = weekly(path)
        for case in cases:
            begin = time.perf_counter()
            week = CASES[case]
            history, actual = units[:, :week], units[:, week : week + WEEKS_AHEAD]
            own = forecast(features(path, folder, sunday(week)), sunday(week), products)
            seconds = time.perf_counter() - begin
            baselines = measures.forecasts(list(history), WEEKS_AHEAD)
            weight = revenue[:, week - REVENUE_WEEKS : week].sum(axis=1)
            measures.report_means(case, history, actual, own.mean, baselines, weight)
            measures.report_ranges(case, history, actual, own, baselines)
            totals(case, path, products, actual, own.mean)
            report("demand", case, "series", len(products), "products")
            report("demand", case, "seconds", round(seconds, 1), "s")


def totals(case: str, path: Path, products: list[str], actual: np.ndarray, mean: np.ndarray) -> None:
    """WAPE of the sums of the forecasts by category, department and all: what is forecast adds up by itself."""
    with duckdb.connect(str(path), read_only=True) as connection:
        groups = connection.sql("select product_id, category, department, 'all' as everything from dim_product").pl()
    rows = pl.DataFrame({"product_id": products}).join(groups, on="product_id", how="left", maintain_order="left")
    for level in ("category", "department", "everything"):
        _, member = np.unique(rows[level].fill_null("").to_numpy().astype(str), return_inverse=True)
        sums = [np.stack([np.bincount(member, one[:, week]) for week in range(WEEKS_AHEAD)]) for one in (actual, mean)]
        report("demand", case, "wape_of_sums", _digits(metrics.wape(*sums)), "", level=level)


def _digits(value: float | None) -> float:
    assert value is not None, "a set that sold nothing measures nothing"
    return round(value, 4)
