"""Decides which customer records of all systems are one person, and gives persons ids that stay.

Belongs here: `resolve`, the one way in, a pure function from tables to tables.
Does not belong here: reading or writing the warehouse, and anything a person decided by hand.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from models.identity import clustering, golden_record, households, libraries, linkage, normalise, stable_ids
from models.identity.libraries import LibraryShare
from models.identity.normalise import NulledValues
from models.identity.settings import PERSON, RECORD_KINDS, IdentityConfig
from models.identity.stable_ids import KEY, PreviousIdentity
from models.identity.workspace import workspace

__all__ = ["IdentityConfig", "IdentityResult", "IdentitySummary", "KindSummary", "PreviousIdentity", "resolve"]

MODEL_SCHEMA = {"record_kind": pl.String(), "as_of_date": pl.Date(), "parameters_json": pl.String()}
LINK_SCHEMA = {
    "left_source_name": pl.String(), "left_source_customer_id": pl.String(), "right_source_name": pl.String(),
    "right_source_customer_id": pl.String(), "match_probability": pl.Float64(), "match_weight": pl.Float64(),
}  # fmt: skip


@dataclass(frozen=True)
class KindSummary:
    """Counts of one kind of record. `method`: 'trained' on these records, 'starting weights' where there are too few
    to learn from, 'no candidates' where no two records share anything."""

    record_kind: str
    records: int
    customers: int
    pairs_scored: int
    unions_refused: int
    largest_cluster: int
    method: str


@dataclass(frozen=True)
class IdentitySummary:
    """What a run found, in counts: no personal value."""

    records: int
    customers: int
    pairs_scored: int
    kinds: tuple[KindSummary, ...]
    nulled_values: tuple[NulledValues, ...]
    library_shares: tuple[LibraryShare, ...]


@dataclass(frozen=True)
class IdentityResult:
    """The identity tables, whole (history included), ready to replace the ones before. `charts`: a page a kind.

    identity_model: what each kind's records were judged by on this day alone; null where no two had to be compared.
    """

    identity_xref: pl.DataFrame
    identity_link: pl.DataFrame
    identity_golden: pl.DataFrame
    identity_golden_source: pl.DataFrame
    identity_event: pl.DataFrame
    identity_household: pl.DataFrame
    identity_model: pl.DataFrame
    summary: IdentitySummary
    charts: dict[str, str]


def resolve(
    records: pl.DataFrame,
    previous: PreviousIdentity,
    as_of: date,
    seed: int,
    config: IdentityConfig | None = None,
    with_charts: bool = False,
) -> IdentityResult:
    """Resolves `stg_customer_record` (one row a source record) into customers as of a date.

    The result depends on the values of the rows, not on their order. Raises ValueError for a repeated or missing
    record key, a missing column, and an `as_of` before the last change of `previous`.
    """
    config = config or IdentityConfig()
    conformed = normalise.conform(records)
    with workspace() as con:
        nulled = normalise.normalise(con, conformed, as_of, config)
        asked = libraries.shares(con)
        cluster_of = np.arange(conformed.height, dtype=np.int64)
        pairs_of: dict[str, pl.DataFrame] = {}
        kinds, charts, models = [], {}, []
        for kind in RECORD_KINDS:
            table = f"identity_{kind.name}"
            normalise.add_blocking_keys(con, kind, table, config)
            linked = linkage.link(con, kind, table, seed, config, with_charts)
            clusters = clustering.cluster(con, linked.refusals, linked.pairs, conformed.height, config)
            numbers = con.sql(f"select record_no from {table} order by record_no").pl()["record_no"].to_numpy()
            cluster_of[numbers] = clusters.cluster_of[numbers]
            pairs_of[kind.name] = linked.pairs
            kept = None if linked.parameters is None else linked.parameters.to_json(kind)
            models.append((kind.name, as_of, kept))
            kinds.append(_kind_summary(kind.name, linked, clusters, cluster_of[numbers]))
            if linked.charts:
                charts[kind.name] = linked.charts
        pairs = pl.concat(pairs_of.values())
        numbered = conformed.select(KEY).with_columns(pl.Series("cluster", cluster_of))
        clustered = numbered.with_columns(_probability_in_cluster(pairs, cluster_of))
        xref, events = stable_ids.assign(clustered, previous, as_of)
        current = xref.filter(pl.col("valid_to").is_null()).select(*KEY, "customer_id")
        golden = golden_record.golden_records(con, current, config)
        household_of = households.group(con, pairs_of[PERSON.name], cluster_of, config)
    numbered_ids = conformed.select(KEY).with_row_index("record_no").join(current, on=KEY, maintain_order="left")
    household = households.households(numbered_ids, household_of)
    summary = IdentitySummary(conformed.height, golden.records.height, pairs.height, tuple(kinds), tuple(nulled), asked)
    links = _links(pairs, conformed, config)
    model = pl.DataFrame(models, schema=MODEL_SCHEMA, orient="row")
    return IdentityResult(xref, links, golden.records, golden.sources, events, household, model, summary, charts)


def _kind_summary(
    name: str, linked: linkage.Linkage, clusters: clustering.Clusters, cluster_of: clustering.Integers
) -> KindSummary:
    _, sizes = np.unique(cluster_of, return_counts=True)
    if linked.parameters is None:
        method = "no candidates"
    else:
        method = "trained" if linked.parameters.is_trained else "starting weights"
    return KindSummary(
        name,
        len(cluster_of),
        len(sizes),
        linked.pairs.height,
        clusters.refused_count,
        int(sizes.max(initial=0)),
        method,
    )


def _probability_in_cluster(pairs: pl.DataFrame, cluster_of: clustering.Integers) -> pl.Series:
    """A record's strongest link to another of its cluster; 1 for a record alone."""
    left, right = pairs["left_no"].to_numpy(), pairs["right_no"].to_numpy()
    inside = cluster_of[left] == cluster_of[right]
    probability = np.zeros(len(cluster_of))
    np.maximum.at(probability, left[inside], pairs["match_probability"].to_numpy()[inside])
    np.maximum.at(probability, right[inside], pairs["match_probability"].to_numpy()[inside])
    is_alone = np.bincount(cluster_of, minlength=len(cluster_of))[cluster_of] == 1
    return pl.Series("match_probability", np.where(is_alone, 1.0, probability), dtype=pl.Float64())


def _links(pairs: pl.DataFrame, conformed: pl.DataFrame, config: IdentityConfig) -> pl.DataFrame:
    keys = conformed.select(KEY).with_row_index("record_no").with_columns(pl.col("record_no").cast(pl.Int64()))
    left = keys.select(pl.all().name.prefix("left_"))
    right = keys.select(pl.all().name.prefix("right_"))
    kept = pairs.filter(pl.col("match_probability") >= config.link_probability_floor)
    named = kept.join(left, left_on="left_no", right_on="left_record_no").join(
        right, left_on="right_no", right_on="right_record_no"
    )
    columns = [pl.col(name).cast(kind) for name, kind in LINK_SCHEMA.items()]
    return named.select(columns).sort(list(LINK_SCHEMA))
