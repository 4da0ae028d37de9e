"""Rewrites the values that SQL cannot read, by the field's libraries, into spellings that it can.

Belongs here: which values those are, field by field, and what the library makes of each. A value is rewritten, not
normalised: the cleaning in SQL (normalise) goes over all values alike.
Does not belong here: values that say nothing (normalise).

A library takes one value at a time, up to 150 seconds for a million names. Each sees distinct values only, and of
those only what SQL leaves: phones that are no plain number of a country whose numbers have a known length, e-mails that
are no plain address, whole names with particles, suffixes or nicknames in them, what is not written in Latin letters,
countries by name, and tax ids, whose check digits SQL does not know.
"""

import re
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import NamedTuple

import duckdb
import phonenumbers
import polars as pl
import pycountry
from anyascii import anyascii
from email_validator import EmailNotValidError, validate_email
from nameparser import HumanName
from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

from models.identity.settings import COUNTRY_ALIASES, NAME_PARTICLES, NAME_SUFFIXES, NATIONAL_NUMBER_LENGTHS

# All that decides what is rewritten.
VERSIONS = tuple(
    f"{name} {version(name)}"
    for name in ("anyascii", "email-validator", "nameparser", "phonenumbers", "pycountry", "python-stdnum")
)
# Rewritten to this, a value is none.
NO_VALUE = ""
SHARES = "identity_library_share"
_NOT_LATIN = r"[^\p{Latin}\p{Common}\p{Inherited}]"


class LibraryShare(NamedTuple):
    """Distinct values of a field, how many of them a library was asked about, how many it rewrote, and the seconds."""

    field: str
    library: str
    value_count: int
    asked_count: int
    rewritten_count: int
    seconds: float


class HardValues(NamedTuple):
    """`condition`: of value `x` (and `country`), that SQL cannot read it. `rewrite`: gives None where it is to stay.

    `where`: the records that the column of the field is read of.
    """

    field: str
    library: str
    columns: tuple[str, ...]
    condition: str
    rewrite: Callable[[str, str | None], str | None]
    where: str = "true"


def country_code(text: str, _: str | None = None) -> str | None:
    """ISO 3166 alpha-2 of a country's code or English name."""
    written = text.strip()
    if alias := COUNTRY_ALIASES.get(written.casefold()):
        return alias
    try:
        return str(pycountry.countries.lookup(written).alpha_2)
    except LookupError:
        return None


