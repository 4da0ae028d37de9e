"""What identity resolution looks for, as plain data: word lists, blocking keys, comparisons, refusals, limits.

Belongs here: every list, SQL condition, starting probability and limit that decides who is who. Nothing here executes.
Does not belong here: how candidates are scored (linkage), grouped (clustering) or named (stable_ids).

Comparisons are SQL over two normalised records, suffix `_l` and `_r`. Conditions must be symmetric, else the result
depends on which record stands left. Each level carries starting probabilities for the kinds of pair that exist among
candidates: the same person, two of one household, strangers who share a contact. They steer training as pseudo-counts,
and are used as they are when there are too few records to learn from.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Level(NamedTuple):
    """One outcome of a comparison and how often it is seen in each kind of pair (`random`: two records at large)."""

    name: str
    condition: str
    match: float
    household: float
    shared_contact: float
    random: float


class Comparison(NamedTuple):
    """One piece of evidence. `null_condition`: it says nothing. The last level's condition is 'ELSE'.

    `of_person`: strangers who share a contact show it as random pairs do.
    `fixed_in_household`: it tells persons of a household apart, who show it as random pairs do too. Left free,
    households would teach that a person has several first names.
    `not_in_household` names levels that random pairs show for a reason which households do not have: they keep their
    starting share there.
    `columns`: the values that an explanation shows beside it.
    """

    name: str
    null_condition: str
    levels: tuple[Level, ...]
    of_person: bool = False
    fixed_in_household: bool = False
    not_in_household: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def read_of(self, columns: Collection[str]) -> list[str]:
        """Those of a record's columns that the conditions read."""
        conditions = (self.null_condition, *(level.condition for level in self.levels))
        found = {name for condition in conditions for name in re.findall(r"\b([a-z_]+)_[lr]\b", condition)}
        return sorted(found & set(columns))

    def values_of(self, *names: str) -> tuple[int, ...]:
        """Comparison vector values of the named levels: Splink counts down from the first to 0 for the last."""
        return tuple(len(self.levels) - 1 - at for at, level in enumerate(self.levels) if level.name in names)


class BlockingKey(NamedTuple):
    """Records that share one of the values of the list are compared. A null value is no key.

    `is_identifying`: few people have the value in common, so that it may be of one person's many records.
    """

    name: str
    expression: str
    is_identifying: bool = False


class Refusal(NamedTuple):
    """Two records for which the condition holds are never put into one cluster, whatever links them.

    `evidence`: the comparison and level that the condition is about. Where the model has learnt that records of one
    person show the level not rarely (birth dates that are often wrong), the condition refuses nothing.
    """

    name: str
    condition: str
    evidence: tuple[str, str] | None = None


@dataclass(frozen=True)
class RecordKind:
    """All that resolving one kind of record (persons, organisations) needs."""

    name: str
    blocking_keys: tuple[BlockingKey, ...]
    comparisons: tuple[Comparison, ...]
    refusals: tuple[Refusal, ...]


SHORTER_GIVEN_NAME = "least(length(given_name_l), length(given_name_r))"
SHORTER_FAMILY_NAME = "least(length(family_name_l), length(family_name_r))"
EQUAL_GIVEN_NAME = "given_name_l = given_name_r and length(given_name_l) > 1"
EQUAL_FAMILY_NAME = "family_name_l = family_name_r and length(family_name_l) > 1"
# A date that is the first of January is often a year that had to become a date.
BOTH_WHOLE_DATES = "not is_year_only_l and not is_year_only_r"
# One slip of the keyboard, or day and month exchanged.
BIRTH_DATE_SLIP = (
    f"{BOTH_WHOLE_DATES} and (hamming(birth_text_l, birth_text_r) = 1 or (birth_year_l = birth_year_r"
    " and birth_month_l = birth_day_r and birth_day_l = birth_month_r))"
)
# Two parts of the date equal, or two months apart: brothers and sisters are not.
NEAR_BIRTH_DATE = (
    f"{BOTH_WHOLE_DATES} and (abs(birth_date_l - birth_date_r) <= 62"
    " or (birth_year_l = birth_year_r)::integer + (birth_month_l = birth_month_r)::integer"
    " + (birth_day_l = birth_day_r)::integer >= 2)"
)
# Several digits wrong, or about a year apart.
FAR_BIRTH_DATE = (
    f"{BOTH_WHOLE_DATES} and (abs(birth_date_l - birth_date_r) <= 400 or hamming(birth_text_l, birth_text_r) <= 3)"
)
SAME_YEAR_OF_BIRTH = f"birth_year_l = birth_year_r and not ({BOTH_WHOLE_DATES})"
NEAR_YEAR_OF_BIRTH = (
    f"not ({BOTH_WHOLE_DATES}) and (abs(birth_year_l - birth_year_r) <= 2"
    " or hamming(left(birth_text_l, 4), left(birth_text_r, 4)) = 1)"
)


