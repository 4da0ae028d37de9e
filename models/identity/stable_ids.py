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
    "cause": pl.String(), "as_of_date": pl.Date(),
}  # fmt: skip


@dataclass(frozen=True)
class PreviousIdentity:
    """The `identity_xref` and `identity_event` tables as the last run left them; empty before the first."""

    xref: pl.DataFrame
    events: pl.DataFrame

    @classmethod
    def none(cls) -> "PreviousIdentity":
        return cls(pl.DataFrame(schema=XREF_SCHEMA), pl.DataFrame(schema=EVENT_SCHEMA))


def assign(clustered: pl.DataFrame, previous: PreviousIdentity, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """New `identity_xref` and `identity_event` for `clustered` (key, cluster, match_probability).

    Raises ValueError when `as_of` lies before the last change: history is only ever continued.
    """
    xref = previous.xref.select([pl.col(name).cast(kind) for name, kind in XREF_SCHEMA.items()])
    events = previous.events.select([pl.col(name).cast(kind) for name, kind in EVENT_SCHEMA.items()])
    last_change = max((day for name in ("valid_from", "valid_to") if (day := xref[name].max())), default=None)
    if isinstance(last_change, date) and as_of < last_change:
        raise ValueError(f"identity was last changed on {last_change}; it cannot be resolved as of {as_of}")
    current = xref.filter(pl.col("valid_to").is_null())
    ids = _ids(clustered, current, set(xref["customer_id"]) | set(events["customer_id"]))
    assigned = clustered.join(ids, on="cluster")
    new_xref = _continued(xref, assigned, as_of)
    new_events = _events(current, assigned, as_of).join(events, on="event_id", how="anti")
    return new_xref, pl.concat([events, new_events]).sort("as_of_date", "kind", "customer_id", "event_id")


def _ids(clustered: pl.DataFrame, current: pl.DataFrame, used: set[str]) -> pl.DataFrame:
    """`customer_id` by cluster."""
    overlap = (
        clustered.join(current.select(*KEY, "customer_id", "valid_from"), on=KEY)
        .group_by("cluster", "customer_id")
        .agg(pl.len().alias("record_count"), pl.col("valid_from").min().alias("since"))
        .sort("record_count", "since", "customer_id", "cluster", descending=[True, False, False, False])
    )
    kept = pl.DataFrame(schema={"cluster": clustered.schema["cluster"], "customer_id": pl.String()})
    # Each round settles the clusters whose first choice is also the id's; the losers choose among what is left.
    while not overlap.is_empty():
        choices = overlap.unique("cluster", keep="first", maintain_order=True)
        settled = choices.unique("customer_id", keep="first", maintain_order=True).select("cluster", "customer_id")
        kept = pl.concat([kept, settled])
        overlap = overlap.join(settled, on="cluster", how="anti").join(settled, on="customer_id", how="anti")
    without = (
        clustered.join(kept, on="cluster", how="anti").sort(KEY).unique("cluster", keep="first", maintain_order=True)
    )
    record_keys = (without["source_name"] + "\x1f" + without["source_customer_id"]).to_list()
    made = _new_ids(record_keys, used)
    return pl.concat([kept, without.select("cluster").with_columns(pl.Series("customer_id", made, dtype=pl.String()))])


def _new_ids(record_keys: list[str], used: set[str]) -> list[str]:
    """Ids from the smallest record key; another hash where the id is taken, as after a split."""
    taken = set(used)
    made = []
    for record_key in record_keys:
        attempt = 0
        while (customer_id := _hashed_id(record_key, attempt)) in taken:
            attempt += 1
        taken.add(customer_id)
        made.append(customer_id)
    return made


def _hashed_id(record_key: str, attempt: int) -> str:
    text = record_key if attempt == 0 else f"{record_key}\x1f{attempt}"
    return "C" + sha256(text.encode()).hexdigest()[:12]


def _continued(xref: pl.DataFrame, assigned: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Rows of records whose id did not change stay as they are, others are closed and opened at `as_of`."""
    is_current = pl.col("valid_to").is_null()
    open_rows = xref.filter(is_current)
    unchanged = open_rows.join(assigned.select(*KEY, "customer_id"), on=[*KEY, "customer_id"], how="semi")
    changed = open_rows.join(unchanged, on=KEY, how="anti")
    # A row opened on this very day and changed again was never valid for a whole day.
    closed = changed.filter(pl.col("valid_from") < as_of).with_columns(pl.lit(as_of).alias("valid_to"))
    valid_from = BEGINNING if xref.is_empty() else as_of
    opened = assigned.join(unchanged, on=KEY, how="anti").select(
        *KEY, "customer_id", "match_probability",
        pl.lit(valid_from).alias("valid_from"), pl.lit(None, dtype=pl.Date()).alias("valid_to"),
    )  # fmt: skip
    rows = pl.concat([xref.filter(~is_current), unchanged, closed, opened.select(list(XREF_SCHEMA))])
    return rows.sort(*KEY, "valid_from")


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
    return events.with_columns(pl.Series("event_id", event_ids, dtype=pl.String())).select(list(EVENT_SCHEMA))
