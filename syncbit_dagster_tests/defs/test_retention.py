"""Old runs are forgotten when newer ones know better, and nothing else is."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import yaml

from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.instance.event_log import BATCH_SIZE_VARIABLE
from syncbit_dagster.defs.instance.retention import (
    KEPT_DAYS,
    LOOKED_BACK_DAYS,
    NAME,
    forgetting,
    superseded,
)
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster_tests.postgresql import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
KEYS = [dg.AssetKey("steps"), dg.AssetKey("sleep")]
OWN = {"daily_sync", "history"}
FIRST = datetime(2026, 1, 1, tzinfo=UTC).date()
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@contextmanager
def opened(directory: Path, storage: dict[str, Any]) -> Iterator[dg.DagsterInstance]:
    """The project's instance, with its records elsewhere."""
    configured = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    configured["storage"] = storage
    (directory / "dagster.yaml").write_text(yaml.safe_dump(configured))
    with dg.DagsterInstance.from_config(str(directory)) as instance:
        yield instance


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The project's instance, and that of compose."""
    monkeypatch.setenv(BATCH_SIZE_VARIABLE, "1000")
    if request.param == "sqlite":
        storage = yaml.safe_load((ROOT / "dagster.yaml").read_text())["storage"]
        storage["custom"]["config"]["base_dir"] = str(tmp_path)
        with opened(tmp_path, storage) as one:
            yield one
        return
    with running_postgresql() as new_database:
        url = new_database().replace("postgresql:", "postgresql+psycopg2:")
        with opened(tmp_path, {"postgres": {"postgres_url": url}}) as one:
            yield one


def ran(
    instance: dg.DagsterInstance, job: str, first: int, last: int, *, fails: bool = False
) -> str:
    """A run over some days of the year; its id."""

    def made(name: str) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            partitions_def=dg.DailyPartitionsDefinition(FIRST.isoformat()),
            backfill_policy=dg.BackfillPolicy.single_run(),
        )
        def asset() -> None:
            if fails:
                raise ValueError("the provider refuses")

        return asset

    @dg.asset_check(asset=KEYS[0])
    def plausible() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    assets = [made(key.path[-1]) for key in KEYS]
    resolved = dg.Definitions(
        assets=assets,
        asset_checks=[plausible],
        jobs=[dg.define_asset_job(job, assets)],
        resources={"io_manager": dg.mem_io_manager},
        executor=dg.in_process_executor,
    ).resolve_job_def(job)
    days = DayRange(FIRST + timedelta(days=first), FIRST + timedelta(days=last))
    tags = range_run(days, "fresh", run_key="").tags
    return resolved.execute_in_process(
        instance=instance, tags=dict(tags), raise_on_error=False
    ).run_id


def test_only_runs_that_hold_no_newest_record_are_forgotten(
    instance: dg.DagsterInstance,
) -> None:
    history = ran(instance, "history", 0, 4)
    monday = ran(instance, "daily_sync", 3, 9)
    failed = ran(instance, "daily_sync", 5, 11, fails=True)
    tuesday = ran(instance, "daily_sync", 3, 10)
    by_hand = ran(instance, "my_backfill", 3, 5)
    wednesday = ran(instance, "daily_sync", 3, 12)
    assert set(superseded(instance, OWN, KEYS, later(KEPT_DAYS + 1))) == {monday, failed, tuesday}
    # Young runs are kept, and those that were looked at often enough are not looked at again.
    assert not set(superseded(instance, OWN, KEYS, later(0)))
    assert not set(superseded(instance, OWN, KEYS, later(LOOKED_BACK_DAYS + 1)))
    before = {key: instance.get_materialized_partitions(key) for key in KEYS}

    job = forgetting(OWN, KEYS, now=lambda: later(KEPT_DAYS + 1)).job
    assert isinstance(job, dg.JobDefinition)
    job.execute_in_process(instance=instance)

    assert {run.run_id for run in instance.get_runs() if run.job_name != NAME} == {
        history,
        by_hand,
        wednesday,
    }
    assert {key: instance.get_materialized_partitions(key) for key in KEYS} == before


def test_the_project_forgets_runs_of_its_own_jobs_by_itself(tmp_path: Path) -> None:
    settings = load_settings({"SYNCBIT_PROVIDER": "demo", "DATA_DIR": str(tmp_path)})
    definitions = build_definitions(settings)
    (schedule,) = [
        one
        for one in definitions.schedules or []
        if isinstance(one, dg.ScheduleDefinition) and one.job_name == NAME
    ]
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    jobs = {job.name for job in definitions.resolve_all_job_defs()}
    assert {"daily_sync", "device_sync", "history", NAME} <= jobs
