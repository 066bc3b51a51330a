"""A clock that a test moves, and everything in the process that goes by it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

from syncbit_dagster.account.state.place import StatePlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.account.state.base import HeldState, Json, State
    from syncbit_dagster.config import Settings


class VirtualClock:
    """An instant that moves when somebody sleeps, or when the test says so; never back."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant

    def sleep(self, seconds: float) -> None:
        # A wait that is shorter than an instant's resolution ends, too.
        self._instant += max(timedelta(seconds=seconds), timedelta.resolution)

    def go_to(self, instant: datetime) -> None:
        """Move on; whoever slept longer than that is late."""
        self._instant = max(self._instant, instant)


@dataclass(frozen=True)
class _Held:
    """A shared state while its lock is held, at the virtual instant."""

    held: HeldState
    clock: VirtualClock

    def read(self) -> Json | None:
        return self.held.read()

    def write(self, content: Json) -> None:
        self.held.write(content)

    def now(self) -> float:
        return self.clock.now().timestamp()


@dataclass(frozen=True)
class _State:
    state: State
    clock: VirtualClock

    @contextmanager
    def locked(self) -> Iterator[HeldState]:
        with self.state.locked() as held:
            yield _Held(held, self.clock)

    def close(self) -> None:
        self.state.close()


@dataclass(frozen=True)
class _Place(StatePlace):
    """The request budget goes by the clock of the place that keeps it."""

    clock: VirtualClock = field(kw_only=True)

    def open(self) -> State:
        return _State(super().open(), self.clock)


def in_virtual_time(settings: Settings, clock: VirtualClock) -> Settings:
    """The settings, with a request budget that is counted in virtual time."""
    quota = settings.account.quota
    assert quota.place is not None
    place = _Place(quota.place.url, quota.place.account, quota.place.subject, clock=clock)
    return replace(settings, account=replace(settings.account, quota=replace(quota, place=place)))


@contextmanager
def dagster_in_virtual_time(clock: VirtualClock) -> Iterator[None]:
    """Dagster's own clock: which partitions there are, and when a run began."""
    with (
        patch("dagster._time._mockable_get_current_datetime", clock.now),
        patch("dagster._time._mockable_get_current_timestamp", lambda: clock.now().timestamp()),
    ):
        yield
