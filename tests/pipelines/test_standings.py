"""`retail models` and `retail models promote`: who is champion, day by day, and what a person may decide."""

import sys
from datetime import date

import pytest

from models import registry
from pipelines import cli, standings
from pipelines.settings import Settings
from pipelines.warehouse import connect, transaction
from tests.models.test_champions import carded

DAYS = tuple(date(2017, 12, day) for day in (1, 2, 3, 4))


def made(trees: str, role: registry.Role, **changes: object) -> registry.SavedModel:
    model = carded(trees, role=role, role_reason="A reason.", **changes)
    registry.save(model, standings.models_dir())
    return model


def decide(day: date, *models: registry.SavedModel) -> None:
    with connect() as connection, transaction(connection):
        standings.record(connection, "churn", day, models)


def champion(day: date) -> str | None:
    with connect() as connection:
        standing = standings.standing(connection, "churn", day)
    found = standing.champions.get("grocer")
    return None if found is None else found.version


@pytest.fixture
def decided(prepared: Settings) -> tuple[str, str]:
    """A champion of the first day, and a challenger of the second."""
    first, second = made("first", "champion"), made("second", "challenger")
    decide(DAYS[0], first)
    decide(DAYS[1], second)
    return first.version, second.version


def test_a_day_finds_the_champion_of_the_days_before(decided):
    first, _ = decided
    assert [champion(day) for day in DAYS[:3]] == [None, first, first]
    third = made("third", "champion")
    decide(DAYS[2], third)
    assert [champion(day) for day in DAYS] == [None, first, first, third.version]
    decide(DAYS[2], made("third", "challenger"))
    assert champion(DAYS[3]) == first


def test_a_rule_has_no_standing(prepared):
    decide(DAYS[0], carded("rule", is_fallback=True))
    assert standings.listing() == []


def test_a_champion_whose_file_is_lost_is_none(decided):
    first, _ = decided
    (standings.models_dir() / f"{first}.json").unlink()
    assert champion(DAYS[2]) is None


def test_a_person_promotes_a_challenger_from_the_next_day_on(decided):
    first, second = decided
    assert standings.promote(second) == ("churn", "grocer")
    assert [champion(day) for day in DAYS[1:]] == [first, second, second]
    # The day that runs again decides anew; what the person decided stays.
    decide(DAYS[1], made("second", "challenger"))
    assert champion(DAYS[2]) == second
    in_force = [(version, by) for _, _, version, *_, by, is_now in standings.listing() if is_now]
    assert len(in_force) == 1
    assert in_force[0][0] == second
    assert in_force[0][1] != ""


def test_what_failed_its_checks_or_is_unknown_is_not_promoted(decided):
    first, _ = decided
    weak = made("weak", "challenger", metrics={"auc": 0.59})
    decide(DAYS[2], weak)
    for version, why in (
        (weak.version, "failed its checks"),
        (first, "is the champion of churn for grocer already"),
        ("0" * 12, "No model is called"),
    ):
        with pytest.raises(standings.PromotionError, match=why):
            standings.promote(version)
    assert champion(DAYS[3]) == first


def test_the_command_shows_and_promotes(decided, monkeypatch, capsys):
    _, second = decided

    def retail(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["retail", "models", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output: str = capsys.readouterr().out
        assert not ended.value.code, output
        return output

    assert second in retail()
    assert f"{second} scores churn for grocer" in retail("promote", second)
    assert champion(DAYS[3]) == second
