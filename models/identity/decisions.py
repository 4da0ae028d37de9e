"""What people decided about who is one customer, and what of it binds a run.

Belongs here: which decisions hold, what they mean for records, which events they caused.
Does not belong here: how clusters obey (clustering), where decisions are kept and who may make them (pipelines).

A decision names records in groups. `same`: all its records are one customer. `different`, `split`: records of two
groups never are. It outlives runs and models; only its withdrawal ends it. The newest wins: an older one that
contradicts it is not followed where it does, and says so. A record that is gone takes no part, and does again once it
is back. Where Odoo merged a partner into another, what was decided about the one goes on for the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from typing import Any

import polars as pl

from models.identity.stable_ids import KEY

SAME, DIFFERENT, SPLIT = "same", "different", "split"
KINDS = (SAME, DIFFERENT, SPLIT)
# Made by Odoo's merge of partners: the first group is gone, the second has taken its place.
ODOO_MERGE = "odoo merge"

DECISION_SCHEMA = {
    "decision_id": pl.String(), "kind": pl.String(),
    "records": pl.List(
        pl.Struct({"source_name": pl.String(), "source_customer_id": pl.String(), "group_no": pl.Int32()})
    ),
    "reason": pl.String(), "source": pl.String(), "decided_by": pl.String(), "decided_at": pl.Datetime("us"),
    "withdrawn_at": pl.Datetime("us"),
}  # fmt: skip
PAIR_SCHEMA = {"left_no": pl.Int64(), "right_no": pl.Int64(), "decision_id": pl.String()}

RecordKey = tuple[str, str]


ASKED_SCHEMA = {
    "left_source_name": pl.String(), "left_source_customer_id": pl.String(), "right_source_name": pl.String(),
    "right_source_customer_id": pl.String(),
}  # fmt: skip

ANSWER_SCHEMA = {"match_probability": pl.Float64(), "is_same": pl.Boolean()}


@dataclass(frozen=True)
class HumanInput:
    """What people have to say to a run: `decisions` as kept, and `asked`, the pairs of records asked about before.

    `question_limit`: how many more may be asked about. `answers`: what people said of pairs asked about as even.
    """

    decisions: pl.DataFrame
    asked: pl.DataFrame
    question_limit: int
    answers: pl.DataFrame

    @classmethod
    def none(cls) -> "HumanInput":
        tables = (pl.DataFrame(schema=schema) for schema in (DECISION_SCHEMA, ASKED_SCHEMA, ANSWER_SCHEMA))
        decisions, asked, answers = tables
        return cls(decisions, asked, 0, answers)


@dataclass(frozen=True)
class Unfollowed:
    """A decision that was not followed, or not in all of its records, and why."""

    decision_id: str
    why: str


@dataclass(frozen=True)
class Replacement:
    """The record that took another's place, and the decision by which it did."""

    key: RecordKey
    decision_id: str


@dataclass(frozen=True)
class Settled:
    """What binds a run. `same`, `different`: pairs of record numbers, the smaller first, by the decision that says so.

    `replaced`: records that are gone and were merged into one that is there. `key_of`: keys by record number.
    """

    same: pl.DataFrame
    different: pl.DataFrame
    replaced: Mapping[RecordKey, Replacement]
    key_of: Mapping[int, RecordKey]
    unfollowed: tuple[Unfollowed, ...]


