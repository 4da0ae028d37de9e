"""Which customers live together: a second level above persons.

Belongs here: grouping customers by pairs of their records that look like one household's.
Does not belong here: who is one person (clustering): a household never joins or parts records.

The same agglomeration as for persons, over customers instead of records: two groups become one while the mean weight
between them, by which their records are of one household or person rather than of strangers, is above zero.
"""

import duckdb
import numpy as np
import polars as pl

from models.identity.clustering import STEPS_PER_BIT, Integers, cluster
from models.identity.settings import IdentityConfig

HOUSEHOLD_SCHEMA = {"customer_id": pl.String(), "household_id": pl.String(), "customer_count": pl.Int64()}


def group(
    con: duckdb.DuckDBPyConnection, pairs: pl.DataFrame, cluster_of: Integers, config: IdentityConfig
) -> Integers:
    """`household_of[record_no]`: smallest record number of its household. `cluster_of` says the same of its person."""
    left, right = cluster_of[pairs["left_no"].to_numpy()], cluster_of[pairs["right_no"].to_numpy()]
    weight = pl.col("steps").sum() / (pl.len() * STEPS_PER_BIT)
    between = (
        pl.DataFrame(
            {
                "left_no": np.minimum(left, right),
                "right_no": np.maximum(left, right),
                "steps": (pairs["household_weight"] * STEPS_PER_BIT).round().cast(pl.Int64),
            }
        )
        .filter(pl.col("left_no") != pl.col("right_no"))
        .group_by("left_no", "right_no")
        # Whole steps: the sum does not depend on the order of rows.
        .agg(weight.alias("match_weight"), pl.lit(0.0).alias("evidence"))
        .sort("left_no", "right_no")
    )
    household_of_cluster = cluster(con, (), between, len(cluster_of), config).cluster_of
    return np.asarray(household_of_cluster[cluster_of], dtype=np.int64)


def households(numbered: pl.DataFrame, household_of: Integers) -> pl.DataFrame:
    """One row a customer of `numbered` (record_no, customer_id). A household's id follows its lowest customer's."""
    of_record = pl.Series("household", household_of[numbered["record_no"].to_numpy()])
    customers = numbered.select("customer_id", of_record).unique()
    lowest = "H" + pl.col("customer_id").min().over("household").str.slice(1)
    named = customers.with_columns(lowest.alias("household_id"), pl.len().over("household").alias("customer_count"))
    return named.select(pl.col(name).cast(kind) for name, kind in HOUSEHOLD_SCHEMA.items()).sort("customer_id")
