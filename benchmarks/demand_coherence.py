"""Sums of forecasts by category, store and all: bottom-up beside forecasts made at that level, and reconciled ones.

Case `coherence`: products of The Complete Journey in a store that sold in at least 15 of the first 39 weeks, four weeks
ahead. The set has stores and no regions, so that a store stands for one. Each level is forecast by the sums of the
product's own path (bottom-up); directly, by the same path on the level's own sales and by AutoETS; and by both
together, reconciled by weighted least squares: the weight of a series is the number of those below it (struct) or the
variance of its errors on earlier origins (var). Top-down shares the total out as bottom-up has it.

What to build was chosen on origins 32 and 36 (var on 36, as the first has no errors before it); 40, 44 and 48 are
measured. The ranges are those of `mart_demand_total`,
from the backtests of the origins before.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks import demand_measures as measures
from benchmarks.demand_journey import BRAND, FIRST_MONDAY, SEED, WEEKS_AHEAD, features, sunday
from benchmarks.report import report
from benchmarks.warehouse import NO_STOCK_NO_RETURNS, empty_warehouse, run_dbt
from demo.grocer import data_folder
from models import metrics
from models.demand import backtest, fit_and_score, forecast_weeks
from pipelines.settings import STATE_VARIABLE

CASES = ("coherence",)
CASE = CASES[0]
ORIGINS = (32, 36, 40, 44, 48)
CHOSEN_ON = (32, 36)
LEVELS = ("series", "category", "store", "all")
SOLD_WEEKS = 15

SOLD = f"""
    create table sold as
    select
        cast(file_row_number as varchar) as line, cast(product_id as varchar) as product_id,
        cast(store_id as varchar) as store_id, week, cast(quantity as decimal(18, 3)) as quantity,
        cast(sales_value as decimal(18, 4)) as net_amount,
        cast(sales_value + retail_disc + coupon_match_disc as decimal(18, 4)) as gross_amount,
        cast(date '{FIRST_MONDAY}' + cast(7 * (week - 1) as integer)
            + cast(isodow(cast(transaction_timestamp as date)) - 1 as integer) as date) as order_date
    from read_parquet('{{folder}}/transactions.parquet', file_row_number = true)
    where week <= 52 and quantity <= 50;
    create table series as
    select product_id, store_id, coalesce(product_category, 'none') as category
    from sold inner join (
        select cast(product_id as varchar) as product_id, product_category
        from read_parquet('{{folder}}/products.parquet')
    ) as product using (product_id)
    where week <= 39
    group by all having count(distinct week) >= {SOLD_WEEKS};
    create table promoted as
    select
        cast(product_id as varchar) as product_id, cast(store_id as varchar) as store_id,
        date '{FIRST_MONDAY}' + cast(7 * (week - 1) as integer) as week_start_date,
        nullif(display_location, '0') as display_location, nullif(mailer_location, '0') as mailer_location
    from read_parquet('{{folder}}/promotions.parquet')
    where
        week <= 52
        and (cast(product_id as varchar), cast(store_id as varchar)) in (select (product_id, store_id) from series);
    -- What a line or promotion counts for: itself, or the level's series that it is part of.
    create table place (product_id varchar, store_id varchar, of_product_id varchar, of_store_id varchar);
"""
BOTTOM = "insert into place select product_id, store_id, product_id, store_id from series"
TOTALS = """
    insert into place
    select product_id, store_id, 'category:' || category, 'every' from series
    union all select product_id, store_id, 'store:' || store_id, 'every' from series
    union all select product_id, store_id, 'all:', 'every' from series
"""
TABLES = f"""
    create or replace table ops_brand as
    select * replace ('{BRAND}' as brand, 'USD' as currency_code, 'US' as country_code, 'UTC' as time_zone)
    from ops_brand limit 1;
    create or replace table fct_order_line as
    select
        line || ':' || of_product_id as order_line_id, '{BRAND}' as brand, of_store_id as store_id,
        of_product_id as product_id, 'sale' as line_kind, 'product' as item_kind, 'piece' as unit_of_measure,
        order_date, order_date as known_date, quantity, net_amount, gross_amount
    from sold inner join place using (product_id, store_id);
    create or replace table dim_product as
    select distinct of_product_id as product_id, department, category, product_type as family
    from place
    left join (
        select cast(product_id as varchar) as of_product_id, department, product_category as category, product_type
        from read_parquet('{{folder}}/products.parquet')
    ) as product using (of_product_id);
    create or replace table dim_store as
    select distinct of_store_id as store_id, of_store_id as region from place;
    {NO_STOCK_NO_RETURNS}
    create or replace table stg_campaign__promotion as
    select
        of_product_id as product_id, of_store_id as store_id, '{BRAND}' as brand, week_start_date, display_location,
        mailer_location, cast(week_start_date - 28 as timestamp) as known_at
    from promoted inner join place using (product_id, store_id);
