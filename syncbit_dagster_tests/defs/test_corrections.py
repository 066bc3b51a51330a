"""What becomes of stored values that the provider no longer gives, in both stores."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pytest

from syncbit_dagster.catalog import METRICS, metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day, day_start, to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.defs.absence import ACCEPT_REMOVALS_TAG, REMOVED_CHECK
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.defs.unattended import Daemon
from syncbit_dagster_tests.defs.wearer import BERLIN, Wearer
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from syncbit_dagster.config import Settings
    from syncbit_dagster.emulator.records import Body

pytestmark = pytest.mark.victoriametrics

NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
DAYS = DayRange(date(2025, 10, 22), date(2025, 10, 30))
ASSETS = ("activity_summary", "sleep", "body", "intraday_steps")
NAMES = tuple({row.name for asset in ASSETS for row in metrics_of(asset)})
SO_FAR = tuple({row.today for row in METRICS if row.is_total})
WEIGHT = "fitbit_weight_kg"

Samples = dict[tuple[str, str, int], float]


class Owner(Wearer):
    """One who deletes weights in the app, and whose provider may forget everything for a while."""

    deleted: frozenset[date] = frozenset()

    def body(self, civil_day: date) -> Body:
        found = super().body(civil_day)
        if civil_day in self.off:
            return replace(found, weights=(), body_fat=())
        return replace(found, weights=()) if civil_day in self.deleted else found

    def forget(self, days: DayRange | tuple[()]) -> None:
        """The provider has nothing of these days, whatever it had."""
        self.off = frozenset(days)
        self.day.cache_clear()
        self.sleep.cache_clear()


class Home:
    """An account with a clock and a store, materialized range by range as the daemon does."""

    def __init__(
        self, account: EmulatedAccount, settings: Settings, instance: dg.DagsterInstance
    ) -> None:
        self.account, self.settings, self.instance = account, settings, instance
        self.clock = [NOON]
        self.daemon = Daemon("device_sync", settings, instance, lambda: self.clock[0])
        self.runs = 0

    def fetch(self, tags: Mapping[str, str] | None = None) -> dict[str, dg.AssetCheckEvaluation]:
        """Materialize the assets; what their checks ``removed`` say."""
        self.runs += 1
        of_range = {"start": DAYS.first, "end": DAYS.last}
        request = dg.RunRequest(
            run_key=str(self.runs),
            asset_selection=[dg.AssetKey(asset) for asset in ASSETS],
            tags={**(tags or {})}
            | {f"dagster/asset_partition_range_{k}": str(v) for k, v in of_range.items()},
        )
        result = self.daemon.execute(request)
        assert result.success
        return {
            one.asset_key.path[-1]: one
            for one in result.get_asset_check_evaluations()
            if one.check_name == REMOVED_CHECK
        }

    def stored(self, names: tuple[str, ...] = NAMES) -> Samples:
        with closing(open_store(self.settings)) as store:
            found = store.read(self._slice(names))
        return {
            (one.metric, one.labels, at): value
            for one in found
            for at, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
        }

    def put(self, metric: str, at: int, value: float, **labels: str) -> None:
        """A sample as another program or an earlier version left it."""
        text = encode_labels({**self.settings.account.labels, **labels})
        series = Series(metric, text, np.array([at], np.int64), np.array([value]))
        start = datetime.fromtimestamp(at / 1000, UTC)
        target = Slice(
            (metric,), self.settings.account.labels, start, start + timedelta(milliseconds=1)
        )
        with closing(open_store(self.settings)) as store:
            store.replace(target, [series])

    def _slice(self, names: tuple[str, ...]) -> Slice:
        return Slice(names, self.settings.account.labels, DAYS.start(BERLIN), DAYS.end(BERLIN))


@pytest.fixture
def person() -> Owner:
    return Owner(NOON - timedelta(minutes=10))


@pytest.fixture(params=["duckdb", "victoriametrics"])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, person: Owner, instance: dg.DagsterInstance
) -> Iterator[Home]:
    variables = {
        "ENABLE_INTRADAY_COLLECTION": "true",
        "INTRADAY_RESOURCES": "steps",
        "COLLECT_DEVICE_INFO": "true",
    }
    clock = [NOON]
    with emulated_account(person, tmp_path, now=lambda: clock[0]) as account:
        if request.param == "duckdb":
            home = Home(account, account.settings(**variables), instance)
            home.clock = clock
            yield home
            return
        with running(victoria_metrics(tmp_path / "victoria")) as server:
            settings = account.settings(VICTORIA_ENDPOINT=server.url, **variables)
            home = Home(account, settings, instance)
            home.clock = clock
            yield home


def weighed(samples: Samples) -> list[date]:
    return sorted(
        civil_day(datetime.fromtimestamp(at / 1000, UTC), BERLIN)
        for metric, _, at in samples
        if metric == WEIGHT
    )


def test_a_weight_that_was_deleted_is_gone_after_the_next_morning(
    home: Home, person: Owner
) -> None:
    assert home.fetch()["body"].passed
    before = home.stored()
    day = weighed(before)[0]
    person.deleted = frozenset([day])
    for _ in range(2):  # however often on one day
        check = home.fetch()["body"]
        assert not check.passed
        assert check.severity == dg.AssetCheckSeverity.WARN
        assert f"1 of {WEIGHT} ({day})" in str(check.description)
        assert home.stored() == before
    home.clock[0] += timedelta(days=1)
    check = home.fetch()["body"]
    assert check.passed
    assert f"1 of {WEIGHT} ({day})" in str(check.description)
    after = home.stored()
    assert weighed(after) == weighed(before)[1:]
    assert after.items() <= before.items()
    assert (
        home.fetch()["body"].description == "The provider's answer has everything that is stored."
    )


def test_a_value_that_came_back_is_forgotten_as_absent(home: Home, person: Owner) -> None:
    home.fetch()
    before = home.stored()
    absent = frozenset(weighed(before)[:1])
    for deleted, passes in ((absent, False), (frozenset[date](), True), (absent, False)):
        person.deleted = deleted
        assert home.fetch()["body"].passed is passes
        assert home.stored() == before
        home.clock[0] += timedelta(days=1)


def test_a_tag_removes_at_once(home: Home, person: Owner) -> None:
    home.fetch()
    before = weighed(home.stored())
    person.deleted = frozenset(before[:1])
    assert home.fetch({ACCEPT_REMOVALS_TAG: "true"})["body"].passed
    assert weighed(home.stored()) == before[1:]


def test_a_provider_that_has_nothing_for_days_loses_nothing(home: Home, person: Owner) -> None:
    """As when it answers ``{}`` to everything, morning after morning."""
    home.fetch()
    before = home.stored()
    assert len(before) > 100
    assert len(weighed(before)) > 1
    person.forget(DAYS)
    for _ in range(3):
        checks = home.fetch()
        assert {name for name, check in checks.items() if check.passed} == set()
        assert home.stored() == before
        home.clock[0] += timedelta(days=1)
    person.forget(())
    assert all(check.passed for check in home.fetch().values())
    assert home.stored().items() >= before.items()


def test_a_store_of_the_version_before_becomes_right_with_the_first_sync(home: Home) -> None:
    """It had today's totals among the whole days, and moved them with every sync."""
    midnight = to_milliseconds(day_start(DAYS.last, BERLIN))
    home.put("fitbit_steps_total", midnight, 1234.0)
    home.put("fitbit_active_minutes", midnight, 700.0, type="sedentary")
    home.put("fitbit_steps_total", midnight + 1000, 1300.0)  # the daemon's, at its poll
    assert all(check.passed for check in home.fetch().values())
    totals = {row.name for row in METRICS if row.is_total}
    days = {
        civil_day(datetime.fromtimestamp(at / 1000, UTC), BERLIN)
        for metric, _, at in home.stored()
        if metric in totals
    }
    assert days == set(DAYS) - {DAYS.last}
    synced = to_milliseconds(NOON - timedelta(minutes=10))
    so_far = home.stored(SO_FAR)
    assert so_far
    assert {at for _, _, at in so_far} == {synced}
    home.fetch()
    assert home.stored(SO_FAR) == so_far


def test_a_day_so_far_ends_at_midnight_and_its_total_comes_once(home: Home, person: Owner) -> None:
    steps = "fitbit_steps_total"
    midnight = to_milliseconds(day_start(DAYS.last, BERLIN))
    syncs = [NOON, NOON + timedelta(hours=6), NOON + timedelta(hours=18)]
    for synced in syncs:
        person.syncs["1"] = synced
        home.clock[0] = synced + timedelta(minutes=5)
        home.fetch()
        has_total = any(key[0] == steps and key[2] == midnight for key in home.stored())
        assert has_total is (synced == syncs[-1])
    values = [v for (metric, _, _), v in sorted(home.stored(SO_FAR).items()) if "steps" in metric]
    assert len(values) == 2
    (total,) = (
        v for (metric, _, at), v in home.stored().items() if (metric, at) == (steps, midnight)
    )
    assert values[0] <= values[1] <= total
