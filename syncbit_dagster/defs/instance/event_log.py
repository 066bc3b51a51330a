"""Dagster's SQLite storage, but with many events in one transaction, and connections that are kept.

Dagster writes an event for each asset and partition, twice: when a run is planned and when it has
materialized. Its SQLite storage commits each of them in two files, 20 to 40 ms a partition: ten
years of daily assets would take longer to write down than to fetch. PostgreSQL's storage takes
batches as it comes; this one does from here on.

Loaded by ``dagster.yaml``; the files are those of Dagster's own storage, in both directions.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from dagster._core.events import ASSET_EVENTS, DagsterEventType
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as EventTable
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
)
from dagster._serdes import serialize_value
from sqlalchemy.pool import NullPool, QueuePool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagster._core.events.log import EventLogEntry
    from dagster._serdes import ConfigurableClassData

    Index = Callable[[sa.Connection, Sequence[EventLogEntry], Sequence[int]], None]

# Dagster hands over batches only if this is in the environment, of each of its processes.
BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH_SIZE = 1000  # events of some 3 kB
BUSY_SECONDS = 30.0  # as long as Dagster waits for another process that writes
RUNS_KEPT = 4  # a process writes one run at a time, and may look at some


def _engine(url: str, **pool: Any) -> sa.Engine:
    return sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **pool)


def _keeping(url: str) -> sa.Engine:
    """Its connections stay open; a thread that finds all of them in use gets one more."""
    return _engine(url, poolclass=QueuePool, max_overflow=-1)


class BatchedEventLog(SqliteEventLogStorage):
    """Dagster's event log, which stores a batch of events in one transaction a file.

    A check without partitions is one planned row, which its result completes. Dagster's own storage
    adds one for each of the run's partitions, and those stay planned for ever. Checks of single
    partitions are not kept apart here.

    The index's connections are kept. A run's file is closed after each statement, because what is
    new reaches the file itself only then, and the UI waits for that.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the index in ``base_dir``, or create it."""
        self._of_run = lru_cache(maxsize=RUNS_KEPT)(
            lambda run_id: _engine(self.conn_string_for_shard(run_id), poolclass=NullPool)
        )
        super().__init__(base_dir, inst_data)

    @cached_property
    def _index(self) -> sa.Engine:
        return _keeping(self.conn_string_for_shard(INDEX_SHARD_NAME))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        """A transaction in the index or in a run's file, which is made if it is not there."""
        with self._db_lock:
            engine = self._index if shard == INDEX_SHARD_NAME else self._of_run(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the index has it; Dagster asks before it stores a check, in a transaction too."""
        return sa.inspect(self._index).has_table(table_name)

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        self._index.dispose()

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in their order; as one by one, but all of a kind in a file or none."""
        for index, group in groupby(events, key=self._how_to_index):
            if index:
                self._store_together(list(group), index)
            else:
                super().store_event_batch(list(group))

    def delete_events(self, run_id: str) -> None:
        """Delete a run's events, and the file that held its own, which would stay as it is."""
        super().delete_events(run_id)
        with self._db_lock:
            self._initialized_dbs.discard(run_id)
            for end in ("", "-wal", "-shm"):
                Path(self.path_for_shard(run_id) + end).unlink(missing_ok=True)

    def _how_to_index(self, event: EventLogEntry) -> Index | None:
        if not event.is_dagster_event:
            return None
        if event.dagster_event_type in ASSET_EVENTS:
            return self._index_asset_events
        if event.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            return self._index_planned_checks
        return None

    def _store_together(self, events: Sequence[EventLogEntry], index: Index) -> None:
        rows = [self._event_to_row(event) for event in events]
        for run_id, of_run in groupby(rows, key=lambda row: str(row["run_id"])):
            with self.run_connection(run_id) as connection:
                connection.execute(EventTable.insert(), list(of_run))
        with self.index_transaction() as connection:
            connection.execute(EventTable.insert(), rows)
            # SQLite has one writer: the last ids are these rows', without a gap.
            last_id = connection.execute(sa.select(sa.func.max(EventTable.c.id))).scalar_one()
            index(connection, events, range(last_id - len(rows) + 1, last_id + 1))

    def _index_asset_events(
        self, connection: sa.Connection, events: Sequence[EventLogEntry], ids: Sequence[int]
    ) -> None:
        self._store_asset_event_tags(connection, events, ids)
        latest = {
            (event.get_dagster_event().asset_key, event.dagster_event_type): (event, event_id)
            for event, event_id in zip(events, ids, strict=True)
        }
        for event, event_id in latest.values():
            self._store_asset_event(connection, event, event_id)

    def _index_planned_checks(
        self, connection: sa.Connection, events: Sequence[EventLogEntry], ids: Sequence[int]
    ) -> None:
        planned = [event.get_dagster_event().asset_check_planned_data for event in events]
        connection.execute(
            AssetCheckExecutionsTable.insert(),
            [
                {
                    "asset_key": check.asset_key.to_string(),
                    "check_name": check.check_name,
                    "run_id": event.run_id,
                    "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
                    "evaluation_event": serialize_value(event),
                    "evaluation_event_timestamp": self._event_insert_timestamp(event),  # type: ignore[no-untyped-call]
                    "evaluation_event_storage_id": event_id,
                }
                for check, event, event_id in zip(planned, events, ids, strict=True)
            ],
        )


class KeptRunStorage(SqliteRunStorage):
    """Dagster's storage of runs, with connections that are kept."""

    @cached_property
    def _engine(self) -> sa.Engine:
        return _keeping(self._conn_string)

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A transaction."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        self._engine.dispose()


class BatchedSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with what is above; ``base_dir`` is its only setting."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the files in ``base_dir``, or create them."""
        super().__init__(base_dir, inst_data)
        self._run_storage = KeptRunStorage.from_local(_runs_directory(base_dir))
        self._event_log_storage = BatchedEventLog(_event_logs_directory(base_dir))
        os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> BatchedSqliteStorage:
        """As Dagster makes it of ``dagster.yaml``."""
        return cls.from_local(inst_data=inst_data, **config_value)
