"""Dagster's SQLite storage, which stores a batch of events in one transaction.

Dagster writes two events for each partition of an asset: when a run is planned, and when it has
materialized. Its SQLite storage commits each of them in two files, which takes 13 ms a partition;
together they take 1 ms. PostgreSQL's storage takes batches as it comes.

``dagster.yaml`` names this storage; the files are those of Dagster's own. No other file of the
package knows Dagster's internals. Where they have moved, Dagster's own storage does the work.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

HAS_MOVED: Exception | None = None
try:
    from dagster._core.storage.event_log import SqliteEventLogStorage

    for name in ("prepare_insert_event_batch", "store_asset_event_tags", "store_asset_event"):
        getattr(SqliteEventLogStorage, name)
except (ImportError, AttributeError) as error:
    HAS_MOVED, SqliteEventLogStorage = error, object  # type: ignore[assignment, misc]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Dagster hands over batches only if this is in the environment, of each of its processes.
BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH_SIZE = 1000  # events of some 3 kB
WAITS = {"timeout": 30.0}  # seconds, for another process that writes, as Dagster does
INDEX = "index"  # the file of all runs' asset events, beside a file for each run
MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION
PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
PLANNED_CHECK = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED


class BatchedEventLog(SqliteEventLogStorage):
    """Dagster's event log: all of a batch is stored, or nothing of it."""

    def __init__(self, base_dir: str) -> None:
        """Open the index in ``base_dir``, or create it."""
        self._batch = threading.local()  # its open transactions, for what Dagster does meanwhile
        super().__init__(base_dir)

    def run_connection(self, run_id: str | None = None) -> Any:
        """A transaction in a run's file."""
        return vars(self._batch).get("run") or super().run_connection(run_id)

    def index_connection(self) -> Any:
        """A transaction in the index."""
        return vars(self._batch).get("index") or super().index_connection()

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of one run in their order. If it fails, Dagster stores them one by one."""
        (run_id,) = {event.run_id for event in events}
        index = sa.create_engine(
            self.conn_string_for_shard(INDEX), poolclass=sa.NullPool, connect_args=WAITS
        )
        # Other processes write to the index, too: it may fail, and is committed first.
        with super().run_connection(run_id) as of_run, index.begin() as of_all:
            vars(self._batch).update(run=nullcontext(of_run), index=nullcontext(of_all))
            try:
                for (kind, _), group in groupby(events, key=_type_and_asset):
                    if kind in {MATERIALIZED, PLANNED}:
                        self._store_together(list(group), of_run, of_all)
                    else:
                        for event in group:
                            self.store_event(_without_partitions(event))
            finally:
                vars(self._batch).clear()

    def _store_together(
        self, events: Sequence[dg.EventLogEntry], of_run: sa.Connection, of_all: sa.Connection
    ) -> None:
        rows = self.prepare_insert_event_batch(events)
        of_run.execute(rows)
        ids = sorted(of_all.execute(rows.returning(rows.table.c.id)).scalars())
        self.store_asset_event_tags(events, ids)
        self.store_asset_event(events[-1], ids[-1])


class BatchedSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with this event log; ``base_dir`` is its only setting."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        """Open the files in ``base_dir``, or create them."""
        super().__init__(base_dir, inst_data)
        if HAS_MOVED:
            logging.getLogger(__name__).warning(
                "Dagster's own storage is used, because this version is not known: %s. Recording "
                "a partition takes 13 times as long.",
                HAS_MOVED,
            )
            return
        index = Path(self._event_log_storage.path_for_shard(INDEX))
        self._event_log_storage = BatchedEventLog(str(index.parent))
        os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))

    @classmethod
    def from_config_value(
        cls, inst_data: Any, config_value: Mapping[str, Any]
    ) -> BatchedSqliteStorage:
        """As Dagster makes it of ``dagster.yaml``."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _type_and_asset(event: dg.EventLogEntry) -> tuple[dg.DagsterEventType | None, Any]:
    return event.dagster_event_type, event.get_dagster_event().asset_key


def _without_partitions(event: dg.EventLogEntry) -> dg.EventLogEntry:
    """A planned check as the one row that its result completes.

    Dagster plans a row for each partition of the run, and those stay planned for ever.
    """
    if event.dagster_event_type is not PLANNED_CHECK:
        return event
    said = event.get_dagster_event()
    planned = said.asset_check_planned_data
    plain = type(planned)(asset_key=planned.asset_key, check_name=planned.check_name)
    return event._replace(dagster_event=said._replace(event_specific_data=plain))
