"""The daily schedule: which days it asks for, and when it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.config import Settings


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "DATA_DIR": str(tmp_path),
        "SYNCBIT_TIMEZONE": "America/New_York",
        "BACKFILL_START_DATE": "2024-01-01",
    }


def authorize(settings: Settings) -> Settings:
    settings.account.tokens.save(Token(access_token="a", refresh_token="r", expires_at=0))
    return settings


def tick(settings: Settings, when: datetime) -> dg.ScheduleExecutionData:
    definitions = build_definitions(settings)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=when,
            repository_def=definitions.get_repository_def(),
        )
        schedule = definitions.resolve_schedule_def("daily_sync")
        return schedule.evaluate_tick(context)


def range_of(data: dg.ScheduleExecutionData) -> tuple[str, str]:
    assert data.run_requests is not None
    (request,) = data.run_requests
    tags = request.tags
    return tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]


MORNING = datetime(2024, 3, 10, 9, tzinfo=UTC)  # 05:00 in New York, the day clocks go forward


def test_the_last_days_are_one_run(environment: dict[str, str]) -> None:
    settings = authorize(load_settings(environment))
    assert range_of(tick(settings, MORNING)) == ("2024-03-04", "2024-03-10")


def test_without_today_the_range_ends_yesterday(environment: dict[str, str]) -> None:
    settings = authorize(load_settings(environment | {"INCLUDE_TODAY_DATA": "false"}))
    assert range_of(tick(settings, MORNING)) == ("2024-03-03", "2024-03-09")


def test_it_does_not_look_back_beyond_the_first_day(environment: dict[str, str]) -> None:
    settings = authorize(load_settings(environment | {"BACKFILL_START_DATE": "2024-03-08"}))
    assert range_of(tick(settings, MORNING)) == ("2024-03-08", "2024-03-10")


def test_without_an_account_it_says_what_to_do(environment: dict[str, str]) -> None:
    data = tick(load_settings(environment), MORNING)
    assert not data.run_requests
    assert "syncbit authorize" in str(data.skip_message)


@pytest.mark.parametrize(
    ("variables", "intraday"),
    [
        ({}, set()),
        ({"ENABLE_INTRADAY_COLLECTION": "true", "INTRADAY_RESOURCES": "floors"}, {"floors"}),
    ],
)
def test_it_materializes_the_daily_assets_and_the_chosen_intraday_ones(
    environment: dict[str, str], variables: dict[str, str], intraday: set[str]
) -> None:
    definitions = build_definitions(load_settings(environment | variables))
    job = definitions.resolve_job_def("daily_sync")
    keys = {key.path[-1] for key in job.asset_layer.executable_asset_keys}
    assert {k.removeprefix("intraday_") for k in keys if k.startswith("intraday_")} == intraday
    assert {"activity_summary", "heart_rate"} <= keys


def test_an_asset_that_is_turned_off_is_not_there(environment: dict[str, str]) -> None:
    definitions = build_definitions(load_settings(environment | {"COLLECT_SPO2": "false"}))
    names = {key.path[-1] for key in definitions.resolve_all_asset_keys()}
    assert "oxygen_saturation" not in names
    assert "breathing_rate" in names


def test_its_run_materializes_seven_days_and_the_devices(tmp_path: Path) -> None:
    person = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2026, 1, 1), seed=1)
    now = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 05:00 in Berlin
    with (
        emulated_account(person, tmp_path, now=lambda: now) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings = account.settings()
        requests = tick(settings, now).run_requests
        assert requests is not None
        job = build_definitions(settings).resolve_job_def("daily_sync")
        assert job.execute_in_process(instance=instance, tags=dict(requests[0].tags)).success
        days = {f"2026-11-{day}" for day in range(14, 21)}
        for key in job.asset_layer.executable_asset_keys:
            if key.path[-1] == "devices":
                assert instance.get_latest_materialization_event(key) is not None
            else:
                assert instance.get_materialized_partitions(key) == days, key
