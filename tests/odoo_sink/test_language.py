"""What the pipeline says in other languages: every sentence of the models, around the same facts."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from models.churn import score as churn
from models.returns import excess
from models.returns import score as returns
from models.returns.evidence import TRAITS
from pipelines.odoo.language import set_languages, translated
from pipelines.odoo.reviews import cards
from pipelines.odoo.sentences import LANGUAGES, SENTENCES
from pipelines.settings import PROJECT_DIR, TaskLimits, TaskRoute
from tests.odoo_sink.test_plan import applied
from tests.odoo_sink.world import AS_OF, ODOO, World

FACT = re.compile(r"\{\d\}")


def sentences(path: Path) -> Iterator[str]:
    """The sentences of a module's `pl.format`: facts as {}, counted words as {one|many}, words put in as {fixed}."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            parts = node.args[0].values if isinstance(node.args[0], ast.JoinedStr) else [node.args[0]]
            text = "".join(words(part, named) for part in parts)
            if re.search("[a-z]", text.replace("{fixed}", "")):
                facts = iter([fact(argument, named) for argument in flat(node.args[1:], named)])
                yield re.sub(r"\{\}", lambda _: next(facts), text)  # noqa: B023


def literals(path: Path) -> list[str]:
    """The sentences of a module's `pl.lit`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    texts = [
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "lit" and isinstance(call.args[0], ast.Constant)
    ]
    assert len(texts) > 3
    return [text for text in texts if isinstance(text, str) and " " in text]


def words(part: ast.expr, named: dict[str, ast.expr]) -> str:
    """A part of a sentence; what it is put together from counts as it stands in its module."""
    if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
        part = named.get(part.value.id, part)
    return str(part.value) if isinstance(part, ast.Constant) else "{fixed}"


def flat(arguments: Sequence[ast.expr], named: dict[str, ast.expr]) -> Iterator[ast.expr]:
    for argument in arguments:
        inner = argument.value if isinstance(argument, ast.Starred) else argument
        listed = named.get(inner.id) if isinstance(inner, ast.Name) else None
        yield from listed.elts if isinstance(listed, ast.Tuple) else [argument]


def as_pattern(text: str) -> str:
    return re.escape(text).replace(re.escape("{fixed}"), ".+")


def fact(argument: ast.expr, named: dict[str, ast.expr]) -> str:
    if isinstance(argument, ast.Name):
        return fact(named[argument.id], named)
    words = [word.value for word in ast.walk(argument) if isinstance(word, ast.Constant)]
    if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name) and argument.func.id == "counted":
        return f"{{}} {{{words[-2]}|{words[-1]}}}"
    # The one number with its word that may be no whole one.
    return "{} {unit|units}" if "units" in words else "{}"


def test_every_sentence_of_the_models_has_words_in_every_language() -> None:
    known = {re.sub(r"\{\d:?", "{", words[0]) for words in SENTENCES}
    tasks = ("churn", "demand", "ordering", "returns")
    files = [path for task in tasks for path in sorted((PROJECT_DIR / "models" / task).glob("*.py"))]
    # Of slow stock nothing is ordered, and only orders reach an Odoo.
    said = [text for path in files for text in sentences(path) if not text.startswith(("Slow stock", ", "))]
    assert len(said) > 25
    said = [text for text in said if not any(re.fullmatch(as_pattern(text), words) for words in known)]
    traits = [
        f"{{}} of {{}} {{return|returns}} of this {noun}: {trait.said}"
        for noun in ("customer", "cashier")
        for trait in TRAITS.values()
    ]
    fixed = [*churn.ACTIONS.values(), *returns.CUSTOMER_ACTIONS.values(), *returns.STORE_ACTIONS.values(),
             churn.FALLBACK_REASON, returns.FALLBACK_REASON, excess.ACTION,
             *literals(PROJECT_DIR / "models" / "ordering" / "reasons.py")]  # fmt: skip
    assert sorted({*said, *fixed, *traits} - known) == []
    for words in SENTENCES:
        assert len(words) == len(LANGUAGES)
        assert {frozenset(FACT.findall(text)) for text in words} == {frozenset(FACT.findall(words[0]))}, words[0]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "No purchase for 1 day; usual gap 14 days"),
        ("de", "Seit 1 Tag kein Kauf; üblicher Abstand 14 Tage"),
        ("fr", "Aucun achat depuis 1 jour ; écart habituel 14 jours"),
        ("es", "Sin compras desde hace 1 día; intervalo habitual 14 días"),
    ],
)
def test_a_sentence_is_said_with_its_facts(language: str, expected: str) -> None:
    assert translated("No purchase for 1 day; usual gap 14 days", language) == expected


def test_a_decimal_is_written_as_people_write_it_and_an_unknown_sentence_stays() -> None:
    assert translated("Sold 3.5 last week, 4 a week over 4 weeks, 12 over 13", "de") == (
        "Letzte Woche 3,5 verkauft, 4 je Woche über 4 Wochen, 12 über 13"
    )
    assert translated("Never seen before", "de") == "Never seen before"


def test_cards_speak_the_language_of_the_company_whose_record_is_asked_about(tmp_path: Path) -> None:
    world = World.create(tmp_path / "warehouse.duckdb")
    world.connect_odoo()
    for source, brand in (("shop_de", "gifts"), ("shop_us", "grocer")):
        world.insert("ops_source", (source, "shopify", True, brand))
        world.insert("stg_customer_record", *((source, n, f"Ann {n}", *(None,) * 10) for n in ("1", "2")))
        world.insert(
            "identity_review",
            (source, source, "1", source, "2", 0.5, "even", AS_OF, None, None, None, None, None),
        )
    world.languages = {"gifts": "de"}
    world.plan()
    names = world.execute("select values_json ->> '$.name' from sync_desired where target_kind = 'review' order by 1")
    assert names == [("Ein Kunde oder zwei? shop_de",), ("One customer or two? shop_us",)]
    with world.store() as connection:
        set_languages(connection, world.languages)
        shown = {
            key: values["description"]
            for key, values in cards(connection, ["review:shop_de", "review:shop_us"]).items()
        }
    assert shown["review:shop_de"].startswith("<p>Sind diese zwei Datensätze ein Kunde?")
    assert "<th>Quelle</th><td>shop_de</td>" in shown["review:shop_de"]
    assert "<th>Source</th><td>shop_us</td>" in shown["review:shop_us"]
    applied(world)
    world.execute("update identity_review set answer = 'same', decision_id = 'D1'")
    world.plan()
    notes = world.execute("select key, new_values_json ->> '$.description' from sync_plan order by key")
    assert notes == [
        ("review:shop_de", "<p>Beantwortet: ein Kunde. Entscheidung D1, die ein Techniker zurücknehmen kann.</p>"),
        ("review:shop_us", "<p>Answered: one customer. Decision D1, which an engineer can withdraw.</p>"),
    ]


def test_a_score_speaks_the_company_s_language_and_a_task_its_assignee_s(tmp_path: Path) -> None:
    world = World.create(tmp_path / "warehouse.duckdb")
    world.connect_odoo()
    world.insert("stg_odoo__user", (ODOO, "7", "70", "fleur", True))
    world.insert("stg_odoo__partner", (ODOO, "70", True, True, "fr_FR"))
    for customer, partner, brand in (("C1", 11, "grocer"), ("C2", 12, "gifts"), ("C3", 13, "gifts")):
        world.add_customer(customer, partner)
        world.add_churn(customer, brand=brand, reasons=["No purchase for 64 days; usual gap 14 days"])
    world.execute("update score_churn_current set value_at_risk_amount = 200 where customer_id = 'C3'")
    world.languages = {"grocer": "en", "gifts": "de"}
    world.limits = TaskLimits(routes=(TaskRoute(min_value_amount=150, login="fleur"),))
    world.plan()
    rows = world.execute("select target_kind || customer_id, values_json::varchar from sync_desired")
    values = {key: json.loads(text) for key, text in rows}
    assert values["customer_scoreC1"]["x_reasons"] == "No purchase for 64 days; usual gap 14 days"
    assert values["customer_scoreC3"]["x_reasons"] == "Seit 64 Tagen kein Kauf; üblicher Abstand 14 Tage"
    assert values["activityC2"]["x_name"] == "Einen Kunden von Demo Gifts zurückgewinnen"
    assert values["activityC3"]["x_name"] == "Reconquérir un client de Demo Gifts"
    assert "<li>Aucun achat depuis 64 jours ; écart habituel 14 jours</li>" in values["activityC3"]["x_note"]
    assert "<p>Valeur menacée : 200 USD. Risque de départ : 80 %.</p>" in values["activityC3"]["x_note"]
    # Analysts read what the model said.
    assert world.execute("select distinct reasons[1] from sync_desired") == [
        ("No purchase for 64 days; usual gap 14 days",)
    ]
