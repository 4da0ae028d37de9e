"""Why two records, or two customers, are linked or not: what the model and the clustering made of them.

Belongs here: taking the weight of a pair apart, what stands between two customers, and both in words.
Does not belong here: learning (linkage), deciding (clustering), drawing (waterfall): nothing here is decided anew.

A pair's weight is the log odds of one person against all else that a pair can be. It is taken apart against the class
that explains the pair best but for a match: how common each is among all pairs, what each comparison adds, and what
the remaining classes take away. The parts add up to the weight, but for rounding.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl

from models.identity import linkage, normalise
from models.identity.clustering import STEPS_PER_BIT, cluster_weights, qualified
from models.identity.linkage import LEAST_PROBABILITY, MATCH, Floats, Parameters
from models.identity.model import Model
from models.identity.settings import Comparison, IdentityConfig, RecordKind
from models.identity.stable_ids import KEY
from models.identity.workspace import workspace

ALTERNATIVES = ("one customer", "two of one household", "two strangers with a contact in common", "two at random")
UNKNOWN = "unknown"
_TABLE = "identity_explained"

RecordKey = tuple[str, str]


@dataclass(frozen=True)
class Weighed:
    """One comparison of two records: the values as they were compared, how far they agree, and what that says."""

    comparison: str
    left_value: str
    right_value: str
    agreement: str
    bits: float


@dataclass(frozen=True)
class PairExplanation:
    """Two records. Bits above zero speak for one customer, against `alternative`.

    `starting_bits`: how much commoner one is than the other among all pairs. `remaining_bits`: what the other
    alternatives take away. `cluster_bits`: what the pair counts in the clustering. `keys`: the blocking keys that
    proposed it; without one it was never scored.
    """

    left: RecordKey
    right: RecordKey
    alternative: str
    starting_bits: float
    weighed: tuple[Weighed, ...]
    remaining_bits: float
    match_probability: float
    cluster_bits: float
    keys: tuple[str, ...]
    refused_by: tuple[str, ...]

    @property
    def total_bits(self) -> float:
        return self.starting_bits + sum(one.bits for one in self.weighed) + self.remaining_bits


@dataclass(frozen=True)
class Explanation:
    """`pair`: of those asked about, the one that counts most. The rest is of all records of both customers.

    `refusals`: how many pairs between two customers each refusal keeps apart. `go_between`: where one customer's two
    records are not linked by themselves, the record that links both best, and the bits of the weaker of its links.
    """

    pair: PairExplanation
    left_customer_id: str
    right_customer_id: str
    record_count: int
    pair_count: int
    unproposed_count: int
    mean_bits: float
    refusals: Mapping[str, int]
    go_between: tuple[RecordKey, float] | None

    @property
    def is_one_customer(self) -> bool:
        return self.left_customer_id == self.right_customer_id


def explain(
    records: pl.DataFrame,
    customer_of: Mapping[RecordKey, str],
    left: Collection[RecordKey],
    right: Collection[RecordKey],
    model: Model,
    as_of: date,
    config: IdentityConfig | None = None,
) -> Explanation:
    """Explains what stands between records of one customer and of another, or between records of one.

    `records`: all that were resolved, since what a value says depends on how many have it. `customer_of`: of all
    records of the customers concerned. `model`: what they were judged by, parameters included.
    """
    config = config or IdentityConfig()
    kind, parameters = model.kind, model.learnt
    with workspace() as con:
        normalise.normalise(con, records, as_of, config, model.frequencies)
        pairs, values = _pairs(con, model, customer_of, config)
    rows = list(pairs.iter_rows(named=True))
    key_of = {number: (row["source_name"], row["source_customer_id"]) for number, row in values.items()}
    asked = [
        row
        for row in rows
        if _crosses(key_of[row["left_no"]], key_of[row["right_no"]], left, right)
        or _crosses(key_of[row["right_no"]], key_of[row["left_no"]], left, right)
    ]
    strongest = max(asked, key=lambda row: (row["cluster_bits"], row["match_weight"]))
    pair = _explain_pair(strongest, values, key_of, kind, parameters, set(left))
    customers = customer_of[pair.left], customer_of[pair.right]
    is_one = customers[0] == customers[1]
    if is_one:
        between = rows
    else:
        between = [row for row in rows if customer_of[key_of[row["left_no"]]] != customer_of[key_of[row["right_no"]]]]
    refused = [name for row in between for name in row["refused_by"]]
    return Explanation(
        pair,
        *customers,
        record_count=len(customer_of),
        pair_count=len(between),
        unproposed_count=sum(not row["keys"] for row in between),
        mean_bits=sum(row["cluster_bits"] for row in between) / len(between),
        refusals={name: refused.count(name) for name in sorted(set(refused))},
        go_between=_go_between(strongest, rows, key_of) if is_one and pair.cluster_bits <= 0 else None,
    )


def _crosses(one: RecordKey, other: RecordKey, left: Collection[RecordKey], right: Collection[RecordKey]) -> bool:
    return one in left and other in right


def _pairs(
    con: duckdb.DuckDBPyConnection, model: Model, customer_of: Mapping[RecordKey, str], config: IdentityConfig
) -> tuple[pl.DataFrame, dict[int, dict[str, Any]]]:
    """All pairs of the records, those that no key proposed too, and the compared values by record number."""
    kind, parameters = model.kind, model.learnt
    con.register("identity_asked", pl.DataFrame(list(customer_of), schema=KEY, orient="row").to_arrow())
    asked = f"(from {normalise.RECORDS} semi join identity_asked using (source_name, source_customer_id))"
    normalise.write_keys(con, kind, asked, "identity_key")
    con.register("identity_crowded", model.crowded_keys.to_arrow())
    con.execute(
        f"""
        create table {_TABLE} as
        with keyed as (
            select record_no, list(key) as blocking_keys
            from identity_key anti join identity_crowded using (key) group by record_no
        )
        select asked.*, ['all'] as keys, coalesce(blocking_keys, []) as blocking_keys
        from {asked} as asked left join keyed using (record_no)
        """
    )
    scored = linkage.score(kind, parameters, linkage.compare(con, kind, _TABLE))
    refused_by = ", ".join(
        f"case when {qualified(refusal.condition)} then '{refusal.name}' end"
        for refusal in parameters.refusals(kind, config)
    )
    around = con.sql(
        f"""
        select
            l.record_no::bigint as left_no, r.record_no::bigint as right_no,
            list_intersect(l.blocking_keys, r.blocking_keys) as keys,
            list_filter([{refused_by}]::varchar[], lambda name: name is not null) as refused_by
        from {_TABLE} as l join {_TABLE} as r on l.record_no < r.record_no
        """
    ).pl()
    pairs = scored.join(around, on=["left_no", "right_no"]).sort("left_no", "right_no")
    steps = (cluster_weights(pairs, config) * STEPS_PER_BIT).round() / STEPS_PER_BIT
    is_proposed = pl.col("keys").list.len() > 0
    weight = pl.when(is_proposed).then(steps).otherwise(config.unseen_pair_bits).alias("cluster_bits")
    values = con.sql(f"select * from {_TABLE} order by record_no").pl()
    return pairs.with_columns(weight), {row["record_no"]: row for row in values.iter_rows(named=True)}


def _explain_pair(
    row: Mapping[str, Any],
    values: Mapping[int, Mapping[str, Any]],
    key_of: Mapping[int, RecordKey],
    kind: RecordKind,
    parameters: Parameters,
    left: Collection[RecordKey],
) -> PairExplanation:
    """The pair with the record that was asked for first on the left."""
    numbers = row["left_no"], row["right_no"]
    if key_of[numbers[0]] not in left:
        numbers = numbers[1], numbers[0]
    compared = [(comparison, row[f"gamma_{comparison.name}"]) for comparison in kind.comparisons]
    by_comparison = np.asarray([_class_bits(parameters, comparison, gamma) for comparison, gamma in compared])
    shares = np.log2(np.maximum(parameters.shares, 1e-15))
    whole = shares + by_comparison.sum(axis=0)
    others = np.delete(whole, MATCH)
    alternative = int(np.argmax(others)) + 1
    against = by_comparison[:, MATCH] - by_comparison[:, alternative]
    best = others.max()
    return PairExplanation(
        left=key_of[numbers[0]],
        right=key_of[numbers[1]],
        alternative=ALTERNATIVES[alternative],
        starting_bits=float(shares[MATCH] - shares[alternative]),
        weighed=tuple(
            Weighed(
                comparison.name,
                _shown(values[numbers[0]], comparison),
                _shown(values[numbers[1]], comparison),
                UNKNOWN if gamma < 0 else comparison.levels[len(comparison.levels) - 1 - gamma].name,
                float(bits),
            )
            for (comparison, gamma), bits in zip(compared, against, strict=True)
        ),
        remaining_bits=float(best - (best + np.log2(np.exp2(others - best).sum()))),
        match_probability=row["match_probability"],
        cluster_bits=row["cluster_bits"],
        keys=tuple(normalise.key_names(kind, row["keys"])),
        refused_by=tuple(row["refused_by"]),
    )


def _class_bits(parameters: Parameters, comparison: Comparison, gamma: int) -> Floats:
    """Log likelihood of the outcome in each class; a comparison that says nothing counts for none."""
    if gamma < 0:
        return np.zeros(len(parameters.shares))
    return np.log2(np.maximum(parameters.levels[comparison.name][gamma], LEAST_PROBABILITY))


def _shown(values: Mapping[str, Any], comparison: Comparison) -> str:
    parts = [values[column] for column in comparison.columns]
    return " ".join(" ".join(part) if isinstance(part, list) else str(part) for part in parts if part)


def _go_between(
    asked: Mapping[str, Any], rows: list[dict[str, Any]], key_of: Mapping[int, RecordKey]
) -> tuple[RecordKey, float] | None:
    bits = {frozenset((row["left_no"], row["right_no"])): row["cluster_bits"] for row in rows}
    ends = asked["left_no"], asked["right_no"]
    weaker = {number: min(bits[frozenset((number, end))] for end in ends) for number in key_of if number not in ends}
    best = max(weaker, key=lambda number: weaker[number], default=None)
    return None if best is None or weaker[best] <= 0 else (key_of[best], weaker[best])


def named(key: RecordKey) -> str:
    """A record as people name it."""
    return ":".join(key)


def in_words(explanation: Explanation, config: IdentityConfig | None = None) -> list[str]:
    """The decision and its reasons, a sentence or two each; no personal value."""
    config = config or IdentityConfig()
    pair = explanation.pair
    return [
        _decision(explanation),
        _proposal(pair, config),
        *_agreements(pair),
        f"Weight {pair.total_bits:+.2f} bits, probability {pair.match_probability:.4f}, weighed against"
        f" {pair.alternative}; it counts {pair.cluster_bits:+.2f} in the clustering.",
        *_clustering(explanation, config),
    ]


def _decision(explanation: Explanation) -> str:
    pair = explanation.pair
    both = f"{named(pair.left)} and {named(pair.right)}"
    if explanation.is_one_customer:
        return f"{both} are one customer, {explanation.left_customer_id}."
    return f"{both} are two customers, {explanation.left_customer_id} and {explanation.right_customer_id}."


def _proposal(pair: PairExplanation, config: IdentityConfig) -> str:
    if pair.keys:
        return f"Compared because they share: {_listed(pair.keys)}."
    return (
        "No key proposed the pair, so the run did not score it; in the clustering it counts"
        f" {config.unseen_pair_bits:+.2f} bits. What it would have weighed follows."
    )


def _agreements(pair: PairExplanation) -> list[str]:
    sides = (
        ("For one customer", [one for one in pair.weighed if one.bits > 0]),
        ("Against", [one for one in pair.weighed if one.bits < 0]),
    )
    said = [
        f"{side}: " + ", ".join(f"{spelt(o.comparison)} ({spelt(o.agreement)}, {o.bits:+.2f})" for o in found) + "."
        for side, found in sides
        if found
    ]
    silent = [one.comparison for one in pair.weighed if one.agreement == UNKNOWN]
    return said + ([f"Nothing to compare: {_listed(silent)}."] if silent else [])


def _clustering(explanation: Explanation, config: IdentityConfig) -> list[str]:
    said = []
    refused = ", ".join(f"{spelt(name)} ({count})" for name, count in explanation.refusals.items())
    unproposed = f"{explanation.unproposed_count} of them that no key proposed"
    if explanation.is_one_customer:
        said.append(
            f"The customer has {explanation.record_count} records; the mean over their {explanation.pair_count} pairs"
            f" is {explanation.mean_bits:+.2f} bits ({unproposed})."
        )
        if explanation.pair.cluster_bits <= 0:
            said.append("The two are not linked by themselves, but by the customer's other records.")
        if explanation.go_between is not None:
            key, bits = explanation.go_between
            said.append(f"{named(key)} links both best: {bits:+.2f} bits or more with each.")
        if refused:
            said.append(f"Impossible together by their records of today, yet joined: {refused}.")
        return said
    said.append(
        f"The two customers' {explanation.pair_count} pairs of records have a mean of"
        f" {explanation.mean_bits:+.2f} bits ({unproposed}); customers become one above zero."
    )
    if refused:
        said.append(f"The clustering refused to join them, pairs of records by reason: {refused}.")
    elif explanation.mean_bits > 0:
        said.append(
            f"Nothing else refuses them: joined they would pass a limit ({config.cluster_size_limit} records a"
            f" customer, {config.component_size_limit} linked to one another), or records have changed since the run."
        )
    return said


def _listed(names: Collection[str]) -> str:
    return ", ".join(spelt(name) for name in names)


def spelt(name: str) -> str:
    """A comparison's, level's or key's name as words."""
    return name.replace("_", " ")
