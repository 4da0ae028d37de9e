"""What identity resolution looks for, as plain data: word lists, blocking keys, comparisons, refusals, limits.

Belongs here: every list, SQL condition, starting probability and limit that decides who is who. Nothing here executes.
Does not belong here: how candidates are scored (linkage), grouped (clustering) or named (stable_ids).

Comparisons are SQL over two normalised records, suffix `_l` and `_r`. Conditions must be symmetric, else the result
depends on which record stands left. Each level carries starting probabilities for the kinds of pair that exist among
candidates: the same person, two of one household, strangers who share a contact. They steer training as pseudo-counts,
and are used as they are when there are too few records to learn from.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


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

    `anchored` comparisons tell persons of a household apart. Their behaviour in matches is taken from anchor pairs and
    in households from random pairs, and kept: left free, households would teach that a person has several first names.
    """

    name: str
    null_condition: str
    levels: tuple[Level, ...]
    anchored: bool = False

    def values_of(self, *names: str) -> tuple[int, ...]:
        """Comparison vector values of the named levels: Splink counts down from the first to 0 for the last."""
        return tuple(len(self.levels) - 1 - at for at, level in enumerate(self.levels) if level.name in names)


class BlockingKey(NamedTuple):
    """Records that share the key's value are compared. A null value is no key."""

    name: str
    expression: str


class Refusal(NamedTuple):
    """Two records for which the condition holds are never put into one cluster, whatever links them."""

    name: str
    condition: str


class Anchor(NamedTuple):
    """Pairs that are matches for reasons other than the comparison, so that they show how it behaves in matches.

    `where`: alternatives; in each, for every comparison named, one of the levels named.
    """

    comparison: str
    where: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]


@dataclass(frozen=True)
class RecordKind:
    """All that resolving one kind of record (persons, organisations) needs."""

    name: str
    blocking_keys: tuple[BlockingKey, ...]
    comparisons: tuple[Comparison, ...]
    refusals: tuple[Refusal, ...]
    anchors: tuple[Anchor, ...]


SHORTER_GIVEN_NAME = "least(length(given_name_l), length(given_name_r))"
SHORTER_FAMILY_NAME = "least(length(family_name_l), length(family_name_r))"
EQUAL_GIVEN_NAME = "given_name_l = given_name_r and length(given_name_l) > 1"
EQUAL_FAMILY_NAME = "family_name_l = family_name_r and length(family_name_l) > 1"
# One slip of the keyboard, or day and month exchanged.
BIRTH_DATE_SLIP = (
    "hamming(birth_text_l, birth_text_r) = 1 or (birth_year_l = birth_year_r"
    " and birth_month_l = birth_day_r and birth_day_l = birth_month_r)"
)
# Two parts of the date equal, or two months apart: brothers and sisters are not.
NEAR_BIRTH_DATE = (
    "abs(birth_date_l - birth_date_r) <= 62"
    " or (birth_year_l = birth_year_r)::integer + (birth_month_l = birth_month_r)::integer"
    " + (birth_day_l = birth_day_r)::integer >= 2"
)
# A date that is the first of January is often a year that had to become a date.
ONLY_YEAR_OF_BIRTH = "birth_year_l = birth_year_r and (is_year_only_l or is_year_only_r)"
SAME_GIVEN_NAME = (
    "given_name_l = given_name_r or list_has_any(given_groups_l, given_groups_r)"
    " or list_contains(middle_names_l, given_name_r) or list_contains(middle_names_r, given_name_l)"
)
SIMILAR_GIVEN_NAME = (
    "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.88"
    f" or (damerau_levenshtein(given_name_l, given_name_r) = 1 and {SHORTER_GIVEN_NAME} >= 4)"
    f" or ({SHORTER_GIVEN_NAME} >= 3"
    " and (starts_with(given_name_l, given_name_r) or starts_with(given_name_r, given_name_l)))"
)
ALIKE_GIVEN_NAME = (
    "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.82"
    " and damerau_levenshtein(given_name_l, given_name_r) <= 2"
    f" and {SHORTER_GIVEN_NAME} >= 5"
)
INITIAL_ONLY = f"{SHORTER_GIVEN_NAME} = 1 and left(given_name_l, 1) = left(given_name_r, 1)"
NAMES_EXCHANGED = (
    f"coalesce(given_name_l <> given_name_r and {SHORTER_GIVEN_NAME} >= 3"
    " and jaro_winkler_similarity(given_name_l, family_name_r) >= 0.9"
    " and jaro_winkler_similarity(family_name_l, given_name_r) >= 0.9, false)"
)
SAME_HOUSE = (
    "postcode_l = postcode_r and house_number_l = house_number_r"
    " and jaro_winkler_similarity(street_name_l, street_name_r) >= 0.85"
)

