"""Model files are named by their content, written whole, and refused when they were changed."""

from datetime import date

import pytest

from models.registry import ModelCard, RegistryError, SavedModel, load, save


def model(trees: str = "tree") -> SavedModel:
    card = ModelCard(
        task="churn", brand="grocer", as_of=date(2017, 12, 31), method="test", is_fallback=False, data_from=None,
        data_to=date(2017, 12, 3), train_rows=3, test_from=None, test_to=None, test_rows=0, features=(),
        metrics={"auc": 0.1 + 0.2, "lift": None}, baseline_name="rule", baseline_metrics={}, calibration=(),
        counts={"rows": 1}, seed=1, limits=("Ünïcode",),
    )  # fmt: skip
    return SavedModel(
        task="churn", brand="grocer", model_texts={"lapse": trees}, encoding=None, calibration={"a": 1 / 3}, card=card
    )


def test_round_trip(tmp_path):
    version = save(model(), tmp_path)
    assert len(version) == 12
    assert load(version, tmp_path) == model()
    assert load(version, tmp_path).version == version


def test_same_content_same_version_and_one_file(tmp_path):
    assert save(model(), tmp_path) == save(model(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [f"{model().version}.json"]
    assert save(model("other"), tmp_path) != model().version


def test_counting_changes_the_card_alone():
    counted = model().counting(more=2)
    assert counted.card.counts == {"rows": 1, "more": 2}
    assert counted.model_texts == model().model_texts


def test_missing_or_changed_file_is_refused(tmp_path):
    with pytest.raises(RegistryError, match="no model"):
        load("0" * 12, tmp_path)
    version = save(model(), tmp_path)
    path = tmp_path / f"{version}.json"
    path.write_bytes(path.read_bytes().replace(b"tree", b"leaf"))
    with pytest.raises(RegistryError, match="not the one"):
        load(version, tmp_path)


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("models.registry.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(model(), tmp_path)
    assert list(tmp_path.iterdir()) == []
