"""The server's own blocks: what they say is what its JSON says, and damage is noticed."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests

from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.stores.validation import round_significant
from syncbit_dagster.stores.victoriametrics import (
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
    encoding,
    native,
)
from syncbit_dagster_tests.stores import builders
from syncbit_dagster_tests.stores.proxy import proxy_to

if TYPE_CHECKING:
    import numpy.typing as npt

    from syncbit_dagster_tests.victoriametrics import Server

START = 1_000_000_000_000
LAST = 9_223_372_036_000
EVERYTHING = {"match[]": '{case!=""}', "start": "1", "end": str(LAST // 1000)}


def instants(kind: int, rows: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    steps = (
        np.full(rows, 60_000),
        random.integers(1, 20_000, rows),
        random.choice([60_000, 120_000, 86_400_000], rows),
        random.integers(1, 2**28, rows),
    )[kind]
    return START + np.cumsum(steps)


def numbers(kind: int, rows: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    columns = (
        np.full(rows, 42.0),
        np.arange(rows) * 3.0,
        random.integers(40, 190, rows).astype(np.float64),
        np.round(random.normal(0, 10, rows), 6),
        random.integers(-(10**10), 10**10, rows) / 1e4,
        random.integers(0, 10**10, rows) * 1e6,
        random.integers(0, 2, rows) * 0.5,
    )
    return round_significant(columns[kind].astype(np.float64))


def shapes() -> list[Series]:
    """Series that take every encoding of a column, alone and across blocks."""
    random = np.random.default_rng(11)
    cases = itertools.product(range(4), range(7), (1, 2, 900))
    return [
        *(
            Series(
                f"native_{case % 5}",
                encode_labels({"case": str(case), "odd": 'a\x00\x01\x02\n"\u00e9'}),
                instants(times, rows, random),
                numbers(values, rows, random),
            )
            for case, (times, values, rows) in enumerate(cases)
        ),
        Series(
            "native_long",
            encode_labels({"case": "long"}),
            instants(0, 40_000, random),
            numbers(2, 40_000, random),
        ),
    ]


@pytest.fixture(scope="module")
def stored(server: Server) -> list[Series]:
    """The same, visible on the server."""
    series = shapes()
    body = b"".join(line for one in series for line in encoding.encode(one, {}))
    requests.post(f"{server.url}/api/v1/import", data=body, timeout=30).raise_for_status()
    expected = sum(len(one.timestamps) for one in series)
    for _ in range(100):  # the first looks after a large import may be too early
        if builders.contents(server.url, EVERYTHING["match[]"]).total() == expected:
            return series
    raise AssertionError("the samples never showed up")


@pytest.fixture(scope="module")
def answer(server: Server, stored: list[Series]) -> bytes:
    assert stored
    url = f"{server.url}/api/v1/export/native"
    return requests.get(url, params=EVERYTHING, timeout=30).content


def collected(
    answer: bytes, *, chunk: int = 1 << 20, first: int = 0, last: int = LAST
) -> list[Series]:
    chunks = [answer[at : at + chunk] for at in range(0, len(answer), chunk)]
    found = encoding.collect(native.blocks(chunks, first, last, {}))
    return sorted(found, key=lambda one: (one.metric, one.labels))


def rows(series: list[Series]) -> list[tuple[str, str, list[int], list[float]]]:
    return sorted(
        (one.metric, one.labels, one.timestamps.tolist(), one.values.tolist()) for one in series
    )


@pytest.mark.parametrize("chunk", [1 << 20, 8191, 7])
def test_blocks_hold_what_was_stored(stored: list[Series], answer: bytes, chunk: int) -> None:
    assert rows(collected(answer, chunk=chunk)) == rows(stored)


def test_blocks_are_cut_at_the_ends_of_the_range(stored: list[Series], answer: bytes) -> None:
    first, last = START + 1_000_000, START + 90_000_000
    expected = [
        one._replace(timestamps=one.timestamps[inside], values=one.values[inside])
        for one in stored
        if (inside := (one.timestamps >= first) & (one.timestamps <= last)).any()
    ]
    assert rows(collected(answer, first=first, last=last)) == rows(expected)


def test_extra_labels_of_the_store_are_left_out(answer: bytes) -> None:
    found = encoding.collect(native.blocks([answer], 0, LAST, {"odd": "any"}))
    assert all("odd" not in one.labels and "case" in one.labels for one in found)


def test_an_answer_that_ends_too_early_is_an_error(answer: bytes) -> None:
    complete = 0
    for end in range(3000):
        try:
            collected(answer[:end])
        except ValueError:
            continue
        complete += 1
    # Only where a block ends, which the connection's own framing would tell.
    assert 0 < complete < 30


@pytest.mark.parametrize("seed", range(200))
def test_damage_is_an_error_or_another_number(answer: bytes, seed: int) -> None:
    random = np.random.default_rng(seed)
    broken = bytearray(answer[:20_000])
    for at in random.integers(16, len(broken), random.integers(1, 5)):
        broken[at] = random.integers(256)
    try:
        found = collected(bytes(broken))
    except ValueError:
        return
    assert all(len(one.timestamps) == len(one.values) for one in found)


def test_special_values_of_other_writers(server: Server, user: str) -> None:
    labels = encode_labels({"special": user})
    values = ("1.5", "Inf", "-Inf", "NaN", "2.5")
    body = "".join(
        f'odd{{special="{user}"}} {value} {START + 1000 * n}\n' for n, value in enumerate(values)
    )
    url = f"{server.url}/api/v1/import/prometheus"
    requests.post(url, data=body, timeout=30).raise_for_status()
    requests.get(f"{server.url}/internal/force_flush", timeout=30)
    params = {**EVERYTHING, "match[]": f'{{special="{user}"}}'}
    url = f"{server.url}/api/v1/export"
    (blocks,) = collected(requests.get(f"{url}/native", params=params, timeout=30).content)
    lines = requests.get(url, params=params, timeout=30).content.splitlines()
    (json_,) = encoding.collect(encoding.decode(line, {}) for line in lines)
    assert blocks.labels == labels == json_.labels
    np.testing.assert_array_equal(blocks.timestamps, json_.timestamps)
    np.testing.assert_array_equal(blocks.values, json_.values)


def test_a_server_whose_blocks_nobody_can_read_is_read_as_json(server: Server, user: str) -> None:
    with proxy_to(server.port) as proxy:
        store = VictoriaMetricsStore(VictoriaMetricsConfig(proxy.url), lock=nullcontext)
        target = builders.slice_of(user)
        table = builders.table(builders.series(user, range(1440)))
        assert store.replace(target, table).mode == "add"
        proxy.break_next("/api/v1/export/native", "answered 200 by somebody else")
        assert builders.rows(store.read(target)) == builders.rows(table)
        assert not proxy.is_pending
        assert store.replace(target, table).mode == "noop"
        store.close()
