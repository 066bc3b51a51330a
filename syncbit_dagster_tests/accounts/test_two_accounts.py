"""Two accounts in one instance: what is each one's own stays so, whatever the other does."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.account.state import database
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS, METRICS
from syncbit_dagster.core.civil import DayRange, day_start
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.names import key_of, named
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN as FITBIT_TOKEN
from syncbit_dagster.emulator.google_health.oauth import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
)
from syncbit_dagster.emulator.server import RunningEmulator, running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store, quota_figures
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.accounts.files import Declared
from syncbit_dagster_tests.defs.running import note_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.samples import Series

BOTH = ("anna", "ben")
AUCKLAND, NEW_YORK = ZoneInfo("Pacific/Auckland"), ZoneInfo("America/New_York")
FIRST = {"anna": date(2025, 10, 20), "ben": date(2025, 10, 22)}
PEOPLE = {
    "anna": SyntheticPerson(AUCKLAND, FIRST["anna"], seed=5),
    "ben": SyntheticPerson(NEW_YORK, FIRST["ben"], seed=6),
}
# It is the 30th in Auckland already, and still the 29th in New York.
NOW = datetime(2025, 10, 29, 20, 20, tzinfo=UTC)
DAYS = {
    "anna": DayRange(date(2025, 10, 20), date(2025, 10, 29)),
    "ben": DayRange(date(2025, 10, 22), date(2025, 10, 28)),
}
# Few are left: Dagster takes 50 ms to record a day of one.
FEW = {one.collect: "false" for one in ASSETS if one.collect and one.name != "devices"}
# Tests send more in a minute than a person.
MANY = {"SYNCBIT_REQUESTS_PER_MINUTE": "100000", "SYNCBIT_REQUESTS_PER_HOUR": "100000"}
THREE = ("activity_summary", "heart_rate", "active_zone_minutes")
ENTRIES = """\
anna:
  SYNCBIT_PROVIDER: google_health
  SYNCBIT_TIMEZONE: Pacific/Auckland
  BACKFILL_START_DATE: 2025-10-20
  GOOGLE_HEALTH_URL: {anna}
  GOOGLE_TOKEN_URL: {anna}/token
ben:
  SYNCBIT_PROVIDER: fitbit_web
  SYNCBIT_TIMEZONE: America/New_York
  BACKFILL_START_DATE: 2025-10-22
  FITBIT_API_URL: {ben}
  FITBIT_TOKEN_URL: {ben}/oauth2/token
"""


@dataclass
class Household:
    """Both accounts, their emulators and the definitions of the one deployment.

    Attributes:
        emulators: by the account's name.
        declared: the file of accounts and its directory.
        clock: of everything.
        accounts: their settings, by name.
    """

    emulators: Mapping[str, RunningEmulator]
    declared: Declared
    clock: list[datetime] = field(default_factory=lambda: [NOW])

    def __post_init__(self) -> None:
        self.accounts: dict[str, Settings] = {
            str(one.name): one for one in self.declared.load(**FEW, **MANY)
        }
        self.definitions = build_definitions(
            *self.accounts.values(), now=lambda: self.clock[0], sleep=lambda _: None
        )

    def run(
        self, name: str, instance: dg.DagsterInstance, *assets: str, days: DayRange | None = None
    ) -> dg.ExecuteInProcessResult:
        """A run of an account's history over its days; a failed one is returned."""
        settings = self.accounts[name]
        return self.definitions.resolve_job_def(named(settings, "history")).execute_in_process(
            instance=instance,
            tags=range_run(days or DAYS[name], "history", run_key="").tags,
            asset_selection=[key_of(settings, asset) for asset in assets or THREE],
            raise_on_error=False,
        )

    def series(self, name: str) -> list[Series]:
        """All that the store holds of an account, own metrics included."""
        settings = self.accounts[name]
        metrics = {row.name for row in METRICS} | {row.name for row in OWN_METRICS}
        start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
        target = Slice(tuple(sorted(metrics)), settings.account.labels, start, end)
        with closing(open_store(settings)) as store:
            found = store.read(target)
        assert all(
            settings.account.labels.items() <= decode_labels(one.labels).items() for one in found
        )
        return found


