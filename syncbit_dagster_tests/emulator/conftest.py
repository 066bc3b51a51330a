"""A running emulator with a synthetic person, and an app that has access."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.api import Api, Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="session")
def person() -> SyntheticPerson:
    return SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)


@pytest.fixture(scope="session")
def shared_api(person: SyntheticPerson) -> Iterator[Api]:
    """For tests that only read; no quota, the clock stands still."""
    with running_emulator(person, now=Clock(), quota_per_minute=1_000_000) as emulator:
        api = Api(emulator)
        api.log_in()
        with api.session:
            yield api


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(person: SyntheticPerson, clock: Clock) -> Iterator[Api]:
    """For tests that change something: an emulator of their own."""
    with running_emulator(person, now=clock) as emulator:
        api = Api(emulator)
        api.log_in()
        with api.session:
            yield api
