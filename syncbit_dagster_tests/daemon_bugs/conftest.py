"""One VictoriaMetrics for all of these tests; each works for an account of its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster_tests.daemon_bugs.stage import NOON, Person, Stage
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.victoriametrics import Server, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_numbers = itertools.count()


@pytest.fixture(scope="session")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(victoria_metrics(tmp_path_factory.mktemp("victoria"))) as one:
        yield one


@pytest.fixture
def stage(tmp_path: Path, victoria: Server) -> Iterator[Stage]:
    person, clock = Person(), [NOON]
    with (
        emulated_account(person, tmp_path, now=lambda: clock[0]) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        user = f"wearer-{next(_numbers)}"
        yield Stage(account, person, clock, instance, victoria, user)
