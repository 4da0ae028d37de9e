"""Who will lapse, and what will they buy: the churn models on public data, out of time, beside the rules they replace.

Cases: `complete_journey_<month><day>` (28-day lapse of customers active in the last 84 days), `cdnow` (purchases of the
2,357 sampled customers in the 39 weeks after 30 September 1997) and `online_retail_ii_<date>` (90-day lapse).
`--data` names the folder of the public sets, which CDNOW is read from; REKNIT_BENCHMARK_DATA does without it.

The product's own path is measured: the data become rows of fct_order_line, dbt builds `feat_customer__churn` as of the
cut-off, and `models.churn` trains, chooses, calibrates and scores on what was known by then. What came later is read
afterwards, for the figures alone. Baselines are trained and judged on the same rows. Days are business dates.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import lightgbm as lgb
import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.report import report
from benchmarks.warehouse import empty_warehouse, run_dbt
from demo.gifts import COUNTED_ONCE
from demo.gifts import DATA as ONLINE_RETAIL_II
from demo.grocer import TIME_ZONE as GROCER_TIME_ZONE
from demo.grocer import data_folder
from models import metrics
from models.churn import ChurnBrand, fit_and_score
from models.churn.features import FEATURES
from models.churn.purchases import PurchaseHistory, PurchaseModel, fit_purchases
from models.churn.value import ValueModel
from models.features import encode
from models.registry import SavedModel
from pipelines.settings import CONFIG_VARIABLE, PROJECT_DIR, STATE_VARIABLE

DATA_VARIABLE = "REKNIT_BENCHMARK_DATA"
SEED = 20170417
RESAMPLES = 1000
BRAND = "benchmark"

COMPLETE_JOURNEY = """
    select
        cast(basket_id as varchar) || ':' || cast(product_id as varchar) as order_line_id,
        cast(basket_id as varchar) as order_id,
        'store' as channel,
        cast(household_id as varchar) as source_customer_id,
        cast(timezone('{time_zone}', timezone('UTC', transaction_timestamp)) as date) as order_date,
        'sale' as line_kind,
        cast(product_id as varchar) as product_id,
        quantity,
        sales_value + retail_disc + coupon_match_disc as gross_amount,
        retail_disc + coupon_match_disc as discount_amount,
        sales_value as net_amount
    from read_parquet('{folder}/transactions.parquet')
"""
COMPLETE_JOURNEY_PRODUCTS = """
    select cast(product_id as varchar) as product_id, department, product_category as category
    from read_parquet('{folder}/products.parquet')
"""
COMPLETE_JOURNEY_CONTACTS = """
    select cast(household_id as varchar) as source_customer_id, cast(start_date as date) as sent_date
    from read_parquet('{folder}/campaigns.parquet')
    inner join read_parquet('{folder}/campaign_descriptions.parquet') using (campaign_id)
"""
COMPLETE_JOURNEY_REDEMPTIONS = """
    select cast(household_id as varchar) as source_customer_id, cast(redemption_date as date) as redeemed_date
    from read_parquet('{folder}/coupon_redemptions.parquet')
"""
# Days that stand in both sheets count once; goods of customers alone.
ONLINE_RETAIL_LINES = f"""
    select
        invoice || ':' || cast(file_row_number as varchar) as order_line_id,
        invoice as order_id,
        'web' as channel,
        cast(customer_id as varchar) as source_customer_id,
        cast(invoice_date as date) as order_date,
        if(invoice like 'C%', 'return', 'sale') as line_kind,
        stock_code as product_id,
        quantity,
        quantity * price as gross_amount,
        0 as discount_amount,
        quantity * price as net_amount
    from read_parquet('{ONLINE_RETAIL_II}', file_row_number = true)
    where
        {COUNTED_ONCE}
        and customer_id is not null
        and regexp_matches(stock_code, '^[0-9]{{5}}')
"""
CDNOW = """
    select
        cast(customer_id as varchar) || ':' || cast(date as varchar) || ':' || cast(file_row_number as varchar)
            as order_line_id,
        cast(customer_id as varchar) || ':' || cast(date as varchar) as order_id,
        'web' as channel,
        cast(customer_id as varchar) as source_customer_id,
        cast(date as date) as order_date,
        'sale' as line_kind,
        'cd' as product_id,
        cds as quantity,
        value as gross_amount,
        0 as discount_amount,
        value as net_amount
    from read_parquet('{data}/cdnow/cdnow_master.parquet', file_row_number = true)
