"""Who is one person: quality of the identity resolution where the truth is known, against a stock Splink model.

Cases: `historical_50k`, `fake_1000` (Splink's own demonstration sets), `febrl3`, `febrl4` (without their social
security numbers), `households` (the demo's people, 100,000 records of four sources) and `custom`, any Parquet file with
columns of `stg_customer_record` (those it lacks are null) and a `true_id`; what many records cost (`persons_1m`,
`incremental_1pct`) stands in `identity_scale.py`. One code path and one set of defaults serve
all: only the mapping of columns differs, and no label is read before the clusters stand.

`--data` names the folder of the public sets, for `custom` the file; without it REKNIT_BENCHMARK_DATA does.
Pairwise figures are over all true pairs, those that no blocking key proposed included. The baseline is a Splink model
with its library's comparisons, trained as its tutorial trains, and connected components at .95.
"""

import argparse
import logging
import os
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.comparison_creator import ComparisonCreator

from benchmarks.identity_scale import SCALE_CASES, measure_scale
from benchmarks.processes import MemorySampler
from benchmarks.report import report
from models.identity import PreviousIdentity, resolve
from models.identity.evaluation import Quality, evaluate
from models.identity.normalise import INPUT_SCHEMA, OPTIONAL_COLUMNS

DATA_VARIABLE = "REKNIT_BENCHMARK_DATA"
AS_OF = date(2026, 1, 1)
SEED = 1
THREADS = 2
HOUSEHOLDS_SEED, HOUSEHOLDS_ENTITIES = 20_260_417, 40_000
BASELINE = "stock Splink model, connected components at .95"

# Each case as rows of stg_customer_record with the true person; source_name is one where the data name none.
MAPPINGS = {
    "historical_50k": """
        select
            unique_id as source_customer_id, full_name, birth_place as city, postcode_fake as postcode, occupation,
            try_cast(dob as date) as birth_date, 'GB' as country_code, cluster as true_id
        from read_parquet('{data}/identity_splink/historical_figures_with_errors_50k.parquet')
    """,
    "fake_1000": """
        select
            unique_id as source_customer_id, first_name, surname as last_name, city, email, dob as birth_date,
            cluster as true_id
        from read_parquet('{data}/identity_splink/fake_1000.parquet')
    """,
    "febrl3": "from febrl('{data}/identity_febrl/febrl3.parquet')",
    "febrl4": """
        select 'a' as source_name, * from febrl('{data}/identity_febrl/febrl4a.parquet')
        union all
        select 'b' as source_name, * from febrl('{data}/identity_febrl/febrl4b.parquet')
    """,
    "custom": "from read_parquet('{data}')",
}
FEBRL = """
    create macro febrl(file) as table
        select
            rec_id as source_customer_id, given_name as first_name, surname as last_name,
            concat_ws(' ', street_number, address_1, address_2) as street, suburb as city, postcode,
            'AU' as country_code, try_cast(try_strptime(date_of_birth, '%Y%m%d') as date) as birth_date, true_id
        from read_parquet(file)
"""


class StockModel(NamedTuple):
    """A Splink model as its users are shown to make one."""

    comparisons: list[ComparisonCreator | dict[str, Any]]
    blocking_rules: list[BlockingRuleCreator | dict[str, Any]]
    deterministic_rules: list[str | BlockingRuleCreator]
    recall: float
    training_rules: list[BlockingRuleCreator]


def stock_model() -> StockModel:
    """For records of people: names, e-mail, phone, postcode, city and birth date."""
    return StockModel(
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("last_name"),
            cl.EmailComparison("email"),
            cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("street"),
            cl.DamerauLevenshteinAtThresholds("postcode"),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("birth_date", input_is_string=False),
        ],
        blocking_rules=[
            block_on("first_name", "last_name"), block_on("email"), block_on("phone"), block_on("birth_date"),
            block_on("last_name", "postcode"), block_on("first_name", "postcode"),
        ],
        deterministic_rules=[block_on("first_name", "last_name", "birth_date"), block_on("email")],
        recall=0.7,
        training_rules=[block_on("first_name", "last_name"), block_on("birth_date")],
    )  # fmt: skip


