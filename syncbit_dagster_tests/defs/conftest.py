"""What most tests here need: records that end with the test, and no wait before another try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.sources import http

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_WAIT_SECONDS", 0.0)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
