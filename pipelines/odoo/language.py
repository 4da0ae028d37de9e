"""In which language a text reaches whom: a score and a case in the company's, a task in its assignee's.

Belongs here: choosing the language, and saying a sentence of the models in it. Does not belong here: the words
(`sentences.py`). A language that is not shipped, and a sentence that has no words yet, stay English.

The scores keep the models' English sentences, for analysts and for the next language: a sentence is known by its words
around the facts, and said again around the same facts.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial

import duckdb
import polars as pl

from pipelines.odoo.excess import EXCESS_BY_PRODUCT
from pipelines.odoo.sentences import LANGUAGES, SENTENCES

_SLOT = re.compile(r"\{(\d)(?::([^|}]*)\|([^}]*))?\}")
_DECIMAL = re.compile(r"(-?\d+)\.(\d+)")


def _pattern(english: str) -> re.Pattern[str]:
    """What a sentence looks like around its facts."""
    parts, end = [], 0
    for slot in _SLOT.finditer(english):
        fact, one, many = slot.groups()
        parts.append(re.escape(english[end : slot.start()]))
        parts.append(f"(?P<fact{fact}>.+?)" if one is None else f"(?:{re.escape(one)}|{re.escape(many)})")
        end = slot.end()
    return re.compile("".join([*parts, re.escape(english[end:])]))


_KNOWN = [(_pattern(words[0]), dict(zip(LANGUAGES, words, strict=True))) for words in SENTENCES]
_WORDS = {words["en"]: words for _, words in _KNOWN}


def translated(sentence: str, language: str) -> str:
    """An English sentence in a language, with the same facts."""
    for pattern, words in _KNOWN:
        if found := pattern.fullmatch(sentence):
            facts = {name.removeprefix("fact"): fact for name, fact in found.groupdict().items()}
            return _SLOT.sub(partial(_filled, facts=facts, language=language), words[language])
    return sentence


def _filled(slot: re.Match[str], facts: Mapping[str, str], language: str) -> str:
    number, one, many = slot.groups()
    fact = facts[number]
    if one is not None:
        return one if fact == "1" else many
    is_decimal = language != "en" and _DECIMAL.fullmatch(fact)
    return fact.replace(".", ",") if is_decimal else fact


def said(language: str, english: str, *facts: str) -> str:
    """SQL for a sentence of ours; `language` and facts are SQL."""
    others = " ".join(f"when '{code}' then {_quoted(words)}" for code, words in _WORDS[english].items() if code != "en")
    text = f"case {language} {others} else {_quoted(english)} end"
    for number, fact in enumerate(facts):
        text = f"replace({text}, '{{{number}}}', {fact})"
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def set_languages(connection: duckdb.DuckDBPyConnection, brands: Mapping[str, str]) -> None:
    """Who reads what: `_brand_language`, the company's, where it is not English, and `_login_language`, a user's."""
    brands = {brand: language for brand, language in brands.items() if language != "en"}
    frame = pl.DataFrame({"brand": [*brands], "language": [*brands.values()]}, schema=dict.fromkeys(_BRAND, pl.String))
    connection.register("_brands", frame.to_arrow())
    connection.execute("create or replace temp table _brand_language as from _brands")
    connection.unregister("_brands")
    connection.execute(
        f"""create or replace temp table _login_language as
        select account.login, min(left(partner.language_code, 2)) as language
        from stg_odoo__user as account
        inner join stg_odoo__partner as partner
            on partner.source_name = account.source_name and partner.source_customer_id = account.source_partner_id
        where left(partner.language_code, 2) in {LANGUAGES}
        group by account.login"""
    )


_BRAND = ("brand", "language")

# Lists of sentences by the language that somebody may read them in.
_SPOKEN = f"""
    with spoken as (
        select language.language, score.reasons, score.suggested_action
        from score_churn_current as score inner join _brand_language as language using (brand)
        union
        select language.language, score.reasons, score.suggested_action
        from score_churn_current as score cross join (select distinct language from _login_language) as language
        where score.churn_level <> 'low'
        union
        select language.language, score.reasons, null
        from score_demand_current as score inner join _brand_language as language using (brand)
        union
        select language.language, score.reasons, score.suggested_action
        from score_return_anomaly_current as score inner join _brand_language as language using (brand)
        where score.anomaly_level <> 'low'
        union
        select language.language, score.reasons, null
        from score_order_current as score inner join _brand_language as language using (brand)
        where score.suggested_order_qty > 0
        union
        select language.language, excess.reasons, excess.suggested_action
        from ({EXCESS_BY_PRODUCT}) as excess inner join _brand_language as language using (brand)
    )
    select language, reasons from spoken where language <> 'en' and reasons is not null
    union
    select language, [suggested_action] from spoken where language <> 'en' and suggested_action is not null
    order by all
"""


def translate_scores(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill `_translated`: reasons and actions of the current scores in the languages of `set_languages`."""
    rows: Sequence[tuple[str, list[str]]] = connection.execute(_SPOKEN).fetchall()
    said_before: dict[tuple[str, str], str] = {}

    def once(language: str, sentence: str) -> str:
        key = language, sentence
        if key not in said_before:
            said_before[key] = translated(sentence, language)
        return said_before[key]

    columns = {
        "language": [language for language, _ in rows],
        "english": [sentences for _, sentences in rows],
        "text": [[once(language, sentence) for sentence in sentences] for language, sentences in rows],
    }
    frame = pl.DataFrame(columns).cast(
        {"language": pl.String, "english": pl.List(pl.String), "text": pl.List(pl.String)}
    )
    connection.register("_sentences", frame.to_arrow())
    connection.execute("create or replace temp table _translated as from _sentences")
    connection.unregister("_sentences")


def join_translated(language: str, reasons: str, action: str = "null::varchar") -> str:
    """SQL joins that give `said_reasons.text` and `said_action.text[1]`, null where the English stands."""
    return f"""
        left join _translated as said_reasons
            on said_reasons.language = {language} and said_reasons.english = {reasons}
        left join _translated as said_action
            on said_action.language = {language} and said_action.english = [{action}]
    """
