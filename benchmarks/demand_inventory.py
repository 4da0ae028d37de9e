"""Stock against service on held-out weeks: orders by the forecast and its range, beside the rules that they replace.

Case `inventory`: The Complete Journey's products, each one series of all stores (`demand_journey` says which and how
they are read). Every Sunday from week 38 on each rule orders; goods arrive a week later, so that an order has to last
two weeks. Demand comes day by day, what is not on hand is lost. Weeks 41 to 52 are measured; a rule that orders at the
end of a week knows what was known by then. All rules are simulated over their whole range, from little stock to much,
and all round up.

- reknit: the order-up-to level of `models.ordering.policy`, from a LightGBM mean of two weeks' demand and a spread from
  the distance to a LightGBM 90 % quantile of it, at a service level by class of sales, as `score_order` has it;
- mean_and_safety_stock: the same mean + z·σ, σ of that forecast's own errors of the last 26 weeks;
- mean13_and_safety_stock: the mean of 13 weeks + z·σ of its own errors;
- min_max: at two weeks' sales, as they were in week 38, up to three, times a factor, and never looked at again.

Models are trained anew every four weeks. Features, rounds and the form of the level were chosen on weeks 29 to 40
(`--first-week 29`), never on those measured.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from scipy import stats

from benchmarks import demand_journey as journey
from benchmarks.report import report
from models import boosting
from models.demand.distribution import UPPER_IN_DEVIATIONS
from models.demand.features import TABLE
from models.features import Feature, encode, fit_encoding
from models.ordering.policy import demand_quantile
from pipelines.settings import CONFIG_VARIABLE, PROJECT_DIR, STATE_VARIABLE

CASES = ("inventory",)
PROTECTED_WEEKS = 2
FIRST_WEEK, MEASURED_WEEKS, WARM_UP_WEEKS = 41, 12, 2
TRAIN_EVERY, TRAIN_ORIGINS = 4, 16
FIRST_TRAINED = 14
ERROR_WEEKS, MIN_ERROR_WEEKS = 26, 8
MEAN_WEEKS = 13
SERVICE_Z = 1.645
SEED = 20171001
RESAMPLES = 1000
# The data have no cost: the margin of the demo's groceries.
MARGIN_SHARE = 0.28
LEVELS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.875, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.998, 0.999)
ZS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, SERVICE_Z, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5)
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0)
BOOSTING: Mapping[str, object] = {
    "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 60, "feature_fraction": 0.5, "bagging_fraction": 0.7,
    "bagging_freq": 1, "max_bin": 63, "cat_smooth": 50, "num_threads": 1,
}  # fmt: skip
MEAN = {"objective": "tweedie", "tweedie_variance_power": 1.3}
HIGH = {"objective": "quantile", "alpha": 0.9}
MEAN_ROUNDS, HIGH_ROUNDS = 150, 100
# By class of sales, how many times the safety of class a: little stock keeps what sells little at hand.
CLASS_FACTORS = (1.0, 1.2, 1.4)
CLASS_ENDS = (0.8, 0.95)

# What the second week adds to the features of the first.
SECOND_WEEK = ("holiday_count", "display_count", "mailer_count", "is_thanksgiving_week")
PERIOD_FEATURES = (
    *(feature for feature in TABLE.features if feature.name != "horizon"),
    *(
        Feature(f"{feature.name}_second", feature.kind, feature.group, f"{feature.meaning}, second week")
        for feature in TABLE.features
        if feature.name in SECOND_WEEK
    ),
)


# What a product's own past says of its spread: two weeks' sales and the errors of the mean forecast, of 26 weeks.
OWN_FEATURES = tuple(
    Feature(name, "number", "pattern", meaning, "learn")
    for name, meaning in (
        ("two_weeks_last", "Units of the last two weeks"),
        ("two_weeks_max", "Most units of two weeks, of 26 weeks"),
        ("two_weeks_std", "Spread of the units of two weeks, of 26 weeks"),
        ("forecast", "The mean forecast"),
        ("forecast_error", "Deviation of the mean forecast's own errors, of 26 weeks"),
    )
)


@dataclass(frozen=True)
class Outcome:
    """What a rule came to over the measured weeks, by product."""

    stock: np.ndarray
    stock_out_days: np.ndarray
    lost: np.ndarray
    demand: np.ndarray


def period_rows(table: pl.DataFrame, products: Sequence[str], units: np.ndarray) -> pl.DataFrame:
    """One row a product and origin: the first week's features, the second's own, and the units of both.

    The units are those of all weeks: whoever learns from them takes origins whose weeks are over.
    """
    second = table.filter(pl.col("horizon") == 2).select(
        "product_id", "origin_date", *(pl.col(name).alias(f"{name}_second") for name in SECOND_WEEK)
    )
    rows = (
        table.filter(pl.col("horizon") == 1)
        .join(second, on=["product_id", "origin_date"])
        .join(pl.DataFrame({"product_id": products, "position": np.arange(len(products))}), on="product_id")
        .with_columns(origin=(pl.col("origin_date") - pl.lit(journey.FIRST_MONDAY)).dt.total_days() // 7 + 1)
        .sort("origin", "product_id")
    )
    sums = np.stack([two_weeks(units, origin) for origin in range(units.shape[1] + 1)], axis=1)
    return rows.with_columns(protected_units=sums[rows["position"].to_numpy(), rows["origin"].to_numpy()])


def mean_forecast(rows: pl.DataFrame, shape: tuple[int, int]) -> np.ndarray:
    """Two weeks' mean demand by product and origin, NaN before FIRST_TRAINED."""
    found = np.full(shape, np.nan)
    for trained_at in range(FIRST_TRAINED, shape[1], TRAIN_EVERY):
        known, to_score = known_and_next(rows, trained_at)
        if to_score.is_empty():
            break
        encoding = fit_encoding(known, PERIOD_FEATURES)
        booster = boosting.train(
            encode(known, PERIOD_FEATURES, encoding).values, known["protected_units"].to_numpy(), PERIOD_FEATURES,
            {**BOOSTING, **MEAN}, MEAN_ROUNDS, SEED,
        )  # fmt: skip
        set_at(found, to_score, boosting.predict(booster, encode(to_score, PERIOD_FEATURES, encoding).values))
    return found


