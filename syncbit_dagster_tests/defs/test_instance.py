"""Dagster's instance: how a batch of events is stored, and which runs are forgotten."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.instance import event_log
from syncbit_dagster.defs.instance.retention import KEPT_DAYS, LOOKED_BACK_DAYS, NAME, forgetting
from syncbit_dagster.defs.instance.retention import superseded as superseded_runs
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster_tests.postgresql import running_postgresql

ROOT = Path(__file__).parents[2]
FIRST = date(2026, 1, 1)
KEYS = [dg.AssetKey("steps"), dg.AssetKey("sleep")]
POSITIVE = dg.AssetCheckKey(KEYS[0], "positive")
OWN_JOBS = {"daily_sync", "history"}
PLANNED = AssetCheckExecutionRecordStatus.PLANNED
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the storage sets for its process must not outlive the test.
    monkeypatch.setenv(event_log.BATCH_SIZE_VARIABLE, "0")
    monkeypatch.delenv(event_log.BATCH_SIZE_VARIABLE)


@contextmanager
def opened(home: Path, storage: str) -> Iterator[dg.DagsterInstance]:
    """The project's instance ("batched"), or with Dagster's "own" storage, or with a URL."""
    home.mkdir(exist_ok=True)
    configured = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    configured["storage"]["custom"]["config"]["base_dir"] = str(home)
    if storage == "own":
        configured["storage"] = {"sqlite": {"base_dir": str(home)}}
    elif storage != "batched":
        configured["storage"] = {"postgres": {"postgres_url": storage}}
    (home / "dagster.yaml").write_text(yaml.safe_dump(configured))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@contextmanager
def commits(listener: Callable[[str], None]) -> Iterator[None]:
    """Call ``listener`` with the file's name before each transaction of a file is committed."""

    def heard(connection: sa.Connection) -> None:
        listener(Path(connection.engine.url.database or "").name)

    sa.event.listen(sa.Engine, "commit", heard)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "commit", heard)


class Counting(dg.IOManager):
    """Tells something of each partition; stores nothing where the output is zero."""

    def handle_output(self, context: dg.OutputContext, obj: int) -> None:
        for number, key in enumerate(context.asset_partition_keys):
            context.step_context.add_asset_metadata(
                {"samples": number}, asset_key=context.asset_key, partition_key=key
            )
        if not obj:
            raise ValueError("nothing is stored")

    def load_input(self, _context: dg.InputContext) -> None:
        raise NotImplementedError


def ran(
    instance: dg.DagsterInstance,
    first: int,
    last: int,
    job: str = "history",
    *,
    fails: bool = False,
) -> str:
    """A run over some days of the year; its id."""

    def made(key: dg.AssetKey) -> dg.AssetsDefinition:
        @dg.asset(
            key=key,
            partitions_def=dg.DailyPartitionsDefinition(FIRST.isoformat()),
            backfill_policy=dg.BackfillPolicy.single_run(),
            check_specs=[dg.AssetCheckSpec(POSITIVE.name, asset=key)],
        )
        def asset() -> Iterator[dg.Output[int] | dg.AssetCheckResult]:
            yield dg.Output(0 if fails else 1)
            yield dg.AssetCheckResult(passed=True, check_name=POSITIVE.name)

        return asset

    assets = [made(key) for key in KEYS]
    resolved = dg.Definitions(
        assets=assets,
        jobs=[dg.define_asset_job(job, assets)],
        resources={"io_manager": Counting()},
        executor=dg.in_process_executor,
    ).resolve_job_def(job)
    days = DayRange(FIRST + timedelta(days=first), FIRST + timedelta(days=last))
    tags = dict(range_run(days, "fresh", run_key="").tags)
    done = resolved.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    assert done.success is not fails
    return done.run_id


def told(instance: dg.DagsterInstance) -> dict[str, Any]:
    """Everything that the UI, the sensors and the checks read of the assets and runs."""
    log, planned = instance.event_log_storage, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    runs = [record.dagster_run.run_id for record in instance.get_run_records()]
    said: dict[str, Any] = {}
    for asset in instance.get_asset_records(KEYS):
        key, last = asset.asset_entry.asset_key, asset.asset_entry.last_materialization
        events = instance.fetch_materializations(key, limit=1000).records
        said |= {
            f"partitions of {key}": sorted(instance.get_materialized_partitions(key)),
            f"events of {key}": [
                (event.partition_key, event.asset_materialization.metadata, event.storage_id)
                for event in events
                if event.asset_materialization
            ],
            f"data versions of {key}": log.get_latest_tags_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
            ).keys(),
            f"last of {key}": last and last.get_dagster_event().partition,
            f"last run of {key}": runs.index(str(asset.asset_entry.last_run_id)),
            f"planned of {key}": log.get_latest_storage_id_by_partition(key, planned),
        }
    (check,) = log.get_latest_asset_check_execution_by_key([POSITIVE]).values()
    said["check"] = (check.status, check.partition) if check else None
    said["log"] = [
        (entry.dagster_event_type, entry.dagster_event.partition)
        for run_id in runs
        for entry in instance.all_logs(run_id)
        if entry.dagster_event and entry.dagster_event_type is not dg.DagsterEventType.ENGINE_EVENT
    ]
    return said


