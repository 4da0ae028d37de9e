"""Spark compares the same pairs with the same outcomes, and so comes to the same probabilities and customers."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.identity import IdentityConfig, create_tables, linkage, normalise, spark, update
from models.identity.settings import PERSON
from models.identity.workspace import workspace
from tests.identity.records import retailer

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("local_spark")]

AS_OF = date(2017, 12, 31)
HOUSEHOLDS = 60


@pytest.fixture(scope="module")
def local_spark() -> Iterator[None]:
    """The engine's own session where none is configured, with few partitions for few records."""
    pytest.importorskip("pyspark", reason="needs the extra `spark`")
    session = spark.session()
    session.conf.set("spark.sql.shuffle.partitions", 4)
    yield
    session.stop()


@pytest.fixture(scope="module")
def pairs(local_spark: None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of one small retailer: pairs and patterns by DuckDB alone, and by Spark."""
    with closing(duckdb.connect(":memory:")) as con:
        records, _ = retailer(HOUSEHOLDS)
        normalise.normalise(con, records, AS_OF, IdentityConfig())
        normalise.write_keys(con, PERSON, normalise.RECORDS, "key")
        con.execute(
            f"""create table keyed as
            select r.*, keys from {normalise.RECORDS} as r
            join (select record_no, list(key order by key) as keys from key group by record_no) using (record_no)"""
        )
        found = []
        for engine in ("duckdb", "spark"):
            con.execute(f"create or replace table compared ({linkage.PAIR_COLUMNS})")
            linkage.compare_all(con, PERSON, "keyed", "compared", engine)
            found.append(con.sql("from compared order by all").pl())
        return found[0], found[1]


def test_the_same_candidate_pairs_and_comparison_vectors(pairs: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    by_duckdb, by_spark = pairs
    assert by_duckdb.height > 1_000
    assert by_duckdb["pattern"].n_unique() > 50
    assert_frame_equal(by_spark, by_duckdb, check_exact=True)


def test_loaded_parameters_give_the_same_probabilities(pairs: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    text = linkage._starting_parameters(PERSON, 200).to_json(PERSON)
    loaded = linkage.Parameters.from_json(text, PERSON)
    by_duckdb, by_spark = (
        linkage.score(PERSON, loaded, linkage.with_outcomes(PERSON, found))["match_probability"] for found in pairs
    )
    assert float((by_duckdb - by_spark).abs().max()) <= 1e-9  # type: ignore[arg-type]
    assert by_duckdb.max() > 0.99 > 0.01 > by_duckdb.min()  # type: ignore[operator]


def test_a_whole_run_leaves_the_same_tables() -> None:
    records, _ = retailer(HOUSEHOLDS)
    left = []
    for engine in ("duckdb", "spark"):
        with workspace() as con:
            create_tables(con)
            con.register("_records", records.to_arrow())
            con.execute("create view customer_record as from _records")
            with update(con, "customer_record", AS_OF, seed=1, engine=engine) as run:
                run.write()
            left.append([con.sql(f"from {table} order by all").pl() for table in ("identity_xref", "identity_link")])
    for by_duckdb, by_spark in zip(*left, strict=True):
        assert_frame_equal(by_spark, by_duckdb, check_exact=True)
    assert left[0][1].height > 50
