"""The demo person in a real VictoriaMetrics, once for all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.grafana.filled import Filled, filled

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with filled(tmp_path_factory.mktemp("documentation")) as held:
        yield held