# Edit distance is dear: first the parts that one slip leaves alone.
EMAIL_SLIP = (
    "abs(length(email_l) - length(email_r)) <= 1"
    " and (left(email_l, 4) = left(email_r, 4) or right(email_local_part_l, 4) = right(email_local_part_r, 4))"
    " and damerau_levenshtein(email_l, email_r) = 1"
    # ann61@ and ann66@ are neighbours in a provider's list, not one person's slip.
    " and regexp_replace(email_l, '[^0-9]', '', 'g') = regexp_replace(email_r, '[^0-9]', '', 'g')"
)
PHONE_SLIP = (
    "abs(length(phone_l) - length(phone_r)) <= 1"
    " and (left(phone_l, 8) = left(phone_r, 8) or right(phone_l, 4) = right(phone_r, 4))"
    " and damerau_levenshtein(phone_l, phone_r) = 1"
)

GIVEN_NAME = Comparison(
    "given_name",
    "given_name_l is null or given_name_r is null",
    (
        Level(
            "same_rare",
            f"{EQUAL_GIVEN_NAME} and greatest(given_name_share_l, given_name_share_r) < 0.004",
            0.40,
            0.001,
            0.002,
            0.002,
        ),
        Level("same_common", EQUAL_GIVEN_NAME, 0.38, 0.008, 0.012, 0.012),
        Level("exchanged", NAMES_EXCHANGED, 0.005, 0.0002, 0.0001, 0.0001),
        Level("nickname_or_middle", SAME_GIVEN_NAME, 0.06, 0.01, 0.004, 0.004),
        Level("initial", INITIAL_ONLY, 0.05, 0.02, 0.01, 0.01),
        Level("similar", SIMILAR_GIVEN_NAME, 0.07, 0.02, 0.012, 0.012),
        Level("alike", ALIKE_GIVEN_NAME, 0.01, 0.01, 0.005, 0.005),
        Level("different", "ELSE", 0.02, 0.93, 0.955, 0.955),
    ),
    anchored=True,
)
FAMILY_NAME = Comparison(
    "family_name",
    f"family_name_l is null or family_name_r is null or {NAMES_EXCHANGED}",
    (
        Level(
            "same_rare",
            f"{EQUAL_FAMILY_NAME} and greatest(family_name_share_l, family_name_share_r) < 0.001",
            0.30,
            0.30,
            0.0004,
            0.0004,
        ),
        Level(
            "same_uncommon",
            f"{EQUAL_FAMILY_NAME} and greatest(family_name_share_l, family_name_share_r) < 0.005",
            0.30,
            0.30,
            0.0012,
            0.0012,
        ),
        Level("same_common", EQUAL_FAMILY_NAME, 0.24, 0.24, 0.004, 0.004),
        Level("part", "list_has_any(family_parts_l, family_parts_r)", 0.03, 0.03, 0.002, 0.002),
        Level(
            "similar",
            "jaro_winkler_similarity(family_name_l, family_name_r) >= 0.9"
            f" or (damerau_levenshtein(family_name_l, family_name_r) = 1 and {SHORTER_FAMILY_NAME} >= 4)"
            f" or ({SHORTER_FAMILY_NAME} = 1 and left(family_name_l, 1) = left(family_name_r, 1))",
            0.08,
            0.05,
            0.008,
            0.008,
        ),
        Level("different", "ELSE", 0.05, 0.08, 0.98, 0.98),
    ),
)
EMAIL = Comparison(
    "email",
    "email_l is null or email_r is null",
    (
        Level("same", "email_l = email_r", 0.60, 0.25, 0.45, 0.00003),
        Level("slip", EMAIL_SLIP, 0.05, 0.005, 0.005, 0.00002),
        Level("different", "ELSE", 0.35, 0.745, 0.545, 0.99995),
    ),
)
PHONE = Comparison(
    "phone",
    "phone_l is null or phone_r is null",
    (
        Level("same", "phone_l = phone_r", 0.60, 0.35, 0.45, 0.00003),
        Level("slip", PHONE_SLIP, 0.05, 0.01, 0.005, 0.0001),
        Level("different", "ELSE", 0.35, 0.64, 0.545, 0.99987),
    ),
)
ADDRESS = Comparison(
    "address",
    "(postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)",
    (
        Level("same_house", SAME_HOUSE, 0.60, 0.75, 0.30, 0.00005),
        Level(
            "same_street_and_number",
            "house_number_l = house_number_r and jaro_winkler_similarity(street_name_l, street_name_r) >= 0.92"
            " and (city_l = city_r or left(postcode_l, 3) = left(postcode_r, 3))",
            0.06,
            0.05,
            0.02,
            0.00005,
        ),
        Level("same_postcode", "postcode_l = postcode_r", 0.08, 0.05, 0.05, 0.001),
        Level("same_city", "city_l = city_r", 0.10, 0.06, 0.13, 0.03),
        Level("different", "ELSE", 0.16, 0.09, 0.50, 0.9689),
    ),
)
BIRTH_DATE = Comparison(
    "birth_date",
    "birth_date_l is null or birth_date_r is null",
    (
        Level("same", "birth_date_l = birth_date_r", 0.87, 0.01, 0.0001, 0.0001),
        Level("slip", BIRTH_DATE_SLIP, 0.08, 0.01, 0.002, 0.002),
        Level("near", NEAR_BIRTH_DATE, 0.02, 0.006, 0.005, 0.005),
        Level("only_year", ONLY_YEAR_OF_BIRTH, 0.01, 0.004, 0.001, 0.001),
        Level("different", "ELSE", 0.02, 0.97, 0.9919, 0.9919),
    ),
    anchored=True,
)
LOYALTY_NUMBER = Comparison(
    "loyalty_number",
    "loyalty_number_l is null or loyalty_number_r is null or loyalty_scheme_l <> loyalty_scheme_r",
    (
        Level("same", "loyalty_number_l = loyalty_number_r", 0.95, 0.10, 0.01, 0.00002),
        Level("different", "ELSE", 0.05, 0.90, 0.99, 0.99998),
    ),
)
TAX_ID = Comparison(
    "tax_id",
    "tax_id_l is null or tax_id_r is null",
    (
        Level("same", "tax_id_l = tax_id_r", 0.95, 0.05, 0.01, 0.00002),
        Level("different", "ELSE", 0.05, 0.95, 0.99, 0.99998),
    ),
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
    anchored=True,
)