"""
NO_PRODUCTS = "select 'cd' as product_id, 'music' as department, 'music' as category"
NOBODY = "select '' as source_customer_id, date '1900-01-01' as {column} where false"


@dataclass(frozen=True)
class DataSet:
    """A public set as the warehouse's rows. horizon_days and active_days: the brand's rule of what a lapse is."""

    lines: str
    products: str
    contacts: str
    redemptions: str
    horizon_days: int
    active_days: int


@dataclass(frozen=True)
class Scored:
    """Customers of one cut-off: what the product said of them, what they did, and what the baselines said."""

    rows: pl.DataFrame
    model: SavedModel
    probability: np.ndarray
    expected: np.ndarray
    lapsed: np.ndarray
    purchases: np.ndarray
    baselines: dict[str, np.ndarray]
    untuned: np.ndarray
    plain_expected: np.ndarray
    plain: PurchaseModel


def data_sets(data: str) -> dict[str, DataSet]:
    folder = str(data_folder())
    nobody = (NOBODY.format(column="sent_date"), NOBODY.format(column="redeemed_date"))
    return {
        "complete_journey": DataSet(
            COMPLETE_JOURNEY.format(folder=folder, time_zone=GROCER_TIME_ZONE),
            COMPLETE_JOURNEY_PRODUCTS.format(folder=folder),
            COMPLETE_JOURNEY_CONTACTS.format(folder=folder),
            COMPLETE_JOURNEY_REDEMPTIONS.format(folder=folder),
            horizon_days=28,
            active_days=84,
        ),
        # All customers of the cohort stay in view, as in the literature.
        "cdnow": DataSet(CDNOW.format(data=data), NO_PRODUCTS, *nobody, horizon_days=56, active_days=273),
        "online_retail_ii": DataSet(ONLINE_RETAIL_LINES, NO_PRODUCTS, *nobody, horizon_days=90, active_days=365),
    }


CASES = {
    "complete_journey_1015": ("complete_journey", date(2017, 10, 15)),
    "complete_journey_1112": ("complete_journey", date(2017, 11, 12)),
    "complete_journey_1203": ("complete_journey", date(2017, 12, 3)),
    "cdnow": ("cdnow", date(1997, 9, 30)),
    "online_retail_ii_2011-03-10": ("online_retail_ii", date(2011, 3, 10)),
    "online_retail_ii_2011-06-10": ("online_retail_ii", date(2011, 6, 10)),
    "online_retail_ii_2011-09-10": ("online_retail_ii", date(2011, 9, 10)),
}


def prepare(of: DataSet) -> Path:
    """A warehouse with the set's order lines, products and campaigns, known on the day they happened."""
    path = empty_warehouse()
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create or replace table ops_brand as
            select * replace (
                '{BRAND}' as brand, 'USD' as currency_code, 'UTC' as time_zone,
                {of.horizon_days} as churn_horizon_days, {of.active_days} as churn_active_days
            ) from ops_brand limit 1;
            create or replace table fct_order_line as
            select
                * replace (
                    cast(quantity as decimal(18, 3)) as quantity, cast(gross_amount as decimal(18, 4)) as gross_amount,
                    cast(discount_amount as decimal(18, 4)) as discount_amount,
                    cast(net_amount as decimal(18, 4)) as net_amount
                ),
                order_date as known_date, '{BRAND}' as brand, 'public' as customer_source_name,
                'product' as item_kind, 'piece' as unit_of_measure, 'USD' as currency_code,
                cast(null as decimal(18, 4)) as net_amount_reporting
            from ({of.lines});
            create or replace table dim_product as {of.products};
            create or replace table stg_campaign__contact as
            select *, cast(sent_date as timestamp) as known_at, '{BRAND}' as brand, 'public' as customer_source_name
            from ({of.contacts});
            create or replace table stg_campaign__redemption as
            select *, cast(redeemed_date as timestamp) as known_at, '{BRAND}' as brand,
                'public' as customer_source_name
            from ({of.redemptions});
            create or replace table int_exchange_rate (
                currency_code varchar, rate_date date, reporting_currency_code varchar, exchange_rate decimal(28, 10)
            );
            create or replace table fct_loyalty_event (
                customer_source_name varchar, source_customer_id varchar, brand varchar, event_kind varchar,
                points bigint, occurred_date date, known_date date
            );
            create or replace table fct_service_case (
                customer_source_name varchar, source_customer_id varchar, brand varchar, created_date date,
                known_date date
            );
            create or replace table identity_xref as
            select distinct
                'public' as source_name, source_customer_id, source_customer_id as customer_id,
                date '1900-01-01' as valid_from, cast(null as date) as valid_to
            from fct_order_line;
        """)
    return path


def features(path: Path, folder: Path, as_of: date, *upstream: str) -> pl.DataFrame:
    """`feat_customer__churn` as of a day."""
    run_dbt(path, folder, *upstream, "feat_customer__churn", as_of=as_of)
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql("from feat_customer__churn").pl()


def histories(path: Path, as_of: date) -> PurchaseHistory:
    """All customers with a purchase by a day, whether still active or not: whom BG/NBD is made for."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.sql(
            """select
                count(distinct order_date) - 1 as repeats, (max(order_date) - min(order_date)) / 7 as last_week,
                ($as_of - min(order_date)) / 7 as age_weeks
            from fct_order_line where line_kind = 'sale' and order_date <= $as_of group by source_customer_id
            order by source_customer_id""",
            params={"as_of": as_of},
        ).pl()
    return PurchaseHistory(*(found[name].cast(pl.Float64).to_numpy() for name in found.columns))