def high_forecast(rows: pl.DataFrame, mean: np.ndarray, units: np.ndarray, first_origin: int) -> np.ndarray:
    """The 90 % quantile of two weeks' demand by product and origin, from `first_origin` on."""
    found = np.full(mean.shape, np.nan)
    features = (*PERIOD_FEATURES, *OWN_FEATURES)
    rows = with_own_past(rows, mean, units)
    for trained_at in range(first_origin, mean.shape[1], TRAIN_EVERY):
        known, to_score = known_and_next(rows, trained_at)
        if to_score.is_empty():
            break
        encoding = fit_encoding(known, features)
        # Relative to the product's size, so that large and small share one model.
        size = known["units_mean_13"].fill_null(0).to_numpy() * PROTECTED_WEEKS + 1
        booster = boosting.train(
            encode(known, features, encoding).values, known["protected_units"].to_numpy() / size, features,
            {**BOOSTING, **HIGH}, HIGH_ROUNDS, SEED, weight=size,
        )  # fmt: skip
        size = to_score["units_mean_13"].fill_null(0).to_numpy() * PROTECTED_WEEKS + 1
        set_at(found, to_score, boosting.predict(booster, encode(to_score, features, encoding).values) * size)
    return found


def known_and_next(rows: pl.DataFrame, trained_at: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose two weeks are over, of the newest origins, and those to score until the next training."""
    newest = trained_at - PROTECTED_WEEKS
    return (
        rows.filter(pl.col("origin").is_between(newest - TRAIN_ORIGINS + 1, newest)),
        rows.filter(pl.col("origin").is_between(trained_at, trained_at + TRAIN_EVERY - 1)),
    )


def set_at(into: np.ndarray, rows: pl.DataFrame, values: np.ndarray) -> None:
    into[rows["position"].to_numpy(), rows["origin"].to_numpy()] = values


def with_own_past(rows: pl.DataFrame, mean: np.ndarray, units: np.ndarray) -> pl.DataFrame:
    sums = np.full(mean.shape, np.nan)
    sums[:, PROTECTED_WEEKS:] = np.stack(
        [two_weeks(units, origin - PROTECTED_WEEKS) for origin in range(PROTECTED_WEEKS, mean.shape[1])], axis=1
    )
    past = {"two_weeks_last": sums, "forecast": mean, "forecast_error": error_deviation(mean, units)}
    for name, of in (("two_weeks_max", np.max), ("two_weeks_std", np.std)):
        past[name] = np.full(mean.shape, np.nan)
        for origin in range(PROTECTED_WEEKS, mean.shape[1]):
            window = sums[:, max(origin - ERROR_WEEKS + 1, PROTECTED_WEEKS) : origin + 1]
            past[name][:, origin] = of(window, axis=1)
    at = rows["position"].to_numpy(), rows["origin"].to_numpy()
    return rows.with_columns(pl.Series(name, values[at]).fill_nan(None) for name, values in past.items())


def error_deviation(mean: np.ndarray, units: np.ndarray) -> np.ndarray:
    """By origin, root mean square of the errors of the forecasts whose two weeks were over, of the last 26 weeks."""
    protected = np.full_like(mean, np.nan)
    protected[:, : units.shape[1] - 1] = np.stack([two_weeks(units, t) for t in range(units.shape[1] - 1)], axis=1)
    squared = (protected - mean) ** 2
    found = np.full_like(mean, np.nan)
    for origin in range(PROTECTED_WEEKS, mean.shape[1]):
        past = squared[:, max(origin - PROTECTED_WEEKS - ERROR_WEEKS + 1, 0) : origin - PROTECTED_WEEKS + 1]
        count = np.isfinite(past).sum(axis=1)
        is_enough = count >= MIN_ERROR_WEEKS
        found[is_enough, origin] = np.sqrt(np.nansum(past[is_enough], axis=1) / count[is_enough])
    return found


def two_weeks(units: np.ndarray, origin: int) -> np.ndarray:
    """Units of the weeks after the origin; weeks are numbered from 1, columns from 0."""
    total: np.ndarray = units[:, origin : origin + PROTECTED_WEEKS].sum(axis=1)
    return total


def simulate(daily: np.ndarray, first_week: int, level: np.ndarray, trigger: np.ndarray) -> Outcome:
    """Weekly orders, a week's lead time, lost sales.

    daily: products × weeks × days of demand. level, trigger: products × origins; an order fills on hand and on order
    up to the level where they are at or below the trigger. At the end of the first origin the level is on hand.
    """
    products = len(daily)
    origin = first_week - WARM_UP_WEEKS - 1
    on_hand, arriving = level[:, origin].copy(), np.zeros(products)
    stock, out, lost, demand = (np.zeros(products) for _ in range(4))
    for week in range(origin + 1, first_week + MEASURED_WEEKS):
        is_measured = week >= first_week
        for day in range(daily.shape[2]):
            wanted = daily[:, week - 1, day]
            sold = np.minimum(wanted, on_hand)
            on_hand = on_hand - sold
            if is_measured:
                stock += on_hand
                out += on_hand <= 0
                lost += wanted - sold
                demand += wanted
        # Sunday night: last week's order comes in, this week's is sent.
        on_hand = on_hand + arriving
        arriving = np.where(on_hand <= trigger[:, week], np.maximum(level[:, week] - on_hand, 0), 0)
    days = MEASURED_WEEKS * daily.shape[2]
    return Outcome(stock / days, out, lost, demand)


def safety_factor(revenue: np.ndarray) -> np.ndarray:
    """By product, from its class: a makes the first 80 % of sales, b the next 15 %, c the rest."""
    order = np.argsort(-revenue, kind="stable")
    larger = np.empty(len(revenue))
    larger[order] = (np.cumsum(revenue[order]) - revenue[order]) / revenue.sum()
    factors: np.ndarray = np.array(CLASS_FACTORS)[np.searchsorted(CLASS_ENDS, larger, side="right")]
    return factors


def curves(
    daily: np.ndarray, units: np.ndarray, revenue: np.ndarray, mean: np.ndarray, high: np.ndarray, first_week: int
) -> dict[str, list[Outcome]]:
    """Each rule over its whole range, from little stock to much."""
    mean13 = np.full_like(mean, np.nan)
    for origin in range(MEAN_WEEKS, mean.shape[1]):
        mean13[:, origin] = units[:, origin - MEAN_WEEKS : origin].mean(axis=1)
    sold = mean13 * PROTECTED_WEEKS
    error, error13 = error_deviation(mean, units), error_deviation(sold, units)
    deviation = np.maximum(high - mean, 0) / UPPER_IN_DEVIATIONS
    start = first_week - WARM_UP_WEEKS - 1
    factor = safety_factor(revenue[:, start - MEAN_WEEKS : start].sum(axis=1))[:, None]
    fixed = np.repeat(mean13[:, start : start + 1], mean13.shape[1], axis=1)

    def up_to(level: np.ndarray) -> Outcome:
        return simulate(daily, first_week, level, level)

    def min_max(times: float) -> Outcome:
        minimum = np.ceil(times * fixed * PROTECTED_WEEKS)
        return simulate(daily, first_week, np.ceil(times * fixed * (PROTECTED_WEEKS + 1)), minimum)

    levels = [stats.norm.cdf(stats.norm.ppf(level) * factor) for level in LEVELS]
    return {
        "reknit": [up_to(demand_quantile(mean, deviation, level)) for level in levels],
        "mean_and_safety_stock": [up_to(np.ceil(mean + z * error)) for z in ZS],
        "mean13_and_safety_stock": [up_to(np.ceil(sold + z * error13)) for z in ZS],
        "min_max": [min_max(times) for times in FACTORS],
    }


@dataclass(frozen=True)
class Totals:
    """A rule's curve over a weighing of the products: weighings × points."""

    stock: np.ndarray
    stock_out_days: np.ndarray
    fill_rate: np.ndarray

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], weight: np.ndarray) -> "Totals":
        def total(name: str) -> np.ndarray:
            return weight @ np.stack([getattr(outcome, name) for outcome in outcomes], axis=1)

        return cls(total("stock"), total("stock_out_days"), 1 - total("lost") / total("demand"))


