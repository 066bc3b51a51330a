"""What only the embedded store can get wrong: its file, its neighbours, its transaction."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest

from syncbit_dagster.stores import duckdb as module
from syncbit_dagster.stores.duckdb import DuckDBStore
from syncbit_dagster.stores.errors import (
    StoreMismatchError,
    StoreRefusedError,
    StoreUnavailableError,
)
from syncbit_dagster_tests.stores.builders import rows, series, slice_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["syncbit_dagster_tests.stores.writers", __name__])


def hold(path: Path, connection: Connection) -> None:
    """Another program that has the file open until it is told to end."""
    with duckdb.connect(path):
        connection.send("ready")
        connection.recv()


def write_and_wait(path: Path, connection: Connection) -> None:
    """A writer that stops with everything written and nothing committed."""

    def stop(*_: object) -> None:
        connection.send("ready")
        connection.recv()

    module._require_equal = stop  # type: ignore[assignment]
    DuckDBStore(path).replace(slice_of("a"), [series("a", [1, 9])])


@contextmanager
def another(what: Callable[..., None], path: Path) -> Iterator[BaseProcess]:
    """A process that is at it; killed in the end."""
    ours, theirs = _processes.Pipe()
    process = _processes.Process(target=what, args=(path, theirs), daemon=True)
    process.start()
    assert ours.recv() == "ready"
    try:
        yield process
    finally:
        process.kill()
        process.join()


def test_reading_makes_no_file_and_writing_makes_it_the_owners(tmp_path: Path) -> None:
    path = tmp_path / "data" / "syncbit.duckdb"
    assert DuckDBStore(path).read(slice_of("a")) == []
    assert not list(tmp_path.iterdir())
    DuckDBStore(path).replace(slice_of("a"), [series("a", [1])])
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_waits_for_another_process_and_then_writes(tmp_path: Path) -> None:
    path, pauses = tmp_path / "syncbit.duckdb", list[float]()
    with another(hold, path) as other:

        def sleep(seconds: float) -> None:
            """The third pause is the one in which the other process ends."""
            pauses.append(seconds)
            if len(pauses) == 3:
                other.kill()
                other.join()

        report = DuckDBStore(path, sleep=sleep).replace(slice_of("a"), [series("a", [1])])
    assert (report.added, len(pauses)) == (1, 3)


def test_waiting_ends_with_a_sentence_that_names_the_holder(tmp_path: Path) -> None:
    path, passed = tmp_path / "syncbit.duckdb", list[float]()
    store = DuckDBStore(path, wait_seconds=30, sleep=passed.append, monotonic=lambda: sum(passed))
    sentence = rf"{path} .*PID {{}}.* for 30 s"
    with (
        another(hold, path) as other,
        pytest.raises(StoreUnavailableError, match=sentence.format(other.pid)),
    ):
        store.replace(slice_of("a"), [series("a", [1])])
    assert 30 <= sum(passed) < 31


def test_killed_before_the_commit(tmp_path: Path) -> None:
    path = tmp_path / "syncbit.duckdb"
    store = DuckDBStore(path)
    store.replace(slice_of("a"), [series("a", [1, 2, 3])])
    with another(write_and_wait, path):
        pass
    assert [row[3] for row in rows(store.read(slice_of("a")))] == [1, 2, 3]
    assert store.replace(slice_of("a"), [series("a", [1, 9])]).mode == "correct"
    assert [row[3] for row in rows(store.read(slice_of("a")))] == [1, 9]


def test_a_mismatch_undoes_the_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DuckDBStore(tmp_path / "syncbit.duckdb")
    before = [series("a", [1, 2])]
    store.replace(slice_of("a"), before)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_insert", lambda *_: None)
        with pytest.raises(StoreMismatchError, match="reads back differently"):
            store.replace(slice_of("a"), [series("a", [1, 9])])
    assert rows(store.read(slice_of("a"))) == rows(before)


def test_threads_take_turns(tmp_path: Path) -> None:
    store, wanted = DuckDBStore(tmp_path / "syncbit.duckdb"), [series("a", range(100))]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: store.replace(slice_of("a"), wanted), range(4)))
    assert sorted(report.added for report in reports) == [0, 0, 0, 100]


def test_doubled_rows_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "syncbit.duckdb"
    store = DuckDBStore(path)
    wanted = [series("a", [1, 2])]
    store.replace(slice_of("a"), wanted)
    with duckdb.connect(path) as connection:
        connection.execute("INSERT INTO samples SELECT * FROM samples")
    report = store.replace(slice_of("a"), wanted)
    assert (report.mode, report.equal, report.removed) == ("correct", 2, 2)
    assert rows(store.read(slice_of("a"))) == rows(wanted)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("syncbit.duckdb", "cannot be opened as a DuckDB database"),
        ("syncbit.duckdb/x.duckdb", "give DATA_DIR a directory that you own"),
    ],
)
def test_a_file_that_is_no_database(tmp_path: Path, file: str, sentence: str) -> None:
    (tmp_path / "syncbit.duckdb").write_text("long enough to be read as a database" * 500)
    with pytest.raises(StoreRefusedError, match=sentence):
        DuckDBStore(tmp_path / file).replace(slice_of("a"), [])


def test_a_table_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "syncbit.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE samples (a INTEGER)")
    with pytest.raises(StoreRefusedError, match="made by another program"):
        DuckDBStore(path).read(slice_of("a"))
