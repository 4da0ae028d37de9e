"""Who is one person: quality of the identity resolution where the truth is known, against a stock Splink model.

Cases: `historical_50k`, `fake_1000` (Splink's own demonstration sets), `febrl1` to `febrl4` (without their social
security numbers), `households` (the demo's people as a retailer meets them: 100,000 records of four sources, contacts
in common, few birth dates) and `custom`, any Parquet file with columns of `stg_customer_record` (those it lacks are
null) and a `true_id`. One code path and one set of defaults serve all: only the mapping of columns differs, and no
label is read before the clusters stand. `calibration_households` says how true the probabilities of the pairs are;
`--picture FILE` draws it. What many records cost (`persons_1m`, `incremental_1pct`) stands in `identity_scale.py`.

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
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.comparison_creator import ComparisonCreator

from benchmarks.identity_calibration import calibration_curve, calibration_error, scored_pairs
from benchmarks.identity_scale import SCALE_CASES, measure_scale
from benchmarks.processes import MemorySampler
from benchmarks.report import report
from demo.persons import Families, Population, Source, make_persons
from demo.persons import Quality as PersonQuality
from models.identity import PreviousIdentity, resolve
from models.identity.evaluation import Quality, evaluate
from models.identity.normalise import INPUT_SCHEMA, OPTIONAL_COLUMNS

DATA_VARIABLE = "REKNIT_BENCHMARK_DATA"
AS_OF = date(2026, 1, 1)
SEED = 1
THREADS = 2
HOUSEHOLDS = "households"
# By a rule, so that nobody chose it for its figures.
HOUSEHOLDS_SEED, HOUSEHOLDS_ENTITIES = int(sha256(HOUSEHOLDS.encode()).hexdigest()[:8], 16), 40_000
CALIBRATION = "calibration_households"
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
    "febrl1": "from febrl('{data}/identity_febrl/febrl1.parquet')",
    "febrl2": "from febrl('{data}/identity_febrl/febrl2.parquet')",
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


# A retailer's people: most live together, a third give an e-mail that someone else at home gives too, and only loyalty
# accounts are asked for a birth date.
RETAIL = Population(
    household_sizes=(0.30, 0.34, 0.20, 0.16),
    families=Families(child=0.25, junior=0.06, twin=0.03, shared_email=0.22, shared_phone=0.45, moved=0.15),
    sources={
        "loyalty": Source(
            PersonQuality(no_email=0.30, no_phone=0.30, no_address=0.10, no_birth_date=0.30, former_email=0.12),
            lent_email=0.10,
            lent_phone=0.15,
        ),
        "web": Source(
            PersonQuality(no_email=0.0, no_phone=0.40, no_address=0.10, no_birth_date=0.80, former_email=0.12),
            lent_email=0.12,
            lent_phone=0.15,
        ),
        "crm": Source(
            PersonQuality(
                nickname=0.15, misspelt_first=0.06, misspelt_last=0.08, no_email=0.25, no_phone=0.45, no_address=0.60,
                no_birth_date=0.85, former_email=0.12,
            ),
            lent_email=0.15,
            lent_phone=0.20,
            initial_only=0.10,
        ),
        "erp": Source(
            PersonQuality(no_email=0.40, no_phone=0.20, no_address=0.05, no_birth_date=0.90, former_email=0.12),
            lent_email=0.10,
            lent_phone=0.15,
            exchanged_names=0.02,
        ),
    },
)  # fmt: skip


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
    if case in (HOUSEHOLDS, CALIBRATION):
        _, records = make_persons(HOUSEHOLDS_ENTITIES, HOUSEHOLDS_SEED, RETAIL)
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
    """How hard the people are to tell apart, as their records show it: shares of the records whose e-mail or phone
    another person also has; of the persons those with a twin (another of the family name and birth date), those with
    a namesake at home (the same name and a contact or postcode, another birth date) and those with two postcodes."""
    found = {}
    for column in ("email", "phone"):
        given = records.filter(pl.col(column).is_not_null())
        holders = given.select((pl.col("true_id").n_unique().over(column) > 1).mean()).item()
        found[f"shared_{column}_share"] = float(holders or 0.0)
    with closing(open_memory()) as con:
        con.register("record", records.to_arrow())
        con.execute("""
            create table person as
            select distinct
                true_id, lower(trim(first_name)) as first_name, lower(trim(last_name)) as last_name, birth_date,
                unnest([email, phone, postcode]) as contact
            from record where last_name is not null and birth_date is not null
        """)
        shares_of_persons = con.sql("""
            select
                (
                    select count(distinct l.true_id) from person l join person r using (last_name, birth_date)
                    where l.true_id <> r.true_id
                ) / count(distinct true_id) as twin_share,
                (
                    select count(distinct l.true_id) from person l join person r using (first_name, last_name, contact)
                    where l.true_id <> r.true_id and l.birth_date <> r.birth_date
                ) / count(distinct true_id) as namesake_at_home_share,
                (
                    select count(*) from (
                        select 1 from record group by true_id having count(distinct upper(postcode)) > 1
                    )
                ) / count(distinct true_id) as moved_share
            from record
        """).pl()
    return found | shares_of_persons.row(0, named=True)


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


def measure_calibration(picture: Path | None) -> None:
    """Of the pairs that resolving scored, how the mean probability and the share of true pairs agree."""
    records = case_records(CALIBRATION, "")
    result = resolve(records.drop("true_id"), PreviousIdentity.none(), AS_OF, SEED)
    pairs = scored_pairs(result.identity_link, records)
    error, pair_count = calibration_error(pairs, 0.90, 0.99)
    report("identity", CALIBRATION, "bin_90_99_error", round(error, 4), "share")
    report("identity", CALIBRATION, "bin_90_99_pairs", pair_count, "pairs")
    if picture is not None:
        picture.write_text(calibration_curve(pairs), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    cases = [*MAPPINGS, HOUSEHOLDS, CALIBRATION, *SCALE_CASES]
    parser.add_argument("--case", choices=cases, default="historical_50k")
    parser.add_argument("--rows", type=int, help="how many records, for the cases of scale")
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE), help="folder of the sets, or custom's file")
    parser.add_argument("--picture", type=Path, help=f"SVG file for the curve of {CALIBRATION}")
    arguments = parser.parse_args()
    if arguments.case == CALIBRATION:
        measure_calibration(arguments.picture)
        return
    if arguments.case in SCALE_CASES:
        measure_scale(arguments.case, arguments.rows or SCALE_CASES[arguments.case])
        return
    if arguments.data is None and arguments.case != HOUSEHOLDS:
        parser.error(f"--data or {DATA_VARIABLE} must say where the data are")
    measure(arguments.case, str(Path(arguments.data or ".")))


if __name__ == "__main__":
    main()