def _only_where(cheap: str, dear: str) -> str:
    """Both conditions. DuckDB computes both sides of an 'and' for every pair, a case's branch only where it holds."""
    return f"(case when {cheap} then {dear} else false end)"


def _either(cheap: str, *dear: str) -> str:
    """Any of the conditions, each computed only where none before it holds."""
    return f"(case when {cheap} then true {' '.join(f'when {one} then true' for one in dear)} else false end)"


def _one_slip(left: str, right: str, least_similarity: float = 0.8) -> str:
    """One slip apart. Edit distance is dear: first how alike one slip leaves words of four letters and more at least,
    .9 for those of seven and more."""
    return _only_where(
        f"abs(length({left}) - length({right})) <= 1",
        _only_where(
            f"jaro_winkler_similarity({left}, {right}) >= {least_similarity}",
            f"damerau_levenshtein({left}, {right}) = 1",
        ),
    )


SAME_GIVEN_NAME = _either(
    "given_name_l = given_name_r",
    "list_has_any(given_groups_l, given_groups_r)",
    _only_where("len(middle_names_l) > 0", "list_contains(middle_names_l, given_name_r)"),
    _only_where("len(middle_names_r) > 0", "list_contains(middle_names_r, given_name_l)"),
)
SIMILAR_GIVEN_NAME = _either(
    "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.88",
    _only_where(f"{SHORTER_GIVEN_NAME} >= 4", _one_slip("given_name_l", "given_name_r")),
    f"{SHORTER_GIVEN_NAME} >= 3"
    " and (starts_with(given_name_l, given_name_r) or starts_with(given_name_r, given_name_l))",
)
CLOSE_GIVEN_NAME = _only_where(
    f"{SHORTER_GIVEN_NAME} >= 5 and left(given_name_l, 1) = left(given_name_r, 1)",
    _only_where(
        "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.82",
        "damerau_levenshtein(given_name_l, given_name_r) <= 2",
    ),
)
INITIAL_ONLY = f"({SHORTER_GIVEN_NAME} = 1 and left(given_name_l, 1) = left(given_name_r, 1))"
NAMES_EXCHANGED = _only_where(
    f"given_name_l <> given_name_r and {SHORTER_GIVEN_NAME} >= 3"
    " and left(given_name_l, 1) = left(family_name_r, 1) and left(family_name_l, 1) = left(given_name_r, 1)",
    _only_where(
        "jaro_winkler_similarity(given_name_l, family_name_r) >= 0.9",
        "jaro_winkler_similarity(family_name_l, given_name_r) >= 0.9",
    ),
)
ALIKE_GIVEN_NAME = _either(SAME_GIVEN_NAME, INITIAL_ONLY, SIMILAR_GIVEN_NAME)
SIMILAR_FAMILY_NAME = _either(
    "jaro_winkler_similarity(family_name_l, family_name_r) >= 0.9",
    _only_where(f"{SHORTER_FAMILY_NAME} >= 4", _one_slip("family_name_l", "family_name_r")),
    f"{SHORTER_FAMILY_NAME} = 1 and left(family_name_l, 1) = left(family_name_r, 1)",
)
BOTH_UNCOMMON_FAMILY_NAMES = "has_uncommon_family_name_l and has_uncommon_family_name_r"
SIMILAR_UNCOMMON_FAMILY_NAME = _only_where(BOTH_UNCOMMON_FAMILY_NAMES, SIMILAR_FAMILY_NAME)
SEVERAL_NAME_PARTS = "name_part_count_l <> 2 or name_part_count_r <> 2"
# A token of each name that the other lacks, alike but for a slip. Looked for only where given and family names do not
# say it all: of more tokens than two, or of one that may be either.
TOKENS_ALIKE = _only_where(
    SEVERAL_NAME_PARTS,
    "list_bool_or(list_transform(list_filter(tokens_l, lambda t: not list_contains(tokens_r, t)), lambda a:"
    " list_bool_or(list_transform(list_filter(tokens_r, lambda t: not list_contains(tokens_l, t)), lambda b:"
    " case when left(a, 1) = left(b, 1) or right(a, 2) = right(b, 2) then jaro_winkler_similarity(a, b) >= 0.88"
    " or (least(length(a), length(b)) >= 4 and damerau_levenshtein(a, b) = 1) else false end))))",
)
# Tokens are in order: of two and two either all are shared or not both.
TWO_TOKENS_SHARED = (
    "(case when least(len(tokens_l), len(tokens_r)) < 2 then false"
    " when len(tokens_l) = 2 and len(tokens_r) = 2 then tokens_l = tokens_r"
    " else len(list_intersect(tokens_l, tokens_r)) >= 2 end)"
)
ANY_TOKEN_SHARED = _either(EQUAL_GIVEN_NAME, EQUAL_FAMILY_NAME, "list_has_any(tokens_l, tokens_r)")
ANY_NAME_SHARED = _either(ANY_TOKEN_SHARED, ALIKE_GIVEN_NAME, SIMILAR_FAMILY_NAME)
REST_ALIKE = _either(
    _only_where(
        _either("family_name_l = family_name_r", SIMILAR_FAMILY_NAME, "list_has_any(family_parts_l, family_parts_r)"),
        ALIKE_GIVEN_NAME,
    ),
    NAMES_EXCHANGED,
    _only_where(SEVERAL_NAME_PARTS, _only_where("list_has_any(tokens_l, tokens_r)", TOKENS_ALIKE)),
)
# What is alike is the family name, and few have it.
REST_ALIKE_UNCOMMON = _only_where(
    f"family_name_l <> family_name_r and {BOTH_UNCOMMON_FAMILY_NAMES}",
    _only_where(SIMILAR_FAMILY_NAME, ALIKE_GIVEN_NAME),
)
REST_CLOSE = _only_where(
    "given_name_l <> given_name_r",
    _only_where(_either("family_name_l = family_name_r", SIMILAR_FAMILY_NAME), CLOSE_GIVEN_NAME),
)
SAME_HOUSE = _only_where(
    "postcode_l = postcode_r and house_number_l = house_number_r",
    "jaro_winkler_similarity(street_name_l, street_name_r) >= 0.85",
)
POSTCODE_SLIP = _only_where("length(postcode_l) >= 4", _one_slip("postcode_l", "postcode_r"))
# ann61@ and ann66@ are neighbours in a provider's list, not one person's slip.
EMAIL_SLIP = _only_where("email_digits_l = email_digits_r", _one_slip("email_l", "email_r", 0.9))
PHONE_SLIP = _one_slip("phone_l", "phone_r", 0.9)

