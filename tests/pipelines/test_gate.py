"""A resolution that is too much of a surprise changes nothing and stops the run; a person may let it pass."""

import dagster as dg
import pytest

from pipelines.assets.identity import ACCEPT_TAG, resolve_identities
from pipelines.partitions import daily
from pipelines.settings import config_path, load_settings
from pipelines.warehouse import connect
from tests.identity.records import customer
from tests.pipelines.conftest import stage

ANN = {"first_name": "Ann", "last_name": "Lee", "email": "ann@x.example"}
OTHER = {"first_name": "Zed", "last_name": "Young", "email": "zed@y.example"}


@dg.asset(deps=["identity_xref"], partitions_def=daily)
def published() -> None:
    """Stands for all that comes after identity."""


def run(day: str, **tags: str) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [resolve_identities, published], partition_key=day, tags=tags, raise_on_error=False,
        resources={}, instance=dg.DagsterInstance.ephemeral(),
    )  # fmt: skip


def customer_ids() -> dict[str, str]:
    with connect() as connection:
        return dict(
            connection.execute(
                "select source_customer_id, customer_id from identity_xref where valid_to is null"
            ).fetchall()
        )


def is_published(result: dg.ExecuteInProcessResult) -> bool:
    return bool(result.asset_materializations_for_node("published"))


@pytest.mark.usefixtures("prepared")
def test_too_many_changed_ids_stop_the_run_until_a_person_accepts() -> None:
    """One of four records gets another id, a share of 0.25 against 0.05; here one is not too few."""
    with config_path().open("a", encoding="utf-8") as settings:
        settings.write("identity: {gate: {min_changed_records: 1}}\n")
    load_settings.cache_clear()
    others = [customer("3", full_name="Bo Marsh"), customer("4", full_name="Cy Hill")]
    stage(customer("1", **ANN), customer("2", **ANN), *others)
    first = run("2017-12-30")
    assert (first.success, is_published(first)) == (True, True)
    before = customer_ids()
    assert before["1"] == before["2"]

    stage(customer("1", **ANN), customer("2", **OTHER), *others)
    held = run("2017-12-31")
    assert (held.success, is_published(held)) == (False, False)
    (check,) = held.get_asset_check_evaluations()
    assert not check.passed
    assert "1 of 4 records have another customer_id" in str(check.description)
    assert check.metadata["changed_id_share"].value == 0.25
    assert customer_ids() == before

    accepted = run("2017-12-31", **{ACCEPT_TAG: "true"})
    assert (accepted.success, is_published(accepted)) == (True, True)
    after = customer_ids()
    assert after["1"] == before["1"] != after["2"]
