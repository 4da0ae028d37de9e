"""Takes the shop's own e-mail, phone and address out of customer records: staff type them where a field is mandatory.

Belongs here: recognising them whatever their spelling. Does not belong here: which they are (settings of the retailer).
"""

from collections.abc import Sequence

import duckdb
import polars as pl

from models.identity.settings import OwnContact

_SCHEMA = dict.fromkeys(OwnContact._fields, pl.String())


def define(con: duckdb.DuckDBPyConnection, contacts: Sequence[OwnContact]) -> None:
    """Macros `is_own_email`, `is_own_phone`, `is_own_address` over values as written."""
    con.execute(
        """
        create or replace macro email_key(x) as lower(trim(x));
        create or replace macro phone_key(x, country) as phone_number(replace(x, '(0)', ''), upper(trim(country)));
        create or replace macro postcode_key(x) as regexp_replace(upper(x), '[^A-Z0-9]', '', 'g');
        create or replace macro street_key(x) as joined(street_words(x));
        """
    )
    con.register("identity_own_contact", pl.DataFrame(list(contacts), schema=_SCHEMA, orient="row").to_arrow())
    con.execute(
        """
        create or replace temp table identity_own as
        select email_key(email) as email, phone_key(phone, country_code) as phone,
            postcode_key(postcode) as postcode, street_key(street) as street
        from identity_own_contact
        """
    )
    con.unregister("identity_own_contact")
    con.execute(
        """
        create or replace macro is_own_email(x) as
            coalesce(email_key(x) in (select email from identity_own where email is not null), false);
        create or replace macro is_own_phone(x, country) as
            coalesce(phone_key(x, country) in (select phone from identity_own where phone is not null), false);
        create or replace macro is_own_address(street_text, postcode_text) as coalesce(
            postcode_key(postcode_text) || '|' || street_key(street_text)
                in (select postcode || '|' || street from identity_own where street is not null), false);
        """
    )


def remove(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Makes the shop's own values in `table` null."""
    if con.sql("select count(*) from identity_own").fetchall() == [(0,)]:
        return
    con.execute(f"update {table} set email = null where is_own_email(email)")
    con.execute(f"update {table} set phone = null where is_own_phone(phone, country_code)")
    con.execute(
        f"update {table} set street = null, city = null, postcode = null where is_own_address(street, postcode)"
    )
