"""Why a server does not keep what it accepts: its flags and counters, put into a sentence.

A sample outside of the retention, with too many labels or in a line that does not parse is
answered with HTTP 204 like any other. The server's /metrics tell the flags before and the
counters after. A proxy answers /metrics with its own, so all of this is help, not proof: proof
is the read-back.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from syncbit_dagster.stores.errors import StoreError, StoreMismatchError, StoreRefusedError
from syncbit_dagster.stores.victoriametrics import transport as routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncbit_dagster.stores.victoriametrics.transport import Transport

logger = logging.getLogger(__name__)

DEFAULT_RETENTION = timedelta(days=31)
_RETENTION_UNITS = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(days=7),
    "": timedelta(days=31),  # a bare number counts months
    "M": timedelta(days=31),
    "y": timedelta(days=365),
}
_FLAG = re.compile(r'^flag\{name="(?P<name>[^"]+)", value="(?P<value>[^"]*)"', re.MULTILINE)
_DROPS = re.compile(
    r"^(?P<name>vm_rows_ignored_total|vm_rows_invalid_total)"
    r'(?:\{[^"]*"(?P<reason>[^"]*)"\})? (?P<value>\S+)$',
    re.MULTILINE,
)
_STARTED = re.compile(r"^vm_app_start_timestamp (?P<instant>\S+)$", re.MULTILINE)
_LONGEST = timedelta(days=365 * 1000)  # more overflows the calendar


class ServerFacts(NamedTuple):
    """What a server's /metrics say; all empty behind a proxy."""

    retention_flag: str | None
    retention: timedelta | None
    dedup: str | None
    drops: Mapping[str, float]
    started: str | None


def parse_metrics(text: str) -> ServerFacts:
    """The facts in a /metrics text, whosever it is."""
    flags = {match["name"]: match["value"] for match in _FLAG.finditer(text)}
    drops = {
        f"{match['name']} {match['reason'] or ''}".strip(): float(match["value"])
        for match in _DROPS.finditer(text)
    }
    retention_flag = flags.get("retentionPeriod")
    started = _STARTED.search(text)
    return ServerFacts(
        retention_flag=retention_flag,
        retention=parse_retention(retention_flag or ""),
        dedup=flags.get("dedup.minScrapeInterval"),
        drops=drops,
        started=started["instant"] if started else None,
    )


def parse_retention(text: str) -> timedelta | None:
    """The value of -retentionPeriod, or None if it is none."""
    match = re.fullmatch(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[hdwMy]?)", text)
    if match is None:
        return None
    unit = _RETENTION_UNITS[match["unit"]]
    return unit * min(float(match["number"]), _LONGEST / unit)


class Guards:
    """Looks at the server once before it is used, and again when samples are missing."""

    def __init__(self, transport: Transport, *, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._now = now
        self._before: ServerFacts | None = None

    def require_retention(self, oldest: int) -> None:
        """Refuse samples (ms of the oldest) that the server would drop behind a 204."""
        facts = self._before = self._before or self._facts()
        if facts.retention is None:
            return
        instant = _instant(oldest)
        if instant < self._now() - facts.retention:
            raise StoreRefusedError(
                f"VictoriaMetrics keeps samples for {_days(facts.retention)} "
                f"(-retentionPeriod={facts.retention_flag}) and would drop those from "
                f"{instant:%Y-%m-%d} without an error; start it with -retentionPeriod=100y. "
                "Nothing was written."
            )

    def was_restarted(self) -> bool:
        """Whether the server surely is another process than at the last look; looks again."""
        before, facts = self._before, self._facts()
        if before is None or None in {before.started, facts.started}:
            return False
        if before.started == facts.started:
            return False
        self._before = facts
        return True

    def lost(self, missing: int, wanted: int, oldest: int) -> StoreMismatchError:
        """The error for samples that were accepted and cannot be read back."""
        facts, before = self._facts(), self._before
        instant = _instant(oldest)
        reasons = []
        if facts.retention is None and self._now() - instant > DEFAULT_RETENTION:
            reasons.append(
                "the server's -retentionPeriod (one month unless set) may be shorter than the "
                "data: start it with -retentionPeriod=100y"
            )
        if facts.dedup and facts.dedup != "0s":
            reasons.append(
                f"-dedup.minScrapeInterval={facts.dedup} drops samples that are closer than "
                "that: remove the flag"
            )
        if before is not None:
            grown = {
                name: count - before.drops.get(name, 0.0)
                for name, count in facts.drops.items()
                if count > before.drops.get(name, 0.0)
            }
            reasons += [f"the server counts {n:.0f} more of {name}" for name, n in grown.items()]
        if not reasons:
            reasons.append(
                "a server under load may need longer than the read-back deadline, and a proxy "
                "may drop what it answers with 204: look at both logs"
            )
        return StoreMismatchError(
            f"{missing} of {wanted} samples were accepted but cannot be read back, the oldest "
            f"from {instant:%Y-%m-%d %H:%M}Z: {'; '.join(reasons)}."
        )

    def forget(self) -> None:
        """Look again at the next write; the server may be another by then."""
        self._before = None

    def _facts(self) -> ServerFacts:
        try:
            return parse_metrics(self._transport.call(routes.METRICS).text)
        except StoreError as error:
            logger.debug("The server's flags stay unknown: %s", error)
            return ServerFacts(None, None, None, {}, None)


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _days(length: timedelta) -> str:
    return f"{length / timedelta(days=1):.0f} days"
