"""Turns scored pairs into clusters: which records are one person.

Belongs here: average-link agglomeration over signed match weights, and the unions it refuses.
Does not belong here: the weights (linkage), the ids that clusters get (stable_ids).

Connected components chain families together through one wrong link. Here two clusters become one only while the mean
weight over all their pairs is above zero, pairs that nothing proposed count against it, and no two records in them are
impossible together. What people decided comes before all that: records said to be one begin as one cluster, whatever
the weights, refusals and limits, and records said to be different are never in one. Weights are whole numbers and ties
fall to the smaller record numbers, so that the result does not depend on the order of rows.
"""

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models.identity.settings import IdentityConfig, Refusal

# Weights in sixteenths of a bit.
STEPS_PER_BIT = 16
_SUFFIXED = re.compile(r"\b([a-z_]+)_([lr])\b")

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """`cluster_of[record_no]`: smallest record number of its cluster. `refused_count`: unions refused as impossible."""

    cluster_of: Integers
    refused_count: int


NO_PAIRS = pl.DataFrame(schema={"left_no": pl.Int64(), "right_no": pl.Int64()})


def cluster(
    con: duckdb.DuckDBPyConnection,
    refusals: Sequence[Refusal],
    pairs: pl.DataFrame,
    record_count: int,
    config: IdentityConfig,
    same: pl.DataFrame = NO_PAIRS,
    different: pl.DataFrame = NO_PAIRS,
) -> Clusters:
    """Clusters records 0..record_count-1 by their scored pairs, and by pairs that people decided."""
    cluster_of = np.arange(record_count, dtype=np.int64)
    component_of = _components(pairs, same, record_count, config)
    inside = _within(pairs, component_of)
    steps = (cluster_weights(inside, config) * STEPS_PER_BIT).round().cast(pl.Int64)
    edges = inside.select("component", "left_no", "right_no", steps.alias("steps"))
    united = _within(same.select("left_no", "right_no"), component_of)
    if edges.is_empty() and united.is_empty():
        return Clusters(cluster_of, 0)
    apart = _within(different.select("left_no", "right_no"), component_of)
    impossible = pl.concat([_impossible_pairs(con, refusals, component_of), apart])
    is_agreed = _agreed(component_of, edges, pl.concat([united, impossible]), config)
    cluster_of[is_agreed] = component_of[is_agreed]
    edges = edges.filter(pl.Series(~is_agreed[edges["left_no"].to_numpy()]))
    edges_of, united_of, impossible_of = (_by_component(frame) for frame in (edges, united, impossible))
    refused_count = 0
    for component in sorted(edges_of.keys() | united_of.keys()):
        agglomeration = _Agglomeration(config)
        if (scored := edges_of.get(component)) is not None:
            agglomeration.add_edges(*scored)
        if (decided := united_of.get(component)) is not None:
            agglomeration.add_records({number for column in decided for number in column})
        if (kept_apart := impossible_of.get(component)) is not None:
            agglomeration.refuse(*kept_apart)
        if decided is not None:
            agglomeration.unite(*decided)
        for root, members in agglomeration.run().items():
            cluster_of[members] = root
        refused_count += agglomeration.refused_count
    return Clusters(cluster_of, refused_count)


def _agreed(
    component_of: Integers, edges: pl.DataFrame, decided: pl.DataFrame, config: IdentityConfig
) -> npt.NDArray[np.bool_]:
    """Records of components in which each pair speaks for one cluster: most, and no order of merging changes them."""
    count = len(component_of)
    component, steps = edges["component"].to_numpy(), edges["steps"].to_numpy()
    size = np.bincount(component_of, minlength=count)
    is_agreed = (size > 1) & (size <= config.cluster_size_limit)
    is_agreed &= np.bincount(component, minlength=count) == size * (size - 1) // 2
    is_agreed[component[steps <= config.threshold_bits * STEPS_PER_BIT]] = False
    is_agreed[decided["component"].to_numpy()] = False
    return np.asarray(is_agreed[component_of], dtype=np.bool_)


def _by_component(frame: pl.DataFrame) -> dict[int, list[list[int]]]:
    """Of each component its rows, as the columns of `frame` but for the component."""
    ordered = frame.sort("component", maintain_order=True)
    component = ordered["component"].to_numpy()
    columns = [column.to_list() for column in ordered.drop("component").iter_columns()]
    bounds = [*np.flatnonzero(np.diff(component, prepend=-1)).tolist(), len(component)]
    return {int(component[begin]): [column[begin:end] for column in columns] for begin, end in pairwise(bounds)}


def _within(pairs: pl.DataFrame, component_of: Integers) -> pl.DataFrame:
    """Pairs of records of one component, with it."""
    left, right = component_of[pairs["left_no"].to_numpy()], component_of[pairs["right_no"].to_numpy()]
    return pairs.with_columns(pl.Series("component", left)).filter(pl.Series(left == right))


def cluster_weights(pairs: pl.DataFrame, config: IdentityConfig) -> pl.Series:
    """What each pair says about two clusters. A weight below zero holds how rare matches are among all records; of
    records that are in one component for other reasons, a pair that lacks evidence says as little as one that was not
    proposed, and a pair with evidence against says that."""
    least = pl.min_horizontal(pl.lit(config.unseen_pair_bits), pl.col("evidence"))
    weight = pl.max_horizontal(pl.col("match_weight"), least)
    return pairs.select(weight.clip(-config.weight_cap_bits, config.weight_cap_bits)).to_series()