def at(curve: Sequence[float], by: Sequence[float], wanted: float) -> float:
    """A rule's figure where another of its figures, which rises along the curve, is `wanted`."""
    return float(np.interp(wanted, by, curve))


def saved(own: Totals, other: Totals, point: int) -> tuple[np.ndarray, np.ndarray]:
    """By weighing: share of stock saved at the other rule's fill rate, and of stock-out days at its stock."""
    rows = range(len(own.stock))
    stock = [at(own.stock[n], own.fill_rate[n], other.fill_rate[n, point]) for n in rows]
    days = [at(own.stock_out_days[n], own.stock[n], other.stock[n, point]) for n in rows]
    return 1 - np.array(stock) / other.stock[:, point], 1 - np.array(days) / other.stock_out_days[:, point]


# The point of each rule that it would be run at.
POINTS = {
    "mean_and_safety_stock": ZS.index(SERVICE_Z),
    "mean13_and_safety_stock": ZS.index(SERVICE_Z),
    "min_max": FACTORS.index(1.0),
}


def measure(first_week: int) -> dict[str, Totals]:
    with tempfile.TemporaryDirectory() as name:
        os.environ[STATE_VARIABLE] = name
        return measure_in(journey.prepare(), Path(name), first_week)


def measure_in(path: Path, folder: Path, first_week: int) -> dict[str, Totals]:
    begin = time.perf_counter()
    products, units, revenue = journey.weekly(path)
    last_week = first_week + MEASURED_WEEKS - 1
    rows = period_rows(feature_table(path, folder, products, last_week), products, units)
    mean = mean_forecast(rows, (len(products), units.shape[1] + 1))
    high = high_forecast(rows, mean, units, first_week - WARM_UP_WEEKS - 1)
    # Products that every rule can order at every review.
    reviews = slice(first_week - WARM_UP_WEEKS - 1, last_week)
    is_forecast = np.isfinite(high[:, reviews]) & np.isfinite(error_deviation(mean, units)[:, reviews])
    is_forecast = is_forecast.all(axis=1)
    mean, high, units, revenue = mean[is_forecast], high[is_forecast], units[is_forecast], revenue[is_forecast]
    outcomes = curves(days(path, products)[is_forecast], units, revenue, mean, high, first_week)
    known = slice(0, first_week - 1)
    price = revenue[:, known].sum(axis=1) / units[:, known].sum(axis=1)
    totals = report_all(outcomes, price)
    report("demand", "inventory", "products", len(units), "products")
    report("demand", "inventory", "seconds", round(time.perf_counter() - begin, 1), "s")
    return totals


