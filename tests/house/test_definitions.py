"""No asset, job, schedule or sensor vanishes unnoticed, and none reads a table that nobody makes."""

from pathlib import Path

from pipelines.definitions import defs

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


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(listed()) + "\n", encoding="utf-8")
