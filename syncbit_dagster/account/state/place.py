"""Where an account's shared state is kept: one JSON object that processes lock, read and write."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.account.state.base import HeldState, Json, State

SQLITE = "sqlite:///"  # what follows is a path, taken as it is


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

        file = None if self.is_on_a_server else Path(self.url.removeprefix(SQLITE))
        return DatabaseState(file or self.url, self.account, self.subject, shown=str(self))

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
