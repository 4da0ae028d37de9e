"""Partners of one Odoo that are one customer: which of them people are asked to merge. The pipeline merges none.

Belongs here: choosing them. Does not belong here: the cards that ask (`reviews.py`), and what comes of it: an answer or
a merge that somebody made in Odoo (`judgements.py`).
"""

from hashlib import sha256

import duckdb
import polars as pl

from models.identity.review import QUESTION_SCHEMA
from pipelines.decisions import MERGE

# Each older partner is set beside the newest, which the tasks are given to. An address of a partner is no double of it.
_DOUBLED = """
    with partner as (
        select xref.customer_id, source_name, source_customer_id, source_customer_id::bigint as res_id
        from identity_xref as xref
        inner join stg_odoo__partner as partner using (source_name, source_customer_id)
        where xref.valid_to is null and partner.is_active and not partner.is_own
            and partner.parent_source_customer_id is null
    ),
    doubled as (
        select source_name, older.source_customer_id as left_id, newest.source_customer_id as right_id,
            newest.res_id as newest_id, older.res_id as older_id
        from partner as older
        inner join (
            select source_name, customer_id, max(res_id) as res_id, arg_max(source_customer_id, res_id)
                as source_customer_id
            from partner group by source_name, customer_id
        ) as newest using (source_name, customer_id)
        where older.res_id < newest.res_id
    )
    select
        source_name as left_source_name, left_id as left_source_customer_id,
        source_name as right_source_name, right_id as right_source_customer_id,
        null::double as match_probability, $merge as reason
    from doubled
    where not exists (
        from identity_review
        where left_source_name = source_name and left_source_customer_id = left_id
            and right_source_name = source_name and right_source_customer_id = right_id
    )
    order by newest_id desc, older_id desc, source_name
    limit $limit
"""


def suggestions(connection: duckdb.DuckDBPyConnection, limit: int) -> pl.DataFrame:
    """Pairs of partners to ask about, as questions; those of the newest partners first, none asked about before."""
    found = connection.sql(_DOUBLED, params={"merge": MERGE, "limit": limit}).pl()
    ids = ["M" + sha256("\x1f".join(row[:4]).encode()).hexdigest()[:12] for row in found.rows()]
    return found.with_columns(pl.Series("review_id", ids, dtype=pl.String())).select(list(QUESTION_SCHEMA))
