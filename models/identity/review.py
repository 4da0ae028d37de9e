"""Which pairs of records a person is asked about: those whose answer teaches most.

Belongs here: choosing them. Does not belong here: asking and answering (pipelines), what an answer means (decisions).

Two customers are asked about once, by the likeliest pair of their records: where that is about as likely one customer
as two, or where the pair speaks for one customer and the clustering kept the two apart. So is a customer that a record
belongs to by a doubtful link alone. What hangs on an answer counts: the pairs of records that it joins or parts.
"""

from hashlib import sha256

import duckdb
import polars as pl

from models.identity.decisions import HumanInput

# Below it two are hardly one customer, above one minus it hardly two.
LEAST_DOUBT = 0.2
EVEN = "about as likely one customer as two"
KEPT_APART = "alike, but kept apart"

QUESTION_SCHEMA = {
    "review_id": pl.String(), "left_source_name": pl.String(), "left_source_customer_id": pl.String(),
    "right_source_name": pl.String(), "right_source_customer_id": pl.String(), "match_probability": pl.Float64(),
    "reason": pl.String(),
}  # fmt: skip
_QUESTIONS = f"""
    with likely as (
        select left_no, right_no, match_probability, l.cluster_no as left_cluster, r.cluster_no as right_cluster
        from <edge>
        join <pattern> using (pattern)
        join <membership> as l on l.record_no = left_no
        join <membership> as r on r.record_no = right_no
        where match_probability >= {LEAST_DOUBT}
    ), own as (
        select left_no as record_no, * from likely where left_cluster = right_cluster
        union all
        select right_no as record_no, * from likely where left_cluster = right_cluster
    ), loose as (
        select record_no, max(match_probability) as match_probability from own
        group by record_no having max(match_probability) <= 1 - {LEAST_DOUBT}
    ), settled as (
        select left_no, right_no from <bond>
        union
        select l.record_no, r.record_no
        from asked
        join <record> as l on l.source_name = left_source_name and l.source_customer_id = left_source_customer_id
        join <record> as r on r.source_name = right_source_name and r.source_customer_id = right_source_customer_id
    ), done as (
        select left_no, right_no, l.cluster_no as left_cluster, r.cluster_no as right_cluster
        from settled
        join <membership> as l on l.record_no = left_no
        join <membership> as r on r.record_no = right_no
    ), parted as (
        select left_cluster, right_cluster from done union all select right_cluster, left_cluster from done
    ), held as (
        select left_no as record_no from done where left_cluster = right_cluster
        union
        select right_no from done where left_cluster = right_cluster
    ), candidate as (
        select * exclude (record_no), true as is_own
        from own semi join loose using (record_no, match_probability) anti join held using (record_no)
        union
        select *, false as is_own
        from likely anti join parted using (left_cluster, right_cluster) where left_cluster <> right_cluster
    ), size as (
        select cluster_no, count(*) as record_count from <membership> group by all
    ), valued as (
        select
            match_probability,
            least(left_cluster, right_cluster) as one, greatest(left_cluster, right_cluster) as other,
            struct_pack(l.source_name, l.source_customer_id) as l_key,
            struct_pack(r.source_name, r.source_customer_id) as r_key,
            least(l_key, r_key) as left_key, greatest(l_key, r_key) as right_key,
            -- The model says one customer and the clustering two: that is as doubtful as even odds.
            not is_own and match_probability > 1 - {LEAST_DOUBT} as is_kept_apart,
            if(is_kept_apart, 1, 4 * match_probability * (1 - match_probability))
                * if(is_own, a.record_count - 1, a.record_count * b.record_count) as value
        from candidate
        join <record> as l on l.record_no = left_no
        join <record> as r on r.record_no = right_no
        join size as a on a.cluster_no = left_cluster
        join size as b on b.cluster_no = right_cluster
    )
    select
        left_key.source_name as left_source_name, left_key.source_customer_id as left_source_customer_id,
        right_key.source_name as right_source_name, right_key.source_customer_id as right_source_customer_id,
        match_probability, if(is_kept_apart, '{KEPT_APART}', '{EVEN}') as reason
    from valued
    qualify row_number() over (
        partition by one, other
        order by if(one = other, value, match_probability) desc, left_key, right_key
    ) = 1
    order by value desc, left_key, right_key
    limit $limit
"""


def questions(
    con: duckdb.DuckDBPyConnection, edge: str, pattern: str, membership: str, record: str, bond: str, human: HumanInput
) -> pl.DataFrame:
    """At most as many questions as people may still be asked, the one that teaches most first.

    The relations are those of the store. What was asked or decided about, with all that it belongs to, is left.
    """
    if not human.question_limit:
        return pl.DataFrame(schema=QUESTION_SCHEMA)
    con.register("asked", human.asked.to_arrow())
    query = _QUESTIONS
    for name, relation in {
        "edge": edge, "pattern": pattern, "membership": membership, "record": record, "bond": bond,
    }.items():  # fmt: skip
        query = query.replace(f"<{name}>", relation)
    found = con.sql(query, params={"limit": human.question_limit}).pl()
    con.unregister("asked")
    ids = ["R" + sha256("\x1f".join(row[:4]).encode()).hexdigest()[:12] for row in found.rows()]
    return found.with_columns(pl.Series("review_id", ids, dtype=pl.String())).select(list(QUESTION_SCHEMA))
