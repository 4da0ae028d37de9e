"""Makes customer records comparable, in SQL: names, e-mails, phones, addresses, dates; and blocking keys.

Belongs here: what a value is once its spelling no longer matters, and which values say nothing (blanks, placeholders,
values that many different people carry). Such values become null before blocking: two equal blanks look like evidence.
Does not belong here: comparing two records.
"""

from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from models.identity import libraries, own_contacts, settings
from models.identity.settings import IdentityConfig, RecordKind

RECORDS = "identity_record"

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


def _macros() -> str:
    """SQL macros. A placeholder test comes before any reshaping, which would hide what was typed."""
    names = sorted({name for group in settings.NICKNAME_GROUPS for name in group})
    groups = [_literals(tuple(group[0] for group in settings.NICKNAME_GROUPS if name in group)) for name in names]
    return rf"""
    create macro is_placeholder(x) as
        not regexp_matches(x, '[\pL\pN]') or list_contains({_literals(settings.PLACEHOLDERS)}, lower(trim(x)));
    create macro given(x) as case when not is_placeholder(x) then trim(x) end;
    create macro plain(x) as replace(replace(replace(replace(replace(replace(
        strip_accents(lower(x)), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'ø', 'o'), 'ł', 'l'), 'đ', 'd');
    create macro words(x) as list_filter(
        string_split(regexp_replace(regexp_replace(plain(x), '[''’`]', '', 'g'), '[^\pL\pN]+', ' ', 'g'), ' '),
        lambda w: w <> '');
    create macro without_titles(x) as list_filter(
        words(x), lambda w: not list_contains({_literals(settings.TITLES)}, w));
    create macro name_words(x) as list_filter(without_titles(x), lambda w: not regexp_matches(w, '[0-9]'));
    create macro joined(x) as nullif(array_to_string(x, ''), '');
    create macro nickname_groups(x) as coalesce(map({_literals(tuple(names))}, [{", ".join(groups)}])[x], [x]);
    -- Consonants after the first letter, with the spellings of one sound made equal.
    create macro sound(x) as left(left(x, 1) || regexp_replace(
        regexp_replace(replace(replace(replace(replace(replace(replace(substr(x, 2),
            'ph', 'f'), 'ck', 'k'), 'c', 'k'), 'q', 'k'), 'z', 's'), 'gh', 'g'), '[aeiouyhw]', '', 'g'),
        'l+', 'l', 'g'), 5);
    create macro digits(x) as regexp_replace(x, '[^0-9]', '', 'g');
    create macro is_repeated(x) as replace(x, left(x, 1), '') = '';
    create macro phone_number(x, country) as case
        when regexp_matches(trim(x), '^(\+|00)') then ltrim(digits(x), '0')
        when {_map(settings.CALLING_CODES)}[country] = '1' and length(digits(x)) = 11 and left(digits(x), 1) = '1'
            then digits(x)
        when length(digits(x)) >= 12 and starts_with(digits(x), {_map(settings.CALLING_CODES)}[country])
            then digits(x)
        else coalesce({_map(settings.CALLING_CODES)}[country], '') || ltrim(digits(x), '0') end;
    -- Without the flat: people leave it out. The words keep the house number in one piece.
    create macro street_words(x) as list_transform(
        words(regexp_replace(lower(x), '\b(flat|apt|apartment|unit|suite|ste)\b\.? *#? *[0-9a-z]+\b', '')),
        lambda w: coalesce({_map(settings.STREET_WORDS)}[w], w));
    create macro organisation_words(x) as list_filter(
        words(x), lambda w: not list_contains({_literals(settings.LEGAL_FORMS)}, w));
    """


# A loyalty number is of the brand's scheme when an account of the brand has it; others (an Odoo card's code) count
# within their source only.
_CLEANED = """
    create temp table identity_cleaned as
    with ordered as (
        select * from identity_readable order by source_name, source_customer_id
    ), given_values as (
        select
            (row_number() over (order by source_name, source_customer_id) - 1)::integer as record_no,
            source_name, source_customer_id, brand, record_kind, updated_at, upper(trim(country_code)) as country_code,
            given(first_name) as first_name, given(last_name) as last_name, given(full_name) as full_name,
            given(email) as email, replace(given(phone), '(0)', '') as phone,
            given(street) as street, given(city) as city,
            given(postcode) as postcode, birth_date, given(loyalty_number) as loyalty_number, given(tax_id) as tax_id,
            given(birth_place) as birth_place, given(occupation) as occupation
        from ordered
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
    )
    select
        record_no, source_name, source_customer_id, brand, record_kind, country_code, updated_at,
        first_words[1] as given_name,
        coalesce(first_words[2:], []) as middle_names,
        joined(last_words) as family_name,
        coalesce(list_filter(name_parts, lambda w: length(w) > 1), []) as tokens,
        coalesce(len(name_parts), 0) as name_part_count,
        list_filter(last_words, lambda w: length(w) >= 3 and not list_contains(<particles>, w)) as family_parts,
        list_sort(organisation_words(coalesce(full_name, concat_ws(' ', first_name, last_name)))) as sorted_name,
        organisation_words(coalesce(full_name, concat_ws(' ', first_name, last_name))) as name_tokens,
        case
            when regexp_matches(email_text, '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$')
                and not list_contains(<placeholder_locals>, local_part)
            then case when list_contains(<dotless_domains>, domain) then replace(local_part, '.', '')
                else local_part end || '@' || domain
        end as email,
        case
            when length(phone_digits) >= 7 and not is_repeated(phone_digits) and not is_repeated(phone_digits[-7:])
            then phone_full
        end as phone,
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
            when not list_contains(<placeholder_dates>, birth_date::varchar) and birth_date <= $as_of then birth_date
        end as birth_date,
        nullif(regexp_replace(upper(loyalty_number), '[^A-Z0-9]', '', 'g'), '') as loyalty_number,
        nullif(regexp_replace(upper(tax_id), '[^A-Z0-9]', '', 'g'), '') as tax_id,
        brand || ':' || case
            when exists (
                select 1 from identity_input as account
                where account.brand = parts.brand and account.loyalty_number = parts.loyalty_number
                    and account.source_customer_id = account.loyalty_number
            ) then 'accounts' else source_name
        end as loyalty_scheme
    from parts
"""

