"""Gives clusters customer ids that outlive runs, and tells what became of each id.

Belongs here: which cluster keeps which id, the validity of `identity_xref` rows, events.
Does not belong here: how clusters come about (clustering).

An id stays with the cluster that holds most of its records; of several ids in a cluster the one with most records
there wins (ties: the older id, then the lower). Events name the id they are about in `customer_id`:
- new: the id was given to records that had none.
- merged: the id is no more; most of its records went to `other_customer_id`.
- split: the id goes on (or merged elsewhere), and some of its records went to `other_customer_id`.
- retired: the id is no more, and none of its records is left.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import polars as pl

BEGINNING = date(1900, 1, 1)
KEY = ["source_name", "source_customer_id"]

XREF_SCHEMA = {
    "source_name": pl.String(), "source_customer_id": pl.String(), "customer_id": pl.String(),
    "match_probability": pl.Float64(), "valid_from": pl.Date(), "valid_to": pl.Date(),
}  # fmt: skip
EVENT_SCHEMA = {
    "event_id": pl.String(), "customer_id": pl.String(), "kind": pl.String(), "other_customer_id": pl.String(),
    "cause": pl.String(), "evidence": pl.String(), "as_of_date": pl.Date(), "run_id": pl.String(),
}  # fmt: skip


@dataclass(frozen=True)
class PreviousIdentity:
    """The `identity_xref` and `identity_event` tables as the last run left them; empty before the first."""

    xref: pl.DataFrame
    events: pl.DataFrame

    @classmethod
    def none(cls) -> "PreviousIdentity":
        return cls(pl.DataFrame(schema=XREF_SCHEMA), pl.DataFrame(schema=EVENT_SCHEMA))


@dataclass(frozen=True)
class Assignment:
    """What a run changes: `customer_of` (key, customer_id) of the records asked about, the keys whose open row of
    `identity_xref` ends, the rows that open, and events."""

    customer_of: pl.DataFrame
    ended: pl.DataFrame
    opened: pl.DataFrame
    events: pl.DataFrame


def assign(
    clustered: pl.DataFrame, current: pl.DataFrame, used: Callable[[Collection[str]], set[str]], as_of: date,
    valid_from: date,
) -> Assignment:  # fmt: skip
    """Ids of `clustered` (key, cluster, match_probability), whose records and those that are gone have the open rows
    `current`. No other record may have one of their ids. `used`: which of some ids were ever given."""
    assigned = clustered.join(_ids(clustered, current, used), on="cluster")
    unchanged = current.join(assigned.select(*KEY, "customer_id"), on=[*KEY, "customer_id"], how="semi")
    opened = assigned.join(unchanged, on=KEY, how="anti").select(
        *KEY, "customer_id", "match_probability",
        pl.lit(valid_from).alias("valid_from"), pl.lit(None, dtype=pl.Date()).alias("valid_to"),
    )  # fmt: skip
    ended = current.join(unchanged, on=KEY, how="anti").select(KEY)
    return Assignment(assigned.select(*KEY, "customer_id"), ended, opened, _events(current, assigned, as_of))


def _ids(clustered: pl.DataFrame, current: pl.DataFrame, used: Callable[[Collection[str]], set[str]]) -> pl.DataFrame:
    """`customer_id` by cluster."""
    overlap = (
        clustered.join(current.select(*KEY, "customer_id", "valid_from"), on=KEY)
        .group_by("cluster", "customer_id")
        .agg(pl.len().alias("record_count"), pl.col("valid_from").min().alias("since"))
        .sort("record_count", "since", "customer_id", "cluster", descending=[True, False, False, False])
    )
    kept = keep_ids(overlap, "cluster", "customer_id")
    without = (
        clustered.join(kept, on="cluster", how="anti").sort(KEY).unique("cluster", keep="first", maintain_order=True)
    )
    record_keys = (without["source_name"] + "\x1f" + without["source_customer_id"]).to_list()
    made = new_ids(record_keys, _hashed_id, used)
    return pl.concat([kept, without.select("cluster", pl.Series("customer_id", made, dtype=pl.String()))])


def keep_ids(overlap: pl.DataFrame, group: str, kept_id: str) -> pl.DataFrame:
    """Which group keeps which id, of pairs of both that have members in common, the best claim first."""
    kept = overlap.clear().select(group, kept_id)
    # Each round settles the groups whose first choice is also the id's; the losers choose among what is left.
    while not overlap.is_empty():
        choices = overlap.unique(group, keep="first", maintain_order=True)
        settled = choices.unique(kept_id, keep="first", maintain_order=True).select(group, kept_id)
        kept = pl.concat([kept, settled])
        overlap = overlap.join(settled, on=group, how="anti").join(settled, on=kept_id, how="anti")
    return kept


def new_ids(
    names: Sequence[str], to_id: Callable[[str, int], str], used: Callable[[Collection[str]], set[str]]
) -> list[str]:
    """An id never used before for each name, by its next attempt where one is taken, as after a split."""
    made: dict[str, str] = {}
    attempt = 0
    waiting = list(names)
    while waiting:
        wanted = {name: to_id(name, attempt) for name in waiting}
        taken = used(wanted.values()) | set(made.values())
        for name, wish in wanted.items():
            if wish not in taken:
                made[name] = wish
                taken.add(wish)
        waiting = [name for name in waiting if name not in made]
        attempt += 1
    return [made[name] for name in names]


def _hashed_id(record_key: str, attempt: int) -> str:
    text = record_key if attempt == 0 else f"{record_key}\x1f{attempt}"
    return "C" + sha256(text.encode()).hexdigest()[:12]


def _events(current: pl.DataFrame, assigned: pl.DataFrame, as_of: date) -> pl.DataFrame:
    flows = (
        current.select(*KEY, pl.col("customer_id").alias("old"))
        .join(assigned.select(*KEY, pl.col("customer_id").alias("now")), on=KEY, how="full", coalesce=True)
        .group_by("old", "now")
        .agg(pl.len().alias("record_count"))
        .sort("record_count", "old", "now", descending=[True, False, False])
    )
    lives = flows.select(pl.col("now").drop_nulls().unique().alias("customer_id"))
    had_any = flows.select(pl.col("old").drop_nulls().unique().alias("customer_id"))
    moved = flows.filter((pl.col("old") != pl.col("now")).fill_null(False))
    ended = moved.join(lives, left_on="old", right_on="customer_id", how="anti")
    merged = ended.unique("old", keep="first", maintain_order=True)
    split = moved.join(merged, on=["old", "now"], how="anti")
    born = (
        lives.join(had_any, on="customer_id", how="anti")
        .join(moved.select(pl.col("now").alias("customer_id")), on="customer_id", how="anti")
        .select(pl.col("customer_id").alias("old"), pl.lit(None, dtype=pl.String()).alias("now"))
    )
    retired = (
        had_any.join(lives, on="customer_id", how="anti")
        .join(merged.select(pl.col("old").alias("customer_id")), on="customer_id", how="anti")
        .select(pl.col("customer_id").alias("old"), pl.lit(None, dtype=pl.String()).alias("now"))
    )
    kinds = (
        ("new", born, "records that no customer had"),
        ("merged", merged, "records found to be one person's"),
        ("split", split, "records found to be another person's"),
        ("retired", retired, "no record left"),
    )
    events = pl.concat(
        [
            frame.select(
                pl.col("old").alias("customer_id"), pl.lit(kind).alias("kind"),
                pl.col("now").alias("other_customer_id"), pl.lit(cause).alias("cause"),
            )
            for kind, frame, cause in kinds
        ]
    ).with_columns(pl.lit(as_of).alias("as_of_date"))  # fmt: skip
    texts = events.select(
        pl.concat_str("as_of_date", "kind", "customer_id", pl.col("other_customer_id").fill_null(""), separator="|")
    ).to_series()
    event_ids = ["E" + sha256(text.encode()).hexdigest()[:16] for text in texts.to_list()]
    return events.with_columns(pl.Series("event_id", event_ids, dtype=pl.String()))
