"""`retail identity`: what the command says of records and customers that the last run knew."""

import re
import sys
from datetime import date
from pathlib import Path

import pytest

from models.identity import update
from pipelines import cli, identities
from pipelines.settings import Settings
from pipelines.warehouse import connect, transaction
from tests.identity.records import customer
from tests.pipelines.conftest import stage

AS_OF = date(2017, 12, 31)
HOME = {"street": "4 Oak Street", "city": "Leeds", "postcode": "LS1 4AB"}
ROWS = (
    customer("1", first_name="Ann", last_name="Lee", email="ann@x.example", phone="07700 900123"),
    customer("2", first_name="Ann", last_name="Lee", email="ann@x.example", phone="07700 900456", **HOME),
    customer("9", "till", first_name="Bo", last_name="Marsh", email="[/b]o@y.example", **HOME),
    customer("firm", full_name="Lee Ltd", record_kind="organisation", email="office@z.example"),
)


@pytest.fixture
def resolved(prepared: Settings) -> dict[str, str]:
    """customer_id by the record's id, after a run."""
    stage(*ROWS)
    with connect() as connection:
        with update(connection, "stg_customer_record", AS_OF, seed=1) as run, transaction(connection):
            run.write()
        return dict(connection.sql("select source_customer_id, customer_id from identity_xref").fetchall())


def retail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["retail", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0), capsys.readouterr().out


def test_explain_says_why_and_draws_it(
    resolved: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, output = retail(monkeypatch, capsys, "identity", "explain", "shop:1", "shop:2")
    assert code == 0
    assert f"shop:1 and shop:2 are one customer, {resolved['1']}." in output
    assert re.search(r"^For one customer: .*email \(same, \+", output, re.MULTILINE)
    assert re.search(r"^Against: phone \(different, -", output, re.MULTILINE)
    assert "By the model of 2017-12-31, its starting weights." in output
    assert "have changed since" not in output
    [path] = re.findall(r"^The picture, with the values: (.*)$", output, re.MULTILINE)
    assert Path(path).stat().st_mode & 0o077 == 0
    assert "ann@x.example" in Path(path).read_text(encoding="utf-8")
    with connect() as connection:
        [(weight,)] = connection.execute(
            "select match_weight from identity_link where right_source_customer_id = '2' and match_probability > 0.9"
        ).fetchall()
    assert f"Weight {weight:+.2f} bits" in output


def test_explain_two_customers_names_the_pair_that_counts_most(
    resolved: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of Ann's records the second lives where Bo does."""
    code, output = retail(monkeypatch, capsys, "identity", "explain", resolved["1"], resolved["9"])
    assert code == 0
    assert f"are two customers, {resolved['1']} and {resolved['9']}." in output
    assert "The two customers' 2 pairs of records" in output
    code, output = retail(monkeypatch, capsys, "identity", "explain", "till:9", "shop:2")
    assert "Compared because they share: house, postcode, street." in output
    assert "[/b]o@y.example" in output
    retail(monkeypatch, capsys, "identity", "different", "till:9", "shop:2")
    _, output = retail(monkeypatch, capsys, "identity", "explain", "till:9", "shop:2")
    [decision] = re.findall(r"^People decided: different, (D[0-9a-f]{12}), by ", output, re.MULTILINE)
    _, output = retail(monkeypatch, capsys, "identity", "customer", resolved["9"])
    assert decision in output[output.index("Decisions") :]


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("shop:1", "shop:7", "knows no record shop:7"),
        ("shop:1", "Cnobody", "knows no customer Cnobody"),
        ("shop:1", "shop:1", "are the same"),
        ("shop:1", "shop:firm", "never compared"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_line(
    resolved: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], left: str,
    right: str, said: str,
) -> None:  # fmt: skip
    code, output = retail(monkeypatch, capsys, "identity", "explain", left, right)
    assert (code, said in output) == (1, True)


def test_customer_shows_records_links_events_and_household(
    resolved: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, output = retail(monkeypatch, capsys, "identity", "customer", resolved["1"])
    assert code == 0
    assert all(title in output for title in ("Records", "Links", "Events", "Household"))
    records = output[output.index("Records") : output.index("Values")]
    assert len(re.findall(r"shop +│ [12] ", records)) == 2
    values = output[output.index("Values") : output.index("Links")]
    # Both records have the same date: the first by key counts as the newest. The second alone has an address.
    assert re.search(r"^│ phone +│ shop:1 +│ most_recent +│$", values, re.MULTILINE)
    assert re.search(r"^│ address +│ shop:2 +│ complete +│$", values, re.MULTILINE)
    links = output[output.index("Links") : output.index("Events")]
    assert len(re.findall(r"shop:1 +│ shop:2 ", links)) == 1
    assert "records that no customer had" in output
    assert f"H{resolved['1'][1:]}" in output
    code, output = retail(monkeypatch, capsys, "identity", "customer", "Cnobody")
    assert (code, "No customer is or was called Cnobody" in output) == (1, True)


def test_a_new_estimate_is_shown_and_kept_only_where_asked(
    resolved: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bo's record is gone since the run: of three customers two are left."""
    with connect() as connection:
        connection.execute("insert into ops_run values ('r', ?, now(), now(), 'succeeded')", [AS_OF])
        connection.execute("delete from stg_customer_record where source_customer_id = '9'")
    code, output = retail(monkeypatch, capsys, "identity", "reestimate")
    assert (code, "Nothing was changed" in output) == (0, True)
    assert re.search(r"^│ customers +│ 3 +│ 2 +│$", output, re.MULTILINE)
    with connect() as connection:
        [(compared,)] = connection.execute("select count(*) from identity_store.edge").fetchall()
    assert compared > 0
    assert re.search(rf"^│ compared +│ {compared} +│ \d+ +│$", output, re.MULTILINE)
    assert re.search(r"^│ retired +│ 1 +│$", output, re.MULTILINE)
    [path] = re.findall(r"^The report: (.*)$", output, re.MULTILINE)
    assert "| customers | 3 | 2 |" in Path(path).read_text(encoding="utf-8")
    with connect() as connection:
        assert connection.execute("select count(*) from identity_golden").fetchall() == [(3,)]
    assert retail(monkeypatch, capsys, "identity", "reestimate", "--apply")[0] == 0
    with connect() as connection:
        assert connection.execute("select count(*) from identity_golden").fetchall() == [(2,)]


def test_a_household_is_known_from_the_day_that_found_it(prepared: Settings) -> None:
    def remember(day: int, *rows: tuple[str, str]) -> None:
        with connect() as connection:
            connection.execute("delete from identity_household")
            connection.executemany("insert into identity_household (customer_id, household_id) values (?, ?)", rows)
            identities.remember_households(connection, date(2017, 12, day))

    remember(1, ("C1", "H1"), ("C2", "H1"))
    remember(1, ("C1", "H1"), ("C2", "H1"))
    remember(5, ("C1", "H1"), ("C2", "H2"), ("C3", "H2"))
    remember(9, ("C1", "H1"), ("C3", "H2"))
    always, fifth, ninth = date(1900, 1, 1), date(2017, 12, 5), date(2017, 12, 9)
    with connect() as connection:
        assert connection.execute("from identity_household_history order by all").fetchall() == [
            ("C1", "H1", always, None),
            ("C2", "H1", always, fifth),
            ("C2", "H2", fifth, ninth),
            ("C3", "H2", fifth, None),
        ]
