"""What every place of shared state offers: one JSON object, locked while it is read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from syncbit_dagster.core.errors import SyncbitError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Json = dict[str, Any]


class StateError(SyncbitError):
    """The place of the shared state cannot be read or written; it may work later."""


class HeldState(Protocol):
    """The state while its lock is held."""

    def read(self) -> Json | None:
        """The object, or None if nothing was ever written."""
        ...

    def write(self, content: Json) -> None:
        """Replace the object; it counts when the lock is released."""
        ...

    def now(self) -> float:
        """Seconds since the epoch by the one clock of all that share the state."""
        ...


class State(Protocol):
    """An open place."""

    def locked(self) -> AbstractContextManager[HeldState]:
        """Hold the state against every other thread, process and host.

        Raises:
            StateError: the place does not work, or somebody else held it for minutes.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...
