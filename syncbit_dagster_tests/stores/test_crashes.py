"""Killed at every step: the client, the server, both. The next run must make everything exact.

Each test is one crash point. ``WRITE`` is what a write consists of; a test compares it with what
really happens, so that no step goes without its crash.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from syncbit_dagster.stores.base import Write
from syncbit_dagster_tests.stores.builders import (
    HEART_RATE,
    STEPS,
    account,
    joined,
    post,
    rows,
    series,
    slice_of,
)
from syncbit_dagster_tests.stores.writers import Writer, store_at
from syncbit_dagster_tests.victoriametrics import Server, contents, running, victoria_metrics
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.victoriametrics

METRICS = (HEART_RATE, STEPS)
REPLAY = (
    "delete series",
    "import journal",
    "barrier: corrections",
    "verify corrections",
    "remove journal",
)
WRITE = (
    "add missing samples",
    "flush",
    "write journal",
    "copy series to journal",  # half a journal is written
    *REPLAY,
    "barrier: additions",
    "read back",
)
ADDITIONS = ("add missing samples", "add missing samples", "barrier: additions", "read back")


class Scenario:
    """The middle day of three is changed, extended and thinned, in two writes made together."""

    def __init__(self, user: str) -> None:
        self.user = user
        whole = [series(user, np.arange(300) % 40 + day, first=day) for day in range(3)]
        zone = series(user, [1, 2], first=1, labels=account(user, zone="peak"))
        other = series(f"{user}-other", [5, 6], first=1)
        self.before = [*whole, zone, other]
        changed = series(user, [*range(100, 280), 7.25], first=1)
        steps = series(user, [3, 4, 5], metric=STEPS, first=1)
        self.wanted = [
            Write(slice_of(user, metrics=(metric,), first=1), [wanted])
            for metric, wanted in zip(METRICS, (changed, steps), strict=True)
        ]
        self.after = [whole[0], changed, steps, whole[2], other]

    def prepare(self, url: str, locks: Path) -> None:
        store = store_at(url, locks)
        store.replace(slice_of(self.user, days=3), joined(*self.before[:4]), durable=True)
        store.replace(slice_of(f"{self.user}-other", days=3), [self.before[4]], durable=True)

    def run_again(self, url: str, locks: Path) -> None:
        """Another partition first, as the scheduler may well do; then the same one."""
        store = store_at(url, locks)
        neighbour = slice_of(self.user, metrics=METRICS, first=2)
        store.replace(neighbour, [self.after[3]], durable=True)
        store.replace_all(self.wanted, durable=True)
        assert not list(locks.glob("*journal*"))

    def found(self, url: str) -> Counter[tuple[str, str, int, float]]:
        return contents(url, f'{{user=~"{self.user}|{self.user}-other"}}')

    def is_exact(self, url: str) -> bool:
        """Just the wanted samples, each once, of all this scenario's metrics and accounts."""
        found = self.found(url)
        return found.total() == len(found) and sorted(found) == rows(self.after)


def stop(scenario: Scenario, url: str, locks: Path, number: int, expected: str) -> Writer:
    writer = Writer(url, locks, [scenario.wanted], stop_before=number)
    assert writer.next_message() == ("stopped", expected)
    return writer


