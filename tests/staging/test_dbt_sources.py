"""dbt's sources files say what the source modules declare."""

import pytest
import yaml

from pipelines.sources import SYSTEMS
from pipelines.sources.dbt_sources import BOOKKEEPING, sources_path, sources_yaml
from pipelines.state import BOOKKEEPING as RAW_BOOKKEEPING


@pytest.mark.parametrize("system", SYSTEMS)
def test_sources_file_is_up_to_date(system: str) -> None:
    written = sources_path(SYSTEMS[system]).read_text(encoding="utf-8")
    assert written == sources_yaml(SYSTEMS[system]), "run python -m pipelines.sources.dbt_sources"


def test_bookkeeping_columns_are_those_of_the_raw_tables() -> None:
    assert {column.name: column.type for column in BOOKKEEPING} == RAW_BOOKKEEPING


def test_personal_columns_are_flagged() -> None:
    (source,) = yaml.safe_load(sources_yaml(SYSTEMS["loyalty"]))["sources"]
    accounts = next(table for table in source["tables"] if table["name"] == "accounts")
    personal = {
        column["name"] for column in accounts["columns"] if column.get("config", {}).get("meta", {}).get("personal")
    }
    assert personal == {"first_name", "last_name", "email", "phone", "street", "city", "postcode", "birth_date"}