def _components(pairs: pl.DataFrame, same: pl.DataFrame, record_count: int, config: IdentityConfig) -> Integers:
    """Smallest record number of each record's component over weights that link and `same`; weak links of large ones are
    cut."""
    left, right = pairs["left_no"].to_numpy(), pairs["right_no"].to_numpy()
    same_left, same_right = same["left_no"].to_numpy(), same["right_no"].to_numpy()
    weight = pairs["match_weight"].to_numpy()
    kept = weight > config.least_link_bits
    cut = 0.0
    while True:
        ends = np.concatenate([left[kept], same_left]), np.concatenate([right[kept], same_right])
        graph = coo_array((np.ones(len(ends[0])), ends), shape=(record_count, record_count))
        _, label = connected_components(graph, directed=False)
        size = np.bincount(label)
        too_large = size[label[left]] > config.component_size_limit
        if not (kept & too_large).any():
            break
        cut += 2.0
        kept &= ~too_large | (weight > cut)
    smallest = np.full(len(size), record_count, dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(record_count))
    return np.asarray(smallest[label], dtype=np.int64)


def _impossible_pairs(
    con: duckdb.DuckDBPyConnection, refusals: Sequence[Refusal], component_of: Integers
) -> pl.DataFrame:
    """Pairs of records within a component for which one of the refusals holds."""
    members = pl.DataFrame({"record_no": np.arange(len(component_of)), "component": component_of})
    several = members.filter(pl.len().over("component") > 1)
    con.register("identity_component", several.to_arrow())
    conditions = " or ".join(f"coalesce({qualified(refusal.condition)}, false)" for refusal in refusals) or "false"
    found = con.sql(
        f"""
        with member as (
            select component, r.* from identity_component join identity_record r using (record_no)
        )
        select l.record_no::bigint as left_no, r.record_no::bigint as right_no, l.component
        from member l join member r on l.component = r.component and l.record_no < r.record_no
        where {conditions}
        order by all
        """
    ).pl()
    con.unregister("identity_component")
    return found


def qualified(condition: str) -> str:
    """`name_l` of Splink's conditions as `l.name`."""
    return _SUFFIXED.sub(r"\2.\1", condition)


class _Agglomeration:
    """Average-link agglomeration of one component. A cluster is named by its smallest member."""

    def __init__(self, config: IdentityConfig) -> None:
        self._unseen = round(config.unseen_pair_bits * STEPS_PER_BIT)
        self._threshold = config.threshold_bits * STEPS_PER_BIT
        self._size_limit = config.cluster_size_limit
        self._members: dict[int, list[int]] = {}
        self._surplus: dict[int, dict[int, int]] = {}
        self._refused: dict[int, set[int]] = {}
        self.refused_count = 0

    def add_edges(self, left: list[int], right: list[int], steps: list[int]) -> None:
        """Weights are kept as the surplus over an unseen pair: sums of surpluses need no count of seen pairs."""
        self.add_records({*left, *right})
        for a, b, weight in zip(left, right, steps, strict=True):
            self._surplus[a][b] = self._surplus[b][a] = weight - self._unseen

    def add_records(self, nodes: set[int]) -> None:
        for node in nodes - self._members.keys():
            self._members[node] = [node]
            self._surplus[node] = {}
            self._refused[node] = set()

    def unite(self, left: list[int], right: list[int]) -> None:
        """Records that are one cluster from the beginning; to be called after `refuse`."""
        root = {node: node for node in self._members}
        for a, b in zip(left, right, strict=True):
            low, high = sorted((root[a], root[b]))
            if low == high:
                continue
            for node in self._members[high]:
                root[node] = low
            self._merge(low, high)

    def refuse(self, left: list[int], right: list[int]) -> None:
        """Records that may never be in one cluster."""
        for a, b in zip(left, right, strict=True):
            self._refused[a].add(b)
            self._refused[b].add(a)

    def run(self) -> dict[int, list[int]]:
        """Merges the pair with the highest mean weight while there is one above the threshold that is allowed."""
        queue = [entry for a in self._surplus for b in self._surplus[a] if a < b and (entry := self._entry(a, b))]
        heapq.heapify(queue)
        while queue:
            _, a, b, size_a, size_b = heapq.heappop(queue)
            is_current = (
                a in self._members
                and b in self._members
                and len(self._members[a]) == size_a
                and len(self._members[b]) == size_b
            )
            if not is_current:
                continue
            if b in self._refused[a] or size_a + size_b > self._size_limit:
                self.refused_count += 1
                continue
            self._merge(a, b)
            for other in self._surplus[a]:
                if entry := self._entry(min(a, other), max(a, other)):
                    heapq.heappush(queue, entry)
        return self._members

    def _entry(self, a: int, b: int) -> tuple[float, int, int, int, int] | None:
        size_a, size_b = len(self._members[a]), len(self._members[b])
        mean = self._surplus[a][b] / (size_a * size_b) + self._unseen
        return (-mean, a, b, size_a, size_b) if mean > self._threshold else None

    def _merge(self, a: int, b: int) -> None:
        """Cluster b goes into a, which is the smaller number."""
        self._members[a].extend(self._members.pop(b))
        self._surplus[a].pop(b, None)
        for other, surplus in self._surplus.pop(b).items():
            if other == a:
                continue
            del self._surplus[other][b]
            total = self._surplus[a].get(other, 0) + surplus
            self._surplus[a][other] = self._surplus[other][a] = total
        for other in self._refused.pop(b):
            self._refused[other].discard(b)
            if other != a:
                self._refused[other].add(a)
                self._refused[a].add(other)
