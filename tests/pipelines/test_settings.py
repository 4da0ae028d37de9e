"""Settings: errors name the setting at fault."""

from pathlib import Path

import pytest

from models.ordering.settings import OrderingBrand, OrderingTerms
from pipelines.settings import Settings, SettingsError, odoo_connection, read_settings
from tests.pipelines.conftest import RETAIL


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "other.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("company: c", "company: nobody", "brands.b.company"),
        ("system: pos", "system: cash", "sources.till.system"),
        ("time_zone: America/New_York", "time_zone: Eastern Time (US & Canada)", "brands.b.time_zone"),
        ("horizon_days: 28", "horizon_days: 0", "brands.b.churn.horizon_days"),
        ("returns:", "ordering: {review_days: 0}\n    returns:", "brands.b.ordering.review_days"),
        ("customer_source: card", "customer_source: none", "sources.till.customer_source"),
        ("retailer: Test", "retailer: Test\ncolour: red", "colour"),
        ("retailer: Test", "retailer: Test\nidentity: {golden: {email: [newest]}}", "identity.golden.email"),
        ("retailer: Test", "retailer: Test\nidentity: {trusted_sources: [nobody]}", "identity.trusted_sources"),
        ("retailer: Test", "retailer: Test\nidentity: {gate: {min_precision: 2}}", "identity.gate.min_precision"),
    ],
)
def test_error_names_the_setting(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named.replace(".", r"\.")):
        read_settings(write(tmp_path, RETAIL.replace(old, new)))


def test_missing_file_says_where(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.yaml"):
        read_settings(tmp_path / "nothing.yaml")


def test_half_an_odoo_is_an_error_that_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODOO_URL", "http://127.0.0.1:1")
    for variable in ("ODOO_DB", "ODOO_USER", "ODOO_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(SettingsError, match="ODOO_DB, ODOO_USER, ODOO_PASSWORD"):
        odoo_connection()


def test_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ODOO_URL", "ODOO_DB", "ODOO_USER", "ODOO_PASSWORD"):
        monkeypatch.setenv(variable, "s3cret" if variable == "ODOO_PASSWORD" else "x")
    assert "s3cret" not in repr(odoo_connection())


def test_a_source_that_is_off_is_no_source(settings: Settings) -> None:
    assert set(settings.sources_of("pos")) == {"till"}
    off = settings.sources["till"].model_copy(update={"enabled": False})
    assert settings.model_copy(update={"sources": {"till": off}}).sources_of("pos") == {}


def test_ordering_rules_are_the_defaults_but_for_what_is_named(tmp_path: Path, settings: Settings) -> None:
    assert settings.brands["b"].ordering.brand == OrderingBrand()
    ordering = "ordering: {budget_amount: 900, service_levels: {a: 0.96}, categories: {BEEF: {shelf_life_days: 5}}}"
    path = write(tmp_path, RETAIL.replace("    returns:", f"    {ordering}\n    returns:"))
    assert read_settings(path).brands["b"].ordering.brand == OrderingBrand(
        budget_amount=900,
        service_levels={"a": 0.96, "b": 0.975, "c": 0.99},
        categories={"BEEF": OrderingTerms(shelf_life_days=5)},
    )
