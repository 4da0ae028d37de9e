"""One best row a customer, by a rule a field.

Belongs here: which record's value a customer is shown with.
Does not belong here: which records are the customer's (clustering).

Rules: names and birth date from the most trusted source, then most recent; e-mail and phone most recent; the address
whole from one record, the most recent that has a street, else any part of one; marketing consent is the strictest:
one refusal among the records is a refusal. Placeholders are no values.
"""

import duckdb
import polars as pl

from models.identity.settings import IdentityConfig

GOLDEN_SCHEMA = {
    "customer_id": pl.String(), "first_name": pl.String(), "last_name": pl.String(), "full_name": pl.String(),
    "email": pl.String(), "phone": pl.String(), "street": pl.String(), "city": pl.String(), "postcode": pl.String(),
    "country_code": pl.String(), "birth_date": pl.Date(), "record_kind": pl.String(),
    "has_marketing_consent": pl.Boolean(), "record_count": pl.Int64(), "source_count": pl.Int64(),
}  # fmt: skip

_GOLDEN = """
    with record as (
        select
            x.customer_id, i.source_name, i.record_kind, i.has_marketing_consent,
            given(i.first_name) as first_name, given(i.last_name) as last_name, given(i.full_name) as full_name,
            case when r.email is not null then lower(trim(i.email)) end as email,
            case when r.phone is not null then trim(i.phone) end as phone,
            given(i.street) as street, given(i.city) as city, given(i.postcode) as postcode,
            upper(nullif(trim(i.country_code), '')) as country_code, r.birth_date,
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
    ), named as (
        select *, coalesce(full_name, nullif(concat_ws(' ', first_name, last_name), '')) as whole_name,
            (first_name is null)::integer + (last_name is null)::integer
                + (length(coalesce(first_name, '')) <= 2)::integer as name_gaps,
            case when coalesce(street, city, postcode, country_code) is not null
                then struct_pack(street := street, city := city, postcode := postcode, country_code := country_code)
            end as address,
            (street is null)::integer + (coalesce(city, postcode) is null)::integer as address_gaps
        from record
    ), best as (
        select
            customer_id,
            arg_min(struct_pack(first_name := first_name, last_name := last_name, whole_name := whole_name),
                (name_gaps, trust_rank, recency_rank)) filter (where whole_name is not null) as name,
            arg_min(email, recency_rank) filter (where email is not null) as email,
            arg_min(phone, recency_rank) filter (where phone is not null) as phone,
            arg_min(address, (address_gaps, recency_rank)) filter (where address is not null) as address,
            arg_min(birth_date, (trust_rank, recency_rank)) filter (where birth_date is not null) as birth_date,
            min(record_kind) as record_kind,
            bool_and(has_marketing_consent) as has_marketing_consent,
            count(*) as record_count,
            count(distinct source_name) as source_count
        from named group by customer_id
    )
    select
        customer_id, name.first_name, name.last_name, name.whole_name as full_name, email, phone, address.street,
        address.city, address.postcode, address.country_code, birth_date, record_kind, has_marketing_consent,
        record_count, source_count
    from best order by customer_id
"""


def golden_records(con: duckdb.DuckDBPyConnection, assigned: pl.DataFrame, config: IdentityConfig) -> pl.DataFrame:
    """One row a customer of `assigned` (key, customer_id); reads the connection's input and normalised records."""
    con.register("identity_assigned", assigned.to_arrow())
    golden = con.sql(_GOLDEN, params={"trusted_sources": list(config.trusted_sources)}).pl()
    return golden.select([pl.col(name).cast(kind) for name, kind in GOLDEN_SCHEMA.items()])