"""


class Panel:
    """The series, their weekly units, and which of them each total adds up."""

    def __init__(self, folder: Path) -> None:
        self.path = prepared(folder, BOTTOM)
        with duckdb.connect(str(self.path), read_only=True) as connection:
            self.series = connection.sql("select * from series order by product_id, store_id").pl()
            units = connection.sql(
                """select product_id, store_id, week, coalesce(cast(sum(quantity) as double), 0) as units
                from series cross join range(1, 53) as weeks(week) left join sold using (product_id, store_id, week)
                group by all order by product_id, store_id, week"""
            ).pl()
        self.units = units["units"].to_numpy().reshape(self.series.height, 52)
        member = {
            "category": "category:" + self.series["category"],
            "store": "store:" + self.series["store_id"],
            "all": pl.Series(["all:"] * self.series.height),
        }
        self.levels: list[str] = []
        self.names: list[str] = []
        sums = []
        for level, names in member.items():
            for name in names.unique().sort():
                self.levels.append(level)
                self.names.append(name)
                sums.append((names == name).to_numpy().astype(float))
        self.sums = np.array(sums)

    def of(self, level: str) -> np.ndarray:
        """Which totals are of a level."""
        return np.array(self.levels) == level


def prepared(folder: Path, place: str) -> Path:
    """A warehouse in a folder of its own with the lines of the series that `place` makes."""
    folder.mkdir()
    os.environ[STATE_VARIABLE] = str(folder)
    path = empty_warehouse()
    with duckdb.connect(str(path)) as connection:
        connection.execute(SOLD.format(folder=data_folder()))
        connection.execute(place)
        connection.execute(TABLES.format(folder=data_folder()))
    return path


def forecast(path: Path, week: int, keys: pl.DataFrame) -> np.ndarray:
    """Weekly means of the keys by the product's own path, 0 where it forecasts none; scores and backtest are kept."""
    table = features(path, path.parent, sunday(week))
    stock = pl.DataFrame(
        schema={"product_id": pl.String, "store_id": pl.String, "stock_date": pl.Date, "on_hand_qty": pl.Decimal(18, 3)}
    )
    scores, models = fit_and_score(table, stock, sunday(week), SEED)
    past = backtest.table(models, sunday(week))
    kept = scores.join(keys, on=["product_id", "store_id"], how="semi")
    with duckdb.connect(str(path)) as connection:
        for name, frame in (("score_demand", kept), ("score_demand_backtest", past)):
            connection.register("_rows", frame.to_arrow())
            connection.execute(f"insert into {name} by name from _rows")
            connection.unregister("_rows")
    weeks = pl.DataFrame({"horizon": pl.Series(range(1, WEEKS_AHEAD + 1), dtype=pl.Int32)})
    rows = (
        keys.select("product_id", "store_id")
        .join(weeks, how="cross")
        .join(
            forecast_weeks(models[0], table),
            on=["product_id", "store_id", "horizon"],
            how="left",
            maintain_order="left",
        )
    )
    return rows["forecast_qty"].fill_null(0).to_numpy().reshape(-1, WEEKS_AHEAD)


def reconciled(
    bottom: np.ndarray, totals: np.ndarray, sums: np.ndarray, weight: np.ndarray, total_weight: np.ndarray
) -> np.ndarray:
    """Series moved as little as their variances allow, so that they add up to totals that are moved likewise."""
    gain = weight[:, None] * sums.T
    solved = np.linalg.solve(sums @ gain + np.diag(total_weight), totals - sums @ bottom)
    return np.asarray(bottom + gain @ solved)


