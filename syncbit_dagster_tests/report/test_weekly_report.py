"""The asset `weekly_report`, materialized for real; its schedule; and who does not notice it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sparkline import INLINE_CHARACTERS
from syncbit_dagster_tests.defs.running import failure_of, metadata_of
from syncbit_dagster_tests.report.builders import Page
from syncbit_dagster_tests.report.conftest import NOW, ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

LATE = datetime(2026, 11, 2, 5, tzinfo=UTC)  # Monday, 06:00 in Berlin
BERLIN = {"SYNCBIT_TIMEZONE": "Europe/Berlin", "BACKFILL_START_DATE": "2026-01-01"}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def make(
    settings: Settings, instance: dg.DagsterInstance, first: str, last: str
) -> dg.ExecuteInProcessResult:
    """One run over some weeks, as the schedule starts it."""
    definitions = build_definitions(settings, now=lambda: NOW)
    return definitions.resolve_job_def("weekly_reports").execute_in_process(
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        },
        raise_on_error=False,
    )


def test_weeks_are_made_in_one_run_and_a_week_without_data_has_no_file(
    filled: Settings, instance: dg.DagsterInstance
) -> None:
    assert make(filled, instance, "2026-10-05", "2026-10-19").success
    found = metadata_of(instance, "weekly_report")
    assert list(found) == ["2026-10-19", "2026-10-12", "2026-10-05"]
    folder = filled.data_directory / "reports"
    assert {one.name for one in folder.iterdir()} == {
        "week-2026-10-12.html",
        "week-2026-10-19.html",
    }
    assert found["2026-10-05"] == {"content": "nothing there", "days_with_data": 0}
    week = found["2026-10-19"]
    assert week["path"] == str(folder / "week-2026-10-19.html")
    assert week["content"] == "data"
    page = Page((folder / "week-2026-10-19.html").read_text())
    (cells,) = page.figures["Days with data"]["data"]
    known = sum(any(column) for column in zip(*cells["z"], strict=True))
    assert week["days_with_data"] == known
    assert len(cells["x"]) == 7
    assert cells["x"][0] == "2026-10-19"
    assert week["preview"].startswith("![Steps, 19 \N{EN DASH} 25 October 2026](data:image/svg+xml")
    assert len(week["preview"]) < INLINE_CHARACTERS
    assert len(week["key_figures"]) < INLINE_CHARACTERS
    assert "| Steps a day | " in week["key_figures"]


def test_a_store_that_is_broken_fails_the_step_with_its_sentence(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    settings = load_settings({**BERLIN, "DATA_DIR": str(tmp_path)})
    settings.embedded_store.write_text("no database")
    result = make(settings, instance, "2026-10-12", "2026-10-12")
    assert not result.success
    assert "cannot be opened as a DuckDB database" in failure_of(result)


def tick(settings: Settings, when: datetime) -> dg.ScheduleExecutionData:
    definitions = build_definitions(settings)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=when,
            repository_def=definitions.get_repository_def(),
        )
        return definitions.resolve_schedule_def("weekly_reports").evaluate_tick(context)


@pytest.mark.parametrize(
    ("start", "first"), [("2026-01-01", "2026-09-28"), ("2026-10-21", "2026-10-19")]
)
def test_on_mondays_the_last_five_weeks_are_one_run(tmp_path: Path, start: str, first: str) -> None:
    settings = load_settings({**BERLIN, "DATA_DIR": str(tmp_path), "BACKFILL_START_DATE": start})
    settings.account.tokens.save(Token(access_token="a", refresh_token="r", expires_at=0))
    requests = tick(settings, LATE).run_requests
    assert requests is not None
    (request,) = requests
    tags = request.tags
    assert tags["dagster/asset_partition_range_start"] == first
    assert tags["dagster/asset_partition_range_end"] == "2026-10-26"
    # The sensor `history` takes a run that names no asset for one that is at work on all of them.
    assert request.asset_selection == [dg.AssetKey("weekly_report")]


def test_it_comes_after_the_daily_sync_and_asks_for_nothing_without_an_account(
    tmp_path: Path,
) -> None:
    settings = load_settings({**BERLIN, "DATA_DIR": str(tmp_path)})
    definitions = build_definitions(settings)
    crons: dict[str, Any] = {
        name: definitions.resolve_schedule_def(name).cron_schedule
        for name in ("daily_sync", "weekly_reports")
    }
    assert crons == {"daily_sync": "0 5 * * *", "weekly_reports": "0 6 * * 1"}
    for name in ("daily_sync", "history", "device_sync"):  # none of which materializes it
        job = definitions.resolve_job_def(name)
        assert dg.AssetKey("weekly_report") not in job.asset_layer.executable_asset_keys
    assert "syncbit authorize" in str(tick(settings, LATE).skip_message)


def test_its_partitions_are_the_weeks_of_the_account_that_have_ended(tmp_path: Path) -> None:
    variables = {**BERLIN, "DATA_DIR": str(tmp_path), "BACKFILL_START_DATE": "2026-10-15"}
    graph = build_definitions(load_settings(variables)).resolve_asset_graph()
    partitions = graph.get(dg.AssetKey("weekly_report")).partitions_def
    assert partitions is not None
    sunday = datetime(2026, 11, 1, 23, 59, tzinfo=ZONE)
    monday = datetime(2026, 11, 2, 0, 0, tzinfo=ZONE)
    weeks = ["2026-10-12", "2026-10-19"]
    assert list(partitions.get_partition_keys(current_time=sunday)) == weeks
    assert list(partitions.get_partition_keys(current_time=monday)) == [*weeks, "2026-10-26"]
