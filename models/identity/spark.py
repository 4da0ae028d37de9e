"""Compares candidate pairs on Spark, where one machine is too small: the same settings, the same vectors.

Belongs here: Splink's Spark backend for blocking and for spreading the pairs. The comparisons themselves are computed
by DuckDB, a batch of pairs at a time, on whichever machine holds the pairs: their SQL is DuckDB's, and a translation
would agree with it only nearly.
Does not belong here: scoring (linkage), which needs each pattern of outcomes once, however many pairs show it.

Needs the extra `spark` and a Java runtime. The session is the one that is configured (spark-defaults, SPARK_REMOTE),
else local on all cores.
"""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import sqlglot
from splink import Linker

from models.identity.settings import Comparison, RecordKind

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def session() -> "SparkSession":
    """Workers run the Python of this process, unless another is named: they need its packages. Spark reads that from
    the environment alone where Python starts it."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return (
        SparkSession.builder.appName("reknit identity")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )


def compare(con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str, pattern: str) -> pa.Table:
    """The candidate pairs of the records in `table`: left_no < right_no, pattern, as `pattern` makes it of outcomes."""
    from pyspark.sql.functions import arrow_udf

    spark = session()
    types = {name: type_ for name, type_, *_ in con.sql(f"describe {table}").fetchall()}
    needed = sorted({name for comparison in kind.comparisons for name in comparison.read_of(types)})
    records = con.sql(
        f"""select record_no::bigint as record_no, keys::varchar[] as keys, {", ".join(needed)} from {table}
        where len(keys) > 0 order by record_no"""
    ).to_arrow_table()
    for comparison in kind.comparisons:
        spark.udf.register(_function(comparison), arrow_udf(_outcomes(comparison, types), returnType="int"))
    linker = Linker(_api(spark).register(records), _splink_settings(kind, types), log_level=None)
    compared = linker.inference.predict(warning_mode="never")
    pairs: pa.Table = spark.sql(
        f"""select cast(least(record_no_l, record_no_r) as int) as left_no,
            cast(greatest(record_no_l, record_no_r) as int) as right_no, {pattern} as pattern
        from {compared.physical_name}"""
    ).toArrow()
    compared.drop_table_from_database_and_remove_from_cache()
    return pairs


def _api(spark: "SparkSession") -> Any:
    """Splink's backend. Its own dialect of Spark inherits from sqlglot's, which compiled classes do not allow."""
    from splink import SparkAPI

    class PlainSparkAPI(SparkAPI):
        def _setup_for_execute_sql(self, sql: str, physical_name: str) -> str:
            return sqlglot.transpile(sql, read="spark", write="spark")[0]

    return PlainSparkAPI(spark_session=spark, register_udfs_automatically=False, break_lineage_method="persist")


def _function(comparison: Comparison) -> str:
    return f"outcome_{comparison.name}"


def _outcomes(comparison: Comparison, types: dict[str, str]) -> Callable[..., pa.Array]:
    """The comparison as a function of the columns of many pairs. It travels to the workers, so it holds text alone."""
    columns = [f"{name}_{side}" for name in comparison.read_of(types) for side in "lr"]
    last = len(comparison.levels) - 1
    cases = " ".join(f"when {level.condition} then {last - at}" for at, level in enumerate(comparison.levels[:-1]))
    query = f"select (case when {comparison.null_condition} then -1 {cases} else 0 end)::integer as outcome from pair"

    def outcomes(*values: pa.Array) -> pa.Array:
        with duckdb.connect(":memory:", config={"threads": 1}) as worker:
            worker.register("pair", pa.table(list(values), names=columns))
            return worker.sql(query).to_arrow_table()["outcome"].combine_chunks()

    return outcomes


def _splink_settings(kind: RecordKind, types: dict[str, str]) -> dict[str, Any]:
    """Each level is one outcome of the comparison's function, which Spark computes once a pair."""

    def comparison_settings(comparison: Comparison) -> dict[str, Any]:
        arguments = ", ".join(f"{name}_{side}" for name in comparison.read_of(types) for side in "lr")
        outcome = f"{_function(comparison)}({arguments})"
        last = len(comparison.levels) - 1
        levels = [
            {"sql_condition": f"{outcome} = {last - at}" if at < last else "ELSE", "label_for_charts": level.name}
            for at, level in enumerate(comparison.levels)
        ]
        null = {"sql_condition": f"{outcome} = -1", "label_for_charts": "unknown", "is_null_level": True}
        return {"output_column_name": comparison.name, "comparison_levels": [null, *levels]}

    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_no",
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": "l.keys = r.keys", "sql_dialect": "spark", "arrays_to_explode": ["keys"]}
        ],
        "comparisons": [comparison_settings(comparison) for comparison in kind.comparisons],
        # The comparison vector comes with the matching columns or not at all.
        "retain_matching_columns": True,
    }
