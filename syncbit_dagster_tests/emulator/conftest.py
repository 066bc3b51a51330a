"""A running emulator with a synthetic person, and apps that have access to either API."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulator.api import Api, Clock
from syncbit_dagster_tests.emulator.fitbit_web.api import WebApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.emulator.server import RunningEmulator

BERLIN = ZoneInfo("Europe/Berlin")
App = TypeVar("App", Api, WebApi)


def logged_in(app: App) -> Iterator[App]:
    app.log_in()
    with app.session:
        yield app


@pytest.fixture(scope="session")
def person() -> SyntheticPerson:
    return SyntheticPerson(BERLIN, date(2025, 6, 1), seed=3)


@pytest.fixture(scope="session")
def shared(person: SyntheticPerson) -> Iterator[RunningEmulator]:
    """For tests that only read; no quota, the clock stands still."""
    with running_emulator(
        person, now=Clock(), quota_per_minute=1_000_000, quota_per_hour=1_000_000
    ) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def shared_api(shared: RunningEmulator) -> Iterator[Api]:
    yield from logged_in(Api(shared))


@pytest.fixture(scope="session")
def shared_web(shared: RunningEmulator) -> Iterator[WebApi]:
    yield from logged_in(WebApi(shared))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(person: SyntheticPerson, clock: Clock) -> Iterator[RunningEmulator]:
    """For tests that change something."""
    with running_emulator(person, now=clock) as running:
        yield running


@pytest.fixture
def api(emulator: RunningEmulator) -> Iterator[Api]:
    yield from logged_in(Api(emulator))


@pytest.fixture
def web(emulator: RunningEmulator) -> Iterator[WebApi]:
    yield from logged_in(WebApi(emulator))
