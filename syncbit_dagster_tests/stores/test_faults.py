"""A proxy that loses, repeats, delays and lies: the write is exact or fails, and the next one
makes it exact. Never may it say "done" over anything else. And how much is asked of a server."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.stores.base import Write
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
from syncbit_dagster_tests.stores.builders import STEPS, account, post, rows, series, slice_of
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
# the journal. Deletions: whether it may, the series. Exports: the slice; six spans of years, twice
# for the journal and once to verify, the third of which holds something; the slice again.
FULL_ANSWERS = (3, 9, 15, 19)
BROKEN = [
    *[(path, 1, fault) for path in (IMPORT, DELETE) for fault in FAULTS],
    *[(path, 0, fault) for path in (EXPORT, SERIES) for fault in (LOST, "answered 204, not done")],
    *[(EXPORT, after, fault) for after in FULL_ANSWERS for fault in (NOTHING, LOST, STRANGER)],
    *[(SERIES, after, NOTHING) for after in range(3)],
    (FLUSH, 0, "answered 503, not done"),
    (SNAPSHOT, 0, "done, then answered 500"),
]
if os.environ.get("SYNCBIT_SOAK") == "1":
    PATHS = {IMPORT: 2, DELETE: 2, EXPORT: 20, FLUSH: 3, SNAPSHOT: 1, SERIES: 3}
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
    with suppress(StoreError):
        store.replace_all(scenario.wanted)
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


def asked(proxy: Proxy, path: str) -> int:
    """How often the store asked for something."""
    return sum(path in request.path for request in proxy.seen)


def test_one_barrier_for_all(proxy: Proxy, user: str, tmp_path: Path) -> None:
    """Of additions; and of corrections, which are deleted in one request too."""
    store = store_at(proxy.url, tmp_path)
    writes = [Write(slice_of(user, first=day), [series(user, [60], first=day)]) for day in range(5)]
    for _ in range(2):
        store.replace_all(writes, durable=True)
        assert asked(proxy, SNAPSHOT) == 1  # the second time nothing was written since
    assert asked(proxy, DELETE) == 0
    changed = [Write(slice_of(user, metrics=(STEPS,)), [series(user, [5], metric=STEPS)])]
    changed += [Write(one.target, [series(user, [7], first=n)]) for n, one in enumerate(writes)]
    assert store.replace_all(changed, durable=True).mode == "correct"
    assert asked(proxy, SNAPSHOT) == 2
    assert asked(proxy, DELETE) == 2  # may it? then: do it


def test_what_another_process_left_in_memory_is_put_on_disk(
    proxy: Proxy, user: str, tmp_path: Path
) -> None:
    """It died before its barrier. Its samples are found equal, and count as done from now on."""
    part = series(user, [60, 61])
    post(proxy.url, part)
    store = store_at(proxy.url, tmp_path)
    assert store.replace(slice_of(user), [part], durable=True).mode == "noop"
    assert asked(proxy, SNAPSHOT) == 1


def test_what_somebody_adds_to_one_of_them_meanwhile_is_removed(
    server: Server, user: str, tmp_path: Path
) -> None:
    foreign = [series(user, [7], metric=STEPS)]

    def disturb(step: str) -> None:
        while foreign and step == "barrier: additions":
            post(server.url, foreign.pop())

    store = store_at(server.url, tmp_path, disturb)
    writes = [
        Write(slice_of(user), [series(user, [60])]),
        Write(slice_of(user, metrics=(STEPS,)), [series(user, [5], metric=STEPS)]),
    ]
    assert store.replace_all(writes, durable=True).mode == "add"
    assert not foreign
    expected = [row for _, samples in writes for row in rows(samples)]
    assert sorted(contents(server.url, f'{{user="{user}"}}').elements()) == sorted(expected)


def test_more_series_than_one_request_can_name(server: Server, user: str, tmp_path: Path) -> None:
    """All of them are corrected, and a neighbour that has more labels stays."""
    labels = [account(user, number=f"{n:0200}") for n in range(40)]
    old = [series(user, [n, 1], labels=one) for n, one in enumerate(labels)]
    neighbour = series(user, [3], labels=account(user, number=f"{0:0200}", zone="peak"), first=1)
    store = store_at(server.url, tmp_path)
    store.replace(slice_of(user, days=2), [*old, neighbour])
    new = [series(user, [n + 0.5], labels=one) for n, one in enumerate(labels)]
    report = store.replace(slice_of(user), new)
    assert (report.mode, report.changed, report.removed) == ("correct", 40, 40)
    assert rows(store.read(slice_of(user, days=2))) == rows([*new, neighbour])
