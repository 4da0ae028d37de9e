"""The rooms of the house: who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FORBIDDEN = {
    "models": ["pipelines", "demo", "dagster", "odoorpc", "xmlrpc", "requests", "urllib"],
    "pipelines/sources": ["pipelines.assets", "pipelines.warehouse", "pipelines.loading", "dagster", "duckdb"],
    "pipelines/odoo": ["pipelines.assets", "dagster"],
    "pipelines": ["demo", "benchmarks", "tests"],
}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imports_of_room(room: str) -> list[tuple[Path, str]]:
    return [(path, name) for path in sorted((ROOT / room).rglob("*.py")) for name in imported(path)]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_room_does_not_reach_where_it_must_not(room: str) -> None:
    found = imports_of_room(room)
    assert found
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in found
        for forbidden in FORBIDDEN[room]
        if name == forbidden or name.startswith(f"{forbidden}.")
    ]
    assert wrong == []


def test_only_the_warehouse_opens_the_warehouse_file() -> None:
    opens = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "pipelines").rglob("*.py"))
        if "duckdb.connect(" in path.read_text(encoding="utf-8")
    ]
    assert opens == ["pipelines/warehouse.py"]


def test_each_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for room in ("pipelines", "models", "demo", "benchmarks")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_locked_requirements_carry_hashes_and_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        packages = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert len(packages) > 80
        assert text.count("--hash=sha256:") >= len(packages)
