"""Units of each of the coming 28 days, with a range, for assortments of tens of thousands of products and stores.

The weekly model answers what to order. This is for plans by the day, from years of daily sales: `load` reads them with
DuckDB and lays them out as days without a gap, `training_rows` makes lags, rolling sums and calendar of them by moving
columns, `fit_mean` and `fit_range` learn a Tweedie mean and two quantiles, `forecast` says all days at once. Whatever a
feature reads is known 28 days before its day, so that no forecast is made from another one.

Units are whole pieces. Every feature is a whole number, the same on every machine and in any number of threads.
Belongs here: the daily path, whole. Does not belong here: which sales count, which the caller's query decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import lightgbm as lgb
import numpy as np
import polars as pl
import pyarrow as pa

from models import boosting
from models.features import FeatureError

HORIZON_DAYS = 28
# Days back from the target day; the same weekdays, as far as the horizon allows, a season and a year.
LAGS = (28, 35, 42, 49, 56, 63, 91, 182, 364)
# Days of the sums that end 28 days before the target day.
SUMS = (7, 14, 28, 56, 91, 182)
HISTORY_DAYS = max(*LAGS, HORIZON_DAYS + max(SUMS))
MOST_IN_16_BITS = 2**16 - 1
_DATE = pl.col("date").dt
CALENDAR = {"weekday": _DATE.weekday(), "month": _DATE.month(), "day_of_month": _DATE.day()}
FEATURES = (*(f"units_lag_{lag}" for lag in LAGS), *(f"units_sum_{days}" for days in SUMS), *CALENDAR)

PARAMS = {"learning_rate": 0.15, "min_data_in_leaf": 100, "max_bin": 63, "num_threads": boosting.THREADS}
MEAN = {"objective": "tweedie", "tweedie_variance_power": 1.3}

Boosters = Mapping[str, lgb.Booster]


@dataclass(frozen=True)
class DailyConfig:
    """lower, upper: quantiles of a day's range. trees, leaves: of each of the three models."""

    lower: float = 0.1
    upper: float = 0.9
    trees: int = 60
    leaves: int = 31


@dataclass(frozen=True)
class Days:
    """Units of each day of each series, from its first sale to the last day to forecast, one series after the other.

    series: product_id, store_id, day_count and end_at, the position after its last day. Days to forecast have 0 units.
    sum_kind: the type that holds each sum of days.
    """

    series: pl.DataFrame
    units: np.ndarray
    sum_kind: type[np.unsignedinteger]
    last_date: date


def load(connection: duckdb.DuckDBPyConnection, sales: str, as_of: date) -> Days:
    """Lay out a relation (product_id, store_id, order_date, units), one row a day, as days without a gap.

    A series begins with its first sale and needs HISTORY_DAYS of days, and a sale in the last of them; days without a
    row, or with nothing sold, are days without a sale.
    """
    last_date = as_of + timedelta(days=HORIZON_DAYS)
    dates = {"as_of": as_of, "last_date": last_date}
    connection.execute(
        f"""create or replace temp table daily_series as
        select *, cast(sum(day_count) over (order by product_id, store_id) as bigint) as end_at
        from (
            select
                product_id, store_id, $last_date - min(order_date) + 1 as day_count, max(units) as most_units,
                least(sum(units), cast(max(units) as bigint) * {max(SUMS)}) as most_in_sum
            from {sales}
            where order_date <= $as_of and units > 0
            group by product_id, store_id
            having min(order_date) <= $as_of - {HISTORY_DAYS} and max(order_date) > $as_of - {HISTORY_DAYS}
        )""",
        dates,
    )
    series = connection.sql("from daily_series order by end_at").pl()
    sold = connection.sql(
        f"""select end_at - 1 - ($last_date - order_date) as position, units
        from {sales} inner join daily_series using (product_id, store_id)
        where order_date <= $as_of and units > 0""",
        params=dates,
    ).to_arrow_table()
    connection.execute("drop table daily_series")
    # Half the memory, where it holds all lags, or all sums.
    kind = np.uint16 if (series["most_units"] <= MOST_IN_16_BITS).all() else np.uint32
    sum_kind = np.uint16 if (series["most_in_sum"] <= MOST_IN_16_BITS).all() else np.uint32
    units, is_given = np.zeros(series["day_count"].sum(), kind), np.zeros(series["day_count"].sum(), np.bool_)
    position = sold["position"].to_numpy()
    units[position], is_given[position] = sold["units"].to_numpy(), True
    if np.count_nonzero(is_given) < len(position):
        raise FeatureError("sales: more than one row a product, store and day")
    return Days(series.drop("most_units", "most_in_sum"), units, sum_kind, last_date)


