"""`retail identity same`, `different`, `split`, `answer`: what is booked, and what a run makes of it."""

import re
import sys
from datetime import date

import polars as pl
import pytest

from models.identity import PreviousIdentity, resolve
from models.identity.review import EVEN, KEPT_APART, QUESTION_SCHEMA
from pipelines import cli, decisions
from pipelines.settings import ReviewRules, Settings
from pipelines.warehouse import connect, replace_rows
from tests.identity.records import customer, frame

AS_OF = date(2017, 12, 31)
ROWS = (
    customer("1", first_name="Ann", last_name="Lee", email="ann@x.example", phone="07700 900123"),
    customer("2", first_name="Ann", last_name="Lee", email="ann@x.example"),
    customer("9", "till", first_name="Bo", last_name="Marsh"),
    customer("firm", full_name="Lee Ltd", record_kind="organisation"),
)
XREF = pl.DataFrame(
    [("shop", "1", "C12"), ("shop", "2", "C12"), ("till", "9", "C9"), ("shop", "firm", "Cfirm")],
    schema=["source_name", "source_customer_id", "customer_id"],
    orient="row",
).with_columns(valid_from=date(1900, 1, 1))


@pytest.fixture(autouse=True)
def known(prepared: Settings) -> None:
    """Four staged records, of which 1 and 2 are one customer."""
    with connect() as connection:
        staged = frame(*ROWS).to_arrow()
        connection.register("_staged", staged)
        connection.execute("create table stg_customer_record as select * from _staged")
        replace_rows(connection, "identity_xref", XREF)


class Retail:
    """The command, as a person types it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["retail", "identity", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output = self._capsys.readouterr().out
        assert int(ended.value.code or 0) == code, output
        return output


@pytest.fixture
def retail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Retail:
    return Retail(monkeypatch, capsys)


def kept() -> list[tuple[str, set[tuple[str, int]]]]:
    """Kind and records with their groups, the oldest first."""
    with connect() as connection:
        rows = connection.execute("select kind, records from identity_decision order by decided_at").fetchall()
    return [(kind, {(one["source_customer_id"], one["group_no"]) for one in records}) for kind, records in rows]


def test_decisions_are_booked_listed_and_withdrawn(retail: Retail) -> None:
    retail("same", "C12", "till:9", "--why", "asked at the till")
    retail("different", "shop:1", "shop:2")
    retail("split", "C12", "--records", "shop:1")
    retail("split", "C12")
    assert kept() == [
        ("same", {("1", 1), ("2", 1), ("9", 1)}),
        ("different", {("1", 1), ("2", 2)}),
        ("split", {("1", 1), ("2", 2)}),
        ("split", {("1", 1), ("2", 2)}),
    ]
    listed = retail("decisions")
    assert "asked at the till" in " ".join(listed.split())
    newest = re.findall(r"D[0-9a-f]{12}", listed)[0]
    retail("withdraw", newest)
    assert "withdrawn" in retail("decisions")
    assert "No decision" in retail("withdraw", newest, code=1)


def test_a_decision_says_at_once_what_it_overrules(retail: Retail) -> None:
    first, second = (
        re.findall(r"Decision (D[0-9a-f]{12})", retail(*arguments))[0]
        for arguments in (("same", "shop:1", "till:9"), ("same", "shop:2", "till:9"))
    )
    output = " ".join(retail("different", "shop:1", "shop:2").split())
    third = re.findall(r"Decision (D[0-9a-f]{12})", output)[0]
    assert f"{first} is not followed: newer and otherwise: {third}." in output
    assert f"{second} is not followed" not in output


def test_what_makes_no_sense_is_refused(retail: Retail) -> None:
    assert "knows no record shop:77" in retail("same", "shop:1", "shop:77", code=1)
    assert "Name two records" in retail("same", "shop:1", "shop:1", code=1)
    assert "One is a person and one an organisation" in retail("same", "shop:1", "shop:firm", code=1)
    assert "have a record in common" in retail("different", "C12", "shop:1", code=1)
    assert "till:9 is no record of C12" in retail("split", "C12", "--records", "till:9", code=1)
    assert "nothing is split" in retail("split", "C9", code=1)
    assert kept() == []


def question(number: int, left: str, right: str) -> dict[str, object]:
    return {
        "review_id": f"R{number}", "left_source_name": "shop", "left_source_customer_id": left,
        "right_source_name": "shop", "right_source_customer_id": right, "match_probability": 0.5, "reason": EVEN,
    }  # fmt: skip


def ask(*questions: dict[str, object]) -> None:
    with connect() as connection:
        decisions.ask(connection, pl.DataFrame(list(questions), schema=QUESTION_SCHEMA), AS_OF)


def answers() -> dict[str, str | None]:
    with connect() as connection:
        return dict(connection.execute("select review_id, answer from identity_review").fetchall())


def test_questions_are_listed_without_the_score_and_answered(retail: Retail) -> None:
    ask(question(1, "1", "2"), question(2, "2", "firm"), question(3, "1", "firm") | {"reason": KEPT_APART})
    listed = retail("review")
    assert "retail identity explain shop:1 shop:2" in listed
    assert "0.5" not in listed
    retail("answer", "R1", "different")
    assert "by decision" not in retail("answer", "R2", "unsure")
    retail("answer", "R3", "different")
    assert kept() == [("different", {("1", 1), ("2", 2)}), ("different", {("1", 1), ("firm", 2)})]
    assert answers() == {"R1": "different", "R2": "unsure", "R3": "different"}
    # What sets the threshold is what people say of even odds.
    with connect() as connection:
        assert decisions.answers_to_even(connection).rows() == [(0.5, False)]
    assert "No question R1 is open" in retail("answer", "R1", "same", code=1)
    assert "An answer is same, different, unsure" in retail("answer", "R1", "perhaps", code=1)


def test_a_question_is_moot_once_its_record_is_gone_or_the_pair_is_decided(retail: Retail) -> None:
    ask(question(1, "1", "2"), question(2, "1", "gone"), question(3, "2", "firm"))
    assert answers() == {"R1": None, "R2": "moot", "R3": None}
    retail("same", "C12")
    ask()
    assert answers() == {"R1": "moot", "R2": "moot", "R3": None}


def test_a_day_brings_a_few_questions_and_no_more_than_can_be_open() -> None:
    ask(*(question(number, "1", "2") for number in range(3)))

    def limit(max_new: int, max_open: int, as_of: date = AS_OF) -> int:
        with connect() as connection:
            rules = ReviewRules(max_new=max_new, max_open=max_open)
            return decisions.human_input(connection, rules, as_of).question_limit

    assert limit(max_new=5, max_open=20) == 2
    assert limit(max_new=5, max_open=20, as_of=date(2018, 1, 1)) == 5
    assert limit(max_new=5, max_open=4, as_of=date(2018, 1, 1)) == 1
    assert limit(max_new=2, max_open=20) == 0


def test_a_run_follows_what_was_booked(retail: Retail) -> None:
    retail("different", "shop:1", "shop:2")
    with connect() as connection:
        human = decisions.human_input(connection, ReviewRules(), AS_OF)
    assert human.asked.is_empty()
    result = resolve(frame(*ROWS[:2]), PreviousIdentity.none(), AS_OF, seed=1, human=human)
    assert result.identity_xref["customer_id"].n_unique() == 2