@contextmanager
def household(directory: Path) -> Iterator[Household]:
    """Both people are served, and both accounts authorized; everything is kept in a directory."""
    declared = Declared(directory, {"GOOGLE_CLIENT_ID": DEMO_CLIENT_ID})
    declared.environment["FITBIT_CLIENT_ID"] = DEMO_CLIENT_ID
    declared.secret("anna/google_client_secret", DEMO_CLIENT_SECRET)
    declared.secret("ben/fitbit_client_secret", DEMO_CLIENT_SECRET)
    clock = [NOW]
    with (
        running_emulator(PEOPLE["anna"], now=lambda: clock[0], quota_per_minute=100_000) as anna,
        running_emulator(PEOPLE["ben"], now=lambda: clock[0], quota_per_hour=100_000) as ben,
    ):
        declared.write(ENTRIES.format(anna=anna.url, ben=ben.url))
        house = Household({"anna": anna, "ben": ben}, declared, clock)
        for name, token in (("anna", DEMO_REFRESH_TOKEN), ("ben", FITBIT_TOKEN)):
            house.accounts[name].account.tokens.save(
                Token(access_token="", refresh_token=token, expires_at=0)
            )
        yield house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    with household(tmp_path) as house:
        yield house


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_partitions_tokens_budget_series_and_logs_are_apart(
    house: Household,
    instance: dg.DagsterInstance,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    # The budget's clock stands, however long a run takes on a busy machine.
    clock = SimpleNamespace(time=lambda: house.clock[0].timestamp())
    monkeypatch.setattr(database, "time", clock)
    said: dict[str, str] = {}
    for name in BOTH:
        caplog.clear()
        result = house.run(name, instance)
        assert result.success
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        events = "".join(map(str, instance.all_logs(result.run_id)))
        said[name] = f"{events}{caplog.text}{run.tags}"

    secrets = []
    for name in BOTH:
        settings = house.accounts[name]
        expected = {str(day) for day in DAYS[name]}
        for asset in THREE:
            key = key_of(settings, asset)
            assert key.path == [name, asset]
            assert set(instance.get_materialized_partitions(key)) == expected
            assert not instance.get_materialized_partitions(dg.AssetKey(asset))

        token = settings.account.tokens.load()
        assert token is not None
        assert settings.account.tokens.place.startswith(str(settings.data_directory))
        secrets += [token.access_token, token.refresh_token]

        provider = house.emulators[name]
        calls = provider.calls if name == "anna" else provider.fitbit_web.calls
        assert quota_figures(settings).used == len(calls) > 0

        zone, steps = settings.account.zone, "fitbit_steps_total"
        (series,) = [one for one in house.series(name) if one.metric == steps]
        assert decode_labels(series.labels) == {"user": name, "device": "fitbit"}
        assert [
            datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
            for at in series.timestamps.tolist()
        ] == [day_start(day, zone) for day in DAYS[name]]
    assert len(set(secrets)) == 4
    secrets += ["demo-secret"]
    for text in said.values():
        assert not [one for one in secrets if one in text]


def test_one_that_fails_does_not_stop_the_other_and_is_noted_alone(
    house: Household, instance: dg.DagsterInstance
) -> None:
    house.emulators["anna"].revoke()
    results = {name: house.run(name, instance, "heart_rate") for name in BOTH}
    assert not results["anna"].success
    assert results["ben"].success

    note_failure(house.definitions, instance, results["anna"].run_id)
    noted = [
        (name, decode_labels(one.labels)["asset"])
        for name in BOTH
        for one in house.series(name)
        if one.metric == "syncbit_last_failure_timestamp_seconds"
    ]
    assert noted == [("anna", "heart_rate")]


def test_present_states_of_both_may_share_a_run(
    house: Household, instance: dg.DagsterInstance
) -> None:
    keys = [key_of(one, "devices") for one in house.accounts.values()]
    result = house.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=keys
    )
    assert result.success
    for name in BOTH:
        battery = [
            one for one in house.series(name) if one.metric == "fitbit_device_battery_percent"
        ]
        assert battery
    assert {event.asset_key for event in result.get_asset_materialization_events()} == set(keys)


