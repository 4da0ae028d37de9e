"""Will it come back, and is what came back unusual: the return models on public data.

Cases: `return_probability` (AUC and calibration of lines sold in 28 days that no model had seen, beside the past rates
of product and customer), `planted_1pct` (an open benchmark of planted abuse and honest look-alikes; its contract and
its making stand in `return_scenarios`) and `custom`, which scores any table of that contract that `--data` names.

The product's own path is measured: the lines become fct_order_line, dbt links returns to sales and builds the features,
`models.returns` trains and scores. `is_planted` and `scenario` are read for the figures alone. The rule beside it is
returned over bought value of the customer in 365 days, three purchases or more.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks.report import report
from benchmarks.return_scenarios import LOOKALIKES, SCHEMA, planted, stream
from benchmarks.warehouse import empty_warehouse, run_dbt
from models import metrics
from models.features import encode
from models.returns import ReturnsBrand, fit_and_score, train
from models.returns.features import FEATURES, LINES
from pipelines.settings import CONFIG_VARIABLE, PROJECT_DIR, STATE_VARIABLE

BRAND = "benchmark"
WINDOW_DAYS = 90
SEEDS = (1, 2, 3, 4, 5)
SEED = 20170417
TEST_DAYS = 28
# Written last and not looked at until the model stood.
LEFT_OUT = "receipt_reuse"
RULE = "returned over bought value in 365 days, three purchases or more"
MODELS = (
    "int_customer_xref", "int_return_link_named", "int_return_link_customer", "int_return_link",
    "int_product_return_history", "int_customer_order", "int_customer_return_history", "int_order_customer_history",
)  # fmt: skip
FEATURE_MODELS = ("feat_return__expected", "feat_return__actual")

TABLES = f"""
    create or replace table ops_brand as
    select * replace (
        '{BRAND}' as brand, 'GBP' as currency_code, 'GB' as country_code, 'UTC' as time_zone,
        {WINDOW_DAYS} as return_window_days
    ) from ops_brand limit 1;
    create or replace table int_order_line as
    select
        order_line_id, order_id, 'till' as source_name, '{BRAND}' as brand, 'store' as channel, store_id,
        'till' as customer_source_name, source_customer_id, cast(null as varchar) as terminal_no, cashier_no,
        line_kind, 'product' as item_kind, product_id, 'piece' as unit_of_measure, ordered_at,
        cast(ordered_at as date) as order_date, cast(ordered_at as date) as known_date,
        cast(quantity as decimal(18, 3)) as quantity, cast(net_amount as decimal(18, 4)) as gross_amount,
        cast(0 as decimal(18, 4)) as discount_amount, cast(net_amount as decimal(18, 4)) as net_amount,
        cast(null as decimal(18, 4)) as net_amount_reporting, 'GBP' as currency_code, original_order_id,
        cast(null as varchar) as return_reason, cast(null as varchar) as excluded_reason
    from lines;
    update int_order_line set customer_source_name = null where source_customer_id is null;
    create or replace table fct_order_line as select * exclude (excluded_reason) from int_order_line;
    create or replace table fct_payment as
    select order_id, any_value(tender) as tender, sum(net_amount) as amount from lines group by order_id;
    create or replace table dim_product as
    select distinct product_id, '{BRAND}' as code_space, 'goods' as department, product_id[:3] as category
    from lines;
    create or replace table dim_store as select distinct store_id, 'GB' as country_code from lines;
    create or replace table int_exchange_rate (
        currency_code varchar, rate_date date, reporting_currency_code varchar, exchange_rate decimal(28, 10)
    );
    create or replace table identity_xref as
    select distinct
        'till' as source_name, source_customer_id, source_customer_id as customer_id,
        date '1900-01-01' as valid_from, cast(null as date) as valid_to
    from lines where source_customer_id is not null;
