"""What a run leaves for the next one: normalised records, their keys, compared pairs, and what they belong to.

Belongs here: the tables of schema `identity_store`, finding what changed since the last run, and replacing what did.
Does not belong here: what is compared or clustered (resolution). Identity's own tables (`identity_xref` and its kin)
are state and outlive every release; the store can be made again from the records and the model, and is, where it was
made by other rules than this release's.

    record      derived records with a hash of the input row; record_no is for the store alone
    key         (record_no, key): blocking keys, but for crowded ones
    edge        (left_no, right_no, pattern): every pair that was compared, with its comparison vector
    pattern     what the model makes of each comparison vector
    noted       values that many carry, loyalty numbers that an account has
    membership  (record_no, cluster_no, component_no, neighbourhood_no): a record's customer, the records linked to it,
                and those linked as a household, each by the number of one of its records
    bond        (kind, left_no, right_no): what people decided of two records, 'same' or 'different'
    made_by     (rules, as_of): the release, limits and models that made it, and for which day
"""

from collections.abc import Collection
from datetime import date
from hashlib import sha256

import duckdb
import polars as pl

from models.identity import clustering, libraries, linkage, normalise, settings
from models.identity.linkage import PAIR_COLUMNS
from models.identity.normalise import FREQUENCY_SCHEMA, INPUT, KEY_NAME_BITS
from models.identity.settings import RECORD_KINDS, IdentityConfig

SCHEMA = "identity_store"
PATTERN_COLUMNS = """
    record_kind VARCHAR, pattern BIGINT, match_probability DOUBLE, match_weight DOUBLE, evidence DOUBLE,
    household_weight DOUBLE"""
_COLUMNS = {
    "key": "record_no INTEGER, key UBIGINT",
    "edge": PAIR_COLUMNS,
    "pattern": PATTERN_COLUMNS,
    "noted": "column_name VARCHAR, column_value VARCHAR",
    "bond": "kind VARCHAR, left_no INTEGER, right_no INTEGER",
    "membership": "record_no INTEGER, cluster_no INTEGER, component_no INTEGER, neighbourhood_no INTEGER",
}

Connection = duckdb.DuckDBPyConnection


def rules(con: Connection, config: IdentityConfig, versions: Collection[str]) -> str:
    """A hash of all that decides what the store holds, but for the records."""
    [(probe,)] = con.sql("select hash('key')").fetchall()
    parts = (
        probe, _COLUMNS, KEY_NAME_BITS, normalise.macros(), normalise.CLEAN, normalise.NOTED, normalise.DERIVED,
        settings.PLACEHOLDER_EMAIL_LOCAL_PARTS, settings.PLACEHOLDER_BIRTH_DATES, settings.EMAIL_DOMAIN_FIXES,
        settings.NAME_PARTICLES, RECORD_KINDS, config, linkage.LEAST_PROBABILITY, clustering.STEPS_PER_BIT,
        libraries.rules(), settings.DOTLESS_EMAIL_DOMAINS, sorted(versions),
    )  # fmt: skip
    return sha256(repr(parts).encode()).hexdigest()


def exists(con: Connection, catalog: str) -> bool:
    """Whether a run left a store, by whatever rules."""
    found = con.sql(
        "select 1 from duckdb_tables() where database_name = $catalog and schema_name = $schema"
        " and table_name = 'made_by'",
        params={"catalog": catalog, "schema": SCHEMA},
    ).fetchall()
    return bool(found)


def open_store(con: Connection, catalog: str, made_by: str, as_of: date, config: IdentityConfig) -> date | None:
    """Views `store_<table>` of what was kept, empty where other rules made it; the day of the run that left it."""
    schema = f'"{catalog}".{SCHEMA}'
    kept = con.sql(f"from {schema}.made_by").fetchall() if exists(con, catalog) else []
    if kept and kept[0][0] == made_by:
        for name in ("record", *_COLUMNS):
            con.execute(f"create view store_{name} as from {schema}.{name}")
        last: date = kept[0][1]
        return last
    for name, columns in _COLUMNS.items():
        con.execute(f"create table store_{name} ({columns})")
    nobody = f"(select 0 as record_no, * from {INPUT} limit 0)"
    nothing = pl.DataFrame(schema=FREQUENCY_SCHEMA)
    normalise.clean(con, nobody, "no_record_cleaned", as_of)
    normalise.derive(con, "no_record_cleaned", "no_record", "store_noted", nothing, config)
    con.execute("create table store_record as select *, 0::ubigint as row_hash from no_record")
    return None


