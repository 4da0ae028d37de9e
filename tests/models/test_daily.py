"""Daily forecasts: features against their plain meaning, nothing of the future, one row a series and day."""

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from models.demand import daily
from models.features import FeatureError

AS_OF = date(2019, 6, 30)
DAYS = 700
SERIES = 12
CONFIG = daily.DailyConfig(trees=30)


def made_units() -> np.ndarray:
    """Series × days to AS_OF: a level each, four times as much on Saturdays; the last series is young."""
    random = np.random.default_rng(5)
    level = np.linspace(0.3, 3, SERIES)[:, None]
    is_saturday = np.array([(AS_OF - timedelta(days=DAYS - 1 - day)).isoweekday() == 6 for day in range(DAYS)])
    units = random.poisson(level * np.where(is_saturday, 4, 1))
    units[:, 0] = 1
    units[-1, :400] = 0
    units[-1, 400] = 1
    return units


def sales(units: np.ndarray) -> pl.DataFrame:
    """Rows of the days with a sale, in an order that means nothing."""
    series, day = np.nonzero(units)
    frame = pl.DataFrame(
        {
            "product_id": [f"p{no:02d}" for no in series],
            "store_id": "s",
            "order_date": [AS_OF - timedelta(days=DAYS - 1 - int(one)) for one in day],
            "units": units[series, day],
        }
    )
    return frame.sample(fraction=1, shuffle=True, seed=1)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def test_features_are_what_they_are_called(connection: duckdb.DuckDBPyConnection) -> None:
    # So many that all together are more than 32 bits hold.
    units = 300_000 * made_units().astype(np.int64)
    assert units.sum() > 2**32
    connection.register("sales", sales(units).to_arrow())
    loaded = daily.load(connection, "sales", AS_OF)
    assert loaded.series.height == SERIES - 1
    rows = pl.DataFrame(daily.training_rows(loaded))
    assert rows["units"].to_list() == units[:-1, daily.HISTORY_DAYS :].ravel().tolist()
    check_features(rows, units, range(daily.HISTORY_DAYS, DAYS))
    check_features(pl.DataFrame(daily.forecast_rows(loaded)), units, range(DAYS, DAYS + daily.HORIZON_DAYS))


def check_features(rows: pl.DataFrame, units: np.ndarray, days: range) -> None:
    """Rows are those of the days, of all series but the last, which is young."""
    expected = [(no, day) for no in range(SERIES - 1) for day in days]
    assert rows.height == len(expected)
    for lag in daily.LAGS:
        assert rows[f"units_lag_{lag}"].to_list() == [units[no, day - lag] for no, day in expected]
    for window in daily.SUMS:
        last = [day - daily.HORIZON_DAYS for _, day in expected]
        assert rows[f"units_sum_{window}"].to_list() == [
            units[no, end - window + 1 : end + 1].sum() for (no, _), end in zip(expected, last, strict=True)
        ]
    dates = [AS_OF - timedelta(days=DAYS - 1 - day) for _, day in expected]
    assert rows["weekday"].to_list() == [one.isoweekday() for one in dates]
    assert rows["month"].to_list() == [one.month for one in dates]
    assert rows["day_of_month"].to_list() == [one.day for one in dates]


def test_each_series_has_its_coming_days_with_a_range(connection: duckdb.DuckDBPyConnection) -> None:
    connection.register("sales", sales(made_units()).to_arrow())
    found = daily.fit_and_forecast(connection, "sales", AS_OF, 7, CONFIG)
    assert found.schema == daily.SCHEMA
    assert found.height == (SERIES - 1) * daily.HORIZON_DAYS
    assert found["forecast_date"].unique().sort().to_list() == [
        AS_OF + timedelta(days=ahead) for ahead in range(1, daily.HORIZON_DAYS + 1)
    ]
    assert found.filter(
        pl.col("forecast_low_qty").is_between(0, pl.col("forecast_qty"))
        & (pl.col("forecast_qty") <= pl.col("forecast_high_qty"))
    ).height == found.height  # fmt: skip
    by_day = found.group_by(is_saturday=pl.col("forecast_date").dt.weekday() == 6).agg(pl.col("forecast_qty").mean())
    saturday, other = (by_day.filter(pl.col("is_saturday") == is_it)["forecast_qty"].item() for is_it in (True, False))
    assert saturday / other == pytest.approx(4, rel=0.25)
    by_series = found.group_by("product_id").agg(pl.col("forecast_qty").sum()).sort("product_id")["forecast_qty"]
    assert np.corrcoef(by_series, made_units()[:-1, -91:].sum(axis=1))[0, 1] > 0.9


def test_what_happens_after_as_of_is_not_seen(connection: duckdb.DuckDBPyConnection) -> None:
    frame = sales(made_units()).cast({"units": pl.Int64})
    later = frame.with_columns(pl.col("order_date").dt.offset_by("1y"), units=pl.lit(900, dtype=pl.Int64)).filter(
        pl.col("order_date") > AS_OF
    )
    connection.register("sales", frame.to_arrow())
    connection.register("more", pl.concat([frame, later]).to_arrow())
    first, second = (daily.fit_and_forecast(connection, name, AS_OF, 7, CONFIG) for name in ("sales", "more"))
    assert later.height > 100
    assert first.equals(second)


def test_a_day_that_comes_twice_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    frame = sales(made_units())
    connection.register("sales", pl.concat([frame, frame.head(1)]).to_arrow())
    with pytest.raises(FeatureError, match="more than one row a product, store and day"):
        daily.load(connection, "sales", AS_OF)


def test_without_a_year_of_sales_there_is_no_row(connection: duckdb.DuckDBPyConnection) -> None:
    connection.register("sales", sales(made_units()[:, -300:]).to_arrow())
    young = daily.fit_and_forecast(connection, "sales", AS_OF - timedelta(days=DAYS - 300), 7, CONFIG)
    assert young.is_empty()
    assert young.schema == daily.SCHEMA
