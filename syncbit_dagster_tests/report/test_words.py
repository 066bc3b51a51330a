"""Numbers, days, names and regularity as people read them; key figures."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.report import words
from syncbit_dagster.report.key_figures import period_before
from syncbit_dagster.report.nights import Nights, middle_and_spread, regularity
from syncbit_dagster_tests.report.builders import JUNE, daily, report_of


def test_ranges_amounts_and_changes_read_well() -> None:
    for first, last, text in (
        ("2026-06-01", "2026-06-01", "1 June 2026"),
        ("2026-06-01", "2026-06-30", "1 - 30 June 2026"),
        ("2026-05-25", "2026-06-07", "25 May - 7 June 2026"),
        ("2025-12-29", "2026-01-04", "29 December 2025 - 4 January 2026"),
    ):
        days = DayRange(date.fromisoformat(first), date.fromisoformat(last))
        assert words.days_text(days).replace("\N{EN DASH}", "-") == text
    for value, unit, text in (
        (12345.4, "steps", "12,345 steps"),
        (1.0, "floors", "1 floor"),
        (59.6, "min", "60 min"),
        (449.7, "min", "7 h 30 min"),
        (-0.04, "%", "0.0 %"),
        (-0.31, "K from baseline", "-0.31 K"),
        (3.14159, "sparks", "3.1 sparks"),
    ):
        assert plain(words.amount(value, unit)) == text
    for value, text in ((604.0, "+604 steps"), (-1.2, "-1 step"), (0.2, "±0 steps")):
        assert plain(words.signed(value, "steps")) == text


def plain(text: str) -> str:
    return text.replace(words.NO_BREAK, " ").replace("\N{MINUS SIGN}", "-")


@given(st.floats(0, 23.9), st.floats(-1.0, 1.0))
def test_times_around_any_hour_have_their_middle_there(middle: float, apart: float) -> None:
    found, spread = middle_and_spread(np.array([middle - apart, middle + apart, np.nan]))
    assert min(abs(found - middle), 24 - abs(found - middle)) < 1e-6
    assert spread == pytest.approx(abs(apart), abs=0.02)


def test_regularity_is_a_sentence() -> None:
    days = JUNE
    late = np.array([2.0 if day.weekday() >= 5 else 0.0 for day in days])
    nights = Nights(late - 1, late + 7, np.full(30, 480.0))
    text = regularity(nights, days).replace(words.NO_BREAK, " ")
    assert text.startswith("Usually to bed at 23:31 (± 53 min) and up at 07:31 (± 53 min).")
    assert text.endswith("At weekends the middle of the night is 2 h 00 min later.")
    few = np.where(np.arange(30) < 2, late, np.nan)
    assert regularity(Nights(few, few, few), days) == ""


def test_key_figures_are_means_of_the_known_days_against_the_days_before() -> None:
    before = period_before(JUNE)
    steps = {date(2026, 6, 1): 1000.0, date(2026, 6, 2): 3000.0, before.last: 1500.0}
    weights = {date(2026, 6, 3): 81.0, date(2026, 6, 20): 80.0}
    zones = [
        daily("fitbit_active_zone_minutes", {date(2026, 6, 4): value}, labels={"zone": zone})
        for zone, value in (("fat_burn", 10.0), ("cardio", 4.0))
    ]
    report = report_of(
        [
            daily("fitbit_steps_total", dict(sorted(steps.items()))),
            daily("fitbit_weight_kg", weights),
            *zones,
        ]
    )
    found = {one.name: (one.value, one.before, one.days) for one in report.figures}
    assert found == {
        "Steps a day": (2000.0, 1500.0, 2),
        "Active zone minutes a day": (14.0, None, 1),
        "Last weight": (80.0, None, 2),
    }
    assert "+500\N{NO-BREAK SPACE}steps vs. before" in report.html
    assert "no data before" in report.html
    assert report.days_with_data == 5
