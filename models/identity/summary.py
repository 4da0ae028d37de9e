"""What stands once a run is written: its counts, the questions that it leaves, and whether it may stay.

Belongs here: reading a written run. Does not belong here: computing and writing it (resolution), the limits (gate) and
what is worth a question (review).
"""

from dataclasses import dataclass

import polars as pl

from models.identity import gate, libraries, normalise, review
from models.identity.decisions import Unfollowed
from models.identity.gate import GateFindings, GateLimits
from models.identity.libraries import LibraryShare
from models.identity.normalise import NulledValues
from models.identity.resolution import Run
from models.identity.settings import RECORD_KINDS, RecordKind
from models.identity.stable_ids import KEY


@dataclass(frozen=True)
class KindSummary:
    """Counts of one kind of record. `pairs_scored`, `unions_refused`: of this run. `method`: 'kept model', 'trained' on
    these records, 'starting weights' where there are too few to learn from, 'no candidates' where no two records share
    anything."""

    record_kind: str
    records: int
    customers: int
    pairs_scored: int
    unions_refused: int
    largest_cluster: int
    method: str


@dataclass(frozen=True)
class IdentitySummary:
    """What a run found, in counts: no personal value. `estimated`: why a kind of record was judged by a new estimate.
    `records_due`: records that were new, gone, changed, or judged anew. `library_shares`: of the values of those.
    `unfollowed`: decisions that do not hold."""

    records: int
    records_due: int
    customers: int
    pairs_scored: int
    kinds: tuple[KindSummary, ...]
    nulled_values: tuple[NulledValues, ...]
    library_shares: tuple[LibraryShare, ...]
    estimated: dict[str, str]
    unfollowed: tuple[Unfollowed, ...]


def summarise(run: Run) -> IdentitySummary:
    """What stands now that the run is written."""
    con = run.con
    scored = dict(
        con.sql("select record_kind, count(*) from fresh_edge join pattern using (pattern) group by all").fetchall()
    )
    kinds = tuple(_kind_summary(run, kind, scored.get(kind.name, 0)) for kind in RECORD_KINDS)
    [(due,)] = con.sql("select (select count(*) from due) + (select count(*) from removed)").fetchall()
    return IdentitySummary(
        sum(kind.records for kind in kinds),
        due,
        sum(kind.customers for kind in kinds),
        sum(scored.values()),
        kinds,
        tuple(normalise.nulled_values(con, run.stored("record"))),
        libraries.shares(con),
        {kind: reason for kind, reason in run.estimated.items() if run.models[kind].is_trained},
        run.settled.unfollowed,
    )


def _kind_summary(run: Run, kind: RecordKind, pairs_scored: int) -> KindSummary:
    found = sizes(run, kind)
    return KindSummary(
        kind.name,
        records=int((found["records"] * found["customers"]).sum()),
        customers=int(found["customers"].sum()),
        pairs_scored=pairs_scored,
        unions_refused=run.refused.get(kind.name, 0),
        largest_cluster=max(found["records"], default=0),
        method=_method(run, kind),
    )


def questions(run: Run) -> pl.DataFrame:
    """What people are asked now that the run is written."""
    return review.questions(
        run.con, run.stored("edge"), run.stored("pattern"), run.stored("membership"), run.stored("record"),
        run.stored("bond"), run.human,
    )  # fmt: skip


def judge(run: Run, summary: IdentitySummary, limits: GateLimits) -> GateFindings:
    """Whether the run, once written, may stand."""
    changed = run.assignment.opened.join(run.assignment.ended, on=KEY, how="semi").height
    arrived = run.assignment.opened.height - changed
    [(standing,)] = run.con.sql(f"select count(*) from {run.kept('identity_xref')} where valid_to is null").fetchall()
    largest = max((kind.largest_cluster for kind in summary.kinds), default=0)
    return gate.judge(_accepted_links(run), largest, changed, standing - arrived, limits)


def links(run: Run, kind: RecordKind) -> pl.DataFrame:
    """What the links of the kind weigh that stand now: match_probability, match_weight, links."""
    return run.con.sql(
        f"""
        select match_probability, match_weight, count(*) as links
        from {run.stored("edge")} join {run.stored("pattern")} using (pattern)
        where record_kind = '{kind.name}' and match_probability >= {run.config.link_probability_floor}
        group by all order by all
        """
    ).pl()


def sizes(run: Run, kind: RecordKind) -> pl.DataFrame:
    """How many customers of the kind have how many records now: records, customers."""
    return run.con.sql(
        f"""
        select records, count(*) as customers from (
            select count(*) as records
            from {run.stored("membership")} join {run.stored("record")} using (record_no)
            where record_kind = '{kind.name}' group by cluster_no
        ) group by all order by all
        """
    ).pl()


def _accepted_links(run: Run) -> pl.DataFrame:
    """Links between two records of one customer that stand now, by probability: match_probability, links."""
    return run.con.sql(
        f"""
        select match_probability, count(*) as links
        from {run.stored("edge")} join {run.stored("pattern")} using (pattern)
        join {run.stored("membership")} as l on l.record_no = left_no
        join {run.stored("membership")} as r on r.record_no = right_no and r.cluster_no = l.cluster_no
        where match_probability >= {run.config.link_probability_floor}
        group by all order by all
        """
    ).pl()


def _method(run: Run, kind: RecordKind) -> str:
    used = run.models[kind.name]
    if used.parameters is None:
        return "no candidates"
    if not used.is_trained:
        return "starting weights"
    return "trained" if kind.name in run.estimated else "kept model"