def decision_id(*parts: str) -> str:
    return "D" + sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def settle(decisions: pl.DataFrame, records: pl.DataFrame) -> Settled:
    """Settles decisions on `records` (record_no, key, record_kind), of which others than those named do not matter."""
    key_of = {number: (name, key) for number, name, key in records.select("record_no", *KEY).rows()}
    number_of = {key: number for number, key in key_of.items()}
    kind_of = dict(records.select("record_no", "record_kind").rows())
    active = (
        decisions.filter(pl.col("withdrawn_at").is_null())
        .sort("decided_at", "decision_id", descending=True)
        .select("decision_id", "kind", "records", "source")
        .to_dicts()
    )
    replaced = _replaced(active, number_of)
    bonds = _Bonds()
    for decision in active:
        groups = _present(decision["records"], number_of, replaced)
        if decision["kind"] != SAME:
            bonds.part(decision["decision_id"], groups)
        elif len({kind_of[number] for numbers in groups for number in numbers}) > 1:
            bonds.unfollowed.append(
                Unfollowed(decision["decision_id"], "a person and an organisation are never one customer")
            )
        else:
            bonds.unite(decision["decision_id"], [number for numbers in groups for number in numbers])
    return Settled(_frame(bonds.same), _frame(bonds.different), replaced, key_of, tuple(bonds.unfollowed))


def named(decisions: pl.DataFrame) -> pl.DataFrame:
    """Keys of all records that a decision names."""
    records = decisions.select(pl.col("records").explode()).drop_nulls().unnest("records")
    return records.select(KEY).unique().sort(KEY)


def _replaced(active: Sequence[dict[str, Any]], number_of: Mapping[RecordKey, int]) -> dict[RecordKey, Replacement]:
    """Through all merges to the record that is there now."""
    successor: dict[RecordKey, Replacement] = {}
    for decision in reversed(active):
        if decision["source"] == ODOO_MERGE:
            gone, [taken] = _groups(decision["records"]).values()
            successor |= dict.fromkeys(gone, Replacement(taken, decision["decision_id"]))
    found = {}
    for start, first in successor.items():
        at = start
        seen: set[RecordKey] = set()
        while at not in number_of and at in successor and at not in seen:
            seen.add(at)
            at = successor[at].key
        if at != start and at in number_of:
            found[start] = Replacement(at, first.decision_id)
    return found


def _groups(records: Iterable[Mapping[str, Any]]) -> dict[int, list[RecordKey]]:
    groups = defaultdict(list)
    for record in sorted(records, key=lambda one: int(one["group_no"])):
        groups[int(record["group_no"])].append((str(record["source_name"]), str(record["source_customer_id"])))
    return dict(groups)


def _present(
    records: Iterable[Mapping[str, Any]], number_of: Mapping[RecordKey, int], replaced: Mapping[RecordKey, Replacement]
) -> list[list[int]]:
    """Record numbers by group, of records that are there or were replaced by one that is."""
    standing = [[replaced[key].key if key in replaced else key for key in keys] for keys in _groups(records).values()]
    return [[number_of[key] for key in sorted(set(keys)) if key in number_of] for keys in standing]


def _frame(pairs: Mapping[tuple[int, int], str]) -> pl.DataFrame:
    rows = [(*pair, decision) for pair, decision in sorted(pairs.items())]
    return pl.DataFrame(rows, schema=PAIR_SCHEMA, orient="row")