def feature_table(path: Path, folder: Path, products: Sequence[str], last_week: int) -> pl.DataFrame:
    """`feat_sku_store__demand` at all origins up to the week; dbt gives 16 before each date it is built for."""
    tables = [
        journey.features(path, folder, journey.sunday(week), every_week=True).filter(
            pl.col("product_id").is_in(products)
        )
        for week in range(last_week, TRAIN_ORIGINS, -TRAIN_ORIGINS)
    ]
    return pl.concat(tables).unique(["product_id", "origin_date", "horizon"], keep="first", maintain_order=True)


def rounded(value: float) -> float:
    return round(float(value), 4)


def report_all(outcomes: Mapping[str, Sequence[Outcome]], price: np.ndarray) -> dict[str, Totals]:
    count = len(price)
    totals = {name: Totals.of(rule, np.ones((1, count))) for name, rule in outcomes.items()}
    valued = {name: Totals.of(rule, price[None]) for name, rule in outcomes.items()}
    drawn = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    resampled = {name: Totals.of(rule, drawn) for name, rule in outcomes.items()}
    metrics = ("stock_saved_share", "stockout_days_saved_share")
    for baseline, point in POINTS.items():
        shares = saved(totals["reknit"], totals[baseline], point)
        ranges = saved(resampled["reknit"], resampled[baseline], point)
        for metric, share, spread in zip(metrics, shares, ranges, strict=True):
            low, high = np.quantile(spread, (0.025, 0.975))
            interval = f"{low:.4f} to {high:.4f}"
            report("demand", "inventory", metric, rounded(share[0]), "share", baseline, interval=interval)
        value_share = saved(valued["reknit"], valued[baseline], point)[0][0]
        report("demand", "inventory", "stock_value_saved_share", rounded(value_share), "share", baseline)
        own, other = valued["reknit"], valued[baseline]
        met = at(own.fill_rate[0], own.stock[0], other.stock[0, point])
        lost_share = 1 - (1 - met) / (1 - other.fill_rate[0, point])
        report("demand", "inventory", "lost_margin_saved_share", rounded(lost_share), "share", baseline)
    for rule, point in {**POINTS, "reknit": LEVELS.index(0.95)}.items():
        report_rule(rule, outcomes[rule][point], price)
    return totals


