"""Dagster's SQLite storage, but with many events in one transaction.

Dagster writes an event for each asset and partition, twice: when a run is planned and when it has
materialized. Its SQLite storage commits each of them in two files, 20 to 40 ms a partition: ten
years of daily assets would take longer to write down than to fetch. PostgreSQL's storage takes
batches as it comes; this one does from here on.

Loaded by ``dagster.yaml``; the files are those of Dagster's own storage, in both directions.
"""

from __future__ import annotations

import os
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from dagster._core.events import ASSET_EVENTS
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as EventTable
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, _event_logs_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagster._core.events.log import EventLogEntry
    from dagster._serdes import ConfigurableClassData

# Dagster hands over batches only if this is in the environment, of each of its processes.
BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH_SIZE = 1000  # events of some 3 kB


class BatchedEventLog(SqliteEventLogStorage):
    """Dagster's event log, which stores a batch of events in one transaction a file."""

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in their order; as one by one, but all of them or, in a file, none."""
        for is_of_assets, group in groupby(events, key=_is_of_assets):
            if is_of_assets:
                self._store_asset_events(list(group))
            else:
                super().store_event_batch(list(group))

    def _store_asset_events(self, events: Sequence[EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        for run_id, of_run in groupby(rows, key=lambda row: str(row["run_id"])):
            with self.run_connection(run_id) as connection:
                connection.execute(EventTable.insert(), list(of_run))
        with self.index_transaction() as connection:
            connection.execute(EventTable.insert(), rows)
            # SQLite has one writer: the last ids are these rows', without a gap.
            last_id = connection.execute(sa.select(sa.func.max(EventTable.c.id))).scalar_one()
            ids = range(last_id - len(rows) + 1, last_id + 1)
            self._store_asset_event_tags(connection, events, ids)
            latest = {
                (row["asset_key"], row["dagster_event_type"]): (event, event_id)
                for row, event, event_id in zip(rows, events, ids, strict=True)
            }
            for event, event_id in latest.values():
                self._store_asset_event(connection, event, event_id)


class BatchedSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with the event log above; ``base_dir`` is its only setting."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the files in ``base_dir``, or create them."""
        super().__init__(base_dir, inst_data)
        self._event_log_storage = BatchedEventLog(_event_logs_directory(base_dir))
        os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> BatchedSqliteStorage:
        """As Dagster makes it of ``dagster.yaml``."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _is_of_assets(event: EventLogEntry) -> bool:
    return event.is_dagster_event and event.dagster_event_type in ASSET_EVENTS