# Values that too many different people carry. An initial and a family name stand for a person: spelling varies less.
_SHARED = """
    create temp table identity_shared as
    with carriers as (
        unpivot (
            select
                coalesce(left(given_name, 1), '') || '|' || coalesce(family_name, array_to_string(name_tokens, ' '), '')
                    as carrier,
                email, phone, loyalty_number
            from identity_cleaned
        ) on email, phone, loyalty_number into name column_name value column_value
    ), birth_dates as (
        -- The first of January stands for a year: many have it, and it is compared as a year.
        select birth_date, count(*) as record_count from identity_cleaned
        where birth_date is not null and not (month(birth_date) = 1 and day(birth_date) = 1) group by all
    )
    select column_name, column_value from carriers
    group by all having count(distinct carrier) > $shared_value_limit
    union all
    select 'birth_date', birth_date::varchar from birth_dates
    where record_count >= $birth_date_minimum
        and record_count > $birth_date_factor * (select sum(record_count) / count(*) from birth_dates)
"""

_RECORDS = f"""
    create table {RECORDS} as
    with informative as (
        select * exclude (email, phone, loyalty_number, birth_date),
            case when email not in (from shared_values('email')) then email end as email,
            case when phone not in (from shared_values('phone')) then phone end as phone,
            case when loyalty_number not in (from shared_values('loyalty_number')) then loyalty_number end
                as loyalty_number,
            case when birth_date::varchar not in (from shared_values('birth_date')) then birth_date end as birth_date
        from identity_cleaned
    ), token as (
        select record_no, record_kind, unnest(tokens) as token from informative
    ), named as (
        select record_kind, count(*) as record_count from informative where len(tokens) > 0 group by all
    ), frequency as (
        select record_kind, token, count(*) / any_value(record_count) as share
        from token join named using (record_kind) group by all
    ), by_rarity as (
        select
            record_no,
            list(token order by token) filter (where share < $rare_share) as rare_tokens,
            list(token order by token) filter (where share < $uncommon_share) as uncommon_tokens,
            list(token order by token) filter (where share < $frequent_share) as infrequent_tokens
        from token join frequency using (record_kind, token) group by record_no
    )
    select informative.* exclude (sorted_name),
        coalesce(rare_tokens, []) as rare_tokens,
        coalesce(uncommon_tokens, []) as uncommon_tokens,
        coalesce(infrequent_tokens, []) as infrequent_tokens,
        list_distinct(tokens || list_transform(tokens, lambda t: '~' || sound(t))) as name_keys,
        nickname_groups(given_name) as given_groups,
        count(*) over (partition by record_kind, family_name) / count(family_name) over (partition by record_kind)
            < $uncommon_share as has_uncommon_family_name,
        -- Term frequencies, as shares of the records that have the value.
        count(*) over (partition by record_kind, city) / count(city) over (partition by record_kind) as city_share,
        count(*) over (partition by record_kind, occupation) / count(occupation) over (partition by record_kind)
            as occupation_share,
        nullif(array_to_string(sorted_name, ' '), '') as full_name_key,
        split_part(email, '@', 1) as email_local_part,
        split_part(email, '@', 2) as email_domain,
        left(postcode, 3) as area,
        birth_date::varchar as birth_text,
        year(birth_date) as birth_year, month(birth_date) as birth_month, day(birth_date) as birth_day,
        month(birth_date) = 1 and day(birth_date) = 1 as is_year_only
    from informative left join by_rarity using (record_no)
    order by record_no
"""

_COUNTED = {
    "first_name": "given_name", "last_name": "family_name", "email": "email", "phone": "phone", "postcode": "postcode",
    "birth_date": "birth_date", "loyalty_number": "loyalty_number", "tax_id": "tax_id",
}  # fmt: skip