SHARED_NAME = Comparison(
    "shared_name",
    "name_part_count_l = 0 or name_part_count_r = 0",
    (
        Level("rare", "list_has_any(rare_tokens_l, rare_tokens_r)", 0.369, 0.25, 0.0003, 0.0003),
        Level("uncommon", "list_has_any(uncommon_tokens_l, uncommon_tokens_r)", 0.25, 0.16, 0.001, 0.001),
        Level("infrequent", "list_has_any(infrequent_tokens_l, infrequent_tokens_r)", 0.20, 0.20, 0.006, 0.006),
        Level("frequent", ANY_TOKEN_SHARED, 0.10, 0.08, 0.012, 0.012),
        Level("alike_uncommon_family", SIMILAR_UNCOMMON_FAMILY_NAME, 0.03, 0.03, 0.002, 0.002),
        Level("alike_family", _either(SIMILAR_FAMILY_NAME, TOKENS_ALIKE), 0.03, 0.02, 0.006, 0.006),
        Level("alike_given", ALIKE_GIVEN_NAME, 0.02, 0.01, 0.02, 0.02),
        Level("none", "ELSE", 0.001, 0.25, 0.9527, 0.9527),
    ),
    of_person=True,
    columns=("tokens",),
)
REST_OF_NAME = Comparison(
    "rest_of_name",
    f"least(name_part_count_l, name_part_count_r) < 2 or not coalesce({ANY_NAME_SHARED}, false)",
    (
        Level(
            "three_shared",
            _only_where(
                "least(name_part_count_l, name_part_count_r) >= 3", "len(list_intersect(tokens_l, tokens_r)) >= 3"
            ),
            0.10,
            0.001,
            0.001,
            0.001,
        ),
        Level(
            "shared_uncommon",
            _only_where(
                "least(len(uncommon_tokens_l), len(uncommon_tokens_r)) >= 2",
                "len(list_intersect(uncommon_tokens_l, uncommon_tokens_r)) >= 2",
            ),
            0.30,
            0.001,
            0.001,
            0.001,
        ),
        Level("shared", TWO_TOKENS_SHARED, 0.407, 0.015, 0.015, 0.015),
        Level("alike_uncommon", REST_ALIKE_UNCOMMON, 0.04, 0.01, 0.01, 0.01),
        Level("alike", REST_ALIKE, 0.085, 0.025, 0.015, 0.015),
        Level("close", REST_CLOSE, 0.01, 0.005, 0.005, 0.005),
        Level("other_family_name", ALIKE_GIVEN_NAME, 0.05, 0.01, 0.30, 0.30),
        Level("different", "ELSE", 0.002, 0.933, 0.653, 0.653),
    ),
    of_person=True,
    fixed_in_household=True,
    not_in_household=("other_family_name",),
    columns=("given_name", "middle_names", "family_name"),
)
EMAIL = Comparison(
    "email",
    # A slip that makes another name of the name: the names say it already.
    "email_l is null or email_r is null"
    " or (coalesce(given_name_l <> given_name_r or family_name_l <> family_name_r, false)"
    f" and email_l <> email_r and {EMAIL_SLIP})",
    (
        Level("same", "email_l = email_r", 0.60, 0.25, 0.45, 0.00003),
        Level("slip", EMAIL_SLIP, 0.05, 0.005, 0.005, 0.00002),
        Level("different", "ELSE", 0.35, 0.745, 0.545, 0.99995),
    ),
    columns=("email",),
)
PHONE = Comparison(
    "phone",
    "phone_l is null or phone_r is null",
    (
        Level("same", "phone_l = phone_r", 0.60, 0.35, 0.45, 0.00003),
        Level("slip", PHONE_SLIP, 0.05, 0.01, 0.005, 0.0001),
        Level("different", "ELSE", 0.35, 0.64, 0.545, 0.99987),
    ),
    columns=("phone",),
)
PLACE = Comparison(
    "place",
    "(postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)",
    (
        Level("same_house", SAME_HOUSE, 0.46, 0.60, 0.27, 0.00005),
        Level(
            "same_street_and_number",
            _only_where(
                "house_number_l = house_number_r", "jaro_winkler_similarity(street_name_l, street_name_r) >= 0.92"
            ),
            0.06,
            0.05,
            0.02,
            0.0001,
        ),
        Level(
            "same_number_near",
            "house_number_l = house_number_r and (postcode_l = postcode_r or city_l = city_r)",
            0.04,
            0.02,
            0.01,
            0.0002,
        ),
        Level(
            "same_street",
            _only_where(
                "postcode_l = postcode_r or city_l = city_r",
                "jaro_winkler_similarity(street_name_l, street_name_r) >= 0.92",
            ),
            0.04,
            0.03,
            0.02,
            0.0003,
        ),
        Level("same_postcode", "postcode_l = postcode_r", 0.08, 0.10, 0.10, 0.0005),
        Level("postcode_slip", POSTCODE_SLIP, 0.05, 0.03, 0.02, 0.0008),
        Level(
            "same_small_city",
            "city_l = city_r and greatest(city_share_l, city_share_r) < 0.003",
            0.05,
            0.03,
            0.02,
            0.001,
        ),
        Level("same_district", "district_l = district_r", 0.05, 0.03, 0.03, 0.001),
        Level("same_city", "city_l = city_r", 0.08, 0.05, 0.12, 0.03),
        Level(
            "alike_city",
            _either(
                "list_has_any(city_words_l, city_words_r)",
                _only_where("left(city_l, 1) = left(city_r, 1)", "jaro_winkler_similarity(city_l, city_r) >= 0.9"),
            ),
            0.03,
            0.02,
            0.02,
            0.01,
        ),
        Level("different", "ELSE", 0.06, 0.04, 0.37, 0.9566),
    ),
    columns=("house_number", "street_name", "postcode", "city"),
)
BIRTH_DATE = Comparison(
    "birth_date",
    "birth_date_l is null or birth_date_r is null",
    (
        Level("same_year", SAME_YEAR_OF_BIRTH, 0.02, 0.004, 0.001, 0.001),
        Level("same", "birth_date_l = birth_date_r", 0.86, 0.03, 0.0001, 0.0001),
        Level("slip", f"not is_year_only_l and not is_year_only_r and ({BIRTH_DATE_SLIP})", 0.08, 0.01, 0.002, 0.002),
        Level("near", NEAR_BIRTH_DATE, 0.02, 0.006, 0.005, 0.005),
        Level("far", FAR_BIRTH_DATE, 0.004, 0.03, 0.03, 0.03),
        Level("near_year", NEAR_YEAR_OF_BIRTH, 0.004, 0.004, 0.004, 0.004),
        Level("different", "ELSE", 0.009, 0.916, 0.9579, 0.9579),
    ),
    of_person=True,
    fixed_in_household=True,
    columns=("birth_date",),
)
OCCUPATION = Comparison(
    "occupation",
    "occupation_l is null or occupation_r is null",
    (
        Level("same_rare", "occupation_l = occupation_r and occupation_share_l < 0.02", 0.45, 0.02, 0.01, 0.01),
        Level("same", "occupation_l = occupation_r", 0.40, 0.08, 0.06, 0.06),
        Level("different", "ELSE", 0.15, 0.90, 0.93, 0.93),
    ),
    columns=("occupation",),
)
LOYALTY_NUMBER = Comparison(
    "loyalty_number",
    "loyalty_number_l is null or loyalty_number_r is null or loyalty_scheme_l <> loyalty_scheme_r",
    (
        Level("same", "loyalty_number_l = loyalty_number_r", 0.95, 0.10, 0.01, 0.00002),
        Level("different", "ELSE", 0.05, 0.90, 0.99, 0.99998),
    ),
    columns=("loyalty_number",),
)
TAX_ID = Comparison(
    "tax_id",
    "tax_id_l is null or tax_id_r is null",
    (
        Level("same", "tax_id_l = tax_id_r", 0.95, 0.05, 0.01, 0.00002),
        Level("different", "ELSE", 0.05, 0.95, 0.99, 0.99998),
    ),
    columns=("tax_id",),
)
ORGANISATION_NAME = Comparison(
    "organisation_name",
    "full_name_key_l is null or full_name_key_r is null",
    (
        Level("same", "full_name_key_l = full_name_key_r", 0.75, 0.02, 0.0005, 0.0005),
        Level(
            "similar",
            "jaro_winkler_similarity(full_name_key_l, full_name_key_r) >= 0.92"
            " or list_has_all(name_tokens_l, name_tokens_r) or list_has_all(name_tokens_r, name_tokens_l)",
            0.20,
            0.05,
            0.003,
            0.003,
        ),
        Level("different", "ELSE", 0.05, 0.93, 0.9965, 0.9965),
    ),
    of_person=True,
    fixed_in_household=True,
    columns=("full_name_key",),
)

