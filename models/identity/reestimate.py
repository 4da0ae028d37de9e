"""What a new estimate would change, before it is kept: parameters, pairs, customers, ids. Counts and weights alone.

Belongs here: holding a computed run against what the last one left.
Does not belong here: estimating (linkage), keeping it (resolution).
"""

from collections.abc import Sequence

import numpy as np

from models.identity import model, store
from models.identity.linkage import LEAST_PROBABILITY, MATCH, RANDOM, Parameters
from models.identity.model import Model
from models.identity.resolution import Run
from models.identity.settings import RecordKind

# A level's weight that changed by less is not worth a line.
LEAST_CHANGE_BITS = 0.5
Table = tuple[Sequence[str], list[Sequence[object]]]
BEFORE_AND_AFTER = ("what", "before", "after")


def before_and_after(run: Run) -> dict[str, Table]:
    """Tables by title, of a run that is computed and not written."""
    return {
        "Parameters": (BEFORE_AND_AFTER, [row for kind in run.estimated for row in _parameters(run, kind)]),
        "Pairs": (BEFORE_AND_AFTER, _pairs(run)),
        "Customers": (BEFORE_AND_AFTER, _customers(run)),
        "Ids": (("what", "ids"), _ids(run)),
    }


def _parameters(run: Run, kind: str) -> list[Sequence[object]]:
    after = run.models[kind]
    before = model.load(run.con, run.kept("identity_model"), after.kind)
    rows: list[Sequence[object]] = [(f"{kind} records, model", _named(before), _named(after))]
    if isinstance(before, str) or before.parameters is None or after.parameters is None:
        return rows
    shares = [f"{one.shares[MATCH]:.2e}" for one in (before.parameters, after.parameters)]
    rows.append((f"{kind} records, share of pairs that match", *shares))
    then, now = _bits(after.kind, before.parameters), _bits(after.kind, after.parameters)
    changed = [name for name in now if abs(now[name] - then[name]) >= LEAST_CHANGE_BITS]
    rows += [(f"{kind} records, {name}, bits", f"{then[name]:+.2f}", f"{now[name]:+.2f}") for name in changed]
    return rows


def _named(found: Model | str) -> str:
    if isinstance(found, str):
        return "none"
    return f"{found.version}, {found.as_of}{'' if found.is_trained else ', starting weights'}"


def _bits(kind: RecordKind, parameters: Parameters) -> dict[str, float]:
    """What each outcome speaks for a match, against random pairs."""
    found = {}
    for comparison in kind.comparisons:
        table = np.maximum(parameters.levels[comparison.name], LEAST_PROBABILITY)
        for level, row in zip(comparison.levels, table[::-1], strict=True):
            name = f"{comparison.name} {level.name}".replace("_", " ")
            found[name] = float(np.log2(row[MATCH] / row[RANDOM]))
    return found


def _pairs(run: Run) -> list[Sequence[object]]:
    """The store that the run would replace was made by another model, so that the run itself does not read it."""
    kept = f'"{run.catalog}".{store.SCHEMA}'
    after = _pair_counts(run, "fresh_edge", "pattern")
    before = _pair_counts(run, f"{kept}.edge", f"{kept}.pattern") if store.exists(run.con, run.catalog) else (0, 0)
    return list(zip(("compared", "at one half or more"), before, after, strict=True))


def _pair_counts(run: Run, edges: str, patterns: str) -> tuple[int, int]:
    [(compared, likely)] = run.con.sql(
        f"""
        select count(*), count(*) filter (where match_probability >= 0.5)
        from {edges} join {patterns} using (pattern) where list_contains($kinds, record_kind)
        """,
        params={"kinds": list(run.estimated)},
    ).fetchall()
    return compared, likely


def _customers(run: Run) -> list[Sequence[object]]:
    """Of all records that the run had to group; a new estimate has all of its kind grouped."""
    counts = [
        run.con.sql(
            f"""
            select coalesce(sum(n), 0)::bigint, count(*), coalesce(max(n), 0), count(*) filter (where n > 1)
            from (select count(*) as n from {relation} group by customer_id)
            """
        ).fetchall()[0]
        for relation in ("customer_before", "customer_of")
    ]
    names = ("records", "customers", "records of the largest", "customers of several records")
    return list(zip(names, *counts, strict=True))


def _ids(run: Run) -> list[Sequence[object]]:
    kinds = run.events["kind"].to_list()
    [(kept,)] = run.con.sql(
        """
        select count(*) from (select distinct customer_id from customer_before)
        semi join customer_of using (customer_id)
        """
    ).fetchall()
    said = {"new": "new", "merged": "merged into another", "split": "lost records to another", "retired": "retired"}
    return [("kept", kept), *((words, kinds.count(kind)) for kind, words in said.items())]