def days(path: Path, products: Sequence[str]) -> np.ndarray:
    """Units by product, week and day of the week."""
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.sql(
            "select product_id, order_date, cast(sum(quantity) as double) as units from fct_order_line group by all"
        ).pl()
    placed = rows.join(pl.DataFrame({"product_id": products, "position": np.arange(len(products))}), on="product_id")
    day = placed.select((pl.col("order_date") - pl.lit(journey.FIRST_MONDAY)).dt.total_days()).to_series()
    found = np.zeros((len(products), 52 * 7))
    found[placed["position"].to_numpy(), day.to_numpy()] = placed["units"].to_numpy()
    return found.reshape(len(products), 52, 7)


def report_rule(rule: str, outcome: Outcome, price: np.ndarray) -> None:
    """A rule where it would be run: 95 % for those that name a service level."""
    lost = float((outcome.lost * price).sum())
    for metric, value, unit in (
        ("fill_rate", round(1 - outcome.lost.sum() / outcome.demand.sum(), 4), "share"),
        ("average_stock", round(float(outcome.stock.sum())), "units"),
        ("stockout_days", int(outcome.stock_out_days.sum()), "days"),
        ("lost_sales", round(lost), "USD"),
        ("lost_margin", round(lost * MARGIN_SHARE), "USD"),
    ):
        report("demand", "inventory", metric, value, unit, rule=rule)


WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 440, 64, 40, 24, 56
COLOURS = {
    "reknit": "#1f6fb2",
    "mean_and_safety_stock": "#d1495b",
    "mean13_and_safety_stock": "#8a6d3b",
    "min_max": "#777777",
}
LEAST_FILL = 0.7


def picture(totals: Mapping[str, Totals]) -> str:
    """Stock against fill rate, a line a rule; a ring where the rule would be run."""
    most = max(float(np.interp(0.985, one.fill_rate[0], one.stock[0])) for one in totals.values())

    def place(fill: float, stock: float) -> str:
        x = LEFT + (fill - LEAST_FILL) / (1 - LEAST_FILL) * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - stock / most * (HEIGHT - TOP - BOTTOM)
        return f"{x:.1f},{y:.1f}"

    label = 'font-family="sans-serif" font-size="12" fill="#222222"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#222222"/>',
    ]
    for fill in np.arange(LEAST_FILL, 1.001, 0.05):
        x, y = place(fill, 0).split(",")
        parts.append(f'<text x="{x}" y="{float(y) + 18:.1f}" text-anchor="middle" {label}>{fill:.0%}</text>')
    for stock in np.arange(0, most, 50_000):
        x, y = place(LEAST_FILL, stock).split(",")
        parts.append(f'<text x="{float(x) - 6:.1f}" y="{y}" text-anchor="end" {label}>{stock:,.0f}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" text-anchor="end" {label}>demand met from stock</text>')
    parts.append(f'<text x="12" y="{TOP - 14}" {label}>units on hand at closing, mean</text>')
    for line, (name, one) in enumerate(totals.items()):
        shown = [
            place(fill, stock)
            for fill, stock in zip(one.fill_rate[0], one.stock[0], strict=True)
            if fill >= LEAST_FILL and stock <= most
        ]
        parts.append(f'<polyline points="{" ".join(shown)}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        if name in POINTS:
            x, y = place(one.fill_rate[0, POINTS[name]], one.stock[0, POINTS[name]]).split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="5" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        parts.append(
            f'<text x="{LEFT + 20}" y="{TOP + 16 + 18 * line}" font-family="sans-serif" font-size="13" '
            f'fill="{COLOURS[name]}">{name.replace("_", " ")}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def run(cases: list[str], data: str | None) -> None:
    measure(FIRST_WEEK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="SVG file for the curves")
    parser.add_argument("--first-week", type=int, default=FIRST_WEEK, help="first of the 12 weeks measured")
    arguments = parser.parse_args()
    os.environ[CONFIG_VARIABLE] = str(PROJECT_DIR / "retail.yaml")
    totals = measure(arguments.first_week)
    if arguments.picture:
        arguments.picture.write_text(picture(totals), encoding="utf-8")


if __name__ == "__main__":
    main()
