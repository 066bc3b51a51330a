"""Files that are not what they should be: read or named, never a wrong sample, never a crash."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.sources.takeout.columns import read_columns
from syncbit_dagster.sources.takeout.kinds import KINDS
from syncbit_dagster.sources.takeout.tables import UnreadableFileError, to_table
from syncbit_dagster_tests.sources.takeout.exports import (
    day_rows,
    encoded,
    fetched,
    minutes,
    sleep_log,
    source,
    write_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2021, 6, 11, 12, tzinfo=UTC)
DAYS = DayRange(date(2021, 6, 11), date(2021, 6, 12))
HTML = "<!DOCTYPE html>\n<html><body>Sign in, please</body></html>"
GOOD = {"steps-2021-06-12.json": minutes(NOON.replace(day=12), ["11"])}
ROW = {"dateTime": "06/11/21 12:00:00", "value": "5"}

BROKEN: dict[str, Any] = {
    "empty": b"",
    "html": HTML,
    "truncated": encoded(minutes(NOON, ["5", "7"]), "")[:-9],
    "bare NaN": b'[{"dateTime": "06/11/21 12:00:00", "value": NaN}]',
    "object": {"dateTime": "06/11/21 12:00:00", "value": "5"},
    "number": 7,
    "list of lists": [["06/11/21 12:00:00", "5"]],
    "true": [ROW | {"value": True}],
    "list as value": [ROW | {"value": ["5"]}],
    "object as value": [ROW | {"value": {"bpm": 5}}],
    "words": [ROW | {"value": "five"}],
    "underscore": [ROW | {"value": "1_0"}],
    "spaces": [ROW | {"value": " 5"}],
    "two numbers": [ROW | {"value": "5,6"}],
    "infinite": [ROW | {"value": "1e999"}],
    "infinite word": [ROW | {"value": "inf"}],
    "no value field": [{"dateTime": "06/11/21 12:00:00"}],
    "no time field": [{"value": "5"}],
    "time is null": [ROW | {"dateTime": None}],
    "time is a number": [ROW | {"dateTime": 1623412800}],
    "time is a word": [ROW | {"dateTime": "now"}],
    "no such day": [ROW | {"dateTime": "02/30/21 12:00:00"}],
    "another format": [ROW, ROW | {"dateTime": "2021-06-11 12:00:00"}],
    "utf-16": json.dumps([ROW]).encode("utf-16"),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_named_and_the_others_are_read(
    tmp_path: Path, content: Any, caplog: pytest.LogCaptureFixture
) -> None:
    found = source(write_folder(tmp_path, GOOD | {"steps-2021-06-11.json": content}))
    for _ in range(2):  # named once, however often it is met
        values = fetched(found, "intraday_steps", DAYS)["fitbit_steps_intraday"]
        assert list(values.values()) == [11.0]
    (sentence,) = found.problems_of(asset_named("intraday_steps"))
    assert "steps-2021-06-11.json" in sentence
    assert sentence.endswith("; what it holds is missing, export it again.")
    assert found.problems == [sentence]
    assert found.problems_of(asset_named("activity_summary")) == [sentence]
    assert found.problems_of(asset_named("sleep")) == []
    assert [record.getMessage() for record in caplog.records] == [sentence]


ODD_ROWS: dict[str, list[Any]] = {
    "true": [ROW, ROW | {"value": True}],
    "a bare object": [ROW, {"retro": False}],
    "a minute without a value": [{"dateTime": "06/11/21 12:05:00"}, ROW],
    "a clock that was lost": [ROW, ROW | {"dateTime": "01/01/70 00:01:00"}],
}


@pytest.mark.parametrize("content", ODD_ROWS.values(), ids=ODD_ROWS.keys())
def test_an_odd_row_is_left_out_and_named_and_the_others_are_read(
    tmp_path: Path, content: list[Any]
) -> None:
    found = source(write_folder(tmp_path, GOOD | {"steps-2021-06-11.json": content}))
    values = fetched(found, "intraday_steps", DAYS)["fitbit_steps_intraday"]
    assert list(values.values()) == [5.0, 11.0]
    (sentence,) = found.problems_of(asset_named("intraday_steps"))
    assert "steps-2021-06-11.json 1 of 2 rows are left out: has " in sentence


NO_VALUES: dict[str, Any] = {
    "no rows": [],
    "null": [ROW | {"value": None}],
    "empty text": [ROW | {"value": ""}],
    "NaN": [ROW | {"value": "NaN"}],
    "null without time": [{"dateTime": None, "value": None}, ROW | {"value": None}],
}


@pytest.mark.parametrize("content", NO_VALUES.values(), ids=NO_VALUES.keys())
def test_no_value_is_no_sample_and_no_problem(tmp_path: Path, content: Any) -> None:
    found = source(write_folder(tmp_path, GOOD | {"steps-2021-06-11.json": content}))
    assert list(fetched(found, "intraday_steps", DAYS)["fitbit_steps_intraday"].values()) == [11.0]
    assert found.problems == []


CSV_HEADER = "timestamp,rmssd,nremhr,entropy\n"
BROKEN_CSV = {
    "empty": "",
    "html": HTML,
    "no such column": "timestamp,value\n2021-06-11T00:00:00,40\n",
    "too few fields": CSV_HEADER + "2021-06-11T00:00:00,40\n",
    "too many fields": CSV_HEADER + "2021-06-11T00:00:00,40,50,2,1\n",
    "a word": CSV_HEADER + "2021-06-11T00:00:00,many,50,2\n",
    "a bad time": CSV_HEADER + "yesterday,40,50,2\n",
    "no time": CSV_HEADER + ",40,50,2\n",
    "open quote": CSV_HEADER + '"2021-06-11T00:00:00,40,50,2\n',
    "latin-1": (CSV_HEADER + "2021-06-11T00:00:00,40,50,\xe9\n").encode("latin-1"),
    "nul": CSV_HEADER + "2021-06-11T00:00:00,4\x000,50,2\n",
}


@pytest.mark.parametrize("content", BROKEN_CSV.values(), ids=BROKEN_CSV.keys())
def test_broken_csv(tmp_path: Path, content: str | bytes) -> None:
    name = "Daily Heart Rate Variability Summary - 2021-06-(11).csv"
    found = source(write_folder(tmp_path, GOOD | {name: content}))
    assert fetched(found, "heart_rate_variability", DAYS) == {}
    (sentence,) = found.problems
    assert name in sentence


@pytest.mark.parametrize(
    "content",
    [
        "no data",
        "\ufeff" + CSV_HEADER,
        CSV_HEADER + "2021-06-11T00:00:00,NaN,,\n",
        CSV_HEADER + "\n",
    ],
)
def test_csv_without_data(tmp_path: Path, content: str) -> None:
    name = "Daily Heart Rate Variability Summary - 2021-06-(11).csv"
    found = source(write_folder(tmp_path, GOOD | {name: content}))
    assert fetched(found, "heart_rate_variability", DAYS) == {}
    assert found.problems == []


def test_files_that_hold_nothing_are_counted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    others: dict[str, Any] = {f"exercise-{n}.json": [] for n in range(3)} | {
        "altitude-2021-06-11.json": "no JSON"
    }
    with caplog.at_level(logging.WARNING):
        found = source(write_folder(tmp_path, GOOD | others))
        fetched(found, "activity_summary", DAYS)
    assert found.unknown == {"exercise.json": 3, "altitude.json": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "4 files hold nothing that is read: exercise.json (3), altitude.json (1)"
    ]
    assert found.problems == []


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["dateTime", "value", "bpm", "date", "time", "logId", "levels", "summary"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    content=anything.map(lambda value: json.dumps(value).encode())
    | st.lists(st.dictionaries(st.sampled_from(["dateTime", "value"]), scalars)).map(
        lambda rows: json.dumps(rows).encode()
    )
    | st.binary(max_size=200)
    | st.text(alphabet='timestamp,value\n"0123456789-:TZ .', max_size=200).map(str.encode),
)
def test_whatever_a_file_holds_it_is_read_or_unreadable(kind: str, content: bytes) -> None:
    with suppress(UnreadableFileError):
        columns = read_columns(to_table(content, kind.rpartition(".")[2]), KINDS[kind])
        for column in (*columns.times.values(), *columns.numbers.values()):
            assert len(column) == len(columns)


PLAIN: dict[str, Any] = {
    "steps-2021-06-11.json": minutes(NOON, ["5", "0", "7"]),
    "calories-2021-06-11.json": minutes(NOON, ["1.05", "2.1"]),
    "heart_rate-2021-06-11.json": minutes(NOON, [{"bpm": 61, "confidence": 3}], step=5),
    "resting_heart_rate-2021-06-11.json": day_rows(
        DAYS.first, [{"date": "06/11/21", "value": 52.4, "error": 6.8}]
    ),
    "sleep-2021-06-11.json": [sleep_log(1, "2021-06-10T23:00:00.000", "2021-06-11T07:00:00.000")],
    "weight-2021-06-11.json": [
        {"logId": 1, "weight": 150.0, "bmi": 22.0, "date": "06/11/21", "time": "07:00:00"}
    ],
    "Daily SpO2 - 2021-06-11.csv": (
        "timestamp,average_value,lower_bound,upper_bound\n2021-06-11T00:00:00Z,95.5,93.0,98.0\n"
    ),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], float]:
    return fetched_all(write_folder(tmp_path_factory.mktemp("whole"), PLAIN))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(name=st.sampled_from(sorted(PLAIN)), cut=st.floats(0, 0.999), junk=st.binary(max_size=4))
def test_cut_and_scribbled_files(
    tmp_path: Path, whole: dict[tuple[str, int], float], name: str, cut: float, junk: bytes
) -> None:
    """What is left of an export is what was in it, or less."""
    content = encoded(PLAIN[name], "")
    at = int(len(content) * cut)
    left = fetched_all(write_folder(tmp_path, PLAIN | {name: content[:at] + junk}))
    assert left.keys() <= whole.keys()
    if not name.endswith(".csv"):  # JSON shows where it ends
        assert left.items() <= whole.items()


def fetched_all(path: Path) -> dict[tuple[str, int], float]:
    found = source(path)
    result = {
        (name, instant): value
        for asset in ASSETS
        if found.has(asset)
        for name, values in fetched(found, asset.name, DAYS).items()
        for instant, value in values.items()
    }
    found.close()
    return result
