"""The identity benchmark on a labelled file of one's own."""

import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from benchmarks import identity
from benchmarks.identity import case_records, measure, shares
from benchmarks.identity_calibration import bins, calibration_curve, calibration_error, scored_pairs
from benchmarks.identity_scale import next_day, person_records


def test_a_label_is_kept_from_what_is_resolved(tmp_path: Path) -> None:
    """Columns that the file lacks are null, those of the label are apart from the contract's."""
    path = tmp_path / "one.parquet"
    pl.DataFrame({"source_customer_id": ["1"], "full_name": ["Ann Lee"], "true_id": [7], "person": [7]}).write_parquet(
        path
    )
    row = case_records("custom", str(path)).row(0, named=True)
    assert (row["full_name"], row["email"], row["record_kind"], row["true_id"]) == ("Ann Lee", None, "person", "7")
    assert "person" not in row


def test_shares_say_how_hard_people_are_to_tell_apart() -> None:
    """Of three records with an e-mail two have one that another person has too; one phone, of one person. Of four
    persons x and y are twins; y and z (the same name, phone 2, born apart) are namesakes at home, w and z at two
    homes; x has two postcodes."""
    born, earlier = date(1990, 5, 1), date(1960, 5, 1)
    frame = pl.DataFrame(
        {
            "email": ["a", "a", "b", None, None, None],
            "phone": ["1", "2", None, "1", "2", "3"],
            "first_name": ["Ann", "Bob", "Ann", "ann ", "bob", "Bob"],
            "last_name": ["Lee", "Lee", "Lee", "LEE", "Lee", "Lee"],
            "birth_date": [born, born, None, born, earlier, date(1930, 1, 9)],
            "postcode": ["P1", None, "P2", "p1", None, "P9"],
            "true_id": ["x", "y", "x", "x", "z", "w"],
        }
    )
    assert shares(frame) == {
        "shared_email_share": pytest.approx(2 / 3),
        "shared_phone_share": pytest.approx(2 / 5),
        "twin_share": 0.5,
        "namesake_at_home_share": 0.5,
        "moved_share": 0.25,
    }


def test_custom_measures_any_labelled_file_as_it_does_households(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same people from a file that lacks columns of the contract and has one of its own are the same records."""
    monkeypatch.setattr(identity, "HOUSEHOLDS_ENTITIES", 600)
    records, path = case_records("households", ""), tmp_path / "people.parquet"
    records.drop("tax_id", "brand").with_columns(till=1).write_parquet(path)
    assert case_records("custom", str(path)).equals(records)
    measure("custom", str(path))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    figures = {line["metric"]: line for line in lines}
    assert {line["case"] for line in lines} == {"custom"}
    assert (figures["records"]["value"], figures["persons"]["value"]) == (records.height, records["true_id"].n_unique())
    assert {"b3_f1", "overmerged_share", "largest_ratio", "twin_share"} <= figures.keys()
    f1 = figures["pairwise_f1"]
    precision, recall = figures["pairwise_precision"]["value"], figures["pairwise_recall"]["value"]
    assert f1["value"] == pytest.approx(2 * precision * recall / (precision + recall), abs=2e-4)
    assert f1["baseline_value"] == figures["baseline_pairwise_f1"]["value"] < f1["value"]


PAIRS = pl.DataFrame(
    {"match_probability": [0.90, 0.95, 0.99, 0.15, 0.996], "is_true": [True, False, True, False, True]}
)


def test_calibration_error_is_of_the_pairs_between() -> None:
    """(.90 + .95 + .99) / 3 = .9467 said, 2 / 3 true."""
    error, count = calibration_error(PAIRS, 0.90, 0.99)
    assert (error, count) == (pytest.approx(0.28), 3)
    assert calibration_error(PAIRS, 0.4, 0.5) == (0.0, 0)


def test_calibration_curve_has_a_point_a_bin() -> None:
    """.15; .90 and .95; .99 and .996."""
    assert bins(PAIRS)["pair_count"].to_list() == [1, 2, 2]
    picture = ElementTree.fromstring(calibration_curve(PAIRS))
    titles = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == [
        "1 pairs: 0.150 said, 0.000 true",
        "2 pairs: 0.925 said, 0.500 true",
        "2 pairs: 0.993 said, 1.000 true",
    ]


def test_scored_pairs_know_the_truth() -> None:
    links = pl.DataFrame(
        {
            "left_source_name": ["s", "s"], "left_source_customer_id": ["1", "1"],
            "right_source_name": ["s", "t"], "right_source_customer_id": ["2", "1"], "match_probability": [0.9, 0.4],
        }
    )  # fmt: skip
    records = pl.DataFrame(
        {"source_name": ["s", "s", "t"], "source_customer_id": ["1", "2", "1"], "true_id": ["x", "x", "y"]}
    )
    found = scored_pairs(links, records).sort("match_probability")
    assert found.rows() == [(0.4, False), (0.9, True)]


def test_the_next_day_has_one_record_in_a_hundred_new_and_one_in_a_thousand_changed_or_gone() -> None:
    records = person_records(5_000)
    key = ["source_name", "source_customer_id"]
    before, after = next_day(records)
    new, few = records.height // 100, records.height // 1_000
    assert after.join(before, on=key, how="anti").height == new
    assert before.join(after, on=key, how="anti").height == few
    stayed = after.join(before, on=key, how="semi")
    assert stayed.join(before, on=before.columns, how="anti", nulls_equal=True).height == few