def training_rows(days: Days) -> pa.Table:
    """Units and features of every day, up to the last that is known, that has its whole history."""
    return _rows(days, pl.col("end_at") - pl.col("day_count") + HISTORY_DAYS, pl.col("end_at") - HORIZON_DAYS)


def forecast_rows(days: Days) -> pa.Table:
    """Features of the days to forecast, all series in their order, day by day."""
    return _rows(days, pl.col("end_at") - HORIZON_DAYS, pl.col("end_at"))


def _rows(days: Days, begin: pl.Expr, end: pl.Expr) -> pa.Table:
    """Units and features of the days of each series between two positions, with HISTORY_DAYS days of it before them.

    What lies some days back is the same stretches of days, moved.
    """
    stretches = days.series.select(begin - HISTORY_DAYS, end=end - HISTORY_DAYS).rows()

    def before(values: np.ndarray, day_count: int) -> np.ndarray:
        moved = values[HISTORY_DAYS - day_count :]
        return np.concatenate([moved[begin:end] for begin, end in stretches])

    columns = {"units": before(days.units, 0), **{f"units_lag_{lag}": before(days.units, lag) for lag in LAGS}}
    # What runs over wraps around, and so does the difference, which is right.
    sold_to_date = days.units.cumsum(dtype=days.sum_kind)
    sold_by_then = before(sold_to_date, HORIZON_DAYS)
    for size in SUMS:
        sold_earlier = before(sold_to_date, HORIZON_DAYS + size)
        columns[f"units_sum_{size}"] = np.subtract(sold_by_then, sold_earlier, out=sold_earlier)
    longest = int(days.series.select(pl.col("day_count").max()).item())
    calendar = pl.select(date=pl.date_range(days.last_date - timedelta(days=longest - 1), days.last_date))
    of_calendar = days.series.select(begin - pl.col("end_at") + longest, end=end - pl.col("end_at") + longest).rows()
    for name, part in CALENDAR.items():
        values = calendar.select(part).to_series().to_numpy()
        columns[name] = np.concatenate([values[begin:end] for begin, end in of_calendar])
    return pa.table(columns)


def dataset(rows: pa.Table, seed: int) -> lgb.Dataset:
    """The rows in LightGBM's bins, which the three models share."""
    params = {**boosting.COMMON, **PARAMS, "seed": seed}
    return lgb.Dataset(rows.select(FEATURES), label=rows["units"], params=params).construct()


def fit_mean(data: lgb.Dataset, config: DailyConfig, seed: int) -> Boosters:
    return {"mean": _booster(data, config, seed, MEAN)}


def fit_range(data: lgb.Dataset, config: DailyConfig, seed: int) -> Boosters:
    return {
        role: _booster(data, config, seed, {"objective": "quantile", "alpha": alpha})
        for role, alpha in (("low", config.lower), ("high", config.upper))
    }


def _booster(data: lgb.Dataset, config: DailyConfig, seed: int, objective: Mapping[str, object]) -> lgb.Booster:
    params = {**boosting.COMMON, **PARAMS, **objective, "num_leaves": config.leaves, "seed": seed}
    return lgb.train(params, data, num_boost_round=config.trees)


def forecast(days: Days, boosters: Boosters) -> pl.DataFrame:
    """Units of each series and day to forecast: the mean and, where there are models of it, the range around it."""
    rows = forecast_rows(days).select(FEATURES)
    values = {role: booster.predict(rows, num_threads=boosting.THREADS) for role, booster in boosters.items()}
    first_date = days.last_date - timedelta(days=HORIZON_DAYS - 1)
    coming = days.series.select(
        "product_id", "store_id", forecast_date=pl.date_ranges(pl.lit(first_date), pl.lit(days.last_date))
    ).explode("forecast_date")
    mean = pl.Series(values["mean"])
    return coming.with_columns(
        forecast_qty=mean.round(6),
        **{
            f"forecast_{role}_qty": pick(mean, pl.Series(values[role]).clip(lower_bound=0)).round(6)
            for role, pick in (("low", pl.min_horizontal), ("high", pl.max_horizontal))
            if role in values
        },
    )


def fit_and_forecast(
    connection: duckdb.DuckDBPyConnection, sales: str, as_of: date, seed: int, config: DailyConfig | None = None
) -> pl.DataFrame:
    """All of it: daily sales in, daily forecasts out; without a row where no series has enough history."""
    config = config or DailyConfig()
    days = load(connection, sales, as_of)
    if days.series.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    data = dataset(training_rows(days), seed)
    return forecast(days, {**fit_mean(data, config, seed), **fit_range(data, config, seed)})


SCHEMA = pl.Schema(
    {
        "product_id": pl.String(),
        "store_id": pl.String(),
        "forecast_date": pl.Date(),
        "forecast_qty": pl.Float64(),
        "forecast_low_qty": pl.Float64(),
        "forecast_high_qty": pl.Float64(),
    }
)
