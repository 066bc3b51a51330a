"""The embedded store: one DuckDB file, no server.

The same promise as everywhere: a slice is read, compared, and only what differs is replaced, in
one transaction that is read back before it is committed. A crash leaves the old samples or the
new ones.

The file belongs to one process at a time, as DuckDB demands, so it is opened for each call and
closed again; who comes second waits.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, decode_labels, from_series, milliseconds
from syncbit_dagster.stores.base import Store
from syncbit_dagster.stores.diff import compare, overall_mode, report_of
from syncbit_dagster.stores.errors import (
    StoreMismatchError,
    StoreRefusedError,
    StoreUnavailableError,
)
from syncbit_dagster.stores.timings import Phases
from syncbit_dagster.stores.validation import validate_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from syncbit_dagster.stores.base import Slice, Write, WriteReport
    from syncbit_dagster.stores.diff import SeriesDiff

WAIT_SECONDS = 120.0  # a write of a year takes a few seconds; who holds it longer is a visitor
PAUSE_SECONDS = 0.1

_TABLE = """
CREATE TABLE IF NOT EXISTS samples (
    metric VARCHAR NOT NULL,
    labels VARCHAR NOT NULL,
    timestamp_ms BIGINT NOT NULL,
    value DOUBLE NOT NULL
)
"""
_SERIES_IN_SLICE = """
SELECT DISTINCT metric, labels FROM samples
WHERE list_contains($metrics, metric) AND timestamp_ms >= $low AND timestamp_ms < $high
"""
_READ = """
SELECT chosen.number AS number, timestamp_ms, value
FROM samples JOIN chosen USING (metric, labels)
WHERE timestamp_ms >= $low AND timestamp_ms < $high
ORDER BY number, timestamp_ms
"""
_DELETE = """
DELETE FROM samples USING chosen
WHERE samples.metric = chosen.metric AND samples.labels = chosen.labels
AND timestamp_ms >= $low AND timestamp_ms < $high
"""
_INSERT = """
INSERT INTO samples BY NAME
SELECT metric::VARCHAR AS metric, labels::VARCHAR AS labels, timestamp_ms, value FROM arriving
"""
_HOLDER = re.compile(r"held in (.+? \(PID \d+\))")

# DuckDB's file lock does not exclude threads of one process, and two transactions that insert the
# same samples do not conflict.
_one_thread = threading.Lock()


class DuckDBStore(Store):
    """The store in the file ``path``.

    Args:
        path: the database; it and its directory are created with the first write, for the owner
            only.
        wait_seconds: how long to wait for another process that has the file open.
    """

    def __init__(
        self,
        path: Path,
        *,
        wait_seconds: float = WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._wait_seconds = wait_seconds
        self._sleep = sleep
        self._monotonic = monotonic

    @property
    def description(self) -> str:
        """Kind and place."""
        return f"DuckDB file {self._path}"

    def replace_all(
        self,
        writes: Sequence[Write],
        *,
        durable: bool = False,  # noqa: ARG002 # a commit always is
    ) -> WriteReport:
        """See :meth:`syncbit_dagster.stores.base.Store.replace_all`; all is done, or nothing."""
        phases = Phases(self._monotonic)
        with phases.phase("validate"):
            series = validate_all(writes)
        found: list[SeriesDiff] = []
        with self._connection(phases) as connection:
            for (target, _), wanted in zip(writes, series, strict=True):
                with phases.phase("read"):
                    diffs = compare(wanted, _existing(connection, target))
                found += diffs
                if overall_mode(diffs) != "noop":
                    with phases.phase("write"):
                        stale = [diff.wanted for diff in diffs if diff.mode == "correct"]
                        additions = [diff.missing for diff in diffs if diff.mode == "add"]
                        _delete(connection, target, stale)
                        _insert(connection, stale + additions)
                    with phases.phase("read back"):
                        _require_equal(connection, target, wanted)
        return report_of(found, 0, phases.seconds)

    def read(self, target: Slice) -> list[Series]:
        """See :meth:`syncbit_dagster.stores.base.Store.read`."""
        if not self._path.exists():
            return []
        with self._connection(Phases(self._monotonic)) as connection:
            return sorted(_existing(connection, target), key=lambda one: one[:2])

    def close(self) -> None:
        """Nothing is kept open between calls."""

    @contextmanager
    def _connection(self, phases: Phases) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction: committed if the block ends well, else undone."""
        with _one_thread:
            with phases.phase("lock"):
                connection = self._connect()
            try:
                connection.begin()
                connection.execute(_TABLE)
                yield connection
                with phases.phase("commit"):
                    connection.commit()
            except duckdb.Error as error:
                raise StoreRefusedError(
                    f"DuckDB could not use {self._path} ({type(error).__name__}): is the disk "
                    "full, or was the file made by another program? Nothing was changed."
                ) from error
            finally:
                connection.close()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        deadline = self._monotonic() + self._wait_seconds
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not self._path.exists()
        except OSError as error:
            raise StoreRefusedError(
                f"{self._path} cannot be written ({error.strerror}); give DATA_DIR a directory "
                "that you own."
            ) from error
        while True:
            try:
                connection = duckdb.connect(self._path)
            except duckdb.Error as error:
                holder = _HOLDER.search(str(error))
                if holder is None:
                    raise StoreRefusedError(
                        f"{self._path} cannot be opened as a DuckDB database "
                        f"({type(error).__name__}); move it away, or give another DATA_DIR."
                    ) from error
                if self._monotonic() >= deadline:
                    raise StoreUnavailableError(
                        f"{self._path} has been open in {holder[1]} for "
                        f"{self._wait_seconds:.0f} s, and DuckDB lets one process in at a time; "
                        "close it there and run again."
                    ) from error
                self._sleep(PAUSE_SECONDS)
            else:
                if is_new:
                    self._path.chmod(0o600)
                return connection


