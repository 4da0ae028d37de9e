"""Made-up people: households with names, addresses, e-mails and phones, and the records that systems hold of them.

Belongs here: who people are and how their records go wrong. Set-based, so that a million entities take seconds.
Does not belong here: which shop knows whom (`customers.py`).

Nobody is real: names and streets are drawn from Faker's word lists, e-mails use the reserved example domains, phones
the ranges kept for fiction: 555-01xx of any US area code (555-xxxx when more than 40,000 people need one) and
Ofcom's 07700 900xxx, extended to 07700 9xxxxx and, for more people, to 077xx 9xxxxx.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from faker.providers.address.en_GB import Provider as AddressGB
from faker.providers.address.en_US import Provider as AddressUS
from faker.providers.person.en_GB import Provider as PersonGB
from faker.providers.person.en_US import Provider as PersonUS

from demo.files import random_stream

NICKNAMES = {
    "Alexander": "Alex", "Andrew": "Andy", "Anthony": "Tony", "Barbara": "Barb", "Benjamin": "Ben",
    "Catherine": "Cathy", "Charles": "Charlie", "Christine": "Chris", "Christopher": "Chris", "Daniel": "Dan",
    "David": "Dave", "Deborah": "Debbie", "Donald": "Don", "Edward": "Ted", "Elizabeth": "Liz", "Frances": "Fran",
    "Gerald": "Gerry", "Gregory": "Greg", "Jacqueline": "Jackie", "James": "Jim", "Jennifer": "Jen",
    "Jessica": "Jess", "John": "Jack", "Jonathan": "Jon", "Joseph": "Joe", "Joshua": "Josh", "Judith": "Judy",
    "Katherine": "Kate", "Kathleen": "Kathy", "Kenneth": "Ken", "Kimberly": "Kim", "Lawrence": "Larry",
    "Margaret": "Peggy", "Matthew": "Matt", "Michael": "Mike", "Nicholas": "Nick", "Pamela": "Pam",
    "Patricia": "Pat", "Patrick": "Paddy", "Peter": "Pete", "Rebecca": "Becky", "Richard": "Dick", "Robert": "Bob",
    "Ronald": "Ron", "Samantha": "Sam", "Samuel": "Sam", "Stephanie": "Steph", "Stephen": "Steve",
    "Steven": "Steve", "Susan": "Sue", "Teresa": "Terri", "Theresa": "Terri", "Thomas": "Tom", "Timothy": "Tim",
    "Victoria": "Vicky", "William": "Bill", "Zachary": "Zach",
}  # fmt: skip
STREET_SUFFIXES = {
    "Street": "St", "Avenue": "Ave", "Road": "Rd", "Lane": "Ln", "Drive": "Dr", "Court": "Ct", "Place": "Pl",
    "Close": "Cl", "Terrace": "Ter", "Square": "Sq", "Way": "Wy", "Crescent": "Cres",
}  # fmt: skip
DOMAINS = ["example.com", "example.net", "example.org"]
FIRST_MOVE, LAST_MOVE = date(2016, 6, 1), date(2017, 11, 30)


@dataclass(frozen=True)
class Quality:
    """Share of a system's records with each kind of fault."""

    nickname: float = 0.10
    misspelt_first: float = 0.03
    misspelt_last: float = 0.04
    misspelt_street: float = 0.05
    short_street: float = 0.30
    shouted: float = 0.04
    lower_cased: float = 0.03
    former_email: float = 0.06
    misspelt_email: float = 0.015
    no_email: float = 0.10
    no_phone: float = 0.20
    no_address: float = 0.05
    no_birth_date: float = 0.25
    wrong_birth_date: float = 0.03


@dataclass(frozen=True)
class Families:
    """Shares of the people who are alike or share a contact: of the second members of a household the children, the
    sons of their father's name and the twins; of all but the first those with a surname of their own, and those who
    always give the first one's e-mail or phone; of the households those that move."""

    child: float = 0.10
    junior: float = 0.02
    twin: float = 0.015
    other_surname: float = 0.12
    shared_email: float = 0.12
    shared_phone: float = 0.30
    moved: float = 0.07


