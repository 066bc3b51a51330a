"""Two run workers on two hosts without a shared disk: one token, one quota, one writer at a time.

SYNCBIT_SOAK=1 makes it a long run.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster_tests.hosts.network import Worker, networks
from syncbit_dagster_tests.hosts.servers import ENVIRONMENT, Servers, running_servers
from syncbit_dagster_tests.hosts.worker import MINUTES, values
from syncbit_dagster_tests.stores.builders import DAY, MINUTE, ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.victoriametrics
SOAK = os.environ.get("SYNCBIT_SOAK") == "1"
REFRESHES = 200 if SOAK else 20
WRITES = 30 if SOAK else 4
PER_HOUR = 150
NAMES = ("one", "other")
RUNS = (
    ["run", "heart_rate", "2026-10-18", "2026-10-31"],
    ["run", "sleep", "2026-10-04", "2026-10-17"],
)
METRICS = ("fitbit_(resting_)?heart_rate.*", "fitbit_sleep.*")


@pytest.fixture(scope="module")
def servers_and_workers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Servers, list[Worker]]]:
    directory = tmp_path_factory.mktemp("hosts")
    directory.chmod(0o755)
    with networks(NAMES) as (network, hosts), running_servers(network, directory / "servers") as up:
        workers = [
            Worker(name, host, directory, ENVIRONMENT)
            for name, host in zip(NAMES, hosts, strict=True)
        ]
        try:
            workers[0].do("authorize", DEMO_REFRESH_TOKEN)
            yield up, workers
        finally:
            for worker in workers:
                worker.close()


@pytest.fixture
def servers(servers_and_workers: tuple[Servers, list[Worker]]) -> Servers:
    return servers_and_workers[0]


@pytest.fixture
def workers(servers_and_workers: tuple[Servers, list[Worker]]) -> list[Worker]:
    return servers_and_workers[1]


def both(workers: Sequence[Worker], *commands: Sequence[Any]) -> list[Any]:
    """Let each worker do its command, at the same time."""
    for worker, command in zip(workers, commands, strict=True):
        worker.ask(*command)
    return [worker.answer() for worker in workers]


def test_one_of_two_hosts_refreshes_and_the_other_uses_its_token(
    servers: Servers, workers: list[Worker]
) -> None:
    """The provider's refresh tokens work once: had both sent one, one of them would have failed."""
    seen = set()
    for turn in range(REFRESHES):
        assert workers[turn % 2].do("expire") == turn
        first, second = both(workers, ["access"], ["access"])
        assert first == second
        seen.add(first)
    assert len(seen) == REFRESHES
    assert [status for _, status in servers.requests("/oauth2/token")] == [200] * REFRESHES


def test_two_hosts_run_at_the_same_time_with_one_record(
    servers: Servers, workers: list[Worker]
) -> None:
    """Dagster's records in PostgreSQL; both write to one store, then each checks the other's."""
    before = len(servers.requests("/1"))
    workers[0].do("prepare")
    first = both(workers, *RUNS)
    again = both(workers, *reversed(RUNS))
    for one, same in zip(first, reversed(again), strict=True):
        assert one["success"]
        assert len(one["days"]) == 14
        assert one["samples"] > 14
        assert one["mode"] != "noop"
        assert same == one | {"mode": "noop"}  # what the other host finds is what it would write
    for worker, metrics, run in zip(workers, METRICS, first, strict=True):
        assert worker.do("samples_of", metrics) == [run["samples"]] * 2  # each once
    told = servers.requests("/1")[before:]
    assert {status for _, status in told} == {200}
    assert len(told) >= sum(run["requests"] for run in first + again)


def test_two_hosts_spend_one_quota(servers: Servers, workers: list[Worker]) -> None:
    before = len(servers.requests("/1"))
    sent = both(workers, ["spend", 100], ["spend", 100])
    told = servers.requests("/1")
    assert {status for _, status in told} == {200}
    assert len(told) == before + sum(sent)
    per_hour = Counter(int(at // 3600) for at, _ in told)
    assert max(per_hour.values()) <= PER_HOUR
    assert len(per_hour) > 1 or len(told) == PER_HOUR  # a full hour may have begun meanwhile
    assert min(sent) > 10


def test_two_hosts_write_one_series_one_after_the_other(workers: list[Worker]) -> None:
    """Both write day 0, and each a day of its own in the same series."""
    for turn in range(WRITES):
        numbers = 10 * turn + 1, 10 * turn + 2
        spans = both(workers, ["write", numbers[0], [0, 1]], ["write", numbers[1], [0, 2]])
        held = sorted(span for one in spans for span in one)
        assert len(held) == 4
        for (_, left), (entered, _) in pairwise(held):
            assert left <= entered, f"round {turn}: two writers at once"
        found = workers[turn % 2].do("stored")
        assert found in [day_by_day(last, *numbers) for last in numbers], f"round {turn}"


def day_by_day(*numbers: int) -> list[list[float]]:
    """What three days hold, each once."""
    return [
        [to_milliseconds(DAY) + day * ONE_DAY + minute * MINUTE, float(value), 1]
        for day, number in enumerate(numbers)
        for minute, value in zip(range(MINUTES), values(number), strict=True)
    ]


def test_nothing_shared_lies_on_a_host(workers: list[Worker]) -> None:
    """Neither token nor count nor lock, after all of the above."""
    for worker in workers:
        assert worker.do("access")
        assert [path for path in worker.data.rglob("*") if path.is_file()] == []