def _existing(connection: duckdb.DuckDBPyConnection, target: Slice) -> list[Series]:
    window = _window(target)
    rows = connection.execute(
        _SERIES_IN_SLICE, {"metrics": list(target.metrics), **window}
    ).fetchall()
    own = target.labels.items()
    chosen = [row for row in rows if own <= decode_labels(row[1]).items()]
    with _registered(connection, "chosen", _keys(chosen)):
        columns = connection.execute(_READ, window).fetchnumpy()
    timestamps = np.asarray(columns["timestamp_ms"], dtype=np.int64)
    values = np.asarray(columns["value"], dtype=np.float64)
    bounds = np.searchsorted(np.asarray(columns["number"]), np.arange(len(chosen) + 1))
    return [
        Series(metric, labels, timestamps[start:end], values[start:end])
        for (metric, labels), start, end in zip(chosen, bounds[:-1], bounds[1:], strict=True)
    ]


def _delete(connection: duckdb.DuckDBPyConnection, target: Slice, stale: list[Series]) -> None:
    keys = _keys([(one.metric, one.labels) for one in stale])
    with _registered(connection, "chosen", keys):
        connection.execute(_DELETE, _window(target))


def _insert(connection: duckdb.DuckDBPyConnection, arriving: list[Series]) -> None:
    frame = from_series(arriving)
    frame["timestamp_ms"] = milliseconds(frame)
    with _registered(connection, "arriving", frame.drop(columns="timestamp")):
        connection.execute(_INSERT)


def _require_equal(
    connection: duckdb.DuckDBPyConnection, target: Slice, wanted: list[Series]
) -> None:
    wrong = [diff for diff in compare(wanted, _existing(connection, target)) if diff.mode != "noop"]
    if wrong:
        raise StoreMismatchError(
            f"{wrong[0].wanted.metric} reads back differently than it was written; the change "
            "was undone. The database file may be damaged: check the disk, move the file away."
        )


@contextmanager
def _registered(
    connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame
) -> Iterator[None]:
    connection.register(name, frame)
    try:
        yield
    finally:
        connection.unregister(name)


def _keys(keys: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": np.arange(len(keys), dtype=np.int64),
            "metric": pd.array([metric for metric, _ in keys], dtype="str"),
            "labels": pd.array([labels for _, labels in keys], dtype="str"),
        }
    )


def _window(target: Slice) -> dict[str, int]:
    return {"low": to_milliseconds(target.start), "high": to_milliseconds(target.end)}