def demonstration_model() -> StockModel:
    """Splink's own demonstration on the historical persons."""
    return StockModel(
        comparisons=[
            cl.ForenameSurnameComparison(
                "first_name", "surname", forename_surname_concat_col_name="first_and_surname"
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
        blocking_rules=[
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"), block_on("surname", "dob"),
            block_on("first_name", "dob"), block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"), block_on("dob", "birth_place"),
            block_on("substr(postcode_fake,1,3)", "dob"), block_on("substr(postcode_fake,1,3)", "first_name"),
            block_on("substr(postcode_fake,1,3)", "surname"),
            block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ],
        deterministic_rules=[
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
        ],
        recall=0.6,
        training_rules=[block_on("first_name", "surname"), block_on("dob")],
    )  # fmt: skip


def open_memory() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": THREADS, "autoinstall_known_extensions": False})


def case_records(case: str, data: str) -> pl.DataFrame:
    """The case's records in the columns of stg_customer_record, with `true_id`."""
    if case == "households":
        from demo.persons import make_persons

        _, records = make_persons(HOUSEHOLDS_ENTITIES, HOUSEHOLDS_SEED)
        found = records.rename({"person_id": "true_id"})
    else:
        with closing(open_memory()) as con:
            con.execute(FEBRL)
            found = con.sql(MAPPINGS[case].format(data=data)).pl()
    defaults = {"source_name": "records", "brand": "benchmark", "record_kind": "person"}
    return found.select(
        *(
            (pl.col(name) if name in found.columns else pl.lit(defaults.get(name))).cast(kind).alias(name)
            for name, kind in (INPUT_SCHEMA | OPTIONAL_COLUMNS).items()
        ),
        pl.col("true_id").cast(pl.String),
    )


def stock_quality(records: pl.DataFrame, model: StockModel) -> Quality:
    """Quality of a stock model's clusters; `records` has `true_id` and whatever columns the model reads."""
    with closing(open_memory()) as con:
        con.register("person", records.with_row_index("unique_id").to_arrow())
        con.execute("create table persons as from person")
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=model.comparisons,
            blocking_rules_to_generate_predictions=model.blocking_rules,
        )
        logging.getLogger("splink").setLevel(logging.ERROR)
        linker = Linker(DuckDBAPI(connection=con).register("persons"), settings, log_level=logging.ERROR)
        linker.training.estimate_probability_two_random_records_match(model.deterministic_rules, recall=model.recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=SEED)
        for rule in model.training_rules:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        predicted = linker.inference.predict(threshold_match_probability=0.5, warning_mode="never")
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=0.95
        ).physical_name
        resolved = con.sql(f"select cluster_id as cluster, true_id as person from {clusters}").pl()
    return evaluate(resolved)


def baseline_quality(case: str, data: str, records: pl.DataFrame) -> Quality:
    if case != "historical_50k":
        return stock_quality(records, stock_model())
    with closing(open_memory()) as con:
        path = f"{data}/identity_splink/historical_figures_with_errors_50k.parquet"
        raw = con.sql(f"select * exclude (unique_id), cluster as true_id from read_parquet('{path}')").pl()
    return stock_quality(raw, demonstration_model())


def shares(records: pl.DataFrame) -> dict[str, float]:
    """How hard the people are to tell apart: shares of records whose e-mail or phone another person also has."""
    found = {}
    for column in ("email", "phone"):
        given = records.filter(pl.col(column).is_not_null())
        holders = given.select((pl.col("true_id").n_unique().over(column) > 1).mean()).item()
        found[f"shared_{column}_share"] = float(holders or 0.0)
    return found


def measure(case: str, data: str) -> None:
    records = case_records(case, data)
    with MemorySampler() as memory:
        begin, started_at = time.perf_counter(), time.time()
        result = resolve(records.drop("true_id"), PreviousIdentity.none(), AS_OF, SEED)
        seconds, ended_at = time.perf_counter() - begin, time.time()
    key = ["source_name", "source_customer_id"]
    resolved = result.identity_xref.join(records.select(*key, "true_id"), on=key)
    quality = evaluate(resolved.select(pl.col("customer_id").alias("cluster"), pl.col("true_id").alias("person")))
    stock = baseline_quality(case, data, records)

    def say(metric: str, value: float, unit: str, baseline: float | None = None) -> None:
        report("identity", case, metric, value, unit, None if baseline is None else BASELINE, baseline)

    figures: dict[str, Callable[[Quality], float]] = {
        "pairwise_f1": lambda of: round(of.f1, 4),
        "pairwise_precision": lambda of: round(of.precision, 4),
        "pairwise_recall": lambda of: round(of.recall, 4),
        "b3_f1": lambda of: round(of.b3_f1, 4),
        "overmerged_share": lambda of: round(of.overmerged_share, 4),
        "largest_ratio": lambda of: round(of.largest_cluster / max(of.largest_person, 1), 2),
    }
    say("records", records.height, "records")
    say("persons", records["true_id"].n_unique(), "persons")
    for metric, figure in figures.items():
        say(metric, figure(quality), "ratio" if metric == "largest_ratio" else "share", figure(stock))
    say("baseline_pairwise_f1", figures["pairwise_f1"](stock), "share")
    for metric, share in shares(records).items():
        say(metric, round(share, 4), "share")
    say("seconds", round(seconds, 1), "s")
    say("peak_mb", round(memory.peak_mb(started_at, ended_at)), "MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=[*MAPPINGS, "households", *SCALE_CASES], default="historical_50k")
    parser.add_argument("--rows", type=int, help="how many records, for the cases of scale")
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE), help="folder of the sets, or custom's file")
    arguments = parser.parse_args()
    if arguments.case in SCALE_CASES:
        measure_scale(arguments.case, arguments.rows or SCALE_CASES[arguments.case])
        return
    if arguments.data is None and arguments.case != "households":
        parser.error(f"--data or {DATA_VARIABLE} must say where the data are")
    measure(arguments.case, str(Path(arguments.data or ".")))


if __name__ == "__main__":
    main()
