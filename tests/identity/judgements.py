"""Decisions for tests, as people make them: in order, a day apart."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from models.identity.decisions import DECISION_SCHEMA, DIFFERENT, ODOO_MERGE, SAME, SPLIT, HumanInput

FIRST_DAY = datetime(2017, 6, 1)


def decided(*decisions: tuple[str, list[list[str]]], source: str = "cli", withdrawn: str = "") -> pl.DataFrame:
    """Each as (kind, groups of shop records); the first is D1 and the oldest. `withdrawn`: ids, spaced."""
    rows: list[dict[str, Any]] = [
        {
            "decision_id": f"D{number}",
            "kind": kind,
            "records": [
                {"source_name": "shop", "source_customer_id": record, "group_no": group_no}
                for group_no, records in enumerate(groups, start=1)
                for record in records
            ],
            "source": source,
            "decided_by": "ann",
            "decided_at": FIRST_DAY + timedelta(days=number),
            "withdrawn_at": FIRST_DAY if f"D{number}" in withdrawn.split() else None,
        }
        for number, (kind, groups) in enumerate(decisions, start=1)
    ]
    return pl.DataFrame(rows, schema=DECISION_SCHEMA)


def same(*records: str) -> tuple[str, list[list[str]]]:
    return SAME, [list(records)]


def different(left: str, right: str) -> tuple[str, list[list[str]]]:
    return DIFFERENT, [[left], [right]]


def split(*groups: list[str]) -> tuple[str, list[list[str]]]:
    return SPLIT, list(groups)


def merged_in_odoo(gone: str, survivor: str) -> pl.DataFrame:
    return decided((SAME, [[gone], [survivor]]), source=ODOO_MERGE)


def human(decisions: pl.DataFrame, question_limit: int = 0) -> HumanInput:
    return replace(HumanInput.none(), decisions=decisions, question_limit=question_limit)


def some_of_many(rows: dict[str, dict[str, Any]], gone: Sequence[str], batch: int) -> pl.DataFrame:
    """Decisions on some of the rows by id, each batch a few more, one in five withdrawn in the next; and merges in Odoo
    of the rows that are gone."""
    made: list[dict[str, Any]] = []
    for number in range(1, batch + 1):
        rng = random.Random(number)
        ids = sorted(rows)
        for no in range(20):
            kind = (SAME, DIFFERENT, SPLIT)[no % 3]
            chosen = rng.sample(ids, 3 if kind == SPLIT else 2)
            # Neighbours by id are often one person.
            if no % 2:
                chosen[1] = ids[(ids.index(chosen[0]) + 1) % len(ids)]
            made.append(_decision(f"D{number}-{no}", kind, chosen, rows, number, no % 5 == 0 and number < batch))
    made += [
        _decision(f"M{key}", SAME, [key, sorted(rows)[no]], rows, batch, False) | {"source": ODOO_MERGE}
        for no, key in enumerate(gone)
    ]
    return pl.DataFrame(made, schema=DECISION_SCHEMA)


def _decision(
    decision_id: str, kind: str, ids: list[str], rows: dict[str, dict[str, Any]], day: int, is_withdrawn: bool
) -> dict[str, Any]:
    return {
        "decision_id": decision_id,
        "kind": kind,
        "records": [
            {"source_name": rows[key]["source_name"], "source_customer_id": key, "group_no": group_no}
            for group_no, key in enumerate(dict.fromkeys(ids), start=1)
        ],
        "source": "cli",
        "decided_at": FIRST_DAY + timedelta(days=day),
        "withdrawn_at": FIRST_DAY if is_withdrawn else None,
    }