CONTACT_KEYS = (
    BlockingKey("email", "email"),
    BlockingKey("phone", "phone"),
    BlockingKey("house", "postcode || '|' || house_number"),
    BlockingKey("street", "house_number || '|' || street_name"),
)

SHARED_CONTACT = (
    (("email", ("same",)),),
    (("phone", ("same",)),),
    (("address", ("same_house", "same_street_and_number")),),
)
SAME_FAMILY_NAME = ("family_name", ("same_rare", "same_uncommon", "same_common"))

PERSON = RecordKind(
    name="person",
    blocking_keys=(
        *CONTACT_KEYS,
        BlockingKey("email_local_part", "case when length(email_local_part) >= 6 then email_local_part end"),
        BlockingKey("loyalty_number", "loyalty_scheme || '|' || loyalty_number"),
        BlockingKey("birth_date", "birth_text"),
        BlockingKey("both_names", "least(given_sound, family_sound) || '|' || greatest(given_sound, family_sound)"),
        BlockingKey("family_name_and_area", "family_sound || '|f|' || area"),
        BlockingKey("family_name_and_city", "family_sound || '|f|' || city"),
        BlockingKey("given_name_and_area", "given_sound || '|g|' || area"),
        BlockingKey("given_name_and_city", "given_sound || '|g|' || city"),
        BlockingKey("names_and_area", "family_sound || '|' || left(given_name, 1) || '|' || area"),
        BlockingKey("names_and_city", "family_sound || '|' || left(given_name, 1) || '|' || city"),
        BlockingKey("family_name_and_birth_year", "birth_year || '|' || family_sound"),
        BlockingKey("family_name_and_birthday", "birth_month || '-' || birth_day || '|' || family_sound"),
        BlockingKey("family_name_and_postcode", "postcode || '|f|' || family_sound"),
        BlockingKey("given_name_and_postcode", "postcode || '|g|' || given_sound"),
    ),
    comparisons=(GIVEN_NAME, FAMILY_NAME, EMAIL, PHONE, ADDRESS, BIRTH_DATE, LOYALTY_NUMBER),
    refusals=(
        # One person's date may be wrong in one place: the whole name and a contact of one's own outweigh it.
        Refusal(
            "birth_dates",
            f"birth_date_l <> birth_date_r and not ({BIRTH_DATE_SLIP}) and not ({NEAR_BIRTH_DATE})"
            f" and not ({ONLY_YEAR_OF_BIRTH}) and not coalesce(given_name_l = given_name_r"
            " and coalesce(family_name_l = family_name_r, true) and (email_l = email_r or phone_l = phone_r), false)",
        ),
        # Someone may have registered twice: with the same name, and the same birth date or e-mail.
        Refusal(
            "loyalty_numbers",
            "loyalty_scheme_l = loyalty_scheme_r and loyalty_number_l <> loyalty_number_r"
            f" and not coalesce(({SAME_GIVEN_NAME}) and family_name_l = family_name_r"
            " and (birth_date_l = birth_date_r or email_l = email_r), false)",
        ),
        Refusal(
            "given_names",
            f"given_name_l <> given_name_r and not ({SAME_GIVEN_NAME}) and not ({INITIAL_ONLY})"
            f" and not ({SIMILAR_GIVEN_NAME}) and not ({ALIKE_GIVEN_NAME}) and not ({NAMES_EXCHANGED})"
            " and not coalesce(birth_date_l = birth_date_r, false)",
        ),
    ),
    anchors=(
        Anchor(
            "given_name",
            tuple((("birth_date", ("same",)), *contact) for contact in SHARED_CONTACT),
        ),
        Anchor(
            "birth_date",
            tuple(
                (("given_name", ("same_rare", "same_common")), SAME_FAMILY_NAME, *contact) for contact in SHARED_CONTACT
            ),
        ),
    ),
)

