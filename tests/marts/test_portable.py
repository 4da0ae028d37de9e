"""Dimensions and facts in another engine's SQL: sqlglot turns each into Spark SQL, and Spark knows what it says.

sqlglot passes on a function that it does not know, so names are looked up in `spark_functions.txt`: the functions of
Spark 4, one a line.
"""

from itertools import pairwise
from pathlib import Path

import pytest
import sqlglot
from sqlglot import ErrorLevel, TokenType

from tests.marts.history import DBT_DIR, History

MARTS = DBT_DIR / "models" / "marts"
# fct_order_line is a view of it.
TABLES = ["int_order_line", *sorted(path.stem for kind in ("dim", "fct") for path in MARTS.glob(f"{kind}_*.sql"))]
SPARK_FUNCTIONS = frozenset(Path(__file__).with_name("spark_functions.txt").read_text(encoding="utf-8").split())
# Spark numbers the days of a week otherwise than sqlglot takes it to.
MISREAD = frozenset({"dayofweek"})
# Words that stand before a parenthesis and call nothing.
SYNTAX = frozenset(
    {
        "all", "and", "as", "case", "distinct", "else", "except", "exists", "filter", "from", "in", "join", "not", "on",
        "or", "over", "select", "then", "using", "values", "varchar", "when", "where",
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    history = History(tmp_path_factory.mktemp("portable"))
    history.load(1)
    history.dbt(1, "compile", "--full-refresh")
    return history.folder / "target" / "compiled" / "reknit" / "models"


@pytest.mark.parametrize("table", TABLES)
def test_table_can_be_said_in_spark_sql(compiled: Path, table: str) -> None:
    (path,) = compiled.rglob(f"{table}.sql")
    query = in_spark(path.read_text(encoding="utf-8"))
    assert sqlglot.parse_one(query, read="spark").find(sqlglot.exp.Select)
    assert unknown_to_spark(query) == set()


def test_what_spark_does_not_know_is_named() -> None:
    query = in_spark(
        """select timezone('UTC', sold_at), divide(week, 13), isoyear(day), isodow(day), coalesce(valid_to, 'infinity'),
            max(list_sum(parts)) filter (where id in (1, 2))
        from line
        union all by name
        from returned"""
    )
    assert unknown_to_spark(query) == {
        "timezone", "divide", "isoyear", "dayofweek", "list_sum", "by name", "infinity",
    }  # fmt: skip


def in_spark(query: str) -> str:
    (translated,) = sqlglot.transpile(query, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)
    return translated


def unknown_to_spark(query: str) -> set[str]:
    """Functions, and ways to unite and to say that something has no end, that Spark SQL lacks."""
    tokens = [(token.token_type, token.text.lower()) for token in sqlglot.tokenize(query, read="spark")]
    pairs = list(pairwise(tokens))
    called = {
        word
        for (kind, word), (following, _) in pairs
        if following is TokenType.L_PAREN and kind is not TokenType.IDENTIFIER and word.isidentifier()
    }
    united = {"by name" for (_, word), (_, following) in pairs if (word, following) == ("by", "name")}
    endless = {word for kind, word in tokens if kind is TokenType.STRING and word.removeprefix("-") == "infinity"}
    return (called - SYNTAX - (SPARK_FUNCTIONS - MISREAD)) | united | endless
