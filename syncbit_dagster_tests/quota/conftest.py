"""The places that a budget can be shared in: each test runs in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.state.place import StatePlace
from syncbit_dagster_tests.postgresql import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[[], str]]:
    with running_postgresql() as new:
        yield new


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StatePlace:
    """An empty place."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'data' / 'quota.sqlite'}"
    else:
        url = request.getfixturevalue("new_database")()
    return StatePlace(url, "fitbit_web/a", "quota")
