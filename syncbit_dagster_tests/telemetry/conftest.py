"""A stage for each test, with the embedded store or with VictoriaMetrics."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.quota import ledger
from syncbit_dagster_tests.defs.wearer import Wearer
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.telemetry.stage import NOON, Stage
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def staged(directory: Path, **variables: str) -> Iterator[Stage]:
    person, clock = Wearer(NOON - timedelta(minutes=5)), [NOON]
    with (
        emulated_account(person, directory, now=lambda: clock[0]) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield Stage(account, person, instance, clock, variables)


@pytest.fixture(autouse=True)
def _patient_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    # The budget's clock is the real one: after a 429 it would stop everybody for a real second.
    monkeypatch.setattr(ledger, "PAUSE_AFTER_429_SECONDS", 0.0)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """With the embedded store."""
    with staged(tmp_path) as one:
        yield one


@pytest.fixture
def victoria_stage(tmp_path: Path) -> Iterator[Stage]:
    """With VictoriaMetrics."""
    with (
        running(victoria_metrics(tmp_path / "victoria")) as server,
        staged(tmp_path, VICTORIA_ENDPOINT=server.url) as one,
    ):
        yield one
