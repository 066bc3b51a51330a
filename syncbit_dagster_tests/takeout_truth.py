"""What a Takeout export says, computed row by row with plain dictionaries.

Independent of the project's own parsers on purpose: it is slow, obvious, and shares no code.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

Values = dict[int, float]


def rows(folder: Path, kind: str) -> Iterator[tuple[datetime, Any]]:
    """Time (naive, as in the file) and value of every row of a kind of file."""
    for path in sorted(folder.glob(f"{kind}-*.json.gz")):
        for row in json.loads(gzip.decompress(path.read_bytes())):
            yield datetime.strptime(row["dateTime"], "%m/%d/%y %H:%M:%S"), row["value"]  # noqa: DTZ007


def milliseconds(instant: datetime) -> int:
    return round(instant.timestamp()) * 1000


def midnight(instant: datetime, zone: ZoneInfo) -> int:
    """The local midnight before an instant; enough where clocks do not change."""
    return milliseconds(instant.astimezone(zone).replace(hour=0, minute=0, second=0))


def minute_values(folder: Path, kind: str) -> Values:
    """Values by minute; of a minute that occurs twice, the larger."""
    found: Values = {}
    for time, value in rows(folder, kind):
        instant = milliseconds(time.replace(tzinfo=UTC))
        found[instant] = max(float(value), found.get(instant, 0.0))
    return found


def expected_series(folder: Path, zone: ZoneInfo, first: date, last: date) -> dict[str, Values]:
    """Every sample of the four assets at one-minute detail, by metric, for some local days."""

    def is_asked(instant: int) -> bool:
        day = datetime.fromtimestamp(instant / 1000, zone).date()
        return first <= day <= last

    def day_of(instant: int) -> int:
        return midnight(datetime.fromtimestamp(instant / 1000, UTC), zone)

    steps = minute_values(folder, "steps")
    centimetres = minute_values(folder, "distance")
    calories = {
        milliseconds(time.replace(tzinfo=zone)): float(value)
        for time, value in rows(folder, "calories")
    }
    beats: dict[int, list[int]] = defaultdict(list)
    for time, value in rows(folder, "heart_rate"):
        instant = milliseconds(time.replace(tzinfo=UTC))
        beats[instant - instant % 60_000].append(value["bpm"])
    worn = set(steps) | set(centimetres) | set(beats)

    def daily(minutes: Values, unit: float, known: Iterable[int]) -> Values:
        totals: Values = defaultdict(float)
        for instant in known:
            totals[day_of(instant)] += minutes.get(instant, 0.0) / unit
        return totals

    series = {
        "fitbit_steps_total": daily(steps, 1, worn),
        "fitbit_distance_km": daily(centimetres, 100_000, worn),
        "fitbit_calories_total": daily(calories, 1, calories),
        "fitbit_steps_intraday": {instant: steps.get(instant, 0.0) for instant in worn},
        "fitbit_heart_rate_intraday": {t: sum(b) / len(b) for t, b in beats.items()},
    }
    return {
        name: {instant: value for instant, value in values.items() if is_asked(instant)}
        for name, values in series.items()
    }