ORGANISATION = RecordKind(
    name="organisation",
    blocking_keys=(
        *CONTACT_KEYS,
        BlockingKey("tax_id", "tax_id"),
        BlockingKey("name", "full_name_key"),
        BlockingKey("first_word_and_area", "name_tokens[1] || '|' || area"),
    ),
    comparisons=(ORGANISATION_NAME, TAX_ID, EMAIL, PHONE, ADDRESS),
    refusals=(Refusal("tax_ids", "tax_id_l <> tax_id_r"),),
    anchors=(),
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


@dataclass(frozen=True)
class IdentityConfig:
    """Limits and thresholds; the defaults serve every data set measured.

    shared_value_limit: an e-mail, phone or loyalty number carried by more different (initial, surname) is no evidence.
    common_birth_date_factor, common_birth_date_minimum: a birth date this many times as common as the mean, and seen
        at least so often, is a placeholder.
    key_size_limit: a blocking key that more records share is dropped.
    alike_in_household: share of pairs in a household that agree as one person would: namesakes, twins.
    unseen_pair_bits: weight of a pair in two clusters that no blocking key proposed.
    trusted_sources: sources whose names and birth date win in the golden record, most trusted first; records that are
        loyalty accounts come before all others that are not listed.
    """

    shared_value_limit: int = 6
    common_birth_date_factor: float = 10.0
    common_birth_date_minimum: int = 12
    key_size_limit: int = 150
    alike_in_household: float = 0.02
    training_minimum_records: int = 400
    random_pairs: int = 600_000
    unseen_pair_bits: float = -3.0
    weight_cap_bits: float = 12.0
    link_probability_floor: float = 0.1
    cluster_size_limit: int = 60
    component_size_limit: int = 500
    trusted_sources: tuple[str, ...] = field(default=())
