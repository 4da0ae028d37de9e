"""Large tables are built from what changed, and come out as if they had been built anew."""

from pathlib import Path

import duckdb
import pytest

from tests.line.line import checksums
from tests.marts.history import DAYS, History

BUILT = "dim|fct|int|mart|stg"


@pytest.mark.parametrize("days_a_build", [6, pytest.param(1, marks=pytest.mark.long)])
def test_building_day_by_day_gives_the_tables_of_a_full_refresh(tmp_path: Path, days_a_build: int) -> None:
    history = History(tmp_path)
    for day in range(1, DAYS + 1):
        history.load(day)
        if day == 1 or day % days_a_build == 0:
            history.build(day)
    replaced, orders = _replaced(history.warehouse)
    assert 0 < replaced < orders
    by_day = checksums(history.warehouse, BUILT)
    history.build(DAYS, "--full-refresh")
    anew = checksums(history.warehouse, BUILT)
    assert {table for table in anew if by_day[table] != anew[table]} == set()


def _replaced(warehouse: Path) -> tuple[int, int]:
    """Receipts that the last build replaced, and all there are."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        replaced: tuple[int, int] = connection.execute(
            """select (select count(unit) from incremental.change where model = 'stg_pos__order_line'),
                (select count(distinct order_id) from stg_pos__order_line)"""
        ).fetchall()[0]
    return replaced


def test_a_build_without_news_replaces_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.load(1)
    history.build(1)
    history.build(1)
    with duckdb.connect(str(history.warehouse), read_only=True) as connection:
        replaced = connection.execute(
            "select distinct model from incremental.change where unit is not null order by all"
        ).fetchall()
    assert replaced == []