@pytest.mark.parametrize("fails", [False, True])
def test_a_batch_is_told_as_dagsters_own_storage_tells_it(tmp_path: Path, fails: bool) -> None:
    said, committed = {}, {}
    for storage in ("own", "batched"):
        files: list[str] = []
        with opened(tmp_path / storage, storage) as instance:
            with commits(files.append):
                ran(instance, 0, 11, fails=fails)
            said[storage] = told(instance)
        committed[storage] = files.count("index.db")
    own, batched = said["own"], said["batched"]
    if fails:
        # Dagster's own storage plans a check for each partition, which nothing ever completes.
        assert (own.pop("check"), batched.pop("check")) == (
            (PLANNED, "2026-01-12"),
            (PLANNED, None),
        )
    assert len(own[f"events of {KEYS[1]}"]) == (0 if fails else 12)
    assert batched == own
    assert committed["batched"] < committed["own"] / (1.5 if fails else 3)


def test_a_batch_that_cannot_be_stored_is_stored_event_by_event_and_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    failed: list[str] = []

    def fail_once(file: str) -> None:
        if file == "index.db" and not failed:
            failed.append(file)
            raise OSError("database is locked")

    with opened(tmp_path / "own", "own") as instance:
        ran(instance, 0, 3)
        expected = told(instance)
    with opened(tmp_path / "batched", "batched") as instance:
        with commits(fail_once):
            ran(instance, 0, 3)
        assert told(instance) == expected
    assert "Exception while storing event batch: database is locked" in capfd.readouterr().err


def test_where_dagster_has_changed_its_own_storage_does_the_work_in_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path, "batched") as instance:
        ran(instance, 0, 3)
    with monkeypatch.context() as hidden:
        hidden.delattr(SqlEventLogStorage, "prepare_insert_event_batch")
        importlib.reload(event_log)
        with opened(tmp_path, "batched") as instance:
            ran(instance, 4, 7)
    importlib.reload(event_log)
    for storage in ("own", "batched"):
        with opened(tmp_path, storage) as instance:
            assert len(told(instance)[f"partitions of {KEYS[0]}"]) == 8
            assert len(instance.get_run_records()) == 2
    (warned,) = [one for one in caplog.records if one.levelname == "WARNING"]
    assert "Dagster's own storage is used" in warned.getMessage()


@pytest.mark.parametrize("storage", ["batched", "postgresql"])
def test_runs_that_hold_no_newest_record_are_forgotten(tmp_path: Path, storage: str) -> None:
    with ExitStack() as stack:
        if storage == "postgresql":
            url = stack.enter_context(running_postgresql())()
            storage = url.replace("postgresql:", "postgresql+psycopg2:")
        instance = stack.enter_context(opened(tmp_path, storage))

        def superseded(days: float) -> set[str]:
            return set(
                superseded_runs(instance, OWN_JOBS, KEYS, datetime.now(UTC) + timedelta(days))
            )

        history = ran(instance, 0, 4)
        monday = ran(instance, 3, 9, "daily_sync")
        failed = ran(instance, 5, 11, "daily_sync", fails=True)
        tuesday = ran(instance, 3, 10, "daily_sync")
        by_hand = ran(instance, 3, 5, "my_backfill")
        wednesday = ran(instance, 3, 12, "daily_sync")
        assert superseded(KEPT_DAYS + 1) == {monday, failed, tuesday}
        # Young runs are kept, and those that were looked at often enough are not looked at again.
        assert not superseded(0) | superseded(LOOKED_BACK_DAYS + 1)
        before = {key: instance.get_materialized_partitions(key) for key in KEYS}

        later = datetime.now(UTC) + timedelta(KEPT_DAYS + 1)
        job = forgetting(OWN_JOBS, KEYS, now=lambda: later).job
        assert isinstance(job, dg.JobDefinition)
        job.execute_in_process(instance=instance)

        runs = [record.dagster_run for record in instance.get_run_records()]
        assert {run.run_id for run in runs if run.job_name != NAME} == {history, by_hand, wednesday}
        assert {key: instance.get_materialized_partitions(key) for key in KEYS} == before


def test_the_project_forgets_runs_of_its_own_jobs_by_itself(tmp_path: Path) -> None:
    settings = load_settings({"SYNCBIT_PROVIDER": "demo", "DATA_DIR": str(tmp_path)})
    definitions = build_definitions(settings)
    schedule = definitions.resolve_schedule_def(f"{NAME}_schedule")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    jobs = {job.name for job in definitions.resolve_all_job_defs()}
    assert {"daily_sync", "device_sync", "history", NAME} <= jobs