USUAL_FAMILIES = Families()


@dataclass(frozen=True)
class Source:
    """What a source holds of people: beside its faults the shares of records with an e-mail or phone of anyone of the
    household, with an initial for the first name, and with first and last name in each other's place."""

    quality: Quality = field(default_factory=Quality)
    lent_email: float = 0.0
    lent_phone: float = 0.0
    initial_only: float = 0.0
    exchanged_names: float = 0.0


@dataclass(frozen=True)
class Population:
    """People and the sources that know them. household_sizes: share of households of one person, two, and so on."""

    household_sizes: tuple[float, ...]
    families: Families
    sources: dict[str, Source]


ORDERLY = Population((0.6, 0.3, 0.1), USUAL_FAMILIES, {name: Source() for name in ("loyalty", "web", "crm", "erp")})


def make_population(
    household_sizes: np.ndarray,
    countries: np.ndarray,
    seed: int,
    stream: str,
    *,
    first_household: int = 0,
    families: Families = USUAL_FAMILIES,
) -> pl.DataFrame:
    """One row a person, in the order of the households.

    countries: ISO code of each household. Among the people are couples, parents with grown children, twins, fathers
    and sons of one name, women who took another surname, households that share a phone or an e-mail, and moves.
    Columns: person_id, household_id, household_no, member_no, country_code, first_name, last_name, former_last_name,
    birth_date, email, former_email, phone, street, city, region_code, postcode, moved_on, next_street, next_city,
    next_region_code, next_postcode.
    """
    rng = random_stream(seed, stream)
    households = _households(countries, rng, first_household, families)
    index = np.repeat(np.arange(len(household_sizes)), household_sizes)
    starts = np.repeat(np.cumsum(household_sizes) - household_sizes, household_sizes)
    member_no = np.arange(len(index)) - starts
    people = households[index].with_columns(member_no=pl.Series(member_no.astype(np.int32)))
    people = _name(people, starts, member_no, rng, families)
    return _contact(people, starts, rng, families).select(
        "person_id", "household_id", "household_no", "member_no", "country_code", "first_name", "last_name",
        "former_last_name", "birth_date", "email", "former_email", "phone", "street", "city", "region_code",
        "postcode", "moved_on", "next_street", "next_city", "next_region_code", "next_postcode",
    )  # fmt: skip


def make_records(keys: pl.DataFrame, people: pl.DataFrame, seed: int, stream: str, quality: Quality) -> pl.DataFrame:
    """What a system holds of people, with its faults.

    keys: source_name, source_customer_id, person_id, recorded_on (date). The address is the one that the person had
    on that day; a later move stands in moved_on and next_street .. next_postcode, for systems that hear of it.
    """
    rng = random_stream(seed, stream)
    records = keys.join(people, on="person_id", how="left", maintain_order="left")
    has_moved = pl.col("moved_on") <= pl.col("recorded_on")
    for part in ("street", "city", "region_code", "postcode"):
        records = records.with_columns(
            pl.when(has_moved).then(f"next_{part}").otherwise(part).alias(part),
            pl.when(has_moved).then(None).otherwise(f"next_{part}").alias(f"next_{part}"),
        )
    records = records.with_columns(moved_on=pl.when(has_moved).then(None).otherwise("moved_on"))
    records = _spoil_names(records, rng, quality)
    records = _spoil_contacts(records, rng, quality)
    return records.select(
        "source_name", "source_customer_id", "person_id", "household_id", "recorded_on", "first_name", "last_name",
        "email", "phone", "street", "city", "region_code", "postcode", "country_code", "birth_date", "moved_on",
        "next_street", "next_city", "next_region_code", "next_postcode",
    )  # fmt: skip


