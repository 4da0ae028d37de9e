"""Daily forecasts of many products and stores: seconds and memory, beside mlforecast on the same rows.

Case `scale_33m`: 30,000 series of a product in a store over 3 years of days, the last 28 held out; `scale_1m` is the
same with fewer, to try it. Each is made from a real series of The Complete Journey: its units a week of the year,
smoothed, on its store's weekdays, ten times as many (the data are of few households), each year with a growth of its
own, drawn with a seed.

Both begin with the same file, and use the same lags, rolling windows, calendar, trees, leaves and horizon. Each runs in
a process of its own, so that their peaks are apart. `feature_speed_ratio` compares the rows ready to train on,
`speed_ratio` all from the file to the mean forecast; the quantile models are timed apart. Beside the seconds of the
clock stand those of the processors, which other work on the machine does not make more.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.processes import MemorySampler
from benchmarks.report import report
from demo.grocer import TIME_ZONE, data_folder
from models import boosting, metrics
from models.demand import daily

CASES = {"scale_33m": 33_000_000, "scale_1m": 1_000_000}
DAYS = 3 * 365 + 1
SEED = 20170417
# A Sunday, so that the weeks of the made years are whole ones.
LAST_DATE = date(2019, 12, 29)
AS_OF = LAST_DATE - timedelta(days=daily.HORIZON_DAYS)
CONFIG = daily.DailyConfig()
HOUSEHOLDS = 10
SERIES_A_PART = 2_000

REAL_SERIES = f"""
    with line as (
        select
            product_id, store_id, quantity,
            cast(timezone('{TIME_ZONE}', timezone('UTC', transaction_timestamp)) as date) as order_date
        from read_parquet('{{folder}}/transactions.parquet')
        where quantity between 1 and 50
    ),
    series as (
        select product_id, store_id, count(distinct order_date) as sale_days
        from line group by all order by sale_days desc, product_id, store_id limit {{series}}
    ),
    weekday as (
        select store_id, list(units * 7 / store_units order by weekday) as weekday_share
        from (
            select
                store_id, isodow(order_date) as weekday, sum(quantity) + 1 as units,
                sum(sum(quantity) + 1) over (partition by store_id) as store_units
            from line group by store_id, isodow(order_date)
        )
        group by store_id having count(*) = 7
    ),
    week as (
        select
            product_id, store_id, least(cast(floor((dayofyear(order_date) - 1) / 7) as integer), 51) as week,
            sum(quantity) as units
        from line group by all
    )
    select
        product_id, store_id, coalesce(any_value(weekday.weekday_share), list_value(1, 1, 1, 1, 1, 1, 1)),
        list(week.week), list(week.units)
    from series
    inner join week using (product_id, store_id)
    left join weekday using (store_id)
    group by product_id, store_id
    -- Both sides see the series in one order: what differs is not the order of the rows
    order by cast(product_id as varchar), cast(store_id as varchar)