def test_the_sensors_of_one_do_not_see_the_others_runs(
    house: Household, instance: dg.DagsterInstance
) -> None:
    before = {name: _asked(house, name, instance) for name in BOTH}
    assert before["anna"][0].tags["dagster/asset_partition_range_end"] == "2025-10-29"
    assert before["ben"][0].tags["dagster/asset_partition_range_end"] == "2025-10-28"
    assert {key for one in before["ben"] for key in one.asset_selection or ()} == {
        key_of(house.accounts["ben"], asset) for asset in THREE
    }
    # Ben's runs are at work on all that both of them miss, and his history fills its queue.
    _begin(house, "device_sync_ben", instance)
    _begin(house, "daily_sync_ben", instance)
    for _ in range(4):
        _begin(house, "history_ben", instance)
    assert _asked(house, "anna", instance) == before["anna"]
    assert _asked(house, "ben", instance) == []
    (sync,) = _asked(house, "anna", instance, "device_sync")
    assert sync.tags["dagster/asset_partition_range_end"] == "2025-10-30"
    assert _asked(house, "ben", instance, "device_sync") == []
    _begin(house, "daily_sync_anna", instance)
    assert _asked(house, "anna", instance) == []


def test_a_report_lies_with_its_account(house: Household, instance: dg.DagsterInstance) -> None:
    assert house.run("anna", instance, "activity_summary").success
    job = house.definitions.resolve_job_def("weekly_reports_anna")
    assert job.execute_in_process(instance=instance, partition_key="2025-10-20").success
    (report,) = house.declared.directory.rglob("week-*.html")
    assert report.parent == house.accounts["anna"].data_directory / "reports"


def test_each_morning_comes_in_its_own_zone(house: Household, instance: dg.DagsterInstance) -> None:
    repository = house.definitions.get_repository_def()
    # Five o'clock there, which is the 30th in Auckland and the 29th in New York.
    for name, hour, last in (("anna", 16, "2025-10-30"), ("ben", 9, "2025-10-29")):
        schedule = repository.get_schedule_def(f"daily_sync_{name}")
        assert schedule.cron_schedule == "0 5 * * *"
        assert schedule.execution_timezone == house.accounts[name].account.zone.key
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime(2025, 10, 29, hour, tzinfo=UTC),
            repository_def=repository,
        )
        (request,) = schedule.evaluate_tick(context).run_requests or ()
        assert request.tags["dagster/asset_partition_range_end"] == last


def _asked(
    house: Household, name: str, instance: dg.DagsterInstance, sensor_name: str = "history"
) -> list[dg.RunRequest]:
    """The runs that an account's sensor would ask for now."""
    context = dg.build_sensor_context(instance=instance, definitions=house.definitions)
    sensor = house.definitions.resolve_sensor_def(f"{sensor_name}_{name}")
    return list(sensor.evaluate_tick(context).run_requests or ())


def _begin(house: Household, job: str, instance: dg.DagsterInstance) -> None:
    """A run that names no asset, over all days, as it is while it works."""
    days = DayRange(DAYS["anna"].first, DAYS["anna"].last)
    definition = house.definitions.resolve_job_def(job)
    instance.create_run_for_job(
        definition,
        # As the daemon makes it: the job's own tags are on all of its runs.
        tags={**definition.run_tags, **range_run(days, "fresh", run_key="").tags},
        status=dg.DagsterRunStatus.STARTED,
    )
