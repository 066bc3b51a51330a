"""A running emulator with a synthetic person, and an app that has access to the Fitbit Web API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster_tests.emulator.api import Clock
from syncbit_dagster_tests.emulator.fitbit_web.api import WebApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.emulator.synthetic import SyntheticPerson


@pytest.fixture(scope="session")
def shared_web(person: SyntheticPerson) -> Iterator[WebApi]:
    """For tests that only read; no quota, the clock stands still."""
    with running_emulator(person, now=Clock(), quota_per_hour=1_000_000) as emulator:
        web = WebApi(emulator)
        web.log_in()
        with web.session:
            yield web


@pytest.fixture
def web(person: SyntheticPerson, clock: Clock) -> Iterator[WebApi]:
    """For tests that change something: an emulator of their own."""
    with running_emulator(person, now=clock) as emulator:
        web = WebApi(emulator)
        web.log_in()
        with web.session:
            yield web
