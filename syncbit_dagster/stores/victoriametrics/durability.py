"""When written samples can be seen, and when they survive a power cut: two different moments.

A new series shows up after 10 s unless the server is told to flush, and even then the first read
after a large import is short in 5 of 100 tries: reading back is polling. What was accepted in
the last 10 s dies with the server (kill -9), flushed or not; only a snapshot, deleted at once,
puts everything on disk. Deletions follow the same rules.
"""

from __future__ import annotations

import itertools
import logging
import time
from typing import TYPE_CHECKING

import orjson

from syncbit_dagster.stores.errors import StoreMismatchError
from syncbit_dagster.stores.victoriametrics import transport as routes
from syncbit_dagster.stores.victoriametrics.transport import RouteUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig
    from syncbit_dagster.stores.victoriametrics.transport import Transport

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 15.0  # measured: visible after 10.5 s, on disk after 11 s
READ_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)  # seconds between read-backs, then READ_PAUSE for ever
READ_PAUSE = 1.0


class Settler:
    """Makes writes visible and durable, by the server's admin paths or else by waiting."""

    def __init__(
        self,
        transport: Transport,
        config: VictoriaMetricsConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._config = config
        self._sleep = sleep
        self._monotonic = monotonic
        self._can_flush = self._can_snapshot = True
        # A process that died just before this one may have written: as if by us, just now.
        self._hidden_since: float | None = monotonic()
        self._is_volatile = True

    @property
    def is_volatile(self) -> bool:
        """Whether what can be read may be gone after a power cut, and a barrier would help."""
        return self._is_volatile and self._can_snapshot

    def note_write(self) -> None:
        """Something was written or deleted: hidden and volatile from now on."""
        self._hidden_since = self._monotonic()
        self._is_volatile = True

    def note_read_back(self) -> None:
        """Everything that was written has been read back."""
        self._hidden_since = None

    def make_visible(self) -> None:
        """Return when all accepted samples can be read, and deleted: a delete misses others."""
        if not self.flush() and self._hidden_since is not None:
            self._wait(SETTLE_SECONDS - (self._monotonic() - self._hidden_since))
        self._hidden_since = None

    def attempts(self) -> Iterator[None]:
        """One turn for each read-back that is worth trying; ends at the deadline."""
        patience = self._config.read_back_seconds
        start = self._monotonic()
        for pause in itertools.chain(READ_PAUSES, itertools.repeat(READ_PAUSE)):
            if not self.flush():
                patience = max(patience, 2 * SETTLE_SECONDS)
            yield
            if self._monotonic() - start >= patience:
                return
            self._sleep(pause)

    def make_durable(self) -> None:
        """Return when everything accepted so far survives the server's sudden death."""
        if not self._snapshot():
            self._wait(SETTLE_SECONDS)

    def make_additions_durable(self) -> None:
        """The same for samples that can be fetched again.

        Without a snapshot the server needs its 10 s, and waiting for that would help nobody.
        """
        if self._is_volatile:
            self._snapshot()

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)

    def flush(self) -> bool:
        """Make accepted samples readable, if the server has a path for that; whether it has."""
        if self._can_flush:
            try:
                self._transport.call(routes.FLUSH, params=_key(self._config.flush_auth_key))
            except RouteUnknownError as error:
                # vmauth gives the same answer to wrong credentials: then say so, do not wait.
                self._transport.call(routes.SERIES, params={"match[]": '{__name__="none"}'})
                self._can_flush = False
                logger.warning(
                    "%s Until then each check for hidden samples waits %.0f s.",
                    error,
                    SETTLE_SECONDS,
                )
        return self._can_flush

    def _snapshot(self) -> bool:
        if self._can_snapshot:
            key = _key(self._config.snapshot_auth_key)
            try:
                answer = self._transport.call(routes.SNAPSHOT_CREATE, params=key)
            except RouteUnknownError as error:
                self._can_snapshot = False
                logger.warning(
                    "%s Until then each step that must survive a power cut waits %.0f s.",
                    error,
                    SETTLE_SECONDS,
                )
                return False
            name = _snapshot_name(answer.content)
            self._transport.call(routes.SNAPSHOT_DELETE, params={"snapshot": name, **key})
            self._is_volatile = False
        return self._can_snapshot


def _key(value: str | None) -> dict[str, str]:
    return {"authKey": value} if value else {}


def _snapshot_name(content: bytes) -> str:
    try:
        document = orjson.loads(content)
        return str(document["snapshot"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise StoreMismatchError(
            "VictoriaMetrics made no snapshot although it said so; look at its log and at the "
            "free disk space."
        ) from None
