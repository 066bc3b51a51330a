"""The daemon's tokens: of use where nothing newer is stored, and usable then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.cli.migration.daemon_files import DaemonTokens
from syncbit_dagster.cli.migration.tokens import TakeOver, take_over

if TYPE_CHECKING:
    from pathlib import Path

EXPIRES = datetime(2026, 10, 31, 14, 55, tzinfo=UTC)
DAEMON = DaemonTokens("daemons-access", "daemons-refresh", EXPIRES)


def stored(obtained_at: datetime | None) -> Token:
    return Token(
        "our-access",
        "our-refresh",
        expires_at=0.0,
        obtained_at=obtained_at.timestamp() if obtained_at else 0.0,
    )


def test_without_a_token_they_are_taken_over_and_refreshed_at_first_use(tmp_path: Path) -> None:
    place = TokenFile(tmp_path / "tokens.json")
    assert take_over(DAEMON, place) is TakeOver.DONE
    token = place.load()
    assert token is not None
    assert token.refresh_token == "daemons-refresh"
    assert not token.is_fresh(datetime(1971, 1, 1, tzinfo=UTC))
    assert place.path.stat().st_mode & 0o777 == 0o600
    assert take_over(DAEMON, place) is TakeOver.SAME


@pytest.mark.parametrize(
    ("obtained_at", "outcome"),
    [
        (None, TakeOver.KEPT),  # nobody knows
        (EXPIRES + timedelta(days=3), TakeOver.KEPT),
        (EXPIRES - timedelta(hours=8), TakeOver.KEPT),  # in another zone the daemon's is older
        (EXPIRES - timedelta(hours=22), TakeOver.KEPT),  # the furthest zone, a whole life
        (EXPIRES - timedelta(days=30), TakeOver.DONE),
    ],
)
def test_only_what_is_surely_older_gives_way(
    tmp_path: Path, obtained_at: datetime | None, outcome: TakeOver
) -> None:
    place = TokenFile(tmp_path / "tokens.json")
    place.save(stored(obtained_at))
    assert take_over(DAEMON, place) is outcome
    token = place.load()
    assert token is not None
    assert token.refresh_token == ("daemons-refresh" if outcome is TakeOver.DONE else "our-refresh")


def test_without_a_time_what_is_stored_stays(tmp_path: Path) -> None:
    place = TokenFile(tmp_path / "tokens.json")
    place.save(stored(EXPIRES - timedelta(days=900)))
    assert take_over(DaemonTokens("a", "r", None), place) is TakeOver.KEPT
