"""The small retailer's files, and one finished run over them, made once for all tests of the line."""

from pathlib import Path

import pytest

from demo.make import make_landing
from tests.line.line import Retailer

SHARE = 0.05


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    make_landing(folder / "landing", folder / "truth", share=SHARE, progress=lambda text: None)
    return folder / "landing"


@pytest.fixture(scope="session")
def finished(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer whose line has run once, without an Odoo."""
    retailer = Retailer.make(tmp_path_factory.mktemp("finished") / "retailer", landing)
    retailer.run_line()
    return retailer