CONTACT_KEYS = (
    BlockingKey("email", "[email]", is_identifying=True),
    BlockingKey("phone", "[phone]", is_identifying=True),
    BlockingKey("house", "[postcode || '|' || house_number]"),
    BlockingKey("street", "[house_number || '|' || street_name]"),
)


def _with_name(name: str, expression: str) -> BlockingKey:
    """Each token of the name, and its sound, together with something else."""
    return BlockingKey(f"name_and_{name}", f"list_transform(name_keys, lambda t: t || '|' || ({expression}))")


PERSON = RecordKind(
    name="person",
    blocking_keys=(
        *CONTACT_KEYS,
        BlockingKey("email_local_part", "[case when length(email_local_part) >= 6 then email_local_part end]"),
        BlockingKey("loyalty_number", "[loyalty_scheme || '|' || loyalty_number]", is_identifying=True),
        BlockingKey("birth_date", "[birth_text]"),
        BlockingKey("birth_date_and_place", "[birth_text || '|' || district, birth_text || '|' || city]"),
        BlockingKey("postcode", "[postcode]"),
        BlockingKey("name", "name_keys"),
        BlockingKey(
            "two_names",
            "list_filter(flatten(list_transform(name_keys, lambda a: list_transform(name_keys, lambda b:"
            " case when a < b and (a[1] = '~') = (b[1] = '~') then a || '|' || b end))), lambda p: p is not null)",
        ),
        _with_name("postcode", "postcode"),
        _with_name("district", "district"),
        _with_name("city", "city"),
        _with_name("birth_year", "birth_year"),
        _with_name("birthday", "case when not is_year_only then birth_month || '-' || birth_day end"),
    ),
    comparisons=(SHARED_NAME, REST_OF_NAME, EMAIL, PHONE, PLACE, BIRTH_DATE, LOYALTY_NUMBER, OCCUPATION),
    refusals=(
        # One person's date may be wrong in one place: the whole name and a contact of one's own outweigh it.
        Refusal(
            "birth_dates",
            f"birth_date_l <> birth_date_r and not ({BIRTH_DATE_SLIP}) and not ({NEAR_BIRTH_DATE})"
            f" and not ({FAR_BIRTH_DATE}) and not ({SAME_YEAR_OF_BIRTH}) and not ({NEAR_YEAR_OF_BIRTH})"
            " and not coalesce(given_name_l = given_name_r and coalesce(family_name_l = family_name_r, true)"
            " and (email_l = email_r or phone_l = phone_r), false)",
            evidence=("birth_date", "different"),
        ),
        # Someone may have registered twice: with the same name, and the same birth date or e-mail.
        Refusal(
            "loyalty_numbers",
            "loyalty_scheme_l = loyalty_scheme_r and loyalty_number_l <> loyalty_number_r"
            f" and not coalesce({ALIKE_GIVEN_NAME} and family_name_l = family_name_r"
            " and (birth_date_l = birth_date_r or email_l = email_r), false)",
        ),
        Refusal(
            "given_names",
            f"given_name_l <> given_name_r and not {ALIKE_GIVEN_NAME} and not {CLOSE_GIVEN_NAME}"
            f" and not {NAMES_EXCHANGED} and not coalesce(birth_date_l = birth_date_r, false)",
            evidence=("rest_of_name", "different"),
        ),
    ),
)

