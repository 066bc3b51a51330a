"""Several writes made together: each slice exact, one report, one barrier for all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.core.samples import InvalidSamplesError, count
from syncbit_dagster.stores.base import Write
from syncbit_dagster.stores.victoriametrics.parts import parts_of
from syncbit_dagster_tests.breaking_proxy import Proxy, proxy_to
from syncbit_dagster_tests.stores.builders import (
    HEART_RATE,
    STEPS,
    account,
    post,
    rows,
    series,
    slice_of,
)
from syncbit_dagster_tests.stores.writers import store_at
from syncbit_dagster_tests.victoriametrics import contents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.stores.base import Slice, Store
    from syncbit_dagster_tests.victoriametrics import Server


def steps_of(user: str, first: int = 0) -> Slice:
    return slice_of(user, metrics=(STEPS,), first=first)


def test_each_slice_has_its_own_samples(store: Store, user: str) -> None:
    other = f"{user}-other"
    store.replace(slice_of(user), [series(user, [60, 61, 62])])
    store.replace(slice_of(user, first=1), [series(user, [70], first=1)])
    writes = [
        Write(slice_of(user), [series(user, [60, 99])]),
        Write(steps_of(user), [series(user, [5], metric=STEPS)]),
        Write(slice_of(user, first=1), [series(user, [70], first=1)]),
        Write(steps_of(user, first=1), []),
        Write(slice_of(other), [series(other, [80, 81])]),
    ]
    report = store.replace_all(writes)
    assert (report.mode, report.wanted, report.equal) == ("correct", 6, 2)
    assert (report.added, report.changed, report.removed) == (3, 1, 1)
    for target, samples in writes:
        assert rows(store.read(target)) == rows(samples)
    assert store.replace_all(writes, durable=True).mode == "noop"


def test_nothing_is_written_if_one_write_is_wrong(store: Store, user: str) -> None:
    good = Write(slice_of(user, days=2), [series(user, [60])])
    wrong = Write(steps_of(user), [series(user, [1], metric=STEPS, first=3)])
    with pytest.raises(InvalidSamplesError, match="lie outside"):
        store.replace_all([good, wrong])
    for other in (slice_of(user, first=1), slice_of(user, metrics=(STEPS, HEART_RATE))):
        with pytest.raises(InvalidSamplesError, match=r"overlap; make one after the other\."):
            store.replace_all([good, Write(other, [])])
    assert rows(store.read(good.target)) == []


ONE = slice_of("a", days=2)


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        (ONE, True),
        (slice_of("a", first=1), True),
        (slice_of("a", first=2), False),
        (slice_of("b"), False),
        (slice_of("a", metrics=(STEPS,)), False),
        (slice_of("a", metrics=(STEPS, HEART_RATE)), True),
        (replace(ONE, labels={"user": "a", "source": "phone"}), True),  # it may belong to both
        (replace(ONE, labels={"user": "a", "device": "phone"}), False),
    ],
)
def test_overlaps(other: Slice, overlap: bool) -> None:
    assert ONE.overlaps(other) is other.overlaps(ONE) is overlap


@pytest.mark.parametrize(("most", "sizes"), [(8, [4, 4, 2]), (4, [4, 4, 2]), (3, [2] * 5)])
def test_parts_have_every_series_once(most: int, sizes: list[int]) -> None:
    """The metrics of an account's day share a part, unless they are too much together."""
    places = [("a", 0, HEART_RATE), ("a", 1, STEPS), ("b", 0, STEPS), ("a", 0, STEPS)]
    places.append(("a", 1, HEART_RATE))
    slices = [slice_of(user, metrics=(metric,), first=day) for user, day, metric in places]
    wanted = [[series(user, [1, 2], metric=metric, first=day)] for user, day, metric in places]
    found = list(parts_of(slices, wanted, most))
    assert sorted(count(part.wanted) for part in found) == sorted(sizes)
    for one, (mine,) in zip(slices, wanted, strict=True):
        (holder,) = (part for part in found if any(same is mine for same in part.wanted))
        assert (holder.labels, mine.metric in holder.metrics) == (one.labels, True)


SNAPSHOT, DELETE = "/snapshot/create", "/delete_series"


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with proxy_to(server.port) as one:
        yield one


def asked(proxy: Proxy, path: str) -> int:
    """How often the store asked for something."""
    return sum(path in request.path for request in proxy.seen)


@pytest.mark.victoriametrics
def test_one_barrier_for_all(proxy: Proxy, user: str, tmp_path: Path) -> None:
    """Of additions; and of corrections, which are deleted in one request too."""
    store = store_at(proxy.url, tmp_path)
    writes = [Write(slice_of(user, first=day), [series(user, [60], first=day)]) for day in range(5)]
    for _ in range(2):
        store.replace_all(writes, durable=True)
        assert asked(proxy, SNAPSHOT) == 1  # the second time nothing was written since
    assert asked(proxy, DELETE) == 0
    changed = [Write(steps_of(user), [series(user, [5], metric=STEPS)])]
    changed += [Write(one.target, [series(user, [7], first=n)]) for n, one in enumerate(writes)]
    assert store.replace_all(changed, durable=True).mode == "correct"
    assert asked(proxy, SNAPSHOT) == 2
    assert asked(proxy, DELETE) == 2  # may it? then: do it


@pytest.mark.victoriametrics
def test_what_another_process_left_in_memory_is_put_on_disk(
    proxy: Proxy, user: str, tmp_path: Path
) -> None:
    """It died before its barrier. Its samples are found equal, and count as done from now on."""
    part = series(user, [60, 61])
    post(proxy.url, part)
    store = store_at(proxy.url, tmp_path)
    assert store.replace(slice_of(user), [part], durable=True).mode == "noop"
    assert asked(proxy, SNAPSHOT) == 1


@pytest.mark.victoriametrics
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
        Write(steps_of(user), [series(user, [5], metric=STEPS)]),
    ]
    assert store.replace_all(writes, durable=True).mode == "add"
    assert not foreign
    expected = [row for _, samples in writes for row in rows(samples)]
    assert sorted(contents(server.url, f'{{user="{user}"}}').elements()) == sorted(expected)


@pytest.mark.victoriametrics
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