def conform(records: pl.DataFrame) -> pl.DataFrame:
    """The input in its declared columns and types. Refuses a repeated key: it would double pairs and cluster rows."""
    missing = [name for name in INPUT_SCHEMA if name not in records.columns]
    if missing:
        raise ValueError(f"customer records lack columns: {', '.join(missing)}")
    known = records.with_columns(
        pl.lit(None, kind).alias(name) for name, kind in OPTIONAL_COLUMNS.items() if name not in records.columns
    )
    frame = known.select([pl.col(name).cast(kind) for name, kind in (INPUT_SCHEMA | OPTIONAL_COLUMNS).items()])
    repeated = frame.select("source_name", "source_customer_id").is_duplicated().sum()
    if repeated:
        raise ValueError(f"{repeated} customer records share a (source_name, source_customer_id)")
    if frame.select(pl.any_horizontal(pl.col("source_name", "source_customer_id").is_null()).any()).item():
        raise ValueError("a customer record lacks its source_name or source_customer_id")
    return frame.sort("source_name", "source_customer_id")


def normalise(
    con: duckdb.DuckDBPyConnection, records: pl.DataFrame, as_of: date, config: IdentityConfig
) -> list[NulledValues]:
    """Writes table `identity_record` (one row a record, `record_no` in key order) and says which values were nulled."""
    con.register("identity_input", records.to_arrow())
    con.execute(_macros())
    own_contacts.define(con, config.own_contacts)
    libraries.rewrite(con, "identity_input", "identity_readable")
    own_contacts.remove(con, "identity_readable")
    cleaned = (
        _CLEANED.replace("<domain_fixes>", _map(settings.EMAIL_DOMAIN_FIXES))
        .replace("<dotless_domains>", _literals(settings.DOTLESS_EMAIL_DOMAINS))
        .replace("<particles>", _literals(settings.NAME_PARTICLES))
        .replace("<placeholder_locals>", _literals(settings.PLACEHOLDER_EMAIL_LOCAL_PARTS))
        .replace("<placeholder_dates>", _literals(settings.PLACEHOLDER_BIRTH_DATES))
    )
    con.execute(cleaned, {"as_of": as_of})
    con.execute(
        _SHARED,
        {
            "shared_value_limit": config.shared_value_limit,
            "birth_date_minimum": config.common_birth_date_minimum,
            "birth_date_factor": config.common_birth_date_factor,
        },
    )
    con.execute(
        "create macro shared_values(c) as table"
        " select column_value from identity_shared where column_name = c and column_value is not null"
    )
    con.execute(
        _RECORDS,
        {
            "rare_share": config.rare_name_share,
            "uncommon_share": config.uncommon_name_share,
            "frequent_share": config.frequent_name_share,
        },
    )
    return _nulled(con)


def _nulled(con: duckdb.DuckDBPyConnection) -> list[NulledValues]:
    placeholder = ", ".join(
        f"count(*) filter (where i.{raw} is not null and c.{clean} is null) as {raw}" for raw, clean in _COUNTED.items()
    )
    kept = ("email", "phone", "loyalty_number", "birth_date")
    shared = ", ".join(f"count(*) filter (where c.{name} is not null and r.{name} is null) as {name}" for name in kept)
    joined = (
        "from identity_readable i join identity_cleaned c using (source_name, source_customer_id)"
        f" join {RECORDS} r using (record_no)"
    )
    own, invalid = (
        ", ".join(f"count(*) filter (where s.{name} is not null and i.{name} is null) as {name}" for name in names)
        for names in (("email", "phone", "postcode"), ("tax_id",))
    )
    given = "from identity_input s join identity_readable i using (source_name, source_customer_id)"
    counts = [
        NulledValues(column, reason, count)
        for reason, columns, records in (
            ("own", own, given),
            ("invalid", invalid, given),
            ("placeholder", placeholder, joined),
            ("shared", shared, joined),
        )
        for column, count in con.sql(f"select {columns} {records}").pl().row(0, named=True).items()
    ]
    return [nulled for nulled in counts if nulled.record_count]


def add_blocking_keys(con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str, config: IdentityConfig) -> None:
    """Writes `table`: the records of one kind with `keys`, their blocking keys that not too many records share."""
    keys = " || ".join(f"list_transform({key.expression}, lambda k: '{key.name}:' || k)" for key in kind.blocking_keys)
    con.execute(
        f"""
        create table {table} as
        with of_kind as (
            select * from {RECORDS} where record_kind = $kind
        ), exploded as (
            select record_no, unnest(list_distinct({keys})) as key from of_kind
        ), useful as (
            select key from exploded where key is not null
            group by key
            having count(*) between 2 and
                case when split_part(key, ':', 1) in $one_value_keys then $one_value_limit else $limit end
        ), kept as (
            select record_no, list(key order by key) as keys from exploded join useful using (key) group by record_no
        )
        select of_kind.*, coalesce(kept.keys, []) as keys from of_kind left join kept using (record_no)
        order by record_no
        """,
        {
            "kind": kind.name,
            "one_value_keys": [key.name for key in kind.blocking_keys if key.is_one_value] or [""],
            "one_value_limit": config.one_value_key_size_limit,
            "limit": config.key_size_limit,
        },
    )
