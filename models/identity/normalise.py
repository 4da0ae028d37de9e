"""Makes customer records comparable, in SQL: names, e-mails, phones, addresses, dates; and blocking keys.

Belongs here: what a value is once its spelling no longer matters, and which values say nothing (blanks, placeholders,
values that many different people carry). Such values become null before blocking: two equal blanks look like evidence.
Does not belong here: comparing two records.

In three steps, so that a run needs to take only the records that changed. `clean` looks at each record alone.
`note_values` finds what depends on all records: values that too many carry, loyalty numbers that an account has.
`derive` puts both together with the frequencies of names and places, which a model holds fixed (`frequencies`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import duckdb
import polars as pl

from models.identity import libraries, own_contacts, settings
from models.identity.settings import IdentityConfig, RecordKind

INPUT = "identity_input"
RECORDS = "identity_record"
# The lowest bits of a blocking key say which of the kind's keys it is.
KEY_NAME_BITS = 5

INPUT_SCHEMA: dict[str, pl.DataType] = {
    "source_name": pl.String(), "source_customer_id": pl.String(), "brand": pl.String(), "record_kind": pl.String(),
    "first_name": pl.String(), "last_name": pl.String(), "full_name": pl.String(), "email": pl.String(),
    "phone": pl.String(), "street": pl.String(), "city": pl.String(), "postcode": pl.String(),
    "country_code": pl.String(), "birth_date": pl.Date(), "loyalty_number": pl.String(), "tax_id": pl.String(),
    "parent_source_customer_id": pl.String(), "has_marketing_consent": pl.Boolean(),
    "updated_at": pl.Datetime("us"), "known_at": pl.Datetime("us"),
}  # fmt: skip
# What few systems know: a record without the column has no value.
OPTIONAL_COLUMNS: dict[str, pl.DataType] = {
    "birth_place": pl.String(),
    "occupation": pl.String(),
    "verified_fields": pl.List(pl.String()),
}
_SQL_TYPES: dict[pl.DataType, str] = {
    pl.String(): "varchar", pl.Date(): "date", pl.Boolean(): "boolean", pl.Datetime("us"): "timestamp",
    pl.List(pl.String()): "varchar[]",
}  # fmt: skip
FREQUENCY_SCHEMA = {
    "record_kind": pl.String(), "column_name": pl.String(), "column_value": pl.String(), "share": pl.Float64(),
}  # fmt: skip


@dataclass(frozen=True)
class NulledValues:
    """How many records lost a value of the column, and why ('own', 'invalid', 'placeholder', 'shared')."""

    column: str
    reason: str
    record_count: int


def _literals(values: tuple[str, ...]) -> str:
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"


def _map(values: dict[str, str]) -> str:
    return f"map({_literals(tuple(values))}, {_literals(tuple(values.values()))})"


def macros() -> str:
    """SQL macros. A placeholder test comes before any reshaping, which would hide what was typed."""
    names = sorted({name for group in settings.NICKNAME_GROUPS for name in group})
    groups = [_literals(tuple(group[0] for group in settings.NICKNAME_GROUPS if name in group)) for name in names]
    return rf"""
    create or replace macro is_placeholder(x) as
        not regexp_matches(x, '[\pL\pN]') or list_contains({_literals(settings.PLACEHOLDERS)}, lower(trim(x)));
    create or replace macro given(x) as case when not is_placeholder(x) then trim(x) end;
    create or replace macro plain(x) as replace(replace(replace(replace(replace(replace(
        strip_accents(lower(x)), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'ø', 'o'), 'ł', 'l'), 'đ', 'd');
    create or replace macro words(x) as list_filter(
        string_split(regexp_replace(regexp_replace(plain(x), '[''’`]', '', 'g'), '[^\pL\pN]+', ' ', 'g'), ' '),
        lambda w: w <> '');
    create or replace macro without_titles(x) as list_filter(
        words(x), lambda w: not list_contains({_literals(settings.TITLES)}, w));
    create or replace macro name_words(x) as list_filter(without_titles(x), lambda w: not regexp_matches(w, '[0-9]'));
    create or replace macro joined(x) as nullif(array_to_string(x, ''), '');
    create or replace macro nickname_groups(x) as
        coalesce(map({_literals(tuple(names))}, [{", ".join(groups)}])[x], [x]);
    -- Consonants after the first letter, with the spellings of one sound made equal.
    create or replace macro sound(x) as left(left(x, 1) || regexp_replace(
        regexp_replace(replace(replace(replace(replace(replace(replace(substr(x, 2),
            'ph', 'f'), 'ck', 'k'), 'c', 'k'), 'q', 'k'), 'z', 's'), 'gh', 'g'), '[aeiouyhw]', '', 'g'),
        'l+', 'l', 'g'), 5);
    create or replace macro digits(x) as regexp_replace(x, '[^0-9]', '', 'g');
    create or replace macro is_repeated(x) as replace(x, left(x, 1), '') = '';
    create or replace macro phone_number(x, country) as case
        when regexp_matches(trim(x), '^(\+|00)') then ltrim(digits(x), '0')
        when {_map(settings.CALLING_CODES)}[country] = '1' and length(digits(x)) = 11 and left(digits(x), 1) = '1'
            then digits(x)
        when length(digits(x)) >= 12 and starts_with(digits(x), {_map(settings.CALLING_CODES)}[country])
            then digits(x)
        else coalesce({_map(settings.CALLING_CODES)}[country], '') || ltrim(digits(x), '0') end;
    -- Without the flat: people leave it out. The words keep the house number in one piece.
    create or replace macro street_words(x) as list_transform(
        words(regexp_replace(lower(x), '\b(flat|apt|apartment|unit|suite|ste)\b\.? *#? *[0-9a-z]+\b', '')),
        lambda w: coalesce({_map(settings.STREET_WORDS)}[w], w));
    create or replace macro organisation_words(x) as list_filter(
        words(x), lambda w: not list_contains({_literals(settings.LEGAL_FORMS)}, w));
    """


# What a record says by itself. Values that others may make worthless are `stated_`.
CLEAN = """
    create or replace table <target> as
    with given_values as (
        select
            record_no, source_name, source_customer_id, brand, record_kind,
            upper(trim(country_code)) as country_code,
            given(first_name) as first_name, given(last_name) as last_name, given(full_name) as full_name,
            given(email) as email, replace(given(phone), '(0)', '') as phone,
            given(street) as street, given(city) as city,
            given(postcode) as postcode, birth_date, given(loyalty_number) as loyalty_number, given(tax_id) as tax_id,
            given(birth_place) as birth_place, given(occupation) as occupation,
            coalesce(loyalty_number = source_customer_id, false) as is_account
        from <source>
    ), named as (
        select *,
            case
                when first_name is not null or last_name is not null then coalesce(name_words(first_name), [])
                -- "Lee, Ann" has the family name in front.
                when contains(full_name, ',') then name_words(split_part(full_name, ',', 2))
                else name_words(full_name)[:-2]
            end as first_words,
            case
                when first_name is not null or last_name is not null then coalesce(name_words(last_name), [])
                when contains(full_name, ',') then name_words(split_part(full_name, ',', 1))
                else name_words(full_name)[-1:]
            end as last_words,
            regexp_replace(regexp_replace(lower(trim(email)), '^mailto:', ''), '\\s', '', 'g') as email_text,
            digits(phone) as phone_digits,
            phone_number(phone, country_code) as phone_full,
            regexp_replace(upper(postcode), '[^A-Z0-9]', '', 'g') as postcode_text,
            street_words(street) as street_parts
        from given_values
    ), parts as (
        select *,
            list_sort(list_distinct(without_titles(
                coalesce(nullif(concat_ws(' ', first_name, last_name), ''), full_name)
            ))) as name_parts,
            regexp_replace(split_part(email_text, '@', 1), '\\+.*$', '') as local_part,
            coalesce(<domain_fixes>[split_part(email_text, '@', 2)], split_part(email_text, '@', 2)) as domain
        from named
    ), cleaned as (
        select
            record_no, source_name, source_customer_id, brand, record_kind, country_code,
            first_words[1] as given_name,
            coalesce(first_words[2:], []) as middle_names,
            joined(last_words) as family_name,
            coalesce(list_filter(name_parts, lambda w: length(w) > 1), []) as tokens,
            coalesce(len(name_parts), 0) as name_part_count,
            list_filter(last_words, lambda w: length(w) >= 3 and not list_contains(<particles>, w)) as family_parts,
            organisation_words(coalesce(full_name, concat_ws(' ', first_name, last_name))) as name_tokens,
            case
                when regexp_matches(email_text, '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$')
                    and not list_contains(<placeholder_locals>, local_part)
                then case when list_contains(<dotless_domains>, domain) then replace(local_part, '.', '')
                    else local_part end
                    || '@' || domain
            end as stated_email,
            case
                when length(phone_digits) >= 7 and not is_repeated(phone_digits)
                    and not is_repeated(phone_digits[-7:])
                then phone_full
            end as stated_phone,
            case
                when country_code = 'US' and length(postcode_text) = 9 then left(postcode_text, 5)
                when not is_repeated(replace(postcode_text, '-', '')) then nullif(postcode_text, '')
            end as postcode,
            joined(words(city)) as city,
            list_filter(words(city), lambda w: length(w) > 3) as city_words,
            case
                when country_code = 'GB' then nullif(left(postcode_text, length(postcode_text) - 3), '')
                else left(postcode_text, 3)
            end as district,
            joined(words(birth_place)) as birth_place,
            joined(words(occupation)) as occupation,
            list_filter(street_parts, lambda w: regexp_matches(w, '[0-9]'))[1] as house_number,
            joined(list_sort(list_filter(street_parts, lambda w: not regexp_matches(w, '[0-9]')))) as street_name,
            case
                when not list_contains(<placeholder_dates>, birth_date::varchar) and birth_date <= $as_of
                then birth_date
            end as stated_birth_date,
            nullif(regexp_replace(upper(loyalty_number), '[^A-Z0-9]', '', 'g'), '') as stated_loyalty_number,
            nullif(regexp_replace(upper(tax_id), '[^A-Z0-9]', '', 'g'), '') as tax_id,
            brand || '|' || loyalty_number as brand_loyalty_number, is_account
        from parts
    )
    select
        c.*,
        -- An initial and a family name stand for a person: spelling varies less.
        coalesce(left(given_name, 1), '') || '|' || coalesce(family_name, array_to_string(name_tokens, ' '), '')
            as carrier,
        list_filter([<lost>], lambda value: value is not null) as lost_values,
        list_distinct(tokens || list_transform(tokens, lambda t: '~' || sound(t))) as name_keys,
        nickname_groups(given_name) as given_groups,
        nullif(array_to_string(list_sort(name_tokens), ' '), '') as full_name_key,
        left(c.postcode, 3) as area
    from cleaned as c join <source> as i using (record_no) join <written> as w using (record_no)
"""

_CARRIERS = """
    select column_name, column_value, carrier from (
        unpivot (
            select carrier, stated_email as email, stated_phone as phone, stated_loyalty_number as loyalty_number
            from <records>
        ) on email, phone, loyalty_number into name column_name value column_value
    )
"""
_ACCOUNTS = """
    select distinct 'account' as column_name, brand_loyalty_number as column_value
    from <records> where is_account and brand_loyalty_number is not null
"""
# Values that too many different people carry.
NOTED = f"""
    create or replace table <target> as
    with birth_dates as (
        -- The first of January stands for a year: many have it, and it is compared as a year.
        select stated_birth_date, count(*) as record_count from <records>
        where stated_birth_date is not null and not (month(stated_birth_date) = 1 and day(stated_birth_date) = 1)
        group by all
    )
    select column_name, column_value from ({_CARRIERS}) <among>
    group by all having count(distinct carrier) > $shared_value_limit
    union all
    select 'birth_date', stated_birth_date::varchar from birth_dates
    where record_count >= $birth_date_minimum
        and record_count > $birth_date_factor * (select sum(record_count) / count(*) from birth_dates)
    union all
    from ({_ACCOUNTS}) <among>
"""

_FREQUENCIES = """
    with value as (
        select record_kind, 'token' as column_name, unnest(tokens) as column_value from <records>
        union all
        select record_kind, column_name, column_value from (
            unpivot (select record_kind, family_name, city, occupation from <records>)
            on family_name, city, occupation into name column_name value column_value
        )
    ), carrier as (
        select
            record_kind, count(*) filter (where len(tokens) > 0) as token, count(family_name) as family_name,
            count(city) as city, count(occupation) as occupation
        from <records> group by record_kind
    ), carriers as (
        unpivot carrier on token, family_name, city, occupation into name column_name value record_count
    )
    select record_kind, column_name, column_value, count(*) / any_value(record_count) as share
    from value join carriers using (record_kind, column_name)
    group by all having share >= $least_share
    order by all
"""

# A loyalty number is of the brand's scheme when an account of the brand has it; others (an Odoo card's code) count
# within their source only.
DERIVED = """
    create or replace table <target> as
    with informative as (
        select *,
            case when stated_email not in (from noted_values('email')) then stated_email end as email,
            case when stated_phone not in (from noted_values('phone')) then stated_phone end as phone,
            case when stated_loyalty_number not in (from noted_values('loyalty_number')) then stated_loyalty_number end
                as loyalty_number,
            case when stated_birth_date::varchar not in (from noted_values('birth_date')) then stated_birth_date end
                as birth_date,
            brand || ':' || case
                when brand_loyalty_number in (from noted_values('account')) then 'accounts' else source_name
            end as loyalty_scheme
        from <source>
    ), token as (
        select record_no, record_kind, unnest(tokens) as token from <source>
    ), by_rarity as (
        select
            record_no,
            list(token order by token) filter (where coalesce(share, 0) < $rare_share) as rare_tokens,
            list(token order by token) filter (where coalesce(share, 0) < $uncommon_share) as uncommon_tokens,
            list(token order by token) filter (where coalesce(share, 0) < $frequent_share) as infrequent_tokens
        from token left join frequency
            on frequency.record_kind = token.record_kind and column_name = 'token' and column_value = token
        group by record_no
    )
    select
        informative.*,
        coalesce(rare_tokens, []) as rare_tokens,
        coalesce(uncommon_tokens, []) as uncommon_tokens,
        coalesce(infrequent_tokens, []) as infrequent_tokens,
        family_name is not null and coalesce(family.share, 0) < $uncommon_share as has_uncommon_family_name,
        coalesce(town.share, 0) as city_share,
        coalesce(job.share, 0) as occupation_share,
        split_part(email, '@', 1) as email_local_part,
        split_part(email, '@', 2) as email_domain,
        digits(email) as email_digits,
        birth_date::varchar as birth_text,
        year(birth_date) as birth_year, month(birth_date) as birth_month, day(birth_date) as birth_day,
        month(birth_date) = 1 and day(birth_date) = 1 as is_year_only
    from informative
    left join by_rarity using (record_no)
    left join frequency as family on family.record_kind = informative.record_kind
        and family.column_name = 'family_name' and family.column_value = family_name
    left join frequency as town on town.record_kind = informative.record_kind
        and town.column_name = 'city' and town.column_value = city
    left join frequency as job on job.record_kind = informative.record_kind
        and job.column_name = 'occupation' and job.column_value = occupation
"""

# An address goes whole: its postcode stands for it.
_OWN = ("email", "phone", "postcode")
# Of a raw column, the cleaned one.
_COUNTED = {
    "first_name": "given_name", "last_name": "family_name", "email": "stated_email", "phone": "stated_phone",
    "postcode": "postcode", "birth_date": "stated_birth_date", "loyalty_number": "stated_loyalty_number",
    "tax_id": "tax_id",
}  # fmt: skip
_SHAREABLE = ("email", "phone", "loyalty_number", "birth_date")


def open_input(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """View `identity_input`: the relation in its declared columns and types. Refuses a missing column and a repeated
    or missing key: it would double pairs and cluster rows."""
    present = {name for name, *_ in con.sql(f"describe {relation}").fetchall()}
    missing = [name for name in INPUT_SCHEMA if name not in present]
    if missing:
        raise ValueError(f"customer records lack columns: {', '.join(missing)}")
    columns = [
        f"{name if name in present else 'null'}::{_SQL_TYPES[kind]} as {name}"
        for name, kind in (INPUT_SCHEMA | OPTIONAL_COLUMNS).items()
    ]
    con.execute(f"create or replace view {INPUT} as select {', '.join(columns)} from {relation}")
    repeated, incomplete = con.sql(
        f"""
        select coalesce(sum(n) filter (where n > 1), 0)::bigint, count(*) filter (where is_incomplete) from (
            select count(*) as n, source_name is null or source_customer_id is null as is_incomplete
            from {INPUT} group by source_name, source_customer_id
        )
        """
    ).fetchall()[0]
    if incomplete:
        raise ValueError("a customer record lacks its source_name or source_customer_id")
    if repeated:
        raise ValueError(f"{repeated} customer records share a (source_name, source_customer_id)")


def clean(con: duckdb.DuckDBPyConnection, source: str, target: str, as_of: date) -> None:
    """Writes what each record of `source` (the input's columns and record_no) says by itself."""
    readable = f"{target}_readable"
    libraries.rewrite(con, source, readable)
    own_contacts.remove(con, readable)
    lost = [
        *(f"case when w.{name} is not null and i.{name} is null then '{name}|own' end" for name in _OWN),
        "case when w.tax_id is not null and i.tax_id is null then 'tax_id|invalid' end",
        *(
            f"case when i.{raw} is not null and c.{clean} is null then '{raw}|placeholder' end"
            for raw, clean in _COUNTED.items()
        ),
    ]
    query = (
        CLEAN.replace("<source>", readable)
        .replace("<written>", source)
        .replace("<target>", target)
        .replace("<lost>", ", ".join(lost))
        .replace("<domain_fixes>", _map(settings.EMAIL_DOMAIN_FIXES))
        .replace("<dotless_domains>", _literals(settings.DOTLESS_EMAIL_DOMAINS))
        .replace("<particles>", _literals(settings.NAME_PARTICLES))
        .replace("<placeholder_locals>", _literals(settings.PLACEHOLDER_EMAIL_LOCAL_PARTS))
        .replace("<placeholder_dates>", _literals(settings.PLACEHOLDER_BIRTH_DATES))
    )
    con.execute(query, {"as_of": as_of})
    con.execute(f"drop table {readable}")


def values_that_may_be_noted(records: str) -> str:
    """Query: (column_name, column_value) of cleaned records that `note_values` looks at, but for birth dates."""
    return f"select column_name, column_value from ({_CARRIERS}) union from ({_ACCOUNTS})".replace("<records>", records)


def note_values(
    con: duckdb.DuckDBPyConnection, records: str, target: str, config: IdentityConfig, among: str = ""
) -> None:
    """Writes which values of all cleaned records stand for nobody (column_name, column_value), and as 'account' the
    loyalty numbers that an account of the brand has. `among`: a table of the values that are in question."""
    semi_join = f"semi join {among} using (column_name, column_value)" if among else ""
    query = NOTED.replace("<among>", semi_join).replace("<records>", records).replace("<target>", target)
    con.execute(
        query,
        {
            "shared_value_limit": config.shared_value_limit,
            "birth_date_minimum": config.common_birth_date_minimum,
            "birth_date_factor": config.common_birth_date_factor,
        },
    )


def frequencies(con: duckdb.DuckDBPyConnection, records: str, config: IdentityConfig) -> pl.DataFrame:
    """How common names, cities and occupations are among cleaned records of each kind; what is rarer than the rarest
    that counts is left out."""
    query = _FREQUENCIES.replace("<records>", records)
    return con.sql(query, params={"least_share": config.rare_name_share}).pl()


def derive(
    con: duckdb.DuckDBPyConnection, source: str, target: str, noted: str, known: pl.DataFrame, config: IdentityConfig
) -> None:
    """Writes cleaned records as they are compared: `noted` values are null, names and places have frequencies."""
    con.register("frequency", known.to_arrow())
    con.execute(
        f"create or replace macro noted_values(c) as table select column_value from {noted} where column_name = c"
    )
    con.execute(
        DERIVED.replace("<source>", source).replace("<target>", target),
        {
            "rare_share": config.rare_name_share,
            "uncommon_share": config.uncommon_name_share,
            "frequent_share": config.frequent_name_share,
        },
    )
    con.unregister("frequency")


def nulled_values(con: duckdb.DuckDBPyConnection, records: str) -> list[NulledValues]:
    """How many of the derived records lost which value."""
    shared = ", ".join(
        f"case when stated_{name} is not null and {name} is null then '{name}|shared' end" for name in _SHAREABLE
    )
    counts = con.sql(
        f"""
        select split_part(nulled, '|', 1), split_part(nulled, '|', 2), count(*) from (
            select unnest(lost_values || [{shared}]) as nulled
            from {records}
        ) where nulled is not null group by all order by all
        """
    ).fetchall()
    return [NulledValues(*row) for row in counts]


def normalise(
    con: duckdb.DuckDBPyConnection,
    records: pl.DataFrame,
    as_of: date,
    config: IdentityConfig,
    known: pl.DataFrame | None = None,
) -> list[NulledValues]:
    """Writes table `identity_record` of all records at once, `record_no` in key order, and says what was nulled.
    `known`: the frequencies that a model holds fixed, else the records' own."""
    con.register("identity_given", records.to_arrow())
    open_input(con, "identity_given")
    con.execute(macros())
    own_contacts.define(con, config.own_contacts)
    con.execute(
        f"""
        create table identity_numbered as
        select (row_number() over (order by source_name, source_customer_id) - 1)::integer as record_no, * from {INPUT}
        """
    )
    clean(con, "identity_numbered", "identity_cleaned", as_of)
    note_values(con, "identity_cleaned", "identity_noted", config)
    found = frequencies(con, "identity_cleaned", config) if known is None else known
    derive(con, "identity_cleaned", RECORDS, "identity_noted", found, config)
    return nulled_values(con, RECORDS)


def write_keys(con: duckdb.DuckDBPyConnection, kind: RecordKind, source: str, target: str) -> None:
    """Writes the blocking keys of the kind's records in `source`, one row each: (record_no, key), key a number."""
    salt = int.from_bytes(sha256(kind.name.encode()).digest()[:8])
    mask = 2**64 - 2**KEY_NAME_BITS
    keys = " || ".join(
        f"list_transform(list_filter({key.expression}, lambda k: k is not null),"
        f" lambda k: (xor(hash(k), {salt}::ubigint) & {mask}::ubigint) | {number}::ubigint)"
        for number, key in enumerate(kind.blocking_keys)
    )
    con.execute(
        f"""
        create or replace table {target} as
        select record_no, unnest({keys}) as key from {source} where record_kind = '{kind.name}'
        """
    )


def crowded_keys(con: duckdb.DuckDBPyConnection, kind: RecordKind, keys: str, config: IdentityConfig) -> pl.DataFrame:
    """Keys that too many records share to be worth a comparison (key)."""
    numbers = [number for number, key in enumerate(kind.blocking_keys) if key.is_identifying]
    return con.sql(
        f"""
        select key from {keys} group by key
        having count(*) > case
            when list_contains({numbers}::integer[], (key & {2**KEY_NAME_BITS - 1}::ubigint)::integer)
            then {config.identifying_key_size_limit} else {config.key_size_limit}
        end
        order by key
        """
    ).pl()


def key_names(kind: RecordKind, keys: Collection[int]) -> list[str]:
    """Which of the kind's keys these are, in alphabetical order."""
    return sorted({kind.blocking_keys[key % 2**KEY_NAME_BITS].name for key in keys})
