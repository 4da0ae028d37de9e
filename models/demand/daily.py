"""Units of each of the coming 28 days, with a range, for assortments of tens of thousands of products and stores.

The weekly model answers what to order. This is for plans by the day, from years of daily sales: `load` lays them out as
one row a series and day, `training_rows` builds lags, rolling sums and calendar in DuckDB, `fit` learns a Tweedie mean
and two quantiles from them, `forecast` says all days at once. Whatever a feature reads is known 28 days before its day,
so that no forecast is made from another one.

Units are whole pieces. Every feature is a whole number, the same on every machine and in any number of threads.
Belongs here: the daily path, whole. Does not belong here: which sales count, which the caller's query decides.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import lightgbm as lgb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from models import boosting
from models.features import FeatureError

HORIZON_DAYS = 28
# Days back from the target day; the same weekdays, as far as the horizon allows, a season and a year.
LAGS = (28, 35, 42, 49, 56, 63, 91, 182, 364)
# Days of the sums that end 28 days before the target day.
SUMS = (7, 14, 28, 56, 91, 182)
HISTORY_DAYS = max(*LAGS, HORIZON_DAYS + max(SUMS))
MOST_IN_SMALLINT = 32_767
CALENDAR = {"weekday": "isodow", "month": "month", "day_of_month": "day"}
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


def load(connection: duckdb.DuckDBPyConnection, sales: str, as_of: date) -> int:
    """Lay out a relation (product_id, store_id, order_date, units), one row a day, as days; the number of series.

    A series begins with its first sale and needs HISTORY_DAYS of days, and a sale in the last of them; days without a
    row are days without a sale. The days of the forecast follow, with units of null.
    """
    connection.execute(
        f"""create or replace temp table daily_series as
        select
            cast(row_number() over (order by product_id, store_id) as integer) as series_no, product_id, store_id,
            min(order_date) as first_date, max(units) as most_units
        from {sales}
        where order_date <= $as_of
        group by product_id, store_id
        having min(order_date) <= $as_of - {HISTORY_DAYS} and max(order_date) > $as_of - {HISTORY_DAYS}""",
        {"as_of": as_of},
    )
    count, most = connection.execute("select count(*), max(most_units) from daily_series").fetchall()[0]
    # Half the memory of all lags, where it holds them.
    units_type = "smallint" if most is None or most <= MOST_IN_SMALLINT else "integer"
    # Features are read in the order of the rows: sorted here, once, by series and day. Each day with a sale brings the
    # days without one that follow it.
    connection.execute(
        f"""create or replace temp table daily_sale as
        select
            series.series_no, cast(sales.order_date - series.first_date as integer) as day_index, sales.order_date,
            cast(sales.units as {units_type}) as units
        from {sales} as sales inner join daily_series as series using (product_id, store_id)
        where sales.order_date <= $as_of
        order by series.series_no, sales.order_date""",
        {"as_of": as_of},
    )
    repeated = connection.execute(
        """select count(*) from (
            select lead(series_no) over () = series_no and lead(order_date) over () = order_date as is_repeated
            from daily_sale
        ) where is_repeated"""
    ).fetchall()[0][0]
    if repeated:
        raise FeatureError("sales: more than one row a product, store and day")
    connection.execute(
        f"""create or replace temp table daily_units as
        select
            series_no, cast(day_index + after as smallint) as day_index, cast(order_date + after as date) as order_date,
            case when after = 0 then units when order_date + after <= $as_of then 0 end as units
        from (
            select *, cast(unnest(range(days)) as integer) as after
            from (
                select
                    *,
                    case
                        when lead(series_no) over () = series_no then lead(order_date) over ()
                        else $as_of + {HORIZON_DAYS} + 1
                    end - order_date as days
                from daily_sale
            )
        )""",
        {"as_of": as_of},
    )
    connection.execute("drop table daily_sale")
    return int(count)


def training_rows(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Units and features of every day, up to the last that is known, that has its whole history."""
    first, last = connection.execute("select min(series_no), max(series_no) from daily_series").fetchall()[0]
    # A query without partitions runs in one thread: one query a thread, each of its own series.
    bounds = [first + (last + 1 - first) * part // boosting.THREADS for part in range(boosting.THREADS + 1)]
    return _checked(
        connection,
        " union all ".join(
            _rows(f"series_no >= {begin} and series_no < {end}", "units is not null")
            for begin, end in itertools.pairwise(bounds)
        ),
    )


def forecast_rows(connection: duckdb.DuckDBPyConnection, as_of: date) -> pa.Table:
    """Features of the days after as_of, all series in their order, day by day."""
    return _checked(connection, _rows(f"order_date > date '{as_of}' - {HISTORY_DAYS}", f"order_date > date '{as_of}'"))


def _rows(read: str, kept: str) -> str:
    """The query of the features of the days that are `kept`, from those that are `read`.

    Windows without partition run over the table as it is sorted, without sorting or splitting it again, which is what
    makes this fast. Within its first HISTORY_DAYS a series would read the one before: those days are left out.
    """
    lags = ", ".join(f"lag(units, {lag}) over () as units_lag_{lag}" for lag in LAGS)
    sums = ", ".join(
        f"cast(lag(sold_to_date, {HORIZON_DAYS}) over () - lag(sold_to_date, {HORIZON_DAYS + days}) over () as integer)"
        f" as units_sum_{days}"
        for days in SUMS
    )
    calendar = ", ".join(f"cast({part}(order_date) as tinyint) as {name}" for name, part in CALENDAR.items())
    return f"""
        select units, {", ".join(FEATURES[: len(LAGS) + len(SUMS)])}, {calendar}, day_index - earlier_index as step
        from (
            select
                day_index, order_date, units, {lags}, {sums}, lag(day_index, {HISTORY_DAYS}) over () as earlier_index
            from (
                -- Sums of whole numbers: a double holds them exactly, and faster than wider integers
                select *, sum(cast(units as double)) over (rows unbounded preceding) as sold_to_date
                from daily_units where {read}
            )
        )
        where day_index >= {HISTORY_DAYS} and {kept}"""


def _checked(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """The query's rows, once each is known to stand HISTORY_DAYS rows after its series' day of that age."""
    rows = connection.sql(query).to_arrow_table()
    steps = pc.min_max(rows["step"]).as_py()
    if rows.num_rows and (steps["min"], steps["max"]) != (HISTORY_DAYS, HISTORY_DAYS):
        raise FeatureError("the days of a series do not follow each other: no feature would be right")
    return rows.drop_columns(["step"])


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


def forecast(connection: duckdb.DuckDBPyConnection, boosters: Boosters, as_of: date) -> pl.DataFrame:
    """Units of each series and day after as_of: the mean and, where there are models of it, the range around it."""
    rows = forecast_rows(connection, as_of).select(FEATURES)
    values = {role: booster.predict(rows, num_threads=boosting.THREADS) for role, booster in boosters.items()}
    days = connection.sql(
        f"""select product_id, store_id, date '{as_of}' + 1 + cast(ahead as integer) as forecast_date
        from daily_series cross join range({HORIZON_DAYS}) as days(ahead) order by series_no, ahead"""
    ).pl()
    mean = pl.Series(values["mean"])
    return days.with_columns(
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
    if not load(connection, sales, as_of):
        return pl.DataFrame(schema=SCHEMA)
    data = dataset(training_rows(connection), seed)
    return forecast(connection, {**fit_mean(data, config, seed), **fit_range(data, config, seed)}, as_of)


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
