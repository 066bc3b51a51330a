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

AWAKE = {"wake", "awake", "restless"}
STAGES = {"deep": "deep", "light": "light", "rem": "rem", "wake": "wake", "awake": "wake"}


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
    """Every sample but sleep's at one-minute detail, by metric, for some local days."""

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
        "fitbit_distance_intraday": {t: centimetres.get(t, 0.0) / 100_000 for t in worn},
        "fitbit_calories_intraday": calories,
        "fitbit_heart_rate_intraday": {t: sum(b) / len(b) for t, b in beats.items()},
    }
    return {
        name: {instant: value for instant, value in values.items() if is_asked(instant)}
        for name, values in series.items()
    }


def expected_sleep(folder: Path, zone: ZoneInfo, first: date, last: date) -> dict[str, Values]:
    """The sleep metrics of some local days, by metric and stage, as Google counts them.

    Minutes are whole ones of the sum of segments (``levels.data``); the file's own totals move
    short awakenings from their stage to the wake time, which Google does not.
    """
    logs = {}
    for path in sorted(folder.glob("sleep-*.json.gz")):
        for log in json.loads(gzip.decompress(path.read_bytes())):
            logs[log["logId"]] = log  # the same log may stand in two files
    series: dict[str, Values] = defaultdict(lambda: defaultdict(float))
    for log in logs.values():
        start, end = (
            datetime.fromisoformat(log[name]).replace(tzinfo=zone)
            for name in ("startTime", "endTime")
        )
        if not first <= end.date() <= last:
            continue
        day = midnight(end, zone)
        seconds: dict[str, int] = defaultdict(int)
        for segment in log["levels"]["data"]:
            seconds[segment["level"]] += segment["seconds"]
        asleep = sum(n for level, n in seconds.items() if level not in AWAKE)
        series["fitbit_sleep_minutes_total"][day] += asleep // 60
        for level, stage in STAGES.items():
            if level in seconds:
                series[f"fitbit_sleep_stage_minutes/{stage}"][day] += seconds[level] // 60
        if log["mainSleep"]:
            in_bed = sum(seconds.values()) // 60
            series["fitbit_sleep_time_in_bed_minutes"][day] = in_bed
            series["fitbit_sleep_efficiency_percent"][day] = asleep // 60 / in_bed * 100
            if log["type"] == "stages":
                wakes = [one for one in log["levels"]["data"] if one["level"] == "wake"]
                series["fitbit_sleep_awakenings"][day] = len(wakes)
            series["fitbit_sleep_start_timestamp"][day] = start.timestamp()
            series["fitbit_sleep_end_timestamp"][day] = end.timestamp()
    return {name: dict(values) for name, values in series.items()}
