"""What tests run in processes of their own; imports little, so that they start fast."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from syncbit_dagster.sources.errors import NotAuthorizedError, SourceUnavailableError
from syncbit_dagster.sources.oauth.access import AccessTokens

if TYPE_CHECKING:
    from syncbit_dagster.account.account import Account
    from syncbit_dagster.account.state.place import StatePlace


def get_each_round(account: Account, barrier: Any, rounds: int) -> list[str]:
    """The access token of each round; all processes ask at the same moment."""
    found = []
    for _ in range(rounds):
        barrier.wait()  # the test has let the token expire
        barrier.wait()
        found.append(AccessTokens(account).get())
        barrier.wait()
    return found


def refresh_for_ever(account: Account) -> None:
    """Ask for a new token again and again, until killed."""
    rejected: str | None = None
    while True:
        try:
            rejected = AccessTokens(account).get(rejected=rejected)
        except (NotAuthorizedError, SourceUnavailableError):
            time.sleep(0.01)


def count_up(place: StatePlace, rounds: int) -> None:
    """Add one a round, each time as a process that has just come and goes again."""
    for _ in range(rounds):
        with closing(place.open()) as state, state.locked() as held:
            content = held.read() or {"count": 0}
            held.write({"count": content["count"] + 1})
