"""Which customers live together: a second level above persons.

Belongs here: grouping customers by pairs of their records that look like one household's.
Does not belong here: who is one person (clustering): a household never joins or parts records.

The same agglomeration as for persons, over customers instead of records: two groups become one while the mean weight
between them, by which their records are of one household or person rather than of strangers, is above zero. A
household keeps the id that held most of its customers; a new one is named after its lowest customer.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from hashlib import sha256

import duckdb
import numpy as np
import polars as pl

from models.identity.clustering import STEPS_PER_BIT, Integers, cluster
from models.identity.components import component_labels
from models.identity.settings import IdentityConfig
from models.identity.stable_ids import keep_ids, new_ids

HOUSEHOLD_SCHEMA = {"customer_id": pl.String(), "household_id": pl.String(), "customer_count": pl.Int64()}

# Mean weight between customers, of those pairs of customers that <chosen> is about. Whole steps: a sum of them does
# not depend on the order of rows.
_BETWEEN = f"""
    with edge as (
        select
            least(l.customer_no, r.customer_no) as left_no, greatest(l.customer_no, r.customer_no) as right_no,
            round(household_weight * {STEPS_PER_BIT})::integer as steps
        from <edges> as e
        join <members> as l on l.record_no = e.left_no
        join <members> as r on r.record_no = e.right_no
        where l.customer_no <> r.customer_no
    )
    select left_no::bigint as left_no, right_no::bigint as right_no, sum(steps) / (count(*) * {STEPS_PER_BIT}.0)
        as match_weight
    from edge <chosen> group by left_no, right_no order by left_no, right_no
"""


def group(
    con: duckdb.DuckDBPyConnection, edges: str, members: str, customer_count: int, config: IdentityConfig
) -> tuple[Integers, Integers]:
    """Of each customer number: the smallest of its household, and of all that are linked to it at all.

    `edges`: (left_no, right_no, household_weight); `members`: (record_no, customer_no), customers from 0.
    """
    query = _BETWEEN.replace("<edges>", edges).replace("<members>", members)
    positive = "semi join (select distinct left_no, right_no from edge where steps > 0) using (left_no, right_no)"
    linked = con.sql(query.replace("<chosen>", positive)).pl().filter(pl.col("match_weight") > 0)
    component_of = component_labels(linked["left_no"].to_numpy(), linked["right_no"].to_numpy(), customer_count)
    if linked.is_empty():
        return component_of, component_of
    con.register(
        "identity_neighbourhood",
        pl.DataFrame({"customer_no": np.arange(customer_count), "component": component_of})
        .filter(pl.len().over("component") > 1)
        .to_arrow(),
    )
    within = """
        join identity_neighbourhood as a on a.customer_no = left_no
        join identity_neighbourhood as b on b.customer_no = right_no and b.component = a.component
    """
    between = con.sql(query.replace("<chosen>", within)).pl().with_columns(pl.lit(0.0).alias("evidence"))
    con.unregister("identity_neighbourhood")
    # What people answer is about persons.
    at_even_odds = replace(config, threshold_bits=0.0)
    return cluster(con, (), between, customer_count, at_even_odds).cluster_of, component_of


def assign(
    customers: pl.DataFrame, previous: pl.DataFrame, used: Callable[[Collection[str]], set[str]]
) -> pl.DataFrame:
    """`identity_household` of `customers` (customer_id, household), which had the `previous` rows of the table."""
    overlap = (
        customers.join(previous.select("customer_id", "household_id"), on="customer_id")
        .group_by("household", "household_id")
        .agg(pl.len().alias("member_count"))
        .sort("member_count", "household_id", "household", descending=[True, False, False])
    )
    kept = keep_ids(overlap, "household", "household_id")
    lowest = customers.group_by("household").agg(pl.col("customer_id").min()).sort("customer_id")
    without = lowest.join(kept, on="household", how="anti").sort("customer_id")
    made = new_ids(without["customer_id"].to_list(), _named_after, used)
    ids = pl.concat([kept, without.select("household", pl.Series("household_id", made, dtype=pl.String()))])
    named = customers.join(ids, on="household").with_columns(pl.len().over("household").alias("customer_count"))
    return named.select(pl.col(name).cast(kind) for name, kind in HOUSEHOLD_SCHEMA.items()).sort("customer_id")


def _named_after(customer_id: str, attempt: int) -> str:
    if attempt == 0:
        return f"H{customer_id[1:]}"
    return "H" + sha256(f"{customer_id}\x1f{attempt}".encode()).hexdigest()[:12]
