"""A PostgreSQL of the tests' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.postgresql import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[[], str]]:
    with running_postgresql() as new:
        yield new


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    """Of an empty database."""
    return new_database()