def phone_number(text: str, country: str | None) -> str | None:
    """A possible number in international form, of several the first."""
    for part in re.split(r"[/;,|]|\bor\b", text):
        written = re.sub(r"^\s*00", "+", part)
        try:
            number = phonenumbers.parse(written, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def email_address(text: str, _: str | None = None) -> str | None:
    """The address in a text, of several the first, its domain as the net writes it."""
    for part in re.split(r"[;,\s]\s*(?=[^<>]*@)|;\s*", text.strip()):
        written = part.strip().removeprefix("mailto:").rstrip(".>").rpartition("<")[2]
        try:
            valid = validate_email(
                written, check_deliverability=False, globally_deliverable=False, allow_quoted_local=True
            )
        except EmailNotValidError:
            continue
        return f"{valid.local_part}@{valid.ascii_domain}"
    return None


def latin_letters(text: str, _: str | None = None) -> str | None:
    """Other scripts spelt in Latin letters."""
    return anyascii(text) if re.search(r"[^\x00-\u024f\u1e00-\u1eff\u2000-\u206f]", text) else None


def whole_name(text: str, _: str | None = None) -> str | None:
    """Family name first, behind it a comma and the others: the particles are of the family name, suffixes of none."""
    latin = latin_letters(text) or text
    name = HumanName(latin)
    others = " ".join(part for part in (name.first, name.middle, name.nickname) if part)
    return f"{name.last}, {others}" if name.last and others else (latin if latin != text else None)


def tax_id(text: str, country: str | None) -> str | None:
    """With its country in front; no value where the check digits say that it was mistyped."""
    compact = re.sub(r"[^A-Z0-9]", "", text.upper())
    prefix = COUNTRY_ALIASES.get(compact[:2].casefold(), compact[:2])
    modules = {code: get_cc_module(code.lower(), "vat") for code in (prefix, country) if code}
    known = {code: module for code, module in modules.items() if module is not None}
    for code, module in known.items():
        try:
            return code + str(module.validate(compact)).removeprefix(code)
        except ValidationError:
            continue
    return NO_VALUE if known else None


def _words_pattern(words: Sequence[str]) -> str:
    return rf"(?i)\s({'|'.join(words)})\b"


_PLAIN_NUMBERS = "|".join(
    f"{code}[1-9][0-9]{{{low - 1},{high - 1}}}" for code, (low, high) in NATIONAL_NUMBER_LENGTHS.items()
)
_PLAIN_ADDRESS = r"[a-z0-9_%+''-]+(\.[a-z0-9_%+''-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
_PARTICLES = _words_pattern((*NAME_PARTICLES, "de", "la", "da", "di", "du", "le", "st"))
_SUFFIXES = _words_pattern(NAME_SUFFIXES)

COUNTRY = HardValues(
    "country_code",
    "pycountry",
    ("country_code",),
    "not regexp_full_match(trim(x), '[A-Za-z]{2}') or list_contains(['uk', 'el'], lower(trim(x)))",
    country_code,
)
HARD_VALUES = (
    HardValues(
        "phone",
        "phonenumbers",
        ("phone",),
        "not (regexp_full_match(x, '[0-9 ().+-]+')"
        f" and regexp_full_match(phone_number(replace(x, '(0)', ''), country), '{_PLAIN_NUMBERS}'))",
        phone_number,
    ),
    HardValues(
        "email",
        "email-validator",
        ("email",),
        f"not regexp_full_match(lower(trim(x)), '{_PLAIN_ADDRESS}')",
        email_address,
    ),
    HardValues(
        "full_name",
        "nameparser",
        ("full_name",),
        f"regexp_matches(x, '{_PARTICLES}|{_SUFFIXES}|[\"“(]|,.*,') or regexp_matches(x, '{_NOT_LATIN}')",
        whole_name,
        where="record_kind = 'person' and coalesce(first_name, last_name) is null",
    ),
    HardValues(
        "letters",
        "anyascii",
        ("first_name", "last_name", "street", "city"),
        f"regexp_matches(x, '{_NOT_LATIN}')",
        latin_letters,
    ),
    HardValues("tax_id", "python-stdnum", ("tax_id",), "true", tax_id),
)


def rewrite(con: duckdb.DuckDBPyConnection, source: str, target: str) -> None:
    """Writes table `target`: `source` with the hard values rewritten. Adds to the table of library shares."""
    con.execute(
        f"""create table if not exists {SHARES} (
            field varchar, library varchar, value_count bigint, asked_count bigint, rewritten_count bigint,
            seconds double)"""
    )
    _ask(con, source, "upper(trim(country_code))", COUNTRY)
    con.execute(
        f"""
        create or replace table {target} as
        select s.* replace (coalesce(h.rewritten, upper(trim(s.country_code))) as country_code)
        from {source} as s left join identity_hard_country_code as h on h.value = s.country_code
        """
    )
    for hard in HARD_VALUES:
        is_rewritten = _ask(con, target, "country_code", hard)
        for column in hard.columns if is_rewritten else ():
            con.execute(
                f"""
                update {target} as t set {column} = nullif(h.rewritten, '{NO_VALUE}')
                from identity_hard_{hard.field} as h
                where t.{column} = h.value and t.country_code is not distinct from h.country and {hard.where}
                """
            )


def _ask(con: duckdb.DuckDBPyConnection, source: str, country: str, hard: HardValues) -> bool:
    """Writes table `identity_hard_<field>`, the values that the library rewrites, and says whether there are any."""
    started = time.perf_counter()
    values = " union ".join(
        f"select distinct {column} as x, {country} as country from {source} where {column} is not null and {hard.where}"
        for column in hard.columns
    )
    (value_count, asked) = con.sql(
        f"""
        select count(*), list((x, country) order by x, country)
            filter (where not is_placeholder(x) and ({hard.condition}))
        from ({values})
        """
    ).fetchall()[0]
    asked = asked or []
    answers = [(x, code, hard.rewrite(x, code)) for x, code in asked]
    rewritten = [(x, code, answer) for x, code, answer in answers if answer is not None and answer != x]
    schema = {"value": pl.String(), "country": pl.String(), "rewritten": pl.String()}
    con.register("identity_answers", pl.DataFrame(rewritten, schema=schema, orient="row").to_arrow())
    con.execute(f"create or replace temp table identity_hard_{hard.field} as from identity_answers")
    con.unregister("identity_answers")
    seconds = time.perf_counter() - started
    con.execute(
        f"insert into {SHARES} values (?, ?, ?, ?, ?, ?)",
        [hard.field, hard.library, value_count, len(asked), len(rewritten), seconds],
    )
    return bool(rewritten)


def shares(con: duckdb.DuckDBPyConnection) -> tuple[LibraryShare, ...]:
    """What each library was asked, over all calls of `rewrite`."""
    rows = con.sql(
        f"""select field, library, sum(value_count)::bigint, sum(asked_count)::bigint, sum(rewritten_count)::bigint,
            sum(seconds) from {SHARES} group by all order by all"""
    ).fetchall()
    return tuple(LibraryShare(*row) for row in rows)


def rules() -> str:
    """What decides which values are rewritten, and into what."""
    return repr(
        (VERSIONS, [(hard.field, hard.columns, hard.condition, hard.where) for hard in (COUNTRY, *HARD_VALUES)])
    )
