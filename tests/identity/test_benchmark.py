"""The identity benchmark on a labelled file of one's own."""

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks.identity import case_records, measure, shares
from tests.identity.records import retailer


def test_custom_measures_any_labelled_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, truth = retailer(households=200)
    labelled = records.join(truth, on="source_customer_id").rename({"person": "true_id"}).drop("tax_id", "brand")
    path = tmp_path / "customers.parquet"
    labelled.write_parquet(path)
    measure("custom", str(path))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    figures = {line["metric"]: line for line in lines}
    assert {line["case"] for line in lines} == {"custom"}
    assert (figures["records"]["value"], figures["persons"]["value"]) == (records.height, truth["person"].n_unique())
    f1 = figures["pairwise_f1"]
    precision, recall = figures["pairwise_precision"]["value"], figures["pairwise_recall"]["value"]
    assert f1["value"] == pytest.approx(2 * precision * recall / (precision + recall), abs=2e-4)
    assert f1["baseline_value"] == figures["baseline_pairwise_f1"]["value"] < f1["value"]


def test_a_label_is_kept_from_what_is_resolved(tmp_path: Path) -> None:
    """Columns that the file lacks are null, those of the label are apart from the contract's."""
    path = tmp_path / "one.parquet"
    pl.DataFrame({"source_customer_id": ["1"], "full_name": ["Ann Lee"], "true_id": [7], "person": [7]}).write_parquet(
        path
    )
    row = case_records("custom", str(path)).row(0, named=True)
    assert (row["full_name"], row["email"], row["record_kind"], row["true_id"]) == ("Ann Lee", None, "person", "7")
    assert "person" not in row


def test_shares_of_shared_contacts() -> None:
    """Of three records with an e-mail two have one that another person has too; one phone, of one person."""
    frame = pl.DataFrame(
        {"email": ["a", "a", "b", None], "phone": ["1", None, None, "1"], "true_id": ["x", "y", "x", "x"]}
    )
    assert shares(frame) == {"shared_email_share": pytest.approx(2 / 3), "shared_phone_share": 0.0}
