"""One best row a customer, by rules as plain data, and which record each shown value comes from.

Belongs here: which record's value a customer is shown with, and why. All of it looks at one customer's records alone,
so that some customers can be computed without the others.
Does not belong here: which records are the customer's (clustering), which rules a retailer wants (settings).

A name and an address are each taken whole from one record. Placeholders are no values. Marketing consent is the
strictest: one refusal among the records is a refusal.
"""

from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import polars as pl

from models.identity.settings import GoldenRule, IdentityConfig

GOLDEN_SCHEMA = {
    "customer_id": pl.String(), "first_name": pl.String(), "last_name": pl.String(), "full_name": pl.String(),
    "email": pl.String(), "phone": pl.String(), "street": pl.String(), "city": pl.String(), "postcode": pl.String(),
    "country_code": pl.String(), "birth_date": pl.Date(), "record_kind": pl.String(),
    "has_marketing_consent": pl.Boolean(), "record_count": pl.Int64(), "source_count": pl.Int64(),
}  # fmt: skip
GOLDEN_SOURCE_SCHEMA = {
    "customer_id": pl.String(), "field": pl.String(), "source_name": pl.String(), "source_customer_id": pl.String(),
    "rule": pl.String(),
}  # fmt: skip
# Recorded as the rule where a customer's records know no other value, and of consent.
ONLY_VALUE, STRICTEST = "only_value", "strictest"


class Field(NamedTuple):
    """`comparable`: equal for two spellings of one value. `gaps`: what the value lacks. `length`: how long it is."""

    name: str
    value: str
    comparable: str
    gaps: str
    length: str


_ADDRESS = "street, city, postcode, country_code"
FIELDS = (
    Field(
        "name",
        "case when whole_name is not null then struct_pack(first_name, last_name, whole_name) end",
        "lower(whole_name)",
        "(first_name is null)::integer + (last_name is null)::integer"
        " + (length(coalesce(first_name, '')) <= 2)::integer",
        "length(whole_name)",
    ),
    Field("email", "email", "comparable_email", "0", "length(email)"),
    Field("phone", "phone", "comparable_phone", "0", "length(comparable_phone)"),
    Field(
        "address",
        f"case when coalesce({_ADDRESS}) is not null then struct_pack({_ADDRESS}) end",
        f"lower(concat_ws('|', {_ADDRESS}))",
        "(street is null)::integer + (coalesce(city, postcode) is null)::integer",
        f"length(concat_ws(' ', {_ADDRESS}))",
    ),
    Field("birth_date", "birth_date", "birth_date::varchar", "0", "0"),
)

# What each rule prefers, the smallest first.
RULES: dict[GoldenRule, str] = {
    "complete": "gaps",
    "longest": "-length",
    "most_frequent": "-count(*) over (partition by customer_id, comparable)",
    "most_recent": "recency_rank",
    "most_trusted": "trust_rank",
    "verified": "(not is_verified)::integer",
}

_RECORD = """
    create or replace temp table identity_golden_record as
    with record as (
        select
            x.customer_id, r.record_no, i.source_name, i.source_customer_id, i.record_kind, i.has_marketing_consent,
            given(i.first_name) as first_name, given(i.last_name) as last_name, given(i.full_name) as full_name,
            case when r.email is not null then lower(trim(i.email)) end as email, r.email as comparable_email,
            case when r.phone is not null then trim(i.phone) end as phone, r.phone as comparable_phone,
            case when not is_own_address(i.street, i.postcode) then given(i.street) end as street,
            case when not is_own_address(i.street, i.postcode) then given(i.city) end as city,
            case when not is_own_address(i.street, i.postcode) then given(i.postcode) end as postcode,
            r.country_code, r.birth_date, coalesce(i.verified_fields, []) as verified_fields,
            row_number() over (
                order by i.updated_at desc nulls last, i.source_name, i.source_customer_id
            ) as recency_rank,
            coalesce(
                list_position($trusted_sources, i.source_name),
                case when i.loyalty_number = i.source_customer_id then 1000 else 1001 end
            ) as trust_rank
        from identity_assigned x
        join identity_input i using (source_name, source_customer_id)
        join identity_record r using (source_name, source_customer_id)
    )
    select *, coalesce(full_name, nullif(concat_ws(' ', first_name, last_name), '')) as whole_name from record
"""

