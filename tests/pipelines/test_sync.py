"""The step that applies a plan, where the server goes away in the middle."""

import dagster as dg
import pytest

from pipelines import writeback
from pipelines.assets import sync
from pipelines.odoo.client import LoginRefusedError, UnavailableError
from pipelines.odoo.sink import ApplyResult


def _materialize(monkeypatch: pytest.MonkeyPatch, replies: list[Exception | ApplyResult]) -> bool:
    """Whether the step ends well where applying gives these one after the other."""

    def apply(*_: object) -> dict[str, ApplyResult]:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return {"odoo_main": reply}

    monkeypatch.setattr(writeback, "apply_current", apply)
    monkeypatch.setattr(writeback, "refused_rows", lambda *_: [])
    monkeypatch.setattr(sync, "SERVER_RETRY_SECONDS", 0)
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            [sync.sync_ledger], partition_key="2017-12-31", instance=instance, raise_on_error=False
        ).success


def test_a_server_that_comes_back_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [UnavailableError("HTTP 429"), UnavailableError("no connection"), ApplyResult(applied=3)]
    assert _materialize(monkeypatch, replies)
    assert replies == []


def test_a_server_that_stays_away_does(monkeypatch: pytest.MonkeyPatch) -> None:
    replies: list[Exception | ApplyResult] = [UnavailableError("no connection") for _ in range(5)]
    assert not _materialize(monkeypatch, replies)
    assert len(replies) == 5 - 1 - sync.SERVER_RETRIES


def test_a_refused_login_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [LoginRefusedError("refused"), ApplyResult()]
    assert not _materialize(monkeypatch, replies)
    assert replies == [ApplyResult()]
