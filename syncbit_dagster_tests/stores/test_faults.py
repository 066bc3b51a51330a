"""A proxy that loses, repeats, delays and lies: the write is exact or fails, and the next one
makes it exact. Never may it say "done" over anything else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.stores.errors import StoreError
from syncbit_dagster_tests.breaking_proxy import (
    Canned,
    Cut,
    DoneThen,
    Hung,
    Plan,
    Proxy,
    Reply,
    Torn,
    proxy_to,
)
from syncbit_dagster_tests.stores.builders import rows, series, slice_of
from syncbit_dagster_tests.stores.test_crashes import Scenario
from syncbit_dagster_tests.stores.writers import store_at
from syncbit_dagster_tests.victoriametrics import contents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.stores.victoriametrics import VictoriaMetricsStore
    from syncbit_dagster_tests.victoriametrics import Server

pytestmark = pytest.mark.victoriametrics

IMPORT = "/api/v1/import"
DELETE = "/api/v1/admin/tsdb/delete_series"
EXPORT = "/api/v1/export"
FLUSH = "/internal/force_flush"
SNAPSHOT = "/snapshot/create"
SERIES = "/api/v1/series"

FAULTS: dict[str, Reply] = {
    "half of the request arrives": Torn(),
    "done, then answered 500": DoneThen(Canned(500)),
    "answered 204, not done": Canned(204),
    "answered 503, not done": Canned(503),
    "no answer, done late": Hung(),
    "half of the answer arrives": Cut(),
    "answered 200 by somebody else": Canned(200, b"<!doctype html><title>Welcome</title>"),
    "answered 200, empty": Canned(200),
}
LOST, STRANGER, NOTHING = list(FAULTS)[5:]
# Path, how many requests to it pass before the broken one, and how it breaks. Imports: an addition,
# the journal. Deletions: whether it may, the series. Exports: the slice; two stretches, twice, for
# the journal; all of it to verify; the slice again.
BROKEN = [
    *[(path, 1, fault) for path in (IMPORT, DELETE) for fault in FAULTS],
    *[(path, 0, fault) for path in (EXPORT, SERIES) for fault in (LOST, "answered 204, not done")],
    *[(EXPORT, after, fault) for after in range(1, 7) for fault in (NOTHING, LOST)],
    *[(EXPORT, after, STRANGER) for after in range(4)],
    *[(SERIES, after, NOTHING) for after in range(3)],
    (FLUSH, 0, "answered 503, not done"),
    (SNAPSHOT, 0, "done, then answered 500"),
]
if os.environ.get("SYNCBIT_SOAK") == "1":
    PATHS = {IMPORT: 2, DELETE: 2, EXPORT: 7, FLUSH: 3, SNAPSHOT: 1, SERIES: 3}
    BROKEN = [(path, n, fault) for path in PATHS for n in range(PATHS[path]) for fault in FAULTS]


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with proxy_to(server.port) as one:
        yield one


def hasty_store(url: str, locks: Path) -> VictoriaMetricsStore:
    """A store that gives up after a fraction of a second, and never pauses before a second GET."""
    return store_at(url, locks, patience=0.3, timeout=0.5, sleep=lambda _: None)


@pytest.mark.parametrize(("path", "after", "fault"), BROKEN)
def test_exact_or_loud(
    server: Server, proxy: Proxy, user: str, tmp_path: Path, path: str, after: int, fault: str
) -> None:
    scenario = Scenario(user)
    scenario.prepare(server.url, tmp_path)
    proxy.plan(Plan(FAULTS[fault], path, after))
    store = hasty_store(proxy.url, tmp_path)
    try:
        store.replace_all(scenario.wanted)
    except StoreError:
        pass
    else:
        assert scenario.is_exact(server.url)
    assert proxy.broken, "the fault never happened"
    proxy.heal()
    assert fault != "no answer, done late" or proxy.late_is_done.wait(10)
    store.replace_all(scenario.wanted)
    assert scenario.is_exact(server.url)


def test_a_request_that_arrives_after_the_repair(
    server: Server, proxy: Proxy, user: str, tmp_path: Path
) -> None:
    """No client can know of it; but the next run finds the copies and removes them."""
    wanted = [series(user, range(60, 90))]
    proxy.plan(Plan(Hung(), IMPORT))
    store = hasty_store(proxy.url, tmp_path)
    with pytest.raises(StoreError, match="did not answer in time"):
        store.replace(slice_of(user), wanted)
    assert store.replace(slice_of(user), wanted).added == 30
    proxy.heal()
    assert proxy.late_is_done.wait(10)
    assert contents(server.url, f'{{user="{user}"}}').total() == 60
    report = store.replace(slice_of(user), wanted)
    assert (report.mode, report.equal, report.removed) == ("correct", 30, 30)
    assert sorted(contents(server.url, f'{{user="{user}"}}').elements()) == rows(wanted)


def test_a_204_that_stored_nothing_is_not_believed(proxy: Proxy, user: str, tmp_path: Path) -> None:
    proxy.plan(Plan(Canned(204), IMPORT))
    store = hasty_store(proxy.url, tmp_path)
    with pytest.raises(StoreError, match="30 of 30 samples were accepted but cannot be read back"):
        store.replace(slice_of(user), [series(user, range(30))])
