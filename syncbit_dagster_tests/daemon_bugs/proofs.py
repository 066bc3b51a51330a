"""What has to hold, judged by what a store holds and by what was asked and recorded alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncbit_dagster.core.civil import civil_day, day_start

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    Contents = Counter[tuple[str, str, int, float]]  # metric, labels, milliseconds, value

STEPS = "fitbit_steps_total"
BY_STEPS = (STEPS, "fitbit_distance_km", "fitbit_calories_total")


def require_all_stored_and_rest(
    expected: Iterable[date], stored: Iterable[date], asked_again: int
) -> None:
    """Every day is there, and the next cycle asks for none of them."""
    assert set(stored) == set(expected)
    assert asked_again == 0


def require_recorded_is_stored(recorded: Iterable[date], stored: Iterable[date]) -> None:
    """No day counts as done that is not there."""
    assert set(recorded) <= set(stored)


def require_one_sample_a_day(contents: Contents, zone: ZoneInfo) -> None:
    """Each series has one sample a day, at the day's first instant."""
    assert contents
    assert set(contents.values()) == {1}
    for metric, _, instant, _ in contents:
        at = datetime.fromtimestamp(instant / 1000, UTC)
        assert at == day_start(civil_day(at, zone), zone), (metric, at)


def require_no_zero_without_a_measurement(contents: Contents) -> None:
    """A watch that was off says nothing, which is no zero."""
    assert not [sample for sample in contents if sample[0] in BY_STEPS and sample[3] == 0]


def require_only_value(contents: Contents, value: float) -> None:
    """One sample, once, with this value."""
    assert [sample[3] for sample in contents.elements()] == [value]


def days_of(contents: Contents, metric: str, zone: ZoneInfo) -> set[date]:
    """The days that have a sample of a metric."""
    return {
        civil_day(datetime.fromtimestamp(instant / 1000, UTC), zone)
        for name, _, instant, _ in contents
        if name == metric
    }
