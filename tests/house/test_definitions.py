"""No asset, job, schedule or sensor vanishes unnoticed, and none reads a table that nobody makes."""

from pathlib import Path

from pipelines.dbt import prepare_manifest
from pipelines.definitions import defs
from pipelines.publishing import documented_columns
from pipelines.sources import SYSTEMS

SNAPSHOT = Path(__file__).with_name("definitions.txt")
"""Written by `python -m tests.house.test_definitions` when a change of the list is meant."""


def listed() -> list[str]:
    repository = defs.get_repository_def()
    graph = defs.resolve_asset_graph()
    return sorted(
        [f"asset {key.to_user_string()}" for key in graph.get_all_asset_keys()]
        + [f"job {job.name}" for job in repository.get_all_jobs() if not job.name.startswith("__")]
        + [f"schedule {schedule.name}" for schedule in repository.schedule_defs]
        + [f"sensor {sensor.name}" for sensor in repository.sensor_defs]
    )


def test_the_list_is_the_one_written_down() -> None:
    assert listed() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_every_input_is_made_by_an_asset() -> None:
    graph = defs.resolve_asset_graph()
    assert [key.to_user_string() for key in graph.external_asset_keys] == []


def test_every_asset_has_a_day() -> None:
    graph = defs.resolve_asset_graph()
    without = [key for key in graph.get_all_asset_keys() if graph.get(key).partitions_def is None]
    assert without == []


def test_columns_that_hold_a_persons_values_are_classified() -> None:
    """A dimension's column that has the name of a personal raw column is personal too."""
    personal = {
        column.name
        for system in SYSTEMS.values()
        for entity in system.entities
        for column in entity.columns
        if column.personal and column.name != "name"
    }
    unclassified = [
        f"{column.table}.{column.column}"
        for column in documented_columns(prepare_manifest())
        if column.table.startswith(("dim_", "fct_", "mart_")) and column.column in personal and not column.is_personal
    ]
    # A store's city is nobody's.
    assert set(unclassified) <= {"dim_store.city"}


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(listed()) + "\n", encoding="utf-8")
