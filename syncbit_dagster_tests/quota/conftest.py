"""The places that a budget can be shared in: each test runs in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.state.place import StatePlace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StatePlace:
    """An empty place."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'data ? %41' / 'quota.sqlite'}"
    else:
        url = request.getfixturevalue("new_database")()
    return StatePlace(url, "fitbit_web/a", "quota")
