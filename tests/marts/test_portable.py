"""Dimensions and facts in another engine's SQL: sqlglot turns each into Spark SQL and finds nothing it cannot say."""

from pathlib import Path

import pytest
import sqlglot
from sqlglot import ErrorLevel

from tests.marts.history import DBT_DIR, History

MARTS = DBT_DIR / "models" / "marts"
# fct_order_line is a view of it.
TABLES = ["int_order_line", *sorted(path.stem for kind in ("dim", "fct") for path in MARTS.glob(f"{kind}_*.sql"))]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    history = History(tmp_path_factory.mktemp("portable"))
    history.load(1)
    history.dbt(1, "compile", "--full-refresh")
    return history.folder / "target" / "compiled" / "reknit" / "models"


@pytest.mark.parametrize("table", TABLES)
def test_table_can_be_said_in_spark_sql(compiled: Path, table: str) -> None:
    (path,) = compiled.rglob(f"{table}.sql")
    (query,) = sqlglot.transpile(
        path.read_text(encoding="utf-8"), read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE
    )
    assert sqlglot.parse_one(query, read="spark").find(sqlglot.exp.Select)
