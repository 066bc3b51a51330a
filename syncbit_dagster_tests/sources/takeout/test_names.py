"""What names say: kinds, days, and which files a range needs."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.takeout.archive import ExportFile
from syncbit_dagster.sources.takeout.index import dated, files_for
from syncbit_dagster.sources.takeout.kinds import KINDS
from syncbit_dagster.sources.takeout.names import parse_name

NAMES = [
    ("steps-2021-06-11.json", "steps.json", date(2021, 6, 11), None),
    ("steps-2021-06-11.json.gz", "steps.json", date(2021, 6, 11), None),
    ("heart_rate_2026-06-10.csv", "heart_rate.csv", date(2026, 6, 10), None),
    ("steps-2021-06-11(1).json", "steps.json", date(2021, 6, 11), None),
    ("distance.json", "distance.json", None, None),
    ("weight (1).csv", "weight.csv", None, None),
    ("demographic_vo2_max-2019-01-01.json", "demographic_vo2_max.json", date(2019, 1, 1), None),
    (
        "Daily SpO2 - 2024-01-01-2024-04-10.csv",
        "Daily SpO2.csv",
        date(2024, 1, 1),
        date(2024, 4, 10),
    ),
    (
        "Daily Heart Rate Variability Summary - 2020-11-(15).csv",
        "Daily Heart Rate Variability Summary.csv",
        date(2020, 11, 15),
        None,
    ),
    (
        "Daily Heart Rate Variability Summary - 2020-11-.csv",
        "Daily Heart Rate Variability Summary.csv",
        date(2020, 11, 1),
        None,
    ),
    ("UserSleeps_0.csv", "UserSleeps.csv", None, None),
    ("Glucose 202609.csv", "Glucose.csv", None, None),
    ("steps-2021-13-45.json", "steps.json", None, None),
    ("README", "README", None, None),
    (".json", ".json", None, None),
]


@pytest.mark.parametrize(("name", "kind", "first", "last"), NAMES)
def test_a_name(name: str, kind: str, first: date | None, last: date | None) -> None:
    assert parse_name(name) == (kind, first, last)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_found_again_with_a_date(kind: str) -> None:
    stem, _, suffix = kind.rpartition(".")
    for separator in ("-", "_", " - "):
        assert parse_name(f"{stem}{separator}2024-02-29.{suffix}").kind == kind
    assert parse_name(kind) == (kind, None, None)


def file(name: str) -> ExportFile:
    return ExportFile(name, BytesIO)


def names_for(names: list[str], first: date, last: date) -> list[str]:
    return [one.path for one in files_for(dated([*map(file, names)]), DayRange(first, last))]


def test_a_range_needs_its_files_and_their_neighbours() -> None:
    names = [f"heart_rate-2021-06-{day:02}.json" for day in range(1, 31)]
    needed = names_for(names, date(2021, 6, 10), date(2021, 6, 11))
    assert needed == names[8:12]  # 9 to 12: a local day lies in three days of UTC at most


def test_a_file_lasts_until_the_next_one() -> None:
    names = ["steps-2021-05-12.json", "steps-2021-06-11.json", "steps-2021-07-11.json"]
    assert names_for(names, date(2021, 6, 20), date(2021, 6, 20)) == names[1:2]
    assert names_for(names, date(2021, 6, 10), date(2021, 6, 10)) == names[:2]
    assert names_for(names, date(2030, 1, 1), date(2030, 1, 1)) == names[2:]
    assert names_for(names, date(2020, 1, 1), date(2020, 1, 1)) == []


def test_a_name_can_tell_the_end_and_no_date_means_any_day() -> None:
    names = [
        "Daily SpO2 - 2024-01-01-2024-04-10.csv",
        "Daily SpO2 - 2024-02-01.csv",
        "Daily SpO2.csv",
    ]
    # In the order of their days, the one without a date first.
    assert names_for(names, date(2024, 3, 1), date(2024, 3, 1)) == [names[2], names[0], names[1]]


@given(
    starts=st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True),
    day=st.integers(-10, 420),
    shift=st.integers(-1, 1),
)
def test_no_row_is_missed(starts: list[int], day: int, shift: int) -> None:
    """A row lies in the file of the last start before it, by a clock up to a day off."""
    first = date(2021, 1, 1)
    names = [f"steps-{first + timedelta(days=start)}.json" for start in starts]
    asked = first + timedelta(days=day)
    owner = max((start for start in starts if start <= day + shift), default=None)
    if owner is not None:
        assert f"steps-{first + timedelta(days=owner)}.json" in names_for(names, asked, asked)
