"""How a reading of the body looks on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.emulator.google_health import wire
from syncbit_dagster.emulator.google_health.rules import Event
from syncbit_dagster.emulator.person import offset_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from syncbit_dagster.emulator.google_health.rules import Format
    from syncbit_dagster.emulator.records import Reading
    from syncbit_dagster.emulator.server_view import Feed

_SCALE = "Emulated Scale"


def reading_events(kind: str, field: str, form: Format) -> Callable[[Feed, date], list[Event]]:
    """The readings of a day: an attribute of ``Body`` as a field of the API."""

    def events(feed: Feed, day: date) -> list[Event]:
        return [event(feed, reading) for reading in getattr(feed.body(day), kind)]

    def event(feed: Feed, reading: Reading) -> Event:
        offset = offset_ms(reading.at_ms, feed.zone)
        return Event(
            at_ms=reading.at_ms,
            offset_ms=offset,
            id=reading.id,
            recording="MANUAL" if reading.is_manual else "ACTIVELY_MEASURED",
            device=None if reading.is_manual else _SCALE,
            value=f'{{{wire.sample_time(reading.at_ms, offset)},"{field}":{form(reading.value)}}}',
        )

    return events
