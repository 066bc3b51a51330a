"""Where an account's shared state is kept: one JSON object that processes lock, read and write."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from syncbit_dagster.core.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

Json = dict[str, Any]

SQLITE = "sqlite:///"  # what follows is a path, taken as it is


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


@dataclass(frozen=True)
class StatePlace:
    """The address of one object in a database.

    Attributes:
        url: ``sqlite:///PATH`` or ``postgresql://...``; it may hold a password.
        account: whose state: label ``user`` and provider.
        subject: which state of the account.
    """

    url: str = field(repr=False)
    account: str
    subject: str

    @property
    def is_on_a_server(self) -> bool:
        """Whether several hosts can share it."""
        return not self.url.startswith(SQLITE)

    def open(self) -> State:
        """The place, ready to be locked; nothing is contacted before that."""
        # Here, because SQLAlchemy takes half a second to load, which most commands need not pay.
        from syncbit_dagster.account.state.database import DatabaseState

        return DatabaseState(self)

    def __str__(self) -> str:
        """The place without user, password and options."""
        if not self.is_on_a_server:
            return self.url.removeprefix(SQLITE)
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


class MemoryState:
    """State that nobody outside of this object shares."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._content: Json | None = None

    @contextmanager
    def locked(self) -> Iterator[HeldState]:
        with self._lock:
            yield self

    def read(self) -> Json | None:
        return self._content

    def write(self, content: Json) -> None:
        self._content = content

    def now(self) -> float:
        return time.time()

    def close(self) -> None:
        """Nothing to release."""
