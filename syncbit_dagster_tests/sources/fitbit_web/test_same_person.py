"""One synthetic person through both providers: the same samples, but for a written list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.catalog import ASSETS, METRICS, asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import decode_labels, to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.fetched import concat
from syncbit_dagster_tests.sources.fitbit_web.differences import DIFFERENCES, Difference
from syncbit_dagster_tests.sources.fitbit_web.emulated import EmulatedPerson, emulated_person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.sources.base import Source

NOW = datetime(2025, 6, 1, 20, 30, tzinfo=UTC)
PROVIDERS_PAGE = Path(__file__).parents[3] / "docs/providers.md"
CASES = {
    # Clocks go forward on 10 March; the watch was off on 4 and 5 March.
    "New York, spring": ("America/New_York", date(2024, 2, 28), date(2024, 3, 21)),
    "New York, autumn": ("America/New_York", date(2024, 10, 25), date(2024, 11, 8)),
    # Half an hour back on 7 April.
    "Lord Howe, autumn": ("Australia/Lord_Howe", date(2024, 3, 29), date(2024, 4, 10)),
}
# A metric, its label values, an instant in milliseconds: a value.
Samples = dict[str, dict[int, float]]
NOTHING = Difference((), "")


def differences() -> dict[str, Difference]:
    return {name: row for row in DIFFERENCES for name in row.metrics}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[EmulatedPerson, DayRange]]:
    zone, first, last = request.param
    person = SyntheticPerson(ZoneInfo(zone), date(2024, 1, 1), seed=2)
    with emulated_person(person, tmp_path, now=lambda: NOW) as there:
        yield there, DayRange(first, last)


def everything(source: Source, days: DayRange) -> Samples:
    """All samples of all partitioned assets."""
    frames = [
        batch.samples
        for asset in ASSETS
        if asset.is_partitioned
        for batch in source.fetch(asset, days)
    ]
    found: Samples = {}
    for one in to_series(concat(frames)):
        labels = decode_labels(one.labels)
        own = [labels[name] for name in labels if name not in ("user", "device")]
        name = " ".join([one.metric.removeprefix("fitbit_"), *own])
        found[name] = dict(zip(one.timestamps.tolist(), one.values.tolist(), strict=True))
    return found


def test_the_samples_are_the_same_but_for_the_written_differences(
    case: tuple[EmulatedPerson, DayRange],
) -> None:
    there, days = case
    detail = {"INTRADAY_HEART_RATE_DETAIL": "5min"}
    with there.fitbit_web(**detail) as web, there.google_health(**detail) as google:
        here, elsewhere = everything(web, days), everything(google, days)
    expected = {
        " ".join([row.name.removeprefix("fitbit_"), *row.labels.values()])
        for row in METRICS
        if asset_named(row.asset).is_partitioned
    }
    assert set(here) | set(elsewhere) == expected
    unseen = set(differences())
    for name in sorted(expected):
        allowed = differences().get(name, NOTHING)
        ours, theirs = here.get(name, {}), elsewhere.get(name, {})
        gaps = [ours[time] - theirs[time] for time in ours.keys() & theirs.keys()]
        assert len(gaps) >= 1, name
        slack = 1e-9 * max(map(abs, ours.values()))  # sums of doubles in another order
        assert min(gaps) >= allowed.low - slack, name
        assert max(gaps) <= allowed.high + slack, name
        only_ours = [ours[time] for time in ours.keys() - theirs.keys()]
        only_theirs = theirs.keys() - ours.keys()
        if not allowed.alone:
            assert not only_theirs, name
            assert only_ours == [0] * len(only_ours), name
            assert allowed.zeros_here or not only_ours, name
        if only_ours or only_theirs or any(abs(gap) > slack for gap in gaps):
            unseen.discard(name)
    if days.first == date(2024, 2, 28):  # the longest case shows all of them
        assert unseen == set()


def test_the_documentation_has_the_same_list() -> None:
    page = PROVIDERS_PAGE.read_text().partition("### Differences")[2]
    rows = [line for line in page.splitlines() if line.startswith("| `fitbit_")]
    expected = []
    for row in DIFFERENCES:
        names: dict[str, list[str]] = {}
        for name in row.metrics:
            metric, _, label = name.partition(" ")
            names.setdefault(metric, []).append(label)
        cells = [
            f"`fitbit_{metric}`" + (f" ({', '.join(labels)})" if any(labels) else "")
            for metric, labels in names.items()
        ]
        expected.append(f"| {', '.join(cells)} | {row.reason} |")
    assert rows == expected
