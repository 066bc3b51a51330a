"""A proxy that loses, repeats, delays and lies: the write is exact or fails, and the next one
makes it exact. Never may it say "done" over anything else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, get_args

import pytest

from syncbit_dagster.stores.errors import StoreError
from syncbit_dagster.stores.locks.local import TargetLock
from syncbit_dagster.stores.victoriametrics import (
    FileJournal,
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
)
from syncbit_dagster_tests.stores.builders import contents, rows, series, slice_of
from syncbit_dagster_tests.stores.proxy import Fault, FaultProxy, proxy_to
from syncbit_dagster_tests.stores.test_crashes import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster_tests.victoriametrics import Server

pytestmark = pytest.mark.victoriametrics

IMPORT = "/api/v1/import"
DELETE = "/api/v1/admin/tsdb/delete_series"
EXPORT = "/api/v1/export"
FLUSH = "/internal/force_flush"
SNAPSHOT = "/snapshot/create"
SERIES = "/api/v1/series"
ANSWERS_LOST: tuple[Fault, ...] = ("half of the answer arrives", "answered 204, not done")
STRANGER: Fault = "answered 200 by somebody else"
NOTHING: Fault = "answered 200, empty"

# Path, how many requests to it pass before the broken one, and how it breaks. Imports: an addition,
# the journal. Deletions: whether it may, the series. Exports: the slice; two stretches, twice, for
# the journal; all of it to verify; the slice again.
BROKEN: list[tuple[str, int, Fault]] = [
    *[(path, 1, fault) for path in (IMPORT, DELETE) for fault in get_args(Fault)],
    *[(path, 0, fault) for path in (EXPORT, SERIES) for fault in ANSWERS_LOST],
    *[(EXPORT, after, fault) for after in range(1, 7) for fault in (NOTHING, ANSWERS_LOST[0])],
    *[(EXPORT, after, STRANGER) for after in range(4)],
    *[(SERIES, after, NOTHING) for after in range(3)],
    (FLUSH, 0, "answered 503, not done"),
    (SNAPSHOT, 0, "done, then answered 500"),
]
if os.environ.get("SYNCBIT_SOAK") == "1":
    PATHS = (IMPORT, DELETE, EXPORT, FLUSH, SNAPSHOT, SERIES)
    BROKEN = [(p, after, fault) for p in PATHS for after in range(3) for fault in get_args(Fault)]


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with proxy_to(server.port) as one:
        yield one


def hasty_store(url: str, locks: Path) -> VictoriaMetricsStore:
    """A store that gives up after a fraction of a second, and never pauses before a second GET."""
    config = VictoriaMetricsConfig(url, read_back_seconds=0.3, timeout_seconds=0.5)
    return VictoriaMetricsStore(
        config,
        lock=TargetLock(locks, config.key),
        journal=FileJournal(locks, config.key),
        sleep=lambda _: None,
    )


@pytest.mark.parametrize(("path", "after", "fault"), BROKEN)
def test_exact_or_loud(
    server: Server,
    proxy: FaultProxy,
    user: str,
    tmp_path: Path,
    path: str,
    after: int,
    fault: Fault,
) -> None:
    scenario = Scenario(user)
    scenario.prepare(server.url, tmp_path)
    proxy.break_next(path, fault, after)
    store = hasty_store(proxy.url, tmp_path)
    try:
        store.replace_all(scenario.wanted)
    except StoreError:
        pass
    else:
        assert scenario.is_exact(server.url)
    assert not proxy.is_pending, "the fault never happened"
    proxy.may_pass.set()
    if fault == "no answer, done late":
        assert proxy.was_late.wait(10)
    store.replace_all(scenario.wanted)
    store.close()
    assert scenario.is_exact(server.url)


def test_a_request_that_arrives_after_the_repair(
    server: Server, proxy: FaultProxy, user: str, tmp_path: Path
) -> None:
    """No client can know of it; but the next run finds the copies and removes them."""
    wanted = [series(user, range(60, 90))]
    proxy.break_next(IMPORT, "no answer, done late")
    store = hasty_store(proxy.url, tmp_path)
    with pytest.raises(StoreError, match="did not answer in time"):
        store.replace(slice_of(user), wanted)
    assert store.replace(slice_of(user), wanted).added == 30
    proxy.may_pass.set()
    assert proxy.was_late.wait(10)
    assert contents(server.url, f'{{user="{user}"}}').total() == 60
    report = store.replace(slice_of(user), wanted)
    store.close()
    assert (report.mode, report.equal, report.removed) == ("correct", 30, 30)
    assert sorted(contents(server.url, f'{{user="{user}"}}').elements()) == rows(wanted)


def test_a_204_that_stored_nothing_is_not_believed(
    proxy: FaultProxy, user: str, tmp_path: Path
) -> None:
    proxy.break_next(IMPORT, "answered 204, not done")
    store = hasty_store(proxy.url, tmp_path)
    with pytest.raises(StoreError, match="30 of 30 samples were accepted but cannot be read back"):
        store.replace(slice_of(user), [series(user, range(30))])
    store.close()