_CUSTOMER = """
    select
        customer_id, name.first_name, name.last_name, name.whole_name as full_name, email, phone, address.street,
        address.city, address.postcode, address.country_code, birth_date, record_kind, has_marketing_consent,
        record_count, source_count
    from (
        select
            customer_id, min(record_kind) as record_kind, bool_and(has_marketing_consent) as has_marketing_consent,
            count(*) as record_count, count(distinct source_name) as source_count
        from identity_golden_record group by customer_id
    )
"""

# The record that says what holds: the newest that refuses, else the newest that consents.
_CONSENT_SOURCE = f"""
    select customer_id, 'has_marketing_consent' as field, '{STRICTEST}' as rule,
        arg_min(record_no, (has_marketing_consent, recency_rank)) as record_no
    from identity_golden_record where has_marketing_consent is not null group by customer_id
"""


@dataclass(frozen=True)
class GoldenRecords:
    """`sources`: one row a customer and field that has a value: the record it is from, and the rule that decided.

    A name's and an address's columns are one field. The rule is the first in the field's list on which the record beats
    every record with another value.
    """

    records: pl.DataFrame
    sources: pl.DataFrame


def golden_records(con: duckdb.DuckDBPyConnection, assigned: pl.DataFrame, config: IdentityConfig) -> GoldenRecords:
    """Of the customers of `assigned` (key, customer_id): all their records, or the result is of a part of them.

    Reads the connection's input and normalised records.
    """
    con.register("identity_assigned", assigned.to_arrow())
    con.execute(_RECORD, {"trusted_sources": list(config.trusted_sources)})
    con.unregister("identity_assigned")
    for field in FIELDS:
        con.execute(_best_values(field, config.golden[field.name]))
    customers = _CUSTOMER + " ".join(f"left join {_table(field)} using (customer_id)" for field in FIELDS)
    golden = con.sql(f"{customers} order by customer_id").pl()
    chosen = " union all ".join(
        [
            *(f"select customer_id, '{field.name}' as field, rule, record_no from {_table(field)}" for field in FIELDS),
            _CONSENT_SOURCE,
        ]
    )
    sources = con.sql(
        f"""
        select customer_id, field, source_name, source_customer_id, rule
        from ({chosen}) join identity_golden_record using (customer_id, record_no)
        order by customer_id, field
        """
    ).pl()
    return GoldenRecords(
        golden.select(pl.col(name).cast(kind) for name, kind in GOLDEN_SCHEMA.items()),
        sources.select(pl.col(name).cast(kind) for name, kind in GOLDEN_SOURCE_SCHEMA.items()),
    )


def _table(field: Field) -> str:
    return f"identity_golden_{field.name}"


def _best_values(field: Field, rules: tuple[GoldenRule, ...]) -> str:
    """A table of the field's best value by customer. The last tie falls to the most recent record."""
    ordered: tuple[GoldenRule, ...] = (*rules, "most_recent")
    keys = [f"key_{position}" for position in range(len(ordered))]
    ranked = ", ".join(f"{RULES[rule]} as {key}" for rule, key in zip(ordered, keys, strict=True))
    # Of each record with another value, the first rule by which it lost; of a customer, the last of those.
    lost_at = " ".join(f"when candidate.{key} <> best.{key} then {at}" for at, key in enumerate(keys, 1))
    names = ", ".join(f"'{rule}'" for rule in ordered)
    return f"""
        create or replace temp table {_table(field)} as
        with given_value as (
            select customer_id, record_no, recency_rank, trust_rank, {field.value} as value,
                {field.comparable} as comparable, {field.gaps} as gaps, {field.length} as length,
                list_contains(verified_fields, '{field.name}') as is_verified
            from identity_golden_record
        ), candidate as (
            select customer_id, record_no, value, comparable, {ranked} from given_value where value is not null
        ), chosen as (
            select customer_id, unnest(arg_min(
                struct_pack(record_no, value, comparable, {", ".join(keys)}), ({", ".join(keys)})))
            from candidate group by customer_id
        ), decided as (
            select customer_id, max(case {lost_at} end) as lost_at
            from candidate join chosen as best using (customer_id)
            where candidate.comparable <> best.comparable group by customer_id
        )
        select customer_id, record_no, value as {field.name}, coalesce([{names}][lost_at], '{ONLY_VALUE}') as rule
        from chosen left join decided using (customer_id)
    """