def outcome(path: Path, rows: pl.DataFrame, as_of: date, days: int) -> np.ndarray:
    """Purchase days of each row's customer in the days after the cut-off."""
    with duckdb.connect(str(path), read_only=True) as connection:
        bought = connection.sql(
            """select source_customer_id as customer_id, count(distinct order_date) as purchases
            from fct_order_line
            where line_kind = 'sale' and order_date > $as_of and order_date <= $until group by all""",
            params={"as_of": as_of, "until": as_of + timedelta(days=days)},
        ).pl()
    joined = rows.select("customer_id").join(bought, on="customer_id", how="left", maintain_order="left")
    return joined["purchases"].fill_null(0).cast(pl.Float64).to_numpy()


def recency_frequency_amount(rows: pl.DataFrame, window: int) -> np.ndarray:
    columns = ("recency_days", f"order_count_{window}", f"net_amount_{window}")
    return np.log1p(rows.select(pl.col(name).cast(pl.Float64).clip(lower_bound=0) for name in columns).to_numpy())


def judge(path: Path, table: pl.DataFrame, of: DataSet, as_of: date, days: int) -> Scored:
    """Train, score and let the baselines do the same, all as of the cut-off; then look at the next `days`."""
    scores, models = fit_and_score(table, {BRAND: ChurnBrand(of.horizon_days)}, as_of, SEED)
    model = models[0]
    rows = table.filter(pl.col("snapshot_date") == as_of).sort("customer_id")
    assert model.encoding is not None, model.card.method
    values = encode(rows, FEATURES, model.encoding).values
    value = ValueModel.of(model)
    labelled = table.filter(pl.col("lapsed").is_not_null()).sort("snapshot_date", "customer_id")
    lapsed_before = labelled["lapsed"].cast(pl.Float64).to_numpy()
    window = 84 if of.active_days <= 84 else 365
    rfm = make_pipeline(StandardScaler(), LogisticRegression())
    rfm.fit(recency_frequency_amount(labelled, window), lapsed_before)
    untuned = lgb.train(
        {"objective": "binary", "verbosity": -1, "seed": SEED, "deterministic": True, "num_threads": 2},
        lgb.Dataset(encode(labelled, FEATURES, model.encoding).values, label=lapsed_before),
    )
    plain = fit_purchases(histories(path, as_of))
    tenure = rows["tenure_days"].cast(pl.Float64).to_numpy()
    recency = rows["recency_days"].cast(pl.Float64).to_numpy()
    own = PurchaseHistory(
        rows["purchase_day_count"].cast(pl.Float64).to_numpy() - 1, (tenure - recency) / 7, tenure / 7
    )
    purchases = outcome(path, rows, as_of, days)
    return Scored(
        rows=rows,
        model=model,
        probability=rows.join(scores, on="customer_id", maintain_order="left")["churn_probability"].to_numpy(),
        expected=value.expected_purchases(rows, values, days),
        lapsed=(outcome(path, rows, as_of, of.horizon_days) == 0).astype(float),
        purchases=purchases,
        baselines={
            "recency rule": recency,
            "frequency rule": -rows[f"order_count_{window}"].cast(pl.Float64).to_numpy(),
            "RFM logistic regression": rfm.predict_proba(recency_frequency_amount(rows, window))[:, 1],
            "BG/NBD probability alive": -plain.probability_alive(own),
        },
        untuned=np.asarray(untuned.predict(encode(rows, FEATURES, model.encoding).values)),
        plain_expected=plain.expected_purchases(own, days / 7),
        plain=plain,
    )


