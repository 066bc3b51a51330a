"""What the server has at one moment: a person's data up to the last sync of the device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import ONE_DAY, civil_day, day_end, to_milliseconds
from syncbit_dagster.emulator.person import MINUTE_MS
from syncbit_dagster.emulator.records import Body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from syncbit_dagster.emulator.person import DailyValues, Person, PersonDay
    from syncbit_dagster.emulator.records import Device, SleepSession

PROCESSING = timedelta(hours=3)
"""How long after its end a session has no stages yet; no source says how long it really is."""


@dataclass(frozen=True)
class Feed:
    """A person as the server knows them: after the last sync before ``now``."""

    person: Person
    now: datetime

    @cached_property
    def synced(self) -> datetime:
        """The instant up to which data has arrived."""
        return self.person.last_sync(self.now)

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone."""
        return self.person.zone

    def day(self, civil_day: date) -> PersonDay:
        """One day, without the minutes that had not ended and the samples not taken yet."""
        day = self.person.day(civil_day)
        synced_ms = to_milliseconds(self.synced)
        count = len(day.worn)
        if day.start_ms + count * MINUTE_MS <= synced_ms:
            return day
        known = np.arange(count) < max(0, (synced_ms - day.start_ms) // MINUTE_MS)
        samples = day.heart_ms < synced_ms
        calories = day.calories_kcal
        return replace(
            day,
            worn=day.worn & known,
            heart_ms=day.heart_ms[samples],
            heart_bpm=day.heart_bpm[samples],
            calories_kcal=None if calories is None else np.where(known, calories, np.nan),
        )

    def daily(self, civil_day: date) -> DailyValues | None:
        """The once-a-day values: they exist once the whole day is over and synced."""
        if day_end(civil_day, self.zone) > self.synced:
            return None
        return self.person.daily(civil_day)

    def sleep(self, civil_day: date) -> tuple[SleepSession, ...]:
        """The sessions that end on a day and have ended; the newest may have no stages yet."""
        synced_ms = to_milliseconds(self.synced)
        processed_ms = to_milliseconds(self.now - PROCESSING)
        return tuple(
            session
            if session.end_ms <= processed_ms
            else replace(session, staging=None, segments=(), awakenings=())
            for session in self.person.sleep(civil_day)
            if session.end_ms <= synced_ms
        )

    def body(self, civil_day: date) -> Body:
        """The readings of one day that have arrived."""
        body = self.person.body(civil_day)
        if day_end(civil_day, self.zone) <= self.synced:
            return body
        synced_ms = to_milliseconds(self.synced)
        return Body(
            *(
                tuple(reading for reading in readings if reading.at_ms < synced_ms)
                for readings in (body.weights, body.body_fat, body.heights)
            )
        )

    def devices(self) -> tuple[Device, ...]:
        """The devices as the last sync left them."""
        return self.person.devices(self.now)

    def newest_first(self, first: date, last: date) -> Iterator[date]:
        """The days of a range that can have data, last one first."""
        day = min(last, civil_day(self.synced, self.zone))
        while day >= max(first, self.person.first_day):
            yield day
            day -= ONE_DAY