"""


def make(path: Path, series: int) -> int:
    """Write daily units, from each series' first sale on, by series and day; the number of rows."""
    with duckdb.connect() as connection:
        real = connection.execute(REAL_SERIES.format(folder=data_folder(), series=series)).fetchall()
    weekly = np.zeros((len(real), 52))
    for row, (*_, weeks, units) in zip(weekly, real, strict=True):
        row[weeks] = units
    smooth = np.mean([np.roll(weekly, step, axis=1) for step in (-2, -1, 0, 1, 2)], axis=0)
    weekday = np.array([share for _, _, share, _, _ in real])
    dates = np.arange(DAYS) + np.datetime64(LAST_DATE) - (DAYS - 1)
    week = np.minimum((dates - dates.astype("datetime64[Y]")).astype(int) // 7, 51)
    day_of_week = (dates.astype(int) + 3) % 7
    year = np.unique(dates.astype("datetime64[Y]"), return_inverse=True)[1]
    random, writer, rows = np.random.default_rng(SEED), None, 0
    for begin in range(0, len(real), SERIES_A_PART):
        part = slice(begin, begin + SERIES_A_PART)
        level = smooth[part] + 0.1 * weekly[part].mean(axis=1, keepdims=True)
        growth = random.uniform(0.8, 1.25, (len(level), year.max() + 1))
        mood = random.gamma(4, 0.25, (len(level), DAYS // 7 + 1))
        rate = level[:, week] / 7 * weekday[part][:, day_of_week] * growth[:, year] * HOUSEHOLDS
        units = random.poisson(rate * mood[:, np.arange(DAYS) // 7]).astype(np.int32)
        sold = np.cumsum(units, axis=1) > 0
        no, day = np.nonzero(sold)
        table = pa.table(
            {
                "series_no": (no + begin).astype(np.int32),
                "product_id": pa.array([f"grocer:{row[0]}" for row in real[part]]).take(pa.array(no)),
                "store_id": pa.array([f"grocer:{row[1]}" for row in real[part]]).take(pa.array(no)),
                "order_date": pa.array(dates[day].astype("datetime64[D]")),
                "units": units[sold],
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        rows += table.num_rows
    assert writer is not None, "there are series"
    writer.close()
    return rows


class Stages:
    """Seconds of each stage, by the clock and of the processors, and what else is counted."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin, cpu_begin = time.perf_counter(), time.process_time()
        yield
        self.figures[f"{name}_seconds"] = time.perf_counter() - begin
        self.figures[f"{name}_cpu_seconds"] = time.process_time() - cpu_begin


def reknit(path: Path, stages: Stages) -> pl.DataFrame:
    connection = duckdb.connect(config={"threads": boosting.THREADS})
    with stages.stage("load"):
        days = daily.load(connection, f"(from read_parquet('{path}') where units > 0)", AS_OF)
    with stages.stage("features"):
        rows = daily.training_rows(days)
    stages.figures["rows"] = rows.num_rows
    with stages.stage("train"):
        data = daily.dataset(rows, SEED)
        del rows
        boosters = daily.fit_mean(data, CONFIG, SEED)
    with stages.stage("forecast"):
        daily.forecast(days, boosters)
    with stages.stage("range"):
        both = {**boosters, **daily.fit_range(data, CONFIG, SEED)}
        found = daily.forecast(days, both)
    return found


def mlforecast(path: Path, stages: Stages) -> pl.DataFrame:
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    def model(objective: Mapping[str, object]) -> LGBMRegressor:
        names = {"min_data_in_leaf": "min_child_samples", "num_threads": "n_jobs"}
        params: dict[str, Any] = {**boosting.COMMON, **daily.PARAMS, **objective}
        params = {names.get(name, name): value for name, value in params.items()}
        return LGBMRegressor(n_estimators=CONFIG.trees, num_leaves=CONFIG.leaves, random_state=SEED, **params)

    forecaster = MLForecast(
        models={"forecast_qty": model(daily.MEAN)},
        freq="1d",
        lags=list(daily.LAGS),
        lag_transforms={daily.HORIZON_DAYS: [RollingMean(days) for days in daily.SUMS]},
        date_features=["weekday", "month", "day"],
        num_threads=boosting.THREADS,
    )
    with stages.stage("load"):
        frame = pl.read_parquet(path, columns=["series_no", "order_date", "units"]).filter(
            pl.col("order_date") <= AS_OF
        ).select(unique_id="series_no", ds="order_date", y=pl.col("units").cast(pl.Float32))  # fmt: skip
    with stages.stage("features"):
        values, units = forecaster.preprocess(frame, static_features=[], return_X_y=True, as_numpy=True)
    del frame
    stages.figures["rows"] = len(units)
    with stages.stage("train"):
        forecaster.fit_models(values, np.asarray(units))
    with stages.stage("forecast"):
        mean = forecaster.predict(daily.HORIZON_DAYS)
    forecaster.models = {
        f"forecast_{role}_qty": model({"objective": "quantile", "alpha": alpha})
        for role, alpha in (("low", CONFIG.lower), ("high", CONFIG.upper))
    }
    with stages.stage("range"):
        forecaster.fit_models(values, np.asarray(units))
        found = forecaster.predict(daily.HORIZON_DAYS)
    keys = pl.read_parquet(path, columns=["series_no", "product_id", "store_id"]).unique()
    return (
        mean.join(found, on=["unique_id", "ds"])
        .rename({"ds": "forecast_date"})
        .join(keys, left_on="unique_id", right_on="series_no")
    )


SIDES = {"reknit": reknit, "mlforecast": mlforecast}


def measure(side: str, folder: Path) -> None:
    """Run one side in this process; its figures and forecasts as files."""
    with MemorySampler() as sampler:
        stages, begin = Stages(), time.time()
        SIDES[side](folder / "units.parquet", stages).write_parquet(folder / f"{side}.parquet")
        stages.figures["peak_mb"] = sampler.peak_mb(begin, time.time())
    (folder / f"{side}.json").write_text(json.dumps(stages.figures))


def accuracy(path: Path, forecasts: pl.DataFrame) -> dict[str, float]:
    """Of the days held out, by series and day."""
    made, series = pl.scan_parquet(path), ["product_id", "store_id"]
    actual = made.filter(pl.col("order_date") > AS_OF).collect()
    both = forecasts.join(actual, left_on=[*series, "forecast_date"], right_on=[*series, "order_date"])
    step = pl.col("units").cast(pl.Float64).diff()
    scale = made.filter(pl.col("order_date") <= AS_OF).group_by(series).agg(scale=(step**2).mean().sqrt()).collect()
    error = (pl.col("units") - pl.col("forecast_qty")) ** 2
    by_series = both.group_by(series).agg(rmse=error.mean().sqrt()).join(scale, on=series).filter(pl.col("scale") > 0)
    sold, mean, low, high = (
        both[name].cast(pl.Float64).to_numpy()
        for name in ("units", "forecast_qty", "forecast_low_qty", "forecast_high_qty")
    )
    found = {
        "wape": metrics.wape(sold, mean),
        "rmsse": by_series.select((pl.col("rmse") / pl.col("scale")).mean()).item(),
        "bias": metrics.bias(sold, mean),
        "pinball_low": metrics.pinball(sold, low, CONFIG.lower),
        "pinball_high": metrics.pinball(sold, high, CONFIG.upper),
        "coverage_80": float(np.mean((sold >= low) & (sold <= high))),
        "forecasts": float(both.height),
    }
    return {name: value for name, value in found.items() if value is not None}


WHOLE = ("load", "features", "train", "forecast")


def scale(case: str, rows: int, folder: Path) -> None:
    path = folder / "units.parquet"
    report("demand", case, "rows_made", make(path, max(rows // DAYS, 1)), "rows")
    figures: dict[str, dict[str, float]] = {}
    # On a busy machine threads that wait by counting would take the time from those that work.
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    for side in SIDES:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.demand_scale", side, str(folder)], env=environment, check=True
        )
        measured = json.loads((folder / f"{side}.json").read_text())
        figures[side] = {
            **measured,
            **{kind: sum(measured[f"{stage}_{kind}"] for stage in WHOLE) for kind in ("seconds", "cpu_seconds")},
            **accuracy(path, pl.read_parquet(folder / f"{side}.parquet")),
        }
    ours, theirs = figures["reknit"], figures["mlforecast"]
    units = {"rows": "rows", "forecasts": "rows", "wape": "ratio", "rmsse": "ratio", "bias": "ratio"}
    for metric in ours:
        unit = units.get(metric) or next(
            (u for end, u in (("seconds", "s"), ("mb", "MB"), ("80", "share")) if metric.endswith(end)), "units"
        )
        report("demand", case, metric, round(ours[metric], 4), unit, "mlforecast", round(theirs[metric], 4))
    for ratio, metric in (
        ("feature_speed_ratio", "features_seconds"), ("speed_ratio", "seconds"),
        ("feature_cpu_ratio", "features_cpu_seconds"), ("cpu_ratio", "cpu_seconds"),
    ):  # fmt: skip
        report("demand", case, ratio, round(theirs[metric] / ours[metric], 2), "ratio", "mlforecast", 1)


def run(cases: list[str], data: str | None) -> None:
    """data: not needed, the package of The Complete Journey has it all."""
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            scale(case, CASES[case], Path(folder))


def main() -> None:
    """One side, in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    measure(arguments.side, arguments.folder)


if __name__ == "__main__":
    main()
