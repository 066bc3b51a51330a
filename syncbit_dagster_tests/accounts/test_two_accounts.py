"""Two accounts in one instance: what is each one's own stays so, whatever the other does."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from syncbit_dagster.account.state import database
from syncbit_dagster.core.civil import DayRange, day_start
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.defs.names import key_of
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.defs.sensors import run_failures
from syncbit_dagster.factories import quota_figures
from syncbit_dagster_tests.accounts.household import DAYS, THREE, Household, household

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOTH = ("anna", "ben")


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

    record = instance.get_run_record_by_id(results["anna"].run_id)
    assert record is not None
    (failed,) = [
        entry.dagster_event
        for entry in instance.all_logs(
            results["anna"].run_id, of_type=dg.DagsterEventType.RUN_FAILURE
        )
    ]
    assert failed is not None
    sensor = house.definitions.resolve_sensor_def(run_failures.NAME)
    assert isinstance(sensor, dg.RunStatusSensorDefinition)
    sensor(
        dg.build_run_status_sensor_context(
            run_failures.NAME, failed, instance, record.dagster_run
        ).for_run_failure()
    )
    noted = Counter(
        (name, decode_labels(one.labels)["asset"])
        for name in BOTH
        for one in house.series(name)
        if one.metric == "syncbit_last_failure_timestamp_seconds"
    )
    assert noted == Counter([("anna", "heart_rate")])


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


def test_the_history_of_one_does_not_see_the_others_runs(
    house: Household, instance: dg.DagsterInstance
) -> None:
    before = {name: _asked(house, name, instance) for name in BOTH}
    assert before["anna"][0].tags["dagster/asset_partition_range_end"] == "2025-10-29"
    assert before["ben"][0].tags["dagster/asset_partition_range_end"] == "2025-10-28"
    assert {key for one in before["ben"] for key in one.asset_selection or ()} == {
        key_of(house.accounts["ben"], asset) for asset in THREE
    }
    # Ben's schedule is at work on all that both of them miss, and his history fills its queue.
    _begin(house, "daily_sync_ben", instance)
    for _ in range(4):
        _begin(house, "history_ben", instance)
    assert _asked(house, "anna", instance) == before["anna"]
    assert _asked(house, "ben", instance) == []
    _begin(house, "daily_sync_anna", instance)
    assert _asked(house, "anna", instance) == []


def test_the_sync_of_ones_device_waits_for_no_run_of_the_other(
    house: Household, instance: dg.DagsterInstance
) -> None:
    _begin(house, "device_sync_ben", instance)
    (request,) = _asked(house, "anna", instance, "device_sync")
    assert request.tags["dagster/asset_partition_range_end"] == "2025-10-30"
    assert _asked(house, "ben", instance, "device_sync") == []


def test_a_report_lies_with_its_account(house: Household, instance: dg.DagsterInstance) -> None:
    assert house.run("anna", instance, "activity_summary").success
    job = house.definitions.resolve_job_def("weekly_reports_anna")
    assert job.execute_in_process(instance=instance, partition_key="2025-10-20").success
    (report,) = house.declared.directory.rglob("week-*.html")
    assert report.parent == house.accounts["anna"].data_directory / "reports"


def test_each_morning_comes_in_its_own_zone(house: Household, instance: dg.DagsterInstance) -> None:
    repository = house.definitions.get_repository_def()
    expected = {
        "anna": (datetime(2025, 10, 29, 16, tzinfo=UTC), ("2025-10-24", "2025-10-30")),
        "ben": (datetime(2025, 10, 29, 9, tzinfo=UTC), ("2025-10-23", "2025-10-29")),
    }
    for name, (instant, days) in expected.items():
        schedule = repository.get_schedule_def(f"daily_sync_{name}")
        hour_before = (instant - timedelta(hours=1)).timestamp()
        ticks = schedule_execution_time_iterator(
            hour_before, schedule.cron_schedule, schedule.execution_timezone
        )
        assert next(ticks) == instant
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=instant, repository_def=repository
        )
        (request,) = schedule.evaluate_tick(context).run_requests or ()
        ends = [request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
        assert tuple(ends) == days


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
