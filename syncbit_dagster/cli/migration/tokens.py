"""The daemon's tokens into the account's token store, unless something newer is there."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from syncbit_dagster.account.tokens import Token

if TYPE_CHECKING:
    from syncbit_dagster.account.tokens import TokenStore
    from syncbit_dagster.cli.migration.daemon_files import DaemonTokens

# An access token of Fitbit lives for 8 hours, and the time of its end lacks a zone, which is at
# most 14 hours away from UTC: that long before that time, the daemon did not have it for certain.
UNCERTAIN = timedelta(days=1)


class TakeOver(Enum):
    """What became of the daemon's tokens."""

    DONE = "taken over"
    SAME = "there already"
    KEPT = "not taken over: what is stored may be newer"


def take_over(daemon: DaemonTokens, store: TokenStore) -> TakeOver:
    """Store the daemon's tokens if none are stored, or only older ones for certain.

    The access token counts as expired, so that its first use refreshes it: nobody knows the zone
    of the time at which it ends. That answer also says which scopes were granted.

    Raises:
        ConfigError, StateError: the token's place cannot be used.
    """
    with store.locked() as held:
        stored = held.load()
        if stored is not None:
            if stored.refresh_token == daemon.refresh_token:
                return TakeOver.SAME
            if not _is_surely_older(stored, daemon):
                return TakeOver.KEPT
        held.save(Token(daemon.access_token, daemon.refresh_token, expires_at=0.0))
    return TakeOver.DONE


def _is_surely_older(stored: Token, daemon: DaemonTokens) -> bool:
    if not stored.obtained_at or daemon.expires_at is None:
        return False
    return stored.obtained_at < (daemon.expires_at - UNCERTAIN).timestamp()