def make_persons(n_entities: int, seed: int, population: Population = ORDERLY) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entities and about 2.5 records each in the population's sources, half American and half British, for benchmarks.

    The records carry person_id and household_id: drop them before resolving, keep them to score.
    """
    rng = random_stream(seed, "sizes")
    members = 1 + np.arange(len(population.household_sizes))
    sizes = rng.choice(members, size=n_entities, p=population.household_sizes)
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), n_entities)) + 1]
    countries = np.where(rng.random(len(sizes)) < 0.5, "US", "GB")
    people = make_population(sizes, countries, seed, "people", families=population.families).head(n_entities)
    counts = 1 + rng.poisson(1.5, n_entities)
    index = np.repeat(np.arange(n_entities), counts)
    sources = np.array(list(population.sources))
    keys = pl.DataFrame(
        {
            "source_name": sources[rng.integers(0, len(sources), len(index))],
            "source_customer_id": pl.Series(rng.permutation(len(index))).cast(pl.String),
            "person_id": people["person_id"].gather(index),
            "recorded_on": pl.Series(rng.integers(16436, 17531, len(index)).astype(np.int32)).cast(pl.Date),
        }
    )
    records = [
        _as_the_source_heard(
            make_records(keys.filter(pl.col("source_name") == name), people, seed, f"records {name}", source.quality),
            people,
            random_stream(seed, f"heard {name}"),
            source,
        )
        for name, source in population.sources.items()
    ]
    return people, pl.concat(records)


@dataclass(frozen=True)
class _Words:
    """Word lists of one region with the share of each word."""

    female: tuple[pl.Series, np.ndarray]
    male: tuple[pl.Series, np.ndarray]
    last: tuple[pl.Series, np.ndarray]
    cities: pl.Series
    city_region: pl.Series
    city_zone: pl.Series


@lru_cache
def _words(region: str) -> _Words:
    provider: Any = PersonUS if region == "US" else PersonGB
    address: Any = AddressUS if region == "US" else AddressGB
    female, male, last = (
        _weighted(provider.first_names_female),
        _weighted(provider.first_names_male),
        _weighted(provider.last_names),
    )
    rng = random_stream(0, f"cities {region}")
    stems = male[0].gather(rng.integers(0, len(male[0]), 160))
    suffixes = pl.Series(address.city_suffixes).gather(rng.integers(0, len(address.city_suffixes), 160))
    prefixes = pl.Series(["", *(f"{prefix} " for prefix in address.city_prefixes)])
    cities = prefixes.gather(np.maximum(0, rng.integers(-14, len(prefixes), 160))) + stems + suffixes
    if region == "US":
        states = sorted(set(AddressUS.states_abbr) & set(AddressUS.states_postcode))
        chosen = [states[i] for i in rng.integers(0, len(states), 160)]
        zones = [f"{int(rng.integers(*AddressUS.states_postcode[state])) // 100:03d}" for state in chosen]
    else:
        zones = [str(zone) for zone in pl.Series(AddressGB.POSTAL_ZONES).gather(rng.integers(0, 124, 160))]
        chosen = [""] * 160
    return _Words(female, male, last, cities, pl.Series(chosen), pl.Series(zones))


def _weighted(words: Any) -> tuple[pl.Series, np.ndarray]:
    if isinstance(words, dict):
        names, weights = list(words), np.array(list(words.values()), dtype=float)
    else:
        names, weights = list(dict.fromkeys(words)), 1 / np.arange(5, 5 + len(set(words)))
    return pl.Series(names), weights / weights.sum()


def _pick(words: tuple[pl.Series, np.ndarray], n: int, rng: np.random.Generator) -> pl.Series:
    return words[0].gather(rng.choice(len(words[0]), size=n, p=words[1]))


def _by_country(is_us: pl.Series, american: pl.Series, other: pl.Series) -> pl.Series:
    return american.zip_with(is_us, other)


def _numbers(values: np.ndarray) -> pl.Series:
    return pl.Series(values.astype(np.int64)).cast(pl.String)


def _households(
    countries: np.ndarray, rng: np.random.Generator, first_household: int, families: Families
) -> pl.DataFrame:
    n = len(countries)
    is_us = pl.Series(countries == "US")
    numbers = pl.Series(np.arange(first_household, first_household + n))
    moved = rng.random(n) < families.moved
    moved_on = pl.Series(
        rng.integers((FIRST_MOVE - date(1970, 1, 1)).days, (LAST_MOVE - date(1970, 1, 1)).days, n).astype(np.int32)
    ).cast(pl.Date)
    here, there = _addresses(countries, rng), _addresses(countries, rng)
    return pl.DataFrame(
        {
            "household_id": "H" + numbers.cast(pl.String).str.zfill(7),
            "household_no": numbers,
            "country_code": countries.astype(str),
            "is_us": is_us,
            "surname": _by_country(is_us, _pick(_words("US").last, n, rng), _pick(_words("GB").last, n, rng)),
            "moved_on": moved_on,
            "has_moved": moved,
        }
    ).hstack(here).hstack(there.rename(lambda name: f"next_{name}")).with_columns(
        pl.when("has_moved").then(pl.col(name)).otherwise(None).alias(name)
        for name in ("moved_on", "next_street", "next_city", "next_region_code", "next_postcode")
    )  # fmt: skip


def _addresses(countries: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    n = len(countries)
    is_us, is_gb = pl.Series(countries == "US"), pl.Series(countries == "GB")
    words = {region: _words(region) for region in ("US", "GB")}
    city = np.minimum((rng.pareto(1.1, n) * 8).astype(np.int64), 159)
    names = _by_country(is_us, *(_pick(words[region].last, n, rng) for region in ("US", "GB")))
    suffixes = pl.Series(list(STREET_SUFFIXES)).gather(
        rng.choice(len(STREET_SUFFIXES), size=n, p=np.array([8, 5, 5, 4, 4, 3, 2, 3, 2, 1, 2, 1]) / 40)
    )
    house = _by_country(is_us, _numbers(rng.integers(1, 9900, n)), _numbers(rng.integers(1, 220, n)))
    flat = pl.Series(np.where(rng.random(n) < 0.15, 1, 0)).cast(pl.Boolean)
    street = house + " " + names + " " + suffixes
    unit = _numbers(rng.integers(1, 60, n))
    street = _by_country(is_us, street + " Apt " + unit, "Flat " + unit + ", " + street).zip_with(flat, street)
    letters = pl.Series(list("ABDEFGHJLNPQRSTUWXYZ"))
    zone = {region: words[region].city_zone.gather(city) for region in words}
    zip_code = zone["US"] + _numbers(rng.integers(0, 12, n)).str.zfill(2)
    post_code = (
        zone["GB"] + _numbers(1 + (city + rng.integers(0, 4, n)) % 19) + " " + _numbers(rng.integers(1, 10, n))
        + letters.gather(rng.integers(0, 20, n)) + letters.gather(rng.integers(0, 20, n))
    )  # fmt: skip
    elsewhere = _numbers(10000 + city * 500 + rng.integers(0, 40, n))
    return pl.DataFrame(
        {
            "street": street,
            "city": _by_country(is_us, *(words[region].cities.gather(city) for region in ("US", "GB"))),
            "region_code": _by_country(
                is_us, words["US"].city_region.gather(city), pl.Series([None] * n, dtype=pl.String)
            ),
            "postcode": _by_country(is_us, zip_code, post_code.zip_with(is_gb, elsewhere)),
        }
    )


def _name(
    people: pl.DataFrame, starts: np.ndarray, member_no: np.ndarray, rng: np.random.Generator, families: Families
) -> pl.DataFrame:
    n = people.height
    is_us = people["is_us"]
    is_female = rng.random(n) < 0.55
    is_partner = (member_no > 0) & (rng.random(n) < 0.85)
    is_female = np.where(is_partner, ~is_female[starts], is_female)
    first = {
        sex: _by_country(is_us, *(_pick(getattr(_words(region), sex), n, rng) for region in ("US", "GB")))
        for sex in ("female", "male")
    }
    first_name = first["female"].zip_with(pl.Series(is_female), first["male"])
    other_surname = (member_no > 0) & (rng.random(n) < families.other_surname)
    surname = _by_country(is_us, *(_pick(_words(region).last, n, rng) for region in ("US", "GB")))
    last_name = surname.zip_with(pl.Series(other_surname), people["surname"])

    # Relations of the second member to the first: partner, child, twin, or a son of his father's name.
    relation = rng.random(n)
    head_age = np.clip(rng.normal(17500, 5000, n), 7500, 31000).astype(np.int64)
    age = np.where(member_no == 0, head_age, head_age[starts] + rng.integers(-1500, 1500, n))
    is_child = (member_no == 1) & (relation < families.child)
    is_junior = (member_no == 1) & (relation < families.junior) & (head_age[starts] > 15000) & ~is_female[starts]
    is_twin = (member_no == 1) & (relation > 1 - families.twin)
    age = np.where(is_child & (head_age[starts] > 15000), head_age[starts] - rng.integers(8500, 12500, n), age)
    age = np.where(is_twin, head_age[starts], age)
    as_head = pl.Series(is_junior | is_twin)
    last_name = people["surname"].zip_with(as_head, last_name)
    first_name = first_name.gather(starts).zip_with(pl.Series(is_junior), first_name)
    former = (is_female & (rng.random(n) < 0.05)).astype(bool)
    born = (date(2017, 12, 31) - date(1970, 1, 1)).days - age
    return people.with_columns(
        first_name=first_name,
        last_name=last_name,
        former_last_name=surname.zip_with(pl.Series(former), pl.Series([None] * n, dtype=pl.String)),
        birth_date=pl.Series(born.astype(np.int32)).cast(pl.Date),
    )


def _contact(people: pl.DataFrame, starts: np.ndarray, rng: np.random.Generator, families: Families) -> pl.DataFrame:
    n = people.height
    person_id = "P" + people["household_no"].cast(pl.String).str.zfill(7) + "-" + people["member_no"].cast(pl.String)
    emails = [_emails(people, "last_name", rng)]
    emails.append(_emails(people.with_columns(pl.coalesce("former_last_name", "last_name").alias("then")), "then", rng))
    has_former = pl.Series((rng.random(n) < 0.15) | people["former_last_name"].is_not_null().to_numpy())
    phone = _phones(people["is_us"], people.item(0, "household_no"), rng)
    share_email, share_phone = rng.random(n) < families.shared_email, rng.random(n) < families.shared_phone
    return people.with_columns(
        person_id=person_id,
        email=emails[0].gather(np.where(share_email, starts, np.arange(n))),
        former_email=emails[1].zip_with(has_former, pl.Series([None] * n, dtype=pl.String)),
        phone=phone.gather(np.where(share_phone, starts, np.arange(n))),
    )


def _emails(people: pl.DataFrame, last_name: str, rng: np.random.Generator) -> pl.Series:
    n = people.height
    names = people.select(
        first=pl.col("first_name").str.to_lowercase().str.replace_all("[^a-z]", ""),
        last=pl.col(last_name).str.to_lowercase().str.replace_all("[^a-z]", ""),
        year=pl.col("birth_date").dt.strftime("%y"),
        number=_numbers(rng.integers(1, 999, n)),
        habit=pl.Series(rng.integers(0, 6, n)),
        domain=pl.Series(DOMAINS).gather(rng.choice(3, size=n, p=[0.5, 0.3, 0.2])),
        row=pl.col("household_no").cast(pl.String) + pl.col("member_no").cast(pl.String),
    )
    first, last = pl.col("first"), pl.col("last")
    habits = [
        first + "." + last,
        first.str.slice(0, 1) + last + pl.col("number"),
        first + last + pl.col("year"),
        last + "." + first,
        first + "_" + last + pl.col("number"),
    ]
    local = first + pl.col("number")
    for habit, form in enumerate(habits):
        local = pl.when(pl.col("habit") == habit).then(form).otherwise(local)
    names = names.with_columns(local=local)
    # An address belongs to one person (or household): a second holder of it gets a number of his own.
    return names.with_columns(
        local=pl.when(pl.struct("local", "domain").is_first_distinct()).then("local").otherwise(
            pl.col("local") + "." + pl.col("row")
        )
    ).select(pl.col("local") + "@" + pl.col("domain")).to_series()  # fmt: skip


def _phones(is_us: pl.Series, offset: int, rng: np.random.Generator) -> pl.Series:
    """Ten digits for the US, eleven from 07 elsewhere; no two people get the same number."""
    n = len(is_us)
    number = np.arange(n) + offset * 2
    lines = 100 if n + offset * 2 <= 40_000 else 10_000
    # 7919 and 271,829 are coprime to the sizes of the ranges: neighbours get numbers that are far apart.
    american = number * 7919 % (800 * lines)
    area, line = 200 + american // lines, american % lines
    american_text = _numbers(area) + "555" + _numbers(line + (100 if lines == 100 else 0)).str.zfill(4)
    blocks = 1 if n + offset * 2 <= 50_000 else 90
    british = number * 271_829 % (blocks * 100_000)
    prefix = 700 + british // 100_000 if blocks == 1 else 710 + british // 100_000
    british_text = "07" + _numbers(prefix) + "9" + _numbers(british % 100_000).str.zfill(5)
    return _by_country(is_us, american_text, british_text)


def _spoil_names(records: pl.DataFrame, rng: np.random.Generator, quality: Quality) -> pl.DataFrame:
    n = records.height
    short = rng.random(n) < quality.nickname
    uses_former = pl.Series(rng.random(n) < 0.5)
    first = pl.when(pl.Series(short)).then(pl.col("first_name").replace(NICKNAMES)).otherwise("first_name")
    last = pl.when(uses_former).then(pl.coalesce("former_last_name", "last_name")).otherwise("last_name")
    records = records.with_columns(first_name=first, last_name=last)
    records = records.with_columns(
        first_name=_misspell(records["first_name"], rng, quality.misspelt_first),
        last_name=_misspell(records["last_name"], rng, quality.misspelt_last),
    )
    case = rng.random(n)
    shouted, lower = pl.Series(case < quality.shouted), pl.Series(case > 1 - quality.lower_cased)
    return records.with_columns(
        pl.when(shouted).then(pl.col(name).str.to_uppercase())
        .when(lower).then(pl.col(name).str.to_lowercase()).otherwise(name).alias(name)
        for name in ("first_name", "last_name")
    )  # fmt: skip


def _as_the_source_heard(
    records: pl.DataFrame, people: pl.DataFrame, rng: np.random.Generator, source: Source
) -> pl.DataFrame:
    n = records.height
    lender = people.select(
        "household_id",
        lender_no=pl.int_range(pl.len()).over("household_id"),
        members=pl.len().over("household_id"),
        lent_email="email",
        lent_phone="phone",
    )
    household = lender.select("household_id", "members").unique("household_id")
    records = (
        records.join(household, on="household_id", maintain_order="left")
        .with_columns(lender_no=(pl.Series(rng.random(n)) * pl.col("members")).cast(pl.Int64))
        .join(lender.drop("members"), on=["household_id", "lender_no"], maintain_order="left")
    )
    has_email, has_phone = pl.col("email").is_not_null(), pl.col("phone").is_not_null()
    is_exchanged = pl.Series(rng.random(n) < source.exchanged_names)
    initial = pl.when(pl.Series(rng.random(n) < source.initial_only)).then(pl.col("first_name").str.slice(0, 1))
    return records.with_columns(
        email=pl.when(pl.Series(rng.random(n) < source.lent_email) & has_email).then("lent_email").otherwise("email"),
        phone=pl.when(pl.Series(rng.random(n) < source.lent_phone) & has_phone).then("lent_phone").otherwise("phone"),
        first_name=pl.when(is_exchanged).then("last_name").otherwise(initial.otherwise("first_name")),
        last_name=pl.when(is_exchanged).then("first_name").otherwise("last_name"),
    ).drop("lender_no", "members", "lent_email", "lent_phone")


def _spoil_contacts(records: pl.DataFrame, rng: np.random.Generator, quality: Quality) -> pl.DataFrame:
    n = records.height

    def chosen(share: float) -> pl.Series:
        return pl.Series(rng.random(n) < share)

    abbreviated = pl.col("street").str.replace_many([f" {suffix}" for suffix in STREET_SUFFIXES], [
        f" {short}" for short in STREET_SUFFIXES.values()
    ])  # fmt: skip
    records = records.with_columns(
        street=pl.when(chosen(quality.short_street)).then(abbreviated).otherwise("street"),
        email=pl.when(chosen(quality.former_email)).then(pl.coalesce("former_email", "email")).otherwise("email"),
        phone=_phone_text(records["phone"], records["country_code"], rng),
    )
    records = records.with_columns(
        street=_misspell(records["street"], rng, quality.misspelt_street),
        email=_misspell(records["email"], rng, quality.misspelt_email),
    )
    wrong = rng.random(n)
    month, day = pl.col("birth_date").dt.month(), pl.col("birth_date").dt.day()
    swapped = pl.when(day <= 12).then(pl.date(pl.col("birth_date").dt.year(), day, month)).otherwise("birth_date")
    new_year = pl.date(pl.col("birth_date").dt.year(), 1, 1)
    no_address = chosen(quality.no_address)
    nothing = pl.lit(None)
    return records.with_columns(
        *(
            pl.when(no_address).then(nothing).otherwise(name).alias(name)
            for name in ("street", "city", "region_code", "postcode")
        ),
        email=pl.when(chosen(quality.no_email)).then(nothing).otherwise("email"),
        phone=pl.when(chosen(quality.no_phone)).then(nothing).otherwise("phone"),
        birth_date=pl.when(chosen(quality.no_birth_date)).then(nothing)
        .when(pl.Series(wrong < quality.wrong_birth_date / 2)).then(swapped)
        .when(pl.Series(wrong < quality.wrong_birth_date)).then(new_year)
        .otherwise("birth_date"),
    )  # fmt: skip


def _phone_text(phones: pl.Series, countries: pl.Series, rng: np.random.Generator) -> pl.Series:
    form = pl.Series(rng.integers(0, 4, len(phones)))
    frame = pl.DataFrame({"p": phones, "us": countries == "US", "form": form})
    area, office, line = (pl.col("p").str.slice(start, length) for start, length in ((0, 3), (3, 3), (6, None)))
    american = (
        pl.when(pl.col("form") == 0).then("(" + area + ") " + office + "-" + line)
        .when(pl.col("form") == 1).then("+1 " + area + "-" + office + "-" + line)
        .when(pl.col("form") == 2).then(area + "-" + office + "-" + line).otherwise("p")
    )  # fmt: skip
    local, rest = pl.col("p").str.slice(0, 5), pl.col("p").str.slice(5)
    british = (
        pl.when(pl.col("form") == 0).then(local + " " + rest)
        .when(pl.col("form") == 1).then("+44 " + local.str.slice(1) + " " + rest)
        .when(pl.col("form") == 2).then("+44" + pl.col("p").str.slice(1)).otherwise("p")
    )  # fmt: skip
    return frame.select(pl.when("us").then(american).otherwise(british)).to_series()


def _misspell(words: pl.Series, rng: np.random.Generator, share: float) -> pl.Series:
    """In a share of the words of four letters and more, a letter is lost, doubled, swapped with the next, or wrong."""
    n = len(words)
    frame = pl.DataFrame(
        {
            "w": words,
            "hit": rng.random(n) < share,
            "at": rng.random(n),
            "kind": rng.integers(0, 4, n),
            "letter": pl.Series(list("aeiorstnlmcdp")).gather(rng.integers(0, 13, n)),
        }
    ).with_columns(at=(pl.col("at") * (pl.col("w").str.len_chars().cast(pl.Int64) - 3)).cast(pl.Int64) + 1)
    word, at = pl.col("w"), pl.col("at")
    head, one, two, rest = (
        word.str.slice(0, at),
        word.str.slice(at, 1),
        word.str.slice(at + 1, 1),
        word.str.slice(at + 2),
    )
    wrong = (
        pl.when(pl.col("kind") == 0).then(head + two + rest)
        .when(pl.col("kind") == 1).then(head + one + one + two + rest)
        .when(pl.col("kind") == 2).then(head + two + one + rest)
        .otherwise(head + pl.col("letter") + two + rest)
    )  # fmt: skip
    is_hit = pl.col("hit") & (word.str.len_chars() >= 4)
    return frame.select(pl.when(is_hit).then(wrong).otherwise(word)).to_series()