"""


def warehouse(lines: pl.DataFrame) -> Path:
    """A warehouse with the lines of the contract, known on the day they happened."""
    path = empty_warehouse()
    with duckdb.connect(str(path)) as connection:
        connection.register("lines", lines.to_arrow())
        connection.execute(TABLES)
    return path


def features(path: Path, folder: Path, as_of: date, *upstream: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sale lines and return receipts as the models see them as of a day."""
    run_dbt(path, folder, *upstream, *FEATURE_MODELS, as_of=as_of)
    with duckdb.connect(str(path), read_only=True) as connection:
        expected = connection.sql("select *, 1::bigint as line_weight from feat_return__expected").pl()
        return expected, connection.sql("from feat_return__actual").pl()


def return_probability(folder: Path) -> None:
    """Learn from windows that were over, then foretell the lines of the next 28 days at the time of their order."""
    case, begin = "return_probability", time.perf_counter()
    lines = stream(SEED)
    last: date = lines.select(pl.col("ordered_at").max().dt.date()).item()
    as_of = last - timedelta(days=TEST_DAYS + WINDOW_DAYS)
    path = warehouse(lines)
    known = LINES.population(features(path, folder, as_of, *MODELS)[0]).sort("order_line_id")
    labelled = train.ended(known, WINDOW_DAYS, as_of)
    cut = train.cut_by_time(labelled, WINDOW_DAYS)
    assert cut is not None, "the stream has returns in every part"
    model = train.fit(labelled, cut, BRAND, WINDOW_DAYS, as_of, SEED)
    assert model.encoding is not None, "a model that was trained encodes"
    later = features(path, folder, last)[0].filter(
        pl.col("order_date") > as_of, pl.col("order_date") <= as_of + timedelta(days=TEST_DAYS)
    )
    test = LINES.population(later).sort("order_line_id")
    happened = test["returned"].cast(pl.Float64).to_numpy()
    probability, _ = train.expectation(
        model, encode(test, FEATURES, model.encoding).values, test["quantity"].to_numpy()
    )
    usual = float(labelled["returned"].sum()) / labelled.height
    baselines = {
        "product's past rate": test["product_past_return_line_share"].fill_null(usual).to_numpy(),
        "customer's past rate": test["customer_past_return_order_share"].fill_null(usual).to_numpy(),
    }
    report("returns", case, "lines", test.height, "lines")
    report("returns", case, "returned_share", round(float(happened.mean()), 4), "share")
    for name, rate in baselines.items():
        for metric, figure in (("auc", metrics.auc), ("ece", _ece)):
            mine, theirs = figure(happened, probability), figure(happened, np.clip(rate, 0, 1))
            report("returns", case, metric, round(mine or 0.0, 4), "share", name, round(theirs or 0.0, 4))
    report("returns", case, "seconds", round(time.perf_counter() - begin, 1), "s")


def _ece(happened: np.ndarray, probability: np.ndarray) -> float:
    return metrics.calibration_error(metrics.calibration_bins(happened, probability))


def rule_scores(lines: pl.DataFrame) -> pl.DataFrame:
    """The rule's score of each return receipt, from the customer's lines up to its day."""
    with duckdb.connect() as connection:
        connection.register("lines", lines.to_arrow())
        return connection.sql(
            """with receipt as (
                select order_id, any_value(source_customer_id) as source_customer_id, min(ordered_at) as ordered_at
                from lines where line_kind = 'return' group by order_id
            )
            select
                receipt.order_id as return_order_id,
                if(count(distinct past.order_id) filter (past.line_kind = 'sale') >= 3,
                    -sum(past.net_amount) filter (past.line_kind = 'return')
                        / nullif(sum(past.net_amount) filter (past.line_kind = 'sale'), 0), 0) as rule
            from receipt
            left join lines as past
                on receipt.source_customer_id = past.source_customer_id and past.ordered_at <= receipt.ordered_at
                and past.ordered_at > receipt.ordered_at - interval 365 day
            group by receipt.order_id"""
        ).pl()


