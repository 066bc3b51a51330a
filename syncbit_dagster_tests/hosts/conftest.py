"""A PostgreSQL of the tests' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    """Of an empty database."""
    return new_database()