def crashed_while_empty(user: str, url: str, locks: Path) -> Scenario:
    """Between its deletion and its import a series is empty."""
    scenario, step = Scenario(user), "import journal"
    scenario.prepare(url, locks)
    stop(scenario, url, locks, WRITE.index(step), step).kill()
    return scenario


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of this module kill."""
    with running(victoria_metrics(tmp_path_factory.mktemp("mortal"))) as one:
        yield one


def points(steps: tuple[str, ...]) -> list[pytest.ParameterSet]:
    return [pytest.param(n, name, id=f"{n:02} {name}") for n, name in enumerate(steps)]


def test_these_are_all_the_steps(server: Server, user: str, tmp_path: Path) -> None:
    scenario, steps = Scenario(user), list[str]()
    scenario.prepare(server.url, tmp_path)
    store = store_at(server.url, tmp_path, steps.append)
    report = store.replace_all(scenario.wanted, durable=True)
    assert tuple(steps) == WRITE
    assert (report.added, report.changed, report.removed) == (3, 181, 121)
    assert scenario.is_exact(server.url)


@pytest.mark.usefixtures("crash_point")
@pytest.mark.parametrize(("number", "step"), points(WRITE))
@pytest.mark.parametrize("killed", ["client", "server", "both"])
def test_killed(
    mortal: Server, user: str, tmp_path: Path, killed: str, number: int, step: str
) -> None:
    """A client that outlives its server ends exact, or says that it did not. The next run makes it
    exact, whatever was killed, and it stays so if the server dies once more."""
    scenario = Scenario(user)
    scenario.prepare(mortal.url, tmp_path)
    writer = stop(scenario, mortal.url, tmp_path, number, step)
    if killed != "client":
        mortal.kill()
    if killed != "server":
        writer.kill()
    if killed != "client":
        mortal.start()
    if killed == "server":
        writer.go_on()
        outcome, text = writer.next_message()
        writer.join()
        if outcome != "failed":
            assert scenario.is_exact(mortal.url), text
            mortal.kill()
            mortal.start()
            assert scenario.is_exact(mortal.url), text
    scenario.run_again(mortal.url, tmp_path)
    if killed == "both":
        mortal.kill()
        mortal.start()
    assert scenario.is_exact(mortal.url)


@pytest.mark.usefixtures("crash_point")
@pytest.mark.parametrize(("number", "step"), points(ADDITIONS))
def test_what_a_server_took_with_it_is_sent_again(
    mortal: Server, user: str, tmp_path: Path, number: int, step: str
) -> None:
    """A new process of the server cannot have anything on its way: the write goes on by itself."""
    added = [series(user, np.arange(30) % 4, first=day) for day in range(2)]
    writes = [Write(slice_of(user, first=day), [one]) for day, one in enumerate(added)]
    writer = Writer(mortal.url, tmp_path, [writes], stop_before=number)
    assert writer.next_message() == ("stopped", step)
    now = int(time.time())
    wait_for(lambda: int(time.time()) > now or None, 2, "a second")  # in which its start is told
    mortal.kill()
    mortal.start()
    writer.go_on()
    assert writer.next_message() == ("done", "add")
    writer.join()
    mortal.kill()
    mortal.start()
    assert rows(added) == sorted(contents(mortal.url, f'{{user="{user}"}}'))


@pytest.mark.usefixtures("crash_point")
@pytest.mark.parametrize("killed", ["client", "both"])
@pytest.mark.parametrize(("number", "step"), points(REPLAY))
def test_killed_again_while_recovering(
    mortal: Server, user: str, tmp_path: Path, number: int, step: str, killed: str
) -> None:
    scenario = crashed_while_empty(user, mortal.url, tmp_path)
    writer = stop(scenario, mortal.url, tmp_path, number, step)
    if killed == "both":
        mortal.kill()
    writer.kill()
    if killed == "both":
        mortal.start()
    scenario.run_again(mortal.url, tmp_path)
    assert scenario.is_exact(mortal.url)


@pytest.mark.parametrize("labels", [{}, {"zone": "peak"}])
def test_reading_after_a_crash_finishes_the_write_first(
    server: Server, user: str, tmp_path: Path, labels: dict[str, str]
) -> None:
    """No reader may take it for empty, not even a reader of some of the account's series."""
    scenario = crashed_while_empty(user, server.url, tmp_path)
    target = replace(slice_of(user, days=3), labels=account(user, **labels))
    found = store_at(server.url, tmp_path).read(target)
    assert [one.timestamps.size for one in found] == ([] if labels else [300 + 181 + 300])
    assert scenario.is_exact(server.url)


def test_what_came_after_the_journal_stays(server: Server, user: str, tmp_path: Path) -> None:
    """A request that was on its way; or months, and the journal comes out of a backup."""
    scenario = crashed_while_empty(user, server.url, tmp_path)
    later = series(user, [50, 51.00000000000001], first=3)
    post(server.url, later)
    store_at(server.url, tmp_path).read(slice_of(user))
    later = later._replace(values=np.array([50.0, 51.0]))
    assert sorted(scenario.found(server.url).elements()) == rows([*scenario.after, later])
    assert not list(tmp_path.glob("*journal*"))


def test_other_accounts_and_servers_leave_a_crash_alone(
    server: Server, mortal: Server, user: str, tmp_path: Path
) -> None:
    scenario = crashed_while_empty(user, server.url, tmp_path)
    before = scenario.found(server.url)
    store_at(server.url, tmp_path).replace(slice_of(f"{user}-other", first=1), [scenario.before[4]])
    assert store_at(mortal.url, tmp_path).read(slice_of(user, days=3)) == []
    assert scenario.found(server.url) == before
    assert not scenario.found(mortal.url)


@pytest.mark.parametrize("left", ["stage", "stage and marker", "stage, marker, no series"])
def test_what_an_older_version_left_is_completed_or_removed(
    server: Server, user: str, tmp_path: Path, left: str
) -> None:
    """It kept the new content in the server, and a marker beside it once that was complete."""
    old, new = series(user, range(300), first=1), series(user, range(100, 400), first=1)
    zone = series(user, [1, 2], first=1, labels=account(user, zone="peak"))
    post(server.url, zone)
    post(server.url, new._replace(metric=f"syncbit_stage_{HEART_RATE}"))
    if "marker" in left:
        post(server.url, series(user, [300, 1, 2, 3, 4], metric=f"syncbit_commit_{HEART_RATE}"))
    if "no series" not in left:
        post(server.url, old)
    found = store_at(server.url, tmp_path).read(slice_of(user, days=3))
    assert rows(found) == rows([new if "marker" in left else old, zone])
    assert sorted(contents(server.url, f'{{user="{user}"}}').elements()) == rows(found)
