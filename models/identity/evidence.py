"""Why ids merged or split: what the records had in common, and what had changed about them.

Belongs here: the cause and evidence of `identity_event`. No personal value: names of comparisons, and bits.
Does not belong here: which events there are (stable_ids), the explanation of one pair with its values (explanation).
"""

from collections.abc import Iterable

import duckdb
import polars as pl

from models.identity import linkage
from models.identity.model import Model
from models.identity.stable_ids import KEY

_KEY = ", ".join(KEY)
_WORDS = {
    "added": "records came", "changed": "records changed", "judged anew": "all records were judged anew",
    "values changed": "a value came to stand for many, or no longer does", "removed": "records went",
}  # fmt: skip
# Of a merge the pairs between the records that moved and the others of their new id; of a split those between the
# records that moved and the ones that they left. `customer_before`, `customer_of`: (key, customer_id).
_STRONGEST = f"""
    with flow as (
        select record_no, before.customer_id as old_id, now.customer_id as now_id
        from touched
        left join customer_before as before using ({_KEY}) left join customer_of as now using ({_KEY})
    ), other as (
        select event_id, flow.record_no
        from event join flow on
            case kind when 'merged' then now_id = other_customer_id and old_id is distinct from customer_id
                else old_id = customer_id and now_id is distinct from other_customer_id end
    ), mover as (
        select event_id, flow.record_no from event join flow on old_id = customer_id and now_id = other_customer_id
    ), pair as (
        select left_no as one, right_no as another, pattern from near_edge
        union all
        select right_no, left_no, pattern from near_edge
    )
    select event_id, arg_max(pattern, (match_weight, pattern)) as pattern, max(match_weight) as match_weight
    from mover
    join pair on pair.one = mover.record_no
    join other using (event_id)
    join pattern using (pattern)
    where pair.another = other.record_no
    group by event_id order by event_id
"""
_CHANGES = f"""
    with reason as (
        select {_KEY}, reason from due union all select {_KEY}, 'removed' from removed
    ), concerned as (
        select {_KEY}, customer_id from customer_before union select {_KEY}, customer_id from customer_of
    )
    select event_id, list(distinct reason order by reason) as reasons
    from event join concerned on concerned.customer_id in (event.customer_id, other_customer_id)
    join reason using ({_KEY})
    group by event_id order by event_id
"""


def explain(con: duckdb.DuckDBPyConnection, events: pl.DataFrame, models: Iterable[Model]) -> pl.DataFrame:
    """The events with `evidence`, and the cause of merges and splits said in full. Reads the run's tables."""
    asked = events.filter(pl.col("kind").is_in(["merged", "split"]))
    if asked.is_empty():
        return events.with_columns(pl.lit(None, dtype=pl.String()).alias("evidence"))
    con.register("event", asked.to_arrow())
    strongest, changes = con.sql(_STRONGEST).pl(), con.sql(_CHANGES).pl()
    con.unregister("event")
    said = [frame for model in models if not (frame := _in_words(strongest, model)).is_empty()]
    found = pl.concat(said) if said else pl.DataFrame(schema={"event_id": pl.String(), "evidence": pl.String()})
    causes = changes.select(
        "event_id",
        pl.col("reasons").list.eval(pl.element().replace_strict(_WORDS)).list.join(", ").alias("change"),
    )
    return (
        events.join(found, on="event_id", how="left", maintain_order="left")
        .join(causes, on="event_id", how="left", maintain_order="left")
        .with_columns(pl.concat_str("cause", "change", separator=": ", ignore_nulls=True).alias("cause"))
        .drop("change")
    )


def _in_words(strongest: pl.DataFrame, model: Model) -> pl.DataFrame:
    of_kind = strongest.filter(pl.col("pattern") % linkage.KIND_PLACES == linkage.kind_place(model.kind))
    if of_kind.is_empty() or model.parameters is None:
        return pl.DataFrame(schema={"event_id": pl.String(), "evidence": pl.String()})
    spoken = linkage.speaking_for(model.kind, model.parameters, linkage.with_outcomes(model.kind, of_kind))
    texts = [
        f"{weight:+.1f} bits: {', '.join(names) or 'nothing agrees'}"
        for weight, names in zip(of_kind["match_weight"], spoken, strict=True)
    ]
    return of_kind.select("event_id", pl.Series("evidence", texts, dtype=pl.String()))
