"""One account for all tests that read a real store: filling it takes some seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.report.filled import filled_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.config import Settings


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with filled_account(tmp_path_factory.mktemp("filled")) as settings:
        yield settings