def find_changes(con: Connection, xref: str, last: date | None, as_of: date, kinds_anew: Collection[str]) -> None:
    """Tables `due` (record_no, key, reason, row_hash), records to be derived, and `removed` (record_no, key): those
    that the store or table `xref` still has.

    A birth date in the future is none until its day comes.
    """
    con.execute(
        f"create table incoming as select source_name, source_customer_id, record_kind, birth_date, hash(i) as row_hash"
        f" from {INPUT} as i"
    )
    con.execute(
        """
        create table due as
        with compared as (
            select
                i.source_name, i.source_customer_id, i.row_hash, r.record_no,
                case
                    when r.record_no is null then 'added'
                    when i.row_hash <> r.row_hash or (i.birth_date > $last and i.birth_date <= $as_of) then 'changed'
                    when list_contains($kinds, i.record_kind) then 'judged anew'
                end as reason
            from incoming as i left join store_record as r using (source_name, source_customer_id)
        )
        select
            coalesce(
                record_no,
                (select coalesce(max(record_no) + 1, 0) from store_record)
                    + row_number() over (partition by record_no is null order by source_name, source_customer_id) - 1
            )::integer as record_no,
            source_name, source_customer_id, reason, row_hash
        from compared where reason is not null
        """,
        {"last": last or as_of, "as_of": as_of, "kinds": sorted(kinds_anew)},
    )
    con.execute(
        f"""
        create table removed as
        select coalesce(record_no, -1) as record_no, source_name, source_customer_id
        from (select source_name, source_customer_id from {xref} where valid_to is null) as known
        full join (select record_no, source_name, source_customer_id from store_record) as stored
            using (source_name, source_customer_id)
        anti join incoming using (source_name, source_customer_id)
        """
    )


def add_records_of_changed_values(con: Connection) -> None:
    """Adds to `due` and `cleaned` the records that did not change but carry a value of `changed_value`."""
    columns = ", ".join(name for name, *_ in con.sql("describe cleaned").fetchall())
    con.execute(
        """
        create table carrying as
        with carried as (
            unpivot (
                select
                    record_no, stated_email as email, stated_phone as phone, stated_loyalty_number as loyalty_number,
                    stated_birth_date::varchar as birth_date, brand_loyalty_number as account
                from store_record
            ) on email, phone, loyalty_number, birth_date, account into name column_name value column_value
        )
        select distinct record_no from carried semi join changed_value using (column_name, column_value)
        anti join due using (record_no) anti join removed using (record_no)
        """
    )
    con.execute(f"insert into cleaned select {columns} from store_record semi join carrying using (record_no)")
    con.execute(
        """
        insert into due
        select record_no, source_name, source_customer_id, 'values changed', row_hash
        from store_record semi join carrying using (record_no)
        """
    )


def write(con: Connection, catalog: str, made_by: str, as_of: date, kinds_anew: Collection[str]) -> None:
    """Puts the run's tables in the place of what they replace."""
    schema = f'"{catalog}".{SCHEMA}'
    [(is_new,)] = con.sql("select count(*) > 0 from duckdb_tables() where table_name = 'store_record'").fetchall()
    if is_new:
        con.execute(f"drop schema if exists {schema} cascade")
        con.execute(f"create schema {schema}")
        for name in ("record", *_COLUMNS):
            con.execute(f"create table {schema}.{name} as from store_{name} limit 0")
        con.execute(f"create table {schema}.made_by (rules VARCHAR, as_of DATE)")
    else:
        for name, goes in (
            ("record", "record_no in (select record_no from due union all select record_no from removed)"),
            ("key", "record_no in (select record_no from stale)"),
            ("edge", "left_no in (select record_no from stale) or right_no in (select record_no from stale)"),
            ("membership", "record_no in (select record_no from regrouped union all select record_no from removed)"),
            ("bond", "true"),
            ("noted", "(column_name, column_value) in (select (column_name, column_value) from changed_value)"),
        ):
            con.execute(f"delete from {schema}.{name} where {goes}")
        con.execute(
            f"delete from {schema}.pattern where list_contains($kinds, record_kind)", {"kinds": sorted(kinds_anew)}
        )
    con.execute(
        f"insert into {schema}.record by name select d.*, row_hash from derived as d join due using (record_no)"
    )
    con.execute(f"insert into {schema}.key from fresh_key")
    con.execute(f"insert into {schema}.edge from fresh_edge")
    con.execute(f"insert into {schema}.pattern by name from fresh_pattern")
    con.execute(f"insert into {schema}.membership by name from regrouped")
    con.execute(f"insert into {schema}.bond from bond")
    con.execute(f"insert into {schema}.noted from noted semi join changed_value using (column_name, column_value)")
    con.execute(f"delete from {schema}.made_by")
    con.execute(f"insert into {schema}.made_by values (?, ?)", [made_by, as_of])


def forget(con: Connection) -> None:
    """The next run makes the store again, from all records, with the models that are kept."""
    con.execute(f"drop schema if exists {SCHEMA} cascade")