class _Bonds:
    """Decisions taken in from the newest to the oldest: what is bound already is not contradicted any more."""

    def __init__(self) -> None:
        self.same: dict[tuple[int, int], str] = {}
        self.different: dict[tuple[int, int], str] = {}
        self.unfollowed: list[Unfollowed] = []
        self._root: dict[int, int] = {}
        self._apart: defaultdict[int, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._linked: defaultdict[int, dict[int, str]] = defaultdict(dict)

    def unite(self, decision: str, numbers: Sequence[int]) -> None:
        """Makes the records one, but for those that a newer decision keeps apart."""
        by_root: dict[int, int] = {}
        for number in numbers:
            by_root.setdefault(self._find(number), number)
        against: set[str] = set()
        torn: set[int] = set()
        for left, right in combinations(by_root, 2):
            if newer := self._apart[left].get(right):
                against |= newer
                torn |= {left, right}
        self._contradicted(decision, against)
        kept = [by_root[root] for root in by_root if root not in torn]
        for number in kept[1:]:
            self._link(kept[0], number, decision)

    def part(self, decision: str, groups: Sequence[Sequence[int]]) -> None:
        """Keeps records of different groups apart, but for those that newer decisions make one."""
        against: set[str] = set()
        for lefts, rights in combinations(groups, 2):
            for left in lefts:
                for right in rights:
                    roots = self._find(left), self._find(right)
                    if roots[0] == roots[1]:
                        against |= self._between(left, right)
                        continue
                    self.different.setdefault((min(left, right), max(left, right)), decision)
                    self._apart[roots[0]][roots[1]].add(decision)
                    self._apart[roots[1]][roots[0]].add(decision)
        self._contradicted(decision, against)

    def _contradicted(self, decision: str, newer: set[str]) -> None:
        if newer:
            self.unfollowed.append(Unfollowed(decision, f"newer and otherwise: {', '.join(sorted(newer))}"))

    def _find(self, number: int) -> int:
        while (above := self._root.get(number, number)) != number:
            number = above
        return number

    def _link(self, left: int, right: int, decision: str) -> None:
        self.same[min(left, right), max(left, right)] = decision
        self._linked[left][right] = self._linked[right][left] = decision
        root, gone = self._find(left), self._find(right)
        self._root[gone] = root
        for other, decisions in self._apart.pop(gone, {}).items():
            del self._apart[other][gone]
            self._apart[other][root] |= decisions
            self._apart[root][other] |= decisions

    def _between(self, left: int, right: int) -> set[str]:
        """The decisions by which two records are one."""
        reached: dict[int, set[str]] = {left: set()}
        queue = [left]
        for number in queue:
            for other, decision in self._linked[number].items():
                if other not in reached:
                    reached[other] = reached[number] | {decision}
                    queue.append(other)
        return reached.get(right, set())


def with_causes(events: pl.DataFrame, before: pl.DataFrame, now: pl.DataFrame, settled: Settled) -> pl.DataFrame:
    """New `events` with the decision as the cause of those merges and splits that one brought about.

    `before`, `now`: customer by record, of the records that may have moved.
    """
    passages = _passages(before, now, settled)
    schema = {"customer_id": pl.String(), "other_customer_id": pl.String(), "decision_id": pl.String()}
    decided = pl.DataFrame([(*ends, by) for ends, by in passages.items()], schema=schema, orient="row")
    is_decided = pl.col("kind").is_in(["merged", "split"]) & pl.col("decision_id").is_not_null()
    cause = pl.when(is_decided).then("decision " + pl.col("decision_id")).otherwise(pl.col("cause")).alias("cause")
    joined = events.join(decided, on=["customer_id", "other_customer_id"], how="left", maintain_order="left")
    return joined.with_columns(cause).select(events.columns)


def _passages(before: pl.DataFrame, now: pl.DataFrame, settled: Settled) -> dict[tuple[str, str], str]:
    """Decisions by the customer that a record of theirs left and the one that it came to."""
    bound = [
        (settled.key_of[left], settled.key_of[right], decision)
        for pairs in (settled.same, settled.different)
        for left, right, decision in pairs.rows()
    ]
    bound += [(gone, by.key, by.decision_id) for gone, by in settled.replaced.items()]
    ends = [key for left, right, _ in bound for key in (left, right)]
    keys = pl.DataFrame(ends, schema=dict.fromkeys(KEY, pl.String()), orient="row").unique()
    was, is_now = _customer_of(before, keys), _customer_of(now, keys)
    passages: dict[tuple[str, str], str] = {}
    for left, right, decision in bound:
        if (was.get(left) == was.get(right)) != (is_now.get(left) == is_now.get(right)):
            for key in (left, right):
                if key in was and key in is_now and was[key] != is_now[key]:
                    passages.setdefault((was[key], is_now[key]), decision)
    return passages


def _customer_of(customers: pl.DataFrame, keys: pl.DataFrame) -> dict[RecordKey, str]:
    found = customers.join(keys, on=KEY, how="semi").select(*KEY, "customer_id")
    return {(source_name, source_customer_id): customer for source_name, source_customer_id, customer in found.rows()}