def resampled(figure: Callable[[np.ndarray], float], rows: int) -> tuple[float, float]:
    """95 % bootstrap interval of a figure of rows, given their positions."""
    rng = np.random.default_rng(SEED)
    found = [figure(rng.integers(0, rows, rows)) for _ in range(RESAMPLES)]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def auc(lapsed: np.ndarray, score: np.ndarray) -> float:
    found = metrics.auc(lapsed, score)
    assert found is not None, "a cut-off where all or none lapsed measures nothing"
    return found


def lift(lapsed: np.ndarray, score: np.ndarray) -> float:
    return metrics.lift_top_decile(lapsed, score) or 0.0


def ece(lapsed: np.ndarray, probability: np.ndarray) -> float:
    return metrics.calibration_error(metrics.calibration_bins(lapsed, probability))


def report_calibration(case: str, lapsed: np.ndarray, probability: np.ndarray) -> None:
    """Beside the upper end of what a perfectly calibrated model of this size shows in 95 of 100 cases."""
    rng = np.random.default_rng(SEED)
    simulated = [ece((rng.random(len(probability)) < probability) * 1.0, probability) for _ in range(RESAMPLES)]
    report(
        "churn", case, "ece", round(ece(lapsed, probability), 4), "share", "perfectly calibrated, 95 % of simulations",
        round(float(np.quantile(simulated, 0.95)), 4),
    )  # fmt: skip


def report_lapse(case: str, found: Scored) -> None:
    lapsed, probability = found.lapsed, found.probability
    figures = {name: auc(lapsed, score) for name, score in found.baselines.items()}
    best = max(figures, key=lambda name: figures[name])
    other = found.baselines[best]
    gain = resampled(lambda at: auc(lapsed[at], probability[at]) - auc(lapsed[at], other[at]), len(lapsed))
    report("churn", case, "rows", len(lapsed), "customers")
    report("churn", case, "lapsed_share", round(float(lapsed.mean()), 4), "share")
    report("churn", case, "auc", round(auc(lapsed, probability), 4), "share", best, round(figures[best], 4))
    for name, figure in figures.items():
        report("churn", case, "baseline_auc", round(figure, 4), "share", part=name)
    report("churn", case, "baseline_auc", round(auc(lapsed, found.untuned), 4), "share", part="untuned LightGBM")
    report("churn", case, "auc_gain_low", round(gain[0], 4), "share", best, 0.0)
    report("churn", case, "auc_gain_high", round(gain[1], 4), "share", best, 0.0)
    lifts = {name: lift(lapsed, score) for name, score in found.baselines.items()}
    highest = max(lifts, key=lambda name: lifts[name])
    rival = found.baselines[highest]
    gain = resampled(lambda at: lift(lapsed[at], probability[at]) - lift(lapsed[at], rival[at]), len(lapsed))
    own = round(lift(lapsed, probability), 2)
    report("churn", case, "lift_decile", own, "ratio", highest, round(lifts[highest], 2))
    report("churn", case, "lift_gain_low", round(gain[0], 2), "ratio", highest, 0.0)
    report("churn", case, "lift_gain_high", round(gain[1], 2), "ratio", highest, 0.0)
    # Who ranks all that lapsed above all others.
    report("churn", case, "lift_decile_of_perfect_ranking", round(lift(lapsed, lapsed), 2), "ratio")
    report_calibration(case, lapsed, probability)


