"""Each query that a page shows, asked of a store whose content is known."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.core.civil import day_start, to_milliseconds
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.documentation.pages import DOCS, PAGES, blocks
from syncbit_dagster_tests.grafana.filled import DAYS, INTRADAY, NOW, ZONE, Filled, filled
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

pytestmark = pytest.mark.victoriametrics

PAGE = DOCS / "queries.md"
ALERTS = re.findall(r"^\| [^|`]+ \| `(.+)` \|$", (DOCS / "alerts.md").read_text(), re.MULTILINE)
WITHIN_SENTENCES = re.compile(r"`(\w+_over_time\((?:fit|sync)bit_\w+\[\w+\]\))`")
DAY = 86_400
STEPS, HEART, ASLEEP = (
    "fitbit_steps_total",
    "fitbit_heart_rate_intraday",
    "fitbit_sleep_minutes_total",
)
RESTING, HRV = "fitbit_resting_heart_rate_bpm", "fitbit_hrv_rmssd_ms"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with filled(tmp_path_factory.mktemp("documentation")) as held:
        yield held


def ask(store: Filled, query: str, step: int = 0) -> list[float]:
    """The values of all series of the answer; ``step`` in seconds, 0 for now."""
    arguments: dict[str, Any] = {"query": query, "nocache": "1", "time": NOW.timestamp()}
    if step:
        days = DAYS if step == DAY else INTRADAY
        start, end = days.start(ZONE).timestamp(), days.end(ZONE).timestamp()
        arguments |= {"start": start, "end": end, "step": step}
    url = f"{store.url}/api/v1/query{'_range' if step else ''}"
    answer = requests.post(url, data=arguments, timeout=HANGS_SECONDS)
    assert answer.ok, answer.text
    found = answer.json()["data"]["result"]
    values = [float(v) for one in found for _, v in one.get("values") or [one["value"]]]
    assert np.isfinite(values).all()
    return values


def by_day(store: Filled, metric: str) -> dict[date, float]:
    """A metric of one series: its value on each day, in order."""
    return {day: values[0] for day, values in sorted(store.by_date[metric].items())}


def last_days(store: Filled, metric: str, number: int, before: int = 0) -> list[float]:
    """The values of a metric of one series on the last days."""
    held = by_day(store, metric)
    last = [DAYS.last - timedelta(days=before + back) for back in range(number)]
    return [held[day] for day in last if day in held]


def rolling(
    store: Filled, metric: str, number: int, join: Callable[[list[float]], Any]
) -> dict[date, float]:
    """For each day, a function of the values of so many days up to it, where there are some."""
    held = by_day(store, metric)
    windows = {
        day: [held[one] for back in range(number) if (one := day - timedelta(days=back)) in held]
        for day in DAYS
    }
    return {day: float(join(values)) for day, values in windows.items() if values}


def by_step(store: Filled, metric: str, minutes: int, join: Callable[[Any], Any], late: int) -> Any:
    """Intraday samples joined by clock steps; ``late`` 1: a step has its end, not its beginning."""
    (one,) = store.series(metric)
    numbers = (one.timestamps - late) // (minutes * 60_000)
    return [float(join(one.values[numbers == number])) for number in np.unique(numbers)]


def last_of(store: Filled, metric: str) -> list[float]:
    return [float(one.values[-1]) for one in store.series(metric)]


def bedtimes(store: Filled) -> list[float]:
    held = by_day(store, "fitbit_sleep_start_timestamp").items()
    return [(value - day_start(day, ZONE).timestamp()) / 3600 for day, value in held]


def shares(store: Filled) -> list[float]:
    starts = {to_milliseconds(day_start(day, ZONE)): v for day, v in by_day(store, ASLEEP).items()}
    return [
        100 * value / starts[instant]
        for one in store.series("fitbit_sleep_stage_minutes")
        if '"deep"' in one.labels or '"rem"' in one.labels
        for instant, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
    ]


def differences(store: Filled) -> list[float]:
    usual = rolling(store, RESTING, 28, np.mean)
    return [value - usual[day] for day, value in by_day(store, RESTING).items()]


def scores(store: Filled) -> list[float]:
    mean, spread = (rolling(store, HRV, 60, join) for join in (np.mean, np.std))
    held = by_day(store, HRV).items()
    return [(value - mean[day]) / spread[day] for day, value in held if spread[day]]


def zone_minutes(store: Filled) -> float:
    week = [DAYS.last - timedelta(days=back) for back in range(7)]
    return sum(sum(store.by_date["fitbit_active_zone_minutes"].get(day, [])) for day in week)


def highest_rate(store: Filled) -> float:
    (one,) = store.series(HEART)
    return float(one.values[one.timestamps > to_milliseconds(NOW) - DAY * 1000].max())


def missing_sleep(store: Filled) -> float:
    week = last_days(store, ASLEEP, 7)
    return 8 * len(week) - sum(week) / 60


# By its heading: the step that a query is asked with, and what it has to give.
WANTED: dict[str, tuple[int, Callable[[Filled], list[float]]]] = {
    "Steps of each day": (DAY, lambda s: [*by_day(s, STEPS).values()]),
    "Steps of today so far": (0, lambda s: last_of(s, "fitbit_today_steps_total")),
    "Seven-day average of the steps": (DAY, lambda s: [*rolling(s, STEPS, 7, np.mean).values()]),
    "This week against the week before": (
        0,
        lambda s: [sum(last_days(s, STEPS, 7, 1)) - sum(last_days(s, STEPS, 7, 8))],
    ),
    "Days with 10,000 steps": (0, lambda s: [sum(v >= 10_000 for v in last_days(s, STEPS, 30))]),
    "Kilometres of the last 30 days": (0, lambda s: [sum(last_days(s, "fitbit_distance_km", 30))]),
    "Steps in each hour": (3600, lambda s: by_step(s, "fitbit_steps_intraday", 60, np.sum, 0)),
    "Resting heart rate against your own normal": (DAY, differences),
    "Heart rate in the course of the day": (300, lambda s: by_step(s, HEART, 5, np.mean, 1)),
    "Highest heart rate of the last 24 hours": (0, lambda s: [highest_rate(s)]),
    "Active zone minutes of the week": (0, lambda s: [zone_minutes(s)]),
    "Hours asleep": (DAY, lambda s: [v / 60 for v in by_day(s, ASLEEP).values()]),
    "Share of deep and REM sleep": (DAY, shares),
    "When sleep began": (DAY, bedtimes),
    "Sleep that is missing to eight hours": (0, lambda s: [missing_sleep(s)]),
    "Heart-rate variability against its normal range": (DAY, scores),
    "Last weight": (0, lambda s: last_of(s, "fitbit_weight_kg")),
    "Days that have data": (0, lambda s: [len(last_days(s, STEPS, 30, 1))]),
    "Battery of each device": (0, lambda s: last_of(s, "fitbit_device_battery_percent")),
    "Hours since a device has synced": (
        0,
        lambda s: [
            (NOW.timestamp() - last) / 3600
            for last in last_of(s, "fitbit_device_last_sync_timestamp")
        ],
    ),
}


def test_a_query_gives_what_the_store_holds(store: Filled) -> None:
    assert [block.heading for block in blocks(PAGE, "promql")] == list(WANTED)
    for block in blocks(PAGE, "promql"):
        step, values = WANTED[block.heading]
        expected = values(store)
        assert expected
        found = ask(store, block.text, step)
        assert sorted(found) == pytest.approx(sorted(expected), rel=1e-6, abs=1e-6), block.heading
    others = [page.name for page in DOCS.glob("*.md") if page != PAGE and blocks(page, "promql")]
    assert others == []


def test_queries_about_the_sync_and_within_sentences_have_an_answer(store: Filled) -> None:
    sentences = [query for page in PAGES for query in WITHIN_SENTENCES.findall(page.read_text())]
    assert ALERTS
    assert sentences
    for query in {*ALERTS, *sentences}:
        assert ask(store, query), query


def test_the_query_that_explains_the_dashboards(store: Filled) -> None:
    (query,) = (block.text for block in blocks(DOCS / "dashboards.md", "") if "WITH" in block.text)
    for name, value in {"${zone:raw}": ZONE.key, "$user": "default", "$device": "fitbit"}.items():
        query = query.replace(name, value)
    assert ask(store, query, DAY) == [*by_day(store, STEPS).values()]


def test_pages_name_no_metric_that_there_is_not() -> None:
    known = {row.name for row in METRICS} | {row.name for row in OWN_METRICS}
    known |= {row.today for row in METRICS if row.is_total}
    for page in DOCS.glob("*.md"):
        for block in blocks(page, "promql"):
            assert set(re.findall(r"\b(?:fitbit|syncbit)_\w+", block.text)) <= known, page.name
