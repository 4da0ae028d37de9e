"""Monthly sales of 2,674 car spare parts, three of four values zero, twelve months ahead, by the product's own path.

A month takes the place of a week: its units are one order line of that week, and twelve weeks are forecast. The last
twelve of 51 months are read for the figures alone; values that the set does not have count nowhere.
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
from models.demand import DemandConfig, fit_and_score, forecast_weeks
from pipelines.settings import STATE_VARIABLE

CASES = ("car_parts",)
CASE, BRAND, STORE = "car_parts", "benchmark", "all"
SEED = 20170417
MONTHS, MONTHS_AHEAD, SEASON = 51, 12, 12
FIRST_MONDAY = date(1998, 1, 5)
ORIGIN = FIRST_MONDAY + timedelta(days=7 * (MONTHS - MONTHS_AHEAD) - 1)
# All series that ever sold, and no line too large to be usual.
VARIABLES = {
    "demand_weeks_ahead": MONTHS_AHEAD, "demand_origins": 36, "demand_min_sale_days": 1, "demand_line_quantity": 10_000,
}  # fmt: skip

TABLES = f"""
    create or replace table ops_brand as
    select * replace ('{BRAND}' as brand, 'USD' as currency_code, 'US' as country_code, 'UTC' as time_zone)
    from ops_brand limit 1;
    create or replace table fct_order_line as
    select
        part_id || ':' || month as order_line_id, '{BRAND}' as brand, '{STORE}' as store_id, part_id as product_id,
        'sale' as line_kind, 'product' as item_kind, 'piece' as unit_of_measure,
        date '{FIRST_MONDAY}' + cast(7 * datediff('month', date '1998-01-01', month) as integer) as order_date,
        order_date as known_date, cast(units as decimal(18, 3)) as quantity,
        cast(units as decimal(18, 4)) as net_amount, cast(units as decimal(18, 4)) as gross_amount
    from read_parquet('{{data}}/demand/carparts_monthly.parquet')
    where units > 0;
    create or replace table dim_product as
    select distinct product_id, 'parts' as department, 'parts' as category, 'parts' as family from fct_order_line;
    {NO_STOCK_NO_RETURNS}
    create or replace table stg_campaign__promotion (
        product_id varchar, store_id varchar, brand varchar, week_start_date date, display_location varchar,
        mailer_location varchar, known_at timestamp
    );
"""


def monthly(data: str) -> tuple[list[str], np.ndarray]:
    """Parts and their units: parts × months, NaN where the set has no value."""
    with duckdb.connect() as connection:
        rows = connection.sql(
            f"""select part_id, cast(units as double) as units
            from read_parquet('{data}/demand/carparts_monthly.parquet') order by part_id, month"""
        ).pl()
    units = rows["units"].fill_null(np.nan).to_numpy().reshape(-1, MONTHS)
    return rows["part_id"].unique(maintain_order=True).to_list(), units


def forecast(path: Path, folder: Path, parts: list[str]) -> measures.Forecast:
    run_dbt(path, folder, "int_holiday", "int_demand_*", "feat_sku_store__demand", as_of=ORIGIN, variables=VARIABLES)
    with duckdb.connect(str(path), read_only=True) as connection:
        table = connection.sql("from feat_sku_store__demand").pl()
    stock = pl.DataFrame(
        schema={"product_id": pl.String, "store_id": pl.String, "stock_date": pl.Date, "on_hand_qty": pl.Decimal(18, 3)}
    )
    _, models = fit_and_score(table, stock, ORIGIN, SEED, DemandConfig(weeks_ahead=MONTHS_AHEAD))
    return measures.Forecast.of(forecast_weeks(models[0], table), parts, MONTHS_AHEAD)


def run(cases: list[str], data: str | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ[STATE_VARIABLE] = name
        parts, units = monthly(str(data))
        history, actual = units[:, :-MONTHS_AHEAD], units[:, -MONTHS_AHEAD:]
        begin = time.perf_counter()
        path = empty_warehouse()
        with duckdb.connect(str(path)) as connection:
            connection.execute(TABLES.format(data=data))
        own = forecast(path, Path(name), parts)
        seconds = time.perf_counter() - begin
        baselines = {
            **measures.forecasts([one[np.isfinite(one)] for one in history], MONTHS_AHEAD),
            "all zero": np.zeros_like(actual),
        }
        measures.report_means(CASE, history, actual, own.mean, baselines)
        measures.report_ranges(CASE, history, actual, own, baselines)
        # The published error of the seasonal naive, 1.2015, checks the measure.
        seasonal = {
            "seasonal_naive_mase": units[:, -MONTHS_AHEAD - SEASON : -SEASON], "mase_12": own.mean,
            "all_zero_mase": np.zeros_like(actual),
        }  # fmt: skip
        for metric, one in seasonal.items():
            report("demand", CASE, metric, round(measures.mase(history, actual, one, SEASON), 4), "")
        report("demand", CASE, "series", len(parts), "parts")
        report("demand", CASE, "seconds", round(seconds, 1), "s")
