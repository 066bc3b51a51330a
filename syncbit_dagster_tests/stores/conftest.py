"""One server for the tests that need no special one; each works for an account of its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.stores.duckdb import DuckDBStore
from syncbit_dagster_tests.stores.writers import store_at
from syncbit_dagster_tests.victoriametrics import Server, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syncbit_dagster.stores.base import Store

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(victoria_metrics(tmp_path_factory.mktemp("victoria"))) as one:
        yield one


@pytest.fixture
def user() -> str:
    """An account name that no other test uses."""
    return f"user-{next(_numbers)}"


@pytest.fixture(
    params=[pytest.param("victoriametrics", marks=pytest.mark.victoriametrics), "duckdb"]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "duckdb":
        yield DuckDBStore(tmp_path / "data" / "syncbit.duckdb")
        return
    store = store_at(request.getfixturevalue("server").url, tmp_path)
    yield store
    store.close()


@pytest.fixture
def crash_point(record_property: Callable[[str, object], None]) -> None:
    """Counts the crash points of a test run; the summary tells how many there were."""
    record_property("crash point", 1)