def methods(
    panel: Panel, bottom: np.ndarray, direct: Mapping[str, np.ndarray], errors: Mapping[str, np.ndarray] | None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Forecasts of the series and of the totals by each way; a direct one has no coherent series of its own.

    errors: variances of past errors, of the series under `series` and of each direct forecast's totals.
    """
    own_sum = panel.sums @ bottom
    found = {"bottom-up": (bottom, own_sum)}
    for name, totals in direct.items():
        found[f"direct {name}"] = (bottom, totals)
        share = bottom / np.maximum(own_sum[panel.of("all")], 1e-9)
        shared = share * totals[panel.of("all")]
        found[f"top-down {name}"] = (shared, panel.sums @ shared)
        weights = {"struct": (np.ones(len(bottom)), panel.sums.sum(axis=1))}
        if errors is not None:
            weights["var"] = (errors["series"], errors[name])
        for kind, (weight, total_weight) in weights.items():
            moved = np.maximum(reconciled(bottom, totals, panel.sums, weight, total_weight), 0)
            found[f"wls_{kind} {name}"] = (moved, panel.sums @ moved)
    return found


def run(cases: list[str], data: str | None) -> None:
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        panel = Panel(folder / "series")
        totals_path = prepared(folder / "totals", TOTALS)
        keys = pl.DataFrame({"product_id": panel.names, "store_id": ["every"] * len(panel.names)})
        squared: dict[str, list[np.ndarray]] = {}
        for week in ORIGINS:
            actual = panel.units[:, week : week + WEEKS_AHEAD]
            history = panel.sums @ panel.units[:, :week]
            bottom = forecast(panel.path, week, panel.series)
            direct = {
                "LightGBM": forecast(totals_path, week, keys),
                "AutoETS": measures.forecast(list(history), WEEKS_AHEAD, measures.models(None)["AutoETS"]),
            }
            errors = {key: np.mean(past, axis=(0, 2)) + 1e-3 for key, past in squared.items()} or None
            use = "chosen on" if week in CHOSEN_ON else "measured"
            for method, (series, totals) in methods(panel, bottom, direct, errors).items():
                report_errors(week, use, panel, actual, method, series, totals)
            report_ranges(week, use, panel, actual)
            squared.setdefault("series", []).append((actual - bottom) ** 2)
            for method, totals in direct.items():
                squared.setdefault(method, []).append((panel.sums @ actual - totals) ** 2)
        report("demand", CASE, "series", panel.series.height, "products of stores")
        report("demand", CASE, "seconds", round(time.perf_counter() - begin, 1), "s")


def report_errors(
    week: int, use: str, panel: Panel, actual: np.ndarray, method: str, series: np.ndarray, totals: np.ndarray
) -> None:
    sold = panel.sums @ actual
    for level in LEVELS:
        pair = (actual, series) if level == "series" else (sold[panel.of(level)], totals[panel.of(level)])
        value = metrics.wape(*pair)
        assert value is not None, "a set that sold nothing measures nothing"
        report(
            "demand",
            CASE,
            "wape_of_sums",
            round(value, 4),
            "",
            level=level,
            method=method,
            origin=str(week),
            use=use,
        )


def report_ranges(week: int, use: str, panel: Panel, actual: np.ndarray) -> None:
    """How often the range of `mart_demand_total` held the units of four weeks, and its width, beside two others."""
    run_dbt(panel.path, panel.path.parent, "int_demand_error", "mart_demand_total", as_of=sunday(week))
    with duckdb.connect(str(panel.path), read_only=True) as connection:
        ranges = connection.sql(
            """select dimension, category, region, forecast_qty, forecast_low_qty, forecast_high_qty
            from mart_demand_total"""
        ).pl()
        scores = connection.sql(
            """select product_id, store_id, forecast_qty, forecast_low_qty, forecast_high_qty from score_demand
            where as_of_date = $as_of""",
            params={"as_of": sunday(week)},
        ).pl()
    sold = panel.series.with_columns(sold=pl.Series(actual.sum(axis=1))).join(scores, on=["product_id", "store_id"])
    down, up = (
        pl.col("forecast_qty") - pl.col("forecast_low_qty"),
        pl.col("forecast_high_qty") - pl.col("forecast_qty"),
    )
    wanted: tuple[tuple[str, list[str]], ...] = (
        ("category and region", ["category", "store_id"]), ("category", ["category"]), ("region", ["store_id"]),
        ("brand", []),
    )  # fmt: skip
    for dimension, by in wanted:
        rows = sold.group_by(*by, pl.lit(1).alias("every")).agg(
            pl.col("sold", "forecast_qty").sum(),
            independent_low=pl.col("forecast_qty").sum() - (down**2).sum().sqrt(),
            independent_high=pl.col("forecast_qty").sum() + (up**2).sum().sqrt(),
            added_low=pl.col("forecast_low_qty").sum(),
            added_high=pl.col("forecast_high_qty").sum(),
        )
        on = {"category": "category", "store_id": "region"}
        ours = ranges.filter(pl.col("dimension") == dimension).select(
            *(pl.col(on[key]).alias(key) for key in by),
            mart_low=pl.col("forecast_low_qty").cast(pl.Float64),
            mart_high=pl.col("forecast_high_qty").cast(pl.Float64),
        )
        rows = rows.join(ours, on=by) if by else rows.join(ours, how="cross")
        for kind, label in (
            ("mart", "mart_demand_total"),
            ("independent", "independent"),
            ("added", "ranges added up"),
        ):
            holds = rows.select(pl.col("sold").is_between(f"{kind}_low", f"{kind}_high").mean()).item()
            width = rows.select((pl.col(f"{kind}_high") - pl.col(f"{kind}_low")).sum() / pl.col("sold").sum()).item()
            for metric, value in (("coverage_80", holds), ("width_share", width)):
                report(
                    "demand", CASE, metric, round(value, 4), "share", level=dimension, method=label, origin=str(week),
                    use=use,
                )  # fmt: skip
