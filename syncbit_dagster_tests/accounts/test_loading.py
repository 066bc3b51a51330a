"""What it takes to load accounts: as much for each, however many there are."""

from __future__ import annotations

import cProfile
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.definitions import build_definitions
from syncbit_dagster_tests.accounts.files import Declared

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.config import Settings


def _calls(accounts: list[Settings]) -> int:
    """How many calls of functions it takes, which no other process on the machine changes."""
    with cProfile.Profile() as profile:
        build_definitions(*accounts).get_repository_def()
    return sum(entry.callcount for entry in profile.getstats())


def test_every_further_account_takes_as_many_calls_as_the_one_before(tmp_path: Path) -> None:
    declared = Declared(tmp_path)
    declared.write("".join(f"person_{number}:\n" for number in range(12)))
    accounts = declared.load()
    _calls(accounts[:2])  # what is imported once
    two, seven, twelve = (_calls(accounts[:count]) for count in (2, 7, 12))
    assert twelve - seven == pytest.approx(seven - two, rel=0.01)


def test_a_long_list_is_read_without_looking_for_zones_or_files_again_and_again(
    tmp_path: Path,
) -> None:
    declared = Declared(tmp_path)
    entry = "  SYNCBIT_TIMEZONE: Asia/Kolkata\n"
    declared.write("".join(f"person_{number}:\n{entry}" for number in range(100)))
    declared.load()  # the names of all zones
    with cProfile.Profile() as profile:
        declared.load(SYNCBIT_ACCOUNT_NAMES="person_7")
    assert sum(one.callcount for one in profile.getstats()) < 100 * 1_500