def judged(lines: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Every return receipt of the last year: the model's score, the rule's, and what it truly is."""
    hidden = lines.drop("is_planted", "scenario")
    as_of: date = lines.select(pl.col("ordered_at").max().dt.date()).item()
    expected, actual = features(warehouse(hidden), folder, as_of, *MODELS)
    settings = {BRAND: ReturnsBrand(window_days=WINDOW_DAYS, score_days=365)}
    scores, _ = fit_and_score(expected, actual, settings, as_of, SEED)
    truth = lines.filter(pl.col("line_kind") == "return").group_by("order_id").agg(
        pl.col("is_planted").any(), pl.col("scenario").max()
    )  # fmt: skip
    return (
        scores.select("return_order_id", "improbability")
        .join(truth, left_on="return_order_id", right_on="order_id")
        .join(rule_scores(hidden), on="return_order_id", how="left")
        .with_columns(pl.col("rule").fill_null(0))
        .sort("return_order_id")
    )


def figures(table: pl.DataFrame) -> dict[str, float]:
    """Of the k receipts that score highest, k being the number planted."""
    k = int(table["is_planted"].sum())
    top = table.sort("improbability", "return_order_id", descending=[True, False]).head(k)
    by_rule = table.sort("rule", "return_order_id", descending=[True, False]).head(k)
    precision, rule = (int(chosen["is_planted"].sum()) / max(k, 1) for chosen in (top, by_rule))
    alike = table["scenario"].fill_null("").str.starts_with(LOOKALIKES)
    flagged = top["scenario"].fill_null("").str.starts_with(LOOKALIKES).sum()
    found = {
        "planted": float(k),
        "receipts": float(table.height),
        "precision_at_k": precision,
        "rule_precision_at_k": rule,
        # A rule that finds nothing counts as one that finds one.
        "ratio_to_rule": precision / max(rule, 1 / max(k, 1)),
        "lookalike_false_alarms": int(flagged) / max(int(alike.sum()), 1),
    }
    for scenario in table.filter("is_planted")["scenario"].drop_nulls().unique().sort():
        of = pl.col("is_planted") & (pl.col("scenario") == scenario)
        found[f"recall_{scenario}"] = top.filter(of).height / table.filter(of).height
    return found


def sets(case: str, data: str | None) -> Iterator[pl.DataFrame]:
    if case == "custom":
        frame = pl.read_parquet(str(data))
        yield frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        return
    for seed in SEEDS:
        yield planted(seed)


def anomalies(case: str, data: str | None) -> None:
    begin = time.perf_counter()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, lines in enumerate(sets(case, data)):
            os.environ[STATE_VARIABLE] = f"{folder}/{number}"
            found.append(figures(judged(lines, Path(folder))))
    # The worst of the seeds: the lowest, or of false alarms the highest.
    for metric in found[0]:
        worst = max if metric == "lookalike_false_alarms" else min
        value = round(worst(figure[metric] for figure in found), 4)
        baseline = {"precision_at_k": "rule_precision_at_k"}.get(metric)
        rule = None if baseline is None else round(max(figure[baseline] for figure in found), 4)
        part = {"part": "left out of development"} if metric == f"recall_{LEFT_OUT}" else {}
        report(
            "returns", case, metric, value, "ratio" if "ratio" in metric else "share", baseline and RULE, rule, **part
        )
    report("returns", case, "seconds", round(time.perf_counter() - begin, 1), "s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=["return_probability", "planted_1pct", "custom"], default="planted_1pct")
    parser.add_argument("--data", help="custom's Parquet file")
    arguments = parser.parse_args()
    if arguments.case == "custom" and arguments.data is None:
        parser.error("--data must name the file of the case custom")
    os.environ[CONFIG_VARIABLE] = str(PROJECT_DIR / "retail.yaml")
    if arguments.case == "return_probability":
        with tempfile.TemporaryDirectory() as folder:
            os.environ[STATE_VARIABLE] = folder
            return_probability(Path(folder))
    else:
        anomalies(arguments.case, arguments.data)


if __name__ == "__main__":
    main()
