"""What Dagster is given: assets and their pages, how old they may be, the morning's schedule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS, metrics_of
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.samples import COLUMNS, empty
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.freshness import freshness
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.defs.unattended import range_of
from syncbit_dagster_tests.emulated import emulated_account
from tools.grafana import BOARDS

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.config import Settings

MORNING = datetime(2024, 3, 10, 9, tzinfo=UTC)  # 05:00 in New York, the day clocks go forward
HOURS = {"daily": (30, 54), "intraday": (30, 54), "devices": (24, 48)}
COLLECTED = {"ENABLE_INTRADAY_COLLECTION": "true"}
INTRADAY = {asset.resource for asset in ASSETS if asset.is_intraday}


def test_every_asset_says_what_it_is_what_it_holds_and_which_dashboard_shows_it(
    tmp_path: Path,
) -> None:
    settings = load_settings(
        {
            "SYNCBIT_PROVIDER": "demo",
            "FITBIT_USER_ID": "anna",
            "SYNCBIT_GRAFANA_URL": "https://grafana.example/",
            "DATA_DIR": str(tmp_path),
        }
    )
    specs = {
        spec.key.path[-1]: spec
        for one in build_definitions(settings).assets or []
        if isinstance(one, dg.AssetsDefinition)
        for spec in one.specs
    }
    shown = {
        name: board.uid for board in BOARDS for names in board.assets.values() for name in names
    }
    assert set(shown) == {asset.name for asset in ASSETS}
    frame = empty()
    for asset in ASSETS:
        spec = specs[asset.name]
        assert spec.group_name == asset.group
        assert spec.description == asset.description
        assert list(spec.owners) == ["team:anna"]
        assert {"pandas", "duckdb"} <= spec.kinds
        table = str(spec.metadata["metrics"].value)
        for metric in metrics_of(asset.name):
            assert f"| `{metric.name}` |" in table
            assert metric.unit in table
        columns = spec.metadata["dagster/column_schema"].columns
        assert tuple(column.name for column in columns) == COLUMNS == tuple(frame.columns)
        assert columns[2].type == str(frame["timestamp"].dtype)
        link = f"https://grafana.example/d/{shown[asset.name]}"
        assert spec.metadata["dashboard"].value == link


@pytest.mark.parametrize(
    ("variables", "by_hand"),
    [
        (COLLECTED | {"INTRADAY_RESOURCES": ",".join(INTRADAY)}, set()),
        (COLLECTED | {"INTRADAY_RESOURCES": "steps"}, INTRADAY - {"steps"}),
        ({}, INTRADAY),
        ({"SYNCBIT_PROVIDER": "takeout", "TAKEOUT_PATH": "export"}, None),  # never grows stale
    ],
)
def test_what_comes_by_itself_may_be_so_old_and_the_rest_never_grows_stale(
    tmp_path: Path, variables: dict[str, str], by_hand: set[str] | None
) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path), **variables}, secrets_directory=tmp_path)
    for asset in ASSETS:
        policy = freshness(asset, settings)
        if by_hand is None or (asset.is_intraday and asset.resource in by_hand):
            assert policy is None
            continue
        warn, fail = HOURS[asset.group]
        assert policy == dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=fail), warn_window=timedelta(hours=warn)
        )
        assert dg.AssetSpec(asset.name, freshness_policy=policy).freshness_policy == policy


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "DATA_DIR": str(tmp_path),
        "SYNCBIT_TIMEZONE": "America/New_York",
        "BACKFILL_START_DATE": "2024-01-01",
    }


def tick(
    settings: Settings, instance: dg.DagsterInstance, when: datetime
) -> dg.ScheduleExecutionData:
    definitions = build_definitions(settings)
    context = dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=when,
        repository_def=definitions.get_repository_def(),
    )
    return definitions.resolve_schedule_def("daily_sync").evaluate_tick(context)


@pytest.mark.parametrize(
    ("variables", "days"),
    [
        ({}, ("2024-03-04", "2024-03-10")),
        ({"INCLUDE_TODAY_DATA": "false"}, ("2024-03-03", "2024-03-09")),
        ({"BACKFILL_START_DATE": "2024-03-08"}, ("2024-03-08", "2024-03-10")),
    ],
)
def test_the_last_days_that_are_partitions_are_one_run(
    environment: dict[str, str],
    instance: dg.DagsterInstance,
    variables: dict[str, str],
    days: tuple[str, str],
) -> None:
    settings = load_settings(environment | variables)
    unauthorized = tick(settings, instance, MORNING)
    assert not unauthorized.run_requests
    assert "syncbit authorize" in str(unauthorized.skip_message)
    settings.account.tokens.save(Token(access_token="a", refresh_token="r", expires_at=0))
    [request] = list(tick(settings, instance, MORNING).run_requests or [])
    assert range_of(request) == days


@pytest.mark.parametrize(
    ("variables", "intraday"),
    [
        ({"COLLECT_SPO2": "false"}, set()),
        ({"ENABLE_INTRADAY_COLLECTION": "true", "INTRADAY_RESOURCES": "floors"}, {"floors"}),
    ],
)
def test_it_materializes_the_daily_assets_and_the_chosen_intraday_ones(
    environment: dict[str, str], variables: dict[str, str], intraday: set[str]
) -> None:
    definitions = build_definitions(load_settings(environment | variables))
    job = definitions.resolve_job_def("daily_sync")
    names = {key.path[-1] for key in job.asset_layer.executable_asset_keys}
    assert {n.removeprefix("intraday_") for n in names if n.startswith("intraday_")} == intraday
    assert {"activity_summary", "heart_rate"} <= names
    offered = {key.path[-1] for key in definitions.resolve_all_asset_keys()}
    assert ("oxygen_saturation" in offered) == ("COLLECT_SPO2" not in variables)


def test_its_run_materializes_seven_days_and_the_devices(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    person = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2026, 1, 1), seed=1)
    now = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 05:00 in Berlin
    with emulated_account(person, tmp_path, now=lambda: now) as account:
        settings = account.settings()
        [request] = list(tick(settings, instance, now).run_requests or [])
        job = build_definitions(settings).resolve_job_def("daily_sync")
        assert job.execute_in_process(instance=instance, tags=dict(request.tags)).success
    days = {f"2026-11-{day}" for day in range(14, 21)}
    for key in job.asset_layer.executable_asset_keys:
        if key.path[-1] == "devices":
            assert instance.get_latest_materialization_event(key) is not None
        else:
            assert instance.get_materialized_partitions(key) == days, key