ORGANISATION = RecordKind(
    name="organisation",
    blocking_keys=(
        *CONTACT_KEYS,
        BlockingKey("tax_id", "[tax_id]", is_identifying=True),
        BlockingKey("name", "[full_name_key]", is_identifying=True),
        BlockingKey("first_word_and_area", "[name_tokens[1] || '|' || area]"),
    ),
    comparisons=(ORGANISATION_NAME, TAX_ID, EMAIL, PHONE, PLACE),
    refusals=(Refusal("tax_ids", "tax_id_l <> tax_id_r"),),
)

RECORD_KINDS = (PERSON, ORGANISATION)

# Values that people type to get past a mandatory field. Compared after lower case and trimming.
PLACEHOLDERS = (
    "n/a",
    "na",
    "n.a.",
    "none",
    "null",
    "nil",
    "nan",
    "unknown",
    "not known",
    "not provided",
    "test",
    "tbd",
    "x",
    "xx",
    "xxx",
    "anonymous",
    "guest",
    "customer",
    "no name",
    "noname",
    "no email",
    "noemail",
    "n.n.",
    "false",
    "undefined",
)
PLACEHOLDER_EMAIL_LOCAL_PARTS = (
    "noreply",
    "no-reply",
    "donotreply",
    "none",
    "noemail",
    "unknown",
    "guest",
    "anonymous",
)
PLACEHOLDER_BIRTH_DATES = ("0001-01-01", "1900-01-01", "1901-01-01", "1970-01-01", "9999-12-31")

