"""Dagster's event log with many events a transaction says exactly what Dagster's own says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from syncbit_dagster.defs.instance.event_log import BATCH_SIZE, BATCH_SIZE_VARIABLE, BatchedEventLog

if TYPE_CHECKING:
    import sqlite3

FIRST = date(2025, 1, 1)
DAYS = 12
KEYS = [(FIRST + timedelta(days=number)).isoformat() for number in range(DAYS)]
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
STORAGES = {
    "own": "sqlite: {{base_dir: {home}}}",
    "batched": (
        "custom: {{module: syncbit_dagster.defs.instance.event_log, class: BatchedSqliteStorage,"
        " config: {{base_dir: {home}}}}}"
    ),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the storage sets for its process must not outlive the test.
    monkeypatch.setenv(BATCH_SIZE_VARIABLE, "0")
    monkeypatch.delenv(BATCH_SIZE_VARIABLE)


@contextmanager
def instance_of(home: Path, storage: str) -> Iterator[dg.DagsterInstance]:
    home.mkdir(exist_ok=True)
    text = f"telemetry: {{enabled: false}}\nstorage: {{{STORAGES[storage].format(home=home)}}}\n"
    (home / "dagster.yaml").write_text(text)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


class Counting(dg.IOManager):
    """Tells something of each partition; fails where it is asked to."""

    def handle_output(self, context: dg.OutputContext, obj: int) -> None:
        for number, key in enumerate(context.asset_partition_keys):
            context.step_context.add_asset_metadata(
                {"samples": number}, asset_key=context.asset_key, partition_key=key
            )
        if obj < 0:
            raise ValueError("nothing is stored")

    def load_input(self, _context: dg.InputContext) -> None:
        raise NotImplementedError


def run(instance: dg.DagsterInstance, *, output: int = 1) -> dg.ExecuteInProcessResult:
    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition(FIRST.isoformat()),
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="store",
        check_specs=[dg.AssetCheckSpec("positive", asset="numbers")],
    )
    def numbers() -> Iterator[dg.Output[int] | dg.AssetCheckResult]:
        yield dg.Output(output)
        yield dg.AssetCheckResult(passed=True, check_name="positive")

    job = dg.Definitions(
        assets=[numbers],
        jobs=[dg.define_asset_job("job", [numbers])],
        resources={"store": Counting()},
        executor=dg.in_process_executor,
    ).resolve_job_def("job")
    return job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        tags={
            "dagster/asset_partition_range_start": KEYS[0],
            "dagster/asset_partition_range_end": KEYS[-1],
        },
    )


def told(instance: dg.DagsterInstance) -> dict[str, Any]:
    """Everything that the UI, the sensors and the checks read of a run of ``numbers``."""
    key = dg.AssetKey("numbers")
    events = instance.fetch_materializations(key, limit=1000).records
    planned = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    (asset,) = instance.get_asset_records([key])
    last = asset.asset_entry.last_materialization
    check = dg.AssetCheckKey(key, "positive")
    (latest,) = instance.event_log_storage.get_latest_asset_check_execution_by_key([check]).values()
    (only_run,) = instance.get_runs(limit=1)
    return {
        "materialized": sorted(instance.get_materialized_partitions(key)),
        "events": [
            (event.partition_key, event.asset_materialization.metadata, event.storage_id)
            for event in events
            if event.asset_materialization
        ],
        "data versions": instance.event_log_storage.get_latest_tags_by_partition(
            key,
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            ["dagster/data_version"],
        ).keys(),
        "last": last and last.asset_materialization and last.asset_materialization.partition,
        "last run": asset.asset_entry.last_run_id == only_run.run_id,
        "planned": instance.event_log_storage.get_latest_storage_id_by_partition(key, planned),
        "check": (latest.status, latest.partition) if latest else None,
        "log": [
            (entry.dagster_event_type, entry.dagster_event.partition)
            for entry in instance.all_logs(only_run.run_id)
            if entry.dagster_event
            and entry.dagster_event_type is not dg.DagsterEventType.ENGINE_EVENT
        ],
    }


@pytest.mark.parametrize("output", [1, -1], ids=["success", "failure"])
def test_it_says_what_dagsters_own_log_says(tmp_path: Path, output: int) -> None:
    said = {}
    for storage in STORAGES:
        with instance_of(tmp_path / storage, storage) as instance:
            assert run(instance, output=output).success == (output > 0)
            said[storage] = told(instance)
    own, batched = said["own"], said["batched"]
    if output > 0:
        assert own["materialized"] == KEYS
        assert own["check"] == (AssetCheckExecutionRecordStatus.SUCCEEDED, None)
    else:
        # Dagster's own storage plans one for each partition here, which nothing ever completes.
        assert batched.pop("check") == (AssetCheckExecutionRecordStatus.PLANNED, None)
        assert own.pop("check") == (AssetCheckExecutionRecordStatus.PLANNED, KEYS[-1])
        assert own["materialized"] == []
    for what in own:
        assert batched[what] == own[what], what


def test_the_files_are_dagsters_own(tmp_path: Path) -> None:
    for storage in ("own", "batched", "own"):
        with instance_of(tmp_path / "home", storage) as instance:
            assert run(instance).success
    with instance_of(tmp_path / "home", "own") as instance:
        assert len(instance.get_runs()) == 3
        assert len(told(instance)["events"]) == 3 * DAYS


def test_many_events_are_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    store = BatchedEventLog.store_event_batch

    def counted(self: BatchedEventLog, events: Any) -> None:
        batches.append(len(events))
        store(self, events)

    monkeypatch.setattr(BatchedEventLog, "store_event_batch", counted)
    with instance_of(tmp_path / "home", "batched") as instance:
        assert run(instance).success
    assert batches == [DAYS + 1, DAYS]  # planned partitions and check, then materializations
    assert BATCH_SIZE > DAYS


def test_what_cannot_be_stored_together_is_stored_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise OSError("database is locked")

    with instance_of(tmp_path / "home", "batched") as instance:
        monkeypatch.setattr(BatchedEventLog, "_store_together", broken)
        assert run(instance).success
        assert told(instance)["materialized"] == KEYS
    assert "database is locked" in capfd.readouterr().err


def test_the_index_stays_open_and_a_runs_file_does_not(tmp_path: Path) -> None:
    opened: list[str] = []

    def count(connection: sqlite3.Connection, _record: object) -> None:
        opened.append(Path(connection.execute("PRAGMA database_list").fetchone()[2]).name)

    sa.event.listen(sa.pool.Pool, "connect", count)
    try:
        with instance_of(tmp_path / "home", "batched") as instance:
            run(instance)  # Dagster makes tables where there are none
            opened.clear()
            result = run(instance)
            history = tmp_path / "home" / "history"
            # What the UI waits for is a change of the file itself, not of the one beside it.
            assert not (history / "runs" / f"{result.run_id}.db-wal").exists()
            assert (history / "runs" / "index.db-wal").exists()
    finally:
        sa.event.remove(sa.pool.Pool, "connect", count)
    for file in (history / "runs" / "index.db", history / "runs.db"):
        assert file.name not in opened
        assert not file.with_name(f"{file.name}-wal").exists()  # all of it is in the file
    assert opened.count(f"{result.run_id}.db") > 8


def test_two_processes_see_what_the_other_one_writes(tmp_path: Path) -> None:
    with (
        instance_of(tmp_path / "home", "batched") as one,
        instance_of(tmp_path / "home", "batched") as other,
    ):
        for number in range(1, 3):
            for instance in (one, other):
                assert run(instance).success
            assert len(one.get_runs()) == len(other.get_runs()) == 2 * number
            assert told(one)["events"] == told(other)["events"]
            assert len(told(one)["events"]) == 2 * number * DAYS