def report_purchases(case: str, actual: np.ndarray, expected: np.ndarray, plain_expected: np.ndarray) -> None:
    def error(forecast: np.ndarray, at: np.ndarray) -> float:
        return float(forecast[at].sum() / actual[at].sum() - 1)

    everyone = np.arange(len(actual))
    report(
        "churn", case, "correlation", round(metrics.correlation(actual, expected) or 0.0, 4), "share", "BG/NBD",
        round(metrics.correlation(actual, plain_expected) or 0.0, 4),
    )  # fmt: skip
    low, high = resampled(lambda at: error(expected, at), len(actual))
    plain = round(error(plain_expected, everyone), 4)
    report("churn", case, "total_error", round(error(expected, everyone), 4), "share", "BG/NBD", plain)
    report("churn", case, "total_error_low", round(low, 4), "share", "BG/NBD", plain)
    report("churn", case, "total_error_high", round(high, 4), "share", "BG/NBD", plain)


def report_cdnow(path: Path, table: pl.DataFrame, of: DataSet, as_of: date, data: str) -> None:
    """Models from the whole cohort's purchases up to the cut-off, judged on the sample of the literature."""
    found = judge(path, table, of, as_of, days=273)
    with duckdb.connect() as connection:
        sample = connection.sql(
            f"select distinct cast(customer_id as varchar) from read_parquet('{data}/cdnow/cdnow_sample.parquet')"
        ).pl()
        calibration = connection.sql(
            f"select frequency, recency, \"T\" from read_parquet('{data}/cdnow/cdnow_rfm_calibration.parquet')"
        ).pl()
    reference = fit_purchases(
        PurchaseHistory(*(calibration[name].cast(pl.Float64).to_numpy() for name in calibration.columns))
    )
    for name, published in {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}.items():
        report("churn", "cdnow", f"bg_nbd_{name}", round(getattr(reference, name), 3), "", "published", published)
    is_sampled = found.rows["customer_id"].is_in(sample.to_series().implode()).to_numpy()
    rows = found.rows.filter(is_sampled)
    tenure, recency = (rows[name].cast(pl.Float64).to_numpy() for name in ("tenure_days", "recency_days"))
    own = PurchaseHistory(
        rows["purchase_day_count"].cast(pl.Float64).to_numpy() - 1, (tenure - recency) / 7, tenure / 7
    )
    report("churn", "cdnow", "rows", rows.height, "customers")
    report_purchases(
        "cdnow", found.purchases[is_sampled], found.expected[is_sampled], reference.expected_purchases(own, 39)
    )


def run_set(name: str, cases: list[str], data: str, folder: Path) -> None:
    of = data_sets(data)[name]
    path = prepare(of)
    upstream: tuple[str, ...] = ("int_customer_order", "int_customer_category_day")
    pooled: list[Scored] = []
    for case in cases:
        begin = time.perf_counter()
        table = features(path, folder, CASES[case][1], *upstream)
        upstream = ()
        if name == "cdnow":
            report_cdnow(path, table, of, CASES[case][1], data)
        else:
            found = judge(path, table, of, CASES[case][1], of.horizon_days)
            report_lapse(case, found)
            report_purchases(case, found.purchases, found.expected, found.plain_expected)
            pooled.append(found)
        report("churn", case, "seconds", round(time.perf_counter() - begin, 1), "s")
    if len(pooled) > 1:
        lapsed, probability = (np.concatenate([getattr(f, part) for f in pooled]) for part in ("lapsed", "probability"))
        report_calibration(name, lapsed, probability)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES, nargs="*", default=list(CASES))
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE), help="folder of the public sets")
    arguments = parser.parse_args()
    if arguments.data is None and "cdnow" in arguments.case:
        parser.error(f"--data or {DATA_VARIABLE} must say where CDNOW is")
    os.environ[CONFIG_VARIABLE] = str(PROJECT_DIR / "retail.yaml")
    for name in dict.fromkeys(CASES[case][0] for case in arguments.case):
        with tempfile.TemporaryDirectory() as folder:
            os.environ[STATE_VARIABLE] = folder
            run_set(name, [case for case in arguments.case if CASES[case][0] == name], arguments.data, Path(folder))


if __name__ == "__main__":
    main()