# Providers to whom a point in front of the @ is nothing.
DOTLESS_EMAIL_DOMAINS = ("gmail.com", "proton.me", "protonmail.com")
EMAIL_DOMAIN_FIXES = {
    "googlemail.com": "gmail.com",
    "gmial.com": "gmail.com",
    "gmai.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gnail.com": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.con": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmai.com": "hotmail.com",
    "hotmal.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "yaho.com": "yahoo.com",
    "yahooo.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "outlok.com": "outlook.com",
    "outloo.com": "outlook.com",
    "iclod.com": "icloud.com",
}
CALLING_CODES = {
    "US": "1",
    "CA": "1",
    "GB": "44",
    "IE": "353",
    "FR": "33",
    "DE": "49",
    "NL": "31",
    "BE": "32",
    "ES": "34",
    "IT": "39",
    "PT": "351",
    "CH": "41",
    "AT": "43",
    "AU": "61",
    "NZ": "64",
    "SE": "46",
    "NO": "47",
    "DK": "45",
    "FI": "358",
    "PL": "48",
    "JP": "81",
    "MX": "52",
}
# How long a national number is, by calling code: such numbers SQL reads alone. Others have numbers of many lengths, or
# a zero in front that belongs to the number.
NATIONAL_NUMBER_LENGTHS = {
    "1": (10, 10),
    "31": (9, 9),
    "33": (9, 9),
    "34": (9, 9),
    "351": (9, 9),
    "41": (9, 9),
    "44": (10, 10),
    "45": (8, 8),
    "47": (8, 8),
    "48": (9, 9),
    "49": (7, 11),
    "61": (9, 9),
}
# What pycountry does not know.
COUNTRY_ALIASES = {
    "deutschland": "DE",
    "el": "GR",
    "england": "GB",
    "españa": "ES",
    "great britain": "GB",
    "holland": "NL",
    "italia": "IT",
    "northern ireland": "GB",
    "österreich": "AT",
    "schweiz": "CH",
    "scotland": "GB",
    "uk": "GB",
    "wales": "GB",
}
NAME_SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "esq", "phd", "md", "mbe", "obe", "cbe")
TITLES = ("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "rev", "jr", "sr", "ii", "iii", "esq")
NAME_PARTICLES = ("van", "von", "der", "den", "del", "della", "las", "los", "dos", "bin", "ibn", "ter", "saint")
STREET_WORDS = {
    "street": "st",
    "str": "st",
    "road": "rd",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "lane": "ln",
    "drive": "dr",
    "court": "ct",
    "place": "pl",
    "square": "sq",
    "terrace": "ter",
    "close": "cl",
    "crescent": "cres",
    "gardens": "gdns",
    "grove": "gr",
    "highway": "hwy",
    "parkway": "pkwy",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "circle": "cir",
    "trail": "trl",
    "apartment": "apt",
    "suite": "ste",
    "saint": "st",
    "strasse": "st",
    "way": "wy",
}
LEGAL_FORMS = (
    "ltd",
    "limited",
    "plc",
    "llc",
    "llp",
    "inc",
    "incorporated",
    "corp",
    "co",
    "company",
    "gmbh",
    "ag",
    "sa",
    "sas",
    "sarl",
    "bv",
    "nv",
    "srl",
    "spa",
    "the",
)

# A name and its short forms. A short form of two names (Chris, Pat, Sam) stands in both groups, which stay two.
NICKNAME_GROUPS = (
    ("alexander", "alex", "alec", "sandy"), ("alexandra", "alexa", "alex", "sandy", "sasha"),
    ("andrew", "andy", "drew"), ("anthony", "tony", "antony"), ("barbara", "barb", "babs"),
    ("benjamin", "ben", "benny"),
    ("catherine", "katherine", "kathryn", "cathy", "kathy", "kate", "katie", "katy", "kitty"),
    ("charles", "charlie", "chuck", "chas"), ("christine", "christina", "chris", "chrissy", "tina"),
    ("christopher", "chris", "kit"), ("cynthia", "cindy"), ("daniel", "dan", "danny"), ("danielle", "dani"),
    ("david", "dave", "davey"), ("deborah", "debra", "deb", "debbie"), ("donald", "don", "donnie"),
    ("dorothy", "dot", "dottie"), ("edward", "ed", "eddie", "ted", "teddy", "ned"), ("edwin", "ed", "eddie"),
    ("eleanor", "ellie", "nell"), ("elizabeth", "elisabeth", "liz", "lizzie", "beth", "betty", "eliza", "libby"),
    ("emily", "em", "emmy"), ("frances", "fran", "francine"), ("francis", "fran", "frank", "frankie"),
    ("frederick", "fred", "freddie"), ("gerald", "gerard", "gerry", "jerry"), ("gregory", "greg"),
    ("harold", "hal", "harry"), ("henry", "harry", "hank"), ("isabella", "isabel", "bella", "izzy"),
    ("jacob", "jake"), ("jacqueline", "jackie"), ("james", "jim", "jimmy", "jamie"), ("janet", "jan"),
    ("jeffrey", "geoffrey", "jeff", "geoff"), ("jennifer", "jen", "jenny", "jenn"), ("jessica", "jess", "jessie"),
    ("joanna", "joanne", "jo"), ("john", "johnny", "jack"), ("jonathan", "jon", "jonny"), ("joseph", "joe", "joey"),
    ("josephine", "jo", "josie"), ("joshua", "josh"), ("judith", "judy"), ("kathleen", "kathy", "kath", "kate"),
    ("kenneth", "ken", "kenny"), ("kimberly", "kim"), ("lawrence", "laurence", "larry"), ("leonard", "len", "lenny"),
    ("margaret", "maggie", "meg", "peggy", "marge"), ("matthew", "matt", "mat"), ("megan", "meghan"),
    ("michael", "mike", "mick", "mikey"), ("michelle", "shelly"), ("nancy", "nan"), ("nathan", "nate", "nathaniel"),
    ("nicholas", "nick", "nicky"), ("nicole", "nikki"), ("oliver", "ollie"), ("pamela", "pam"),
    ("patricia", "trish", "tricia"), ("patrick", "pat", "paddy"), ("peter", "pete"), ("philip", "phillip", "phil"),
    ("raymond", "ray"), ("rebecca", "becky", "becca"), ("richard", "rick", "ricky", "dick", "rich", "richie"),
    ("robert", "rob", "robbie", "bob", "bobby"), ("ronald", "ron", "ronnie"), ("rosemary", "rosie"),
    ("samantha", "sam", "sammie"), ("samuel", "sam", "sammy"), ("sandra", "sandi"), ("stephanie", "steph"),
    ("stephen", "steven", "steve"), ("susan", "sue", "susie", "suzanne"), ("terence", "terry"),
    ("theodore", "theo", "ted"), ("theresa", "teresa", "terri", "terry", "tess"), ("thomas", "tom", "tommy"),
    ("timothy", "tim", "timmy"), ("victoria", "vicky", "vicki", "tori"), ("vincent", "vince", "vinny"),
    ("virginia", "ginny"), ("walter", "walt", "wally"), ("william", "will", "bill", "billy", "willie", "liam"),
    ("zachary", "zach", "zack"),
)  # fmt: skip


# Where candidate pairs are compared when all records are: the result is the same.
Engine = Literal["duckdb", "spark"]

# How a customer's value of a field is chosen among the records': the fullest, the longest, the one most records have,
# the most recent, the one of the most trusted source, one that its source has verified.
GoldenRule = Literal["complete", "longest", "most_frequent", "most_recent", "most_trusted", "verified"]

# By field, the rules in order: a tie by one falls to the next, the last to the most recent record.
GOLDEN_RULES: Mapping[str, tuple[GoldenRule, ...]] = {
    "name": ("complete", "most_trusted", "most_recent"),
    "email": ("verified", "most_recent"),
    "phone": ("verified", "most_recent"),
    "address": ("complete", "most_recent"),
    "birth_date": ("verified", "most_trusted", "most_recent"),
}


class OwnContact(NamedTuple):
    """How a shop of the retailer is reached: no customer's value. An address is a street and a postcode."""

    email: str | None = None
    phone: str | None = None
    street: str | None = None
    postcode: str | None = None
    country_code: str | None = None


@dataclass(frozen=True)
class IdentityConfig:
    """Limits and thresholds; the defaults serve every data set measured.

    shared_value_limit: an e-mail, phone or loyalty number carried by more different (initial, surname) is no evidence.
    common_birth_date_factor, common_birth_date_minimum: a birth date this many times as common as the mean, and seen
        at least so often, is a placeholder.
    key_size_limit, identifying_key_size_limit: a blocking key that more records share is dropped.
    rare_name_share, uncommon_name_share, frequent_name_share: a name's token is rare, uncommon or infrequent when a
        smaller share of the records have it, else frequent.
    alike_in_household: share of pairs in a household that agree as one person would: namesakes, twins.
    unseen_pair_bits: weight of a pair in two clusters that no blocking key proposed.
    threshold_bits: the mean weight between two clusters that makes them one; people's answers move it.
    refusal_share: a disagreement is an impossible union when at most this share of one person's pairs show it.
    trusted_sources: sources whose names and birth date win in the golden record, most trusted first; records that are
        loyalty accounts come before all others that are not listed.
    own_contacts: the retailer's own e-mails, phones and addresses, which stand for no customer.
    golden: by field of the golden record, the rules that choose its value.
    """

    shared_value_limit: int = 6
    common_birth_date_factor: float = 10.0
    common_birth_date_minimum: int = 12
    key_size_limit: int = 30
    identifying_key_size_limit: int = 150
    rare_name_share: float = 0.0005
    uncommon_name_share: float = 0.002
    frequent_name_share: float = 0.01
    alike_in_household: float = 0.02
    training_minimum_records: int = 400
    random_pairs: int = 600_000
    unseen_pair_bits: float = -0.5
    weight_cap_bits: float = 12.0
    threshold_bits: float = 0.0
    refusal_share: float = 0.001
    link_probability_floor: float = 0.1
    cluster_size_limit: int = 60
    component_size_limit: int = 500
    trusted_sources: tuple[str, ...] = field(default=())
    own_contacts: tuple[OwnContact, ...] = ()
    golden: Mapping[str, tuple[GoldenRule, ...]] = field(default_factory=lambda: GOLDEN_RULES)

    @property
    def least_link_bits(self) -> float:
        """Pairs of more than that hold a component together."""
        return min(0.0, self.threshold_bits)
