"""The pure parts: URLs, lines, differences, checksums, sentences."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.core.samples import Series
from syncbit_dagster.stores.diff import compare_series
from syncbit_dagster.stores.errors import StoreError, StoreRefusedError, StoreUnavailableError
from syncbit_dagster.stores.victoriametrics import (
    VictoriaMetricsConfig,
    encoding,
    transport,
)
from syncbit_dagster.stores.victoriametrics import server_facts as guards
from syncbit_dagster.stores.victoriametrics.checksum import Checksum
from syncbit_dagster_tests.stores.builders import series

LABELS = '{"user":"a"}'
samples = st.lists(st.tuples(st.integers(0, 8), st.sampled_from([0.0, -0.0, 1.0, 2.5])), max_size=9)


def of(pairs: list[tuple[int, float]]) -> Series:
    instants, values = zip(*pairs, strict=True) if pairs else ((), ())
    return Series("m", LABELS, np.array(instants, dtype=np.int64), np.array(values, dtype=float))


CLUSTER = ["http://h/insert/0:7/prometheus", "http://h/select/0:7/prometheus"]
CLUSTER += ["http://h/delete/0:7/prometheus"]
APART = {"read": "http://select:8481/x/", "delete": "http://d", "admin": "http://storage:8482"}


@pytest.mark.parametrize(
    ("url", "places"),
    [
        *[
            (f"http://h:8428{tail}", ["http://h:8428"] * 4)
            for tail in ("", "/", "/api/v1/import", "/api/v1/import/prometheus", "/api/v1/import/")
        ],
        ("HTTP://Host/x/", ["http://host/x"] * 4),
        ("https://h/vm/prometheus", ["https://h/vm/prometheus"] * 3 + ["https://h/vm"]),
        *[
            (f"http://h/insert/0:7{tail}", [*CLUSTER, None])
            for tail in ("", "/prometheus", "/prometheus/api/v1/import/prometheus")
        ],
    ],
)
def test_four_places_from_one_url(url: str, places: list[str | None]) -> None:
    found = VictoriaMetricsConfig(url).endpoints
    assert [found.write, found.read, found.delete, found.admin] == places
    apart = {f"{name}_url": value for name, value in APART.items()}
    found = VictoriaMetricsConfig(url, **apart).endpoints  # type: ignore[arg-type]
    wanted = [places[0], *(value.rstrip("/") for value in APART.values())]
    assert [found.write, found.read, found.delete, found.admin] == wanted


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"url": "localhost:8428"}, "must begin with http:// or https://"),
        ({"url": ""}, "must begin with"),
        ({"url": "ftp://h"}, "must begin with"),
        ({"url": "http://h:port"}, "wrong host or port"),
        ({"url": "http://h:99999"}, "wrong host or port"),
        ({"url": "http://me:secret@h"}, "holds credentials; put them into VICTORIA_USER"),
        ({"url": "http://h?authKey=secret"}, "after [?] or #; remove it"),
        ({"url": "http://h", "read_url": "secret"}, "must begin with"),
        ({"url": "http://h", "user": "me"}, "come together"),
        ({"url": "http://h", "user": "a", "password": "secret", "bearer_token": "t"}, "one of"),
        ({"url": "http://h", "ca_file": Path("/none.pem")}, "/none.pem .* does not exist"),
    ],
)
def test_a_wrong_setting_is_one_sentence_without_secrets(
    settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        VictoriaMetricsConfig(**settings)
    assert "secret" not in str(caught.value)
    keys = {"delete_auth_key": "secret", "flush_auth_key": "secret", "snapshot_auth_key": "secret"}
    for login in ({"user": "me", "password": "secret"}, {"bearer_token": "secret"}):
        config = VictoriaMetricsConfig("http://h", **login, **keys)  # type: ignore[arg-type]
        assert "secret" not in f"{config!r}{config.key}"


def test_a_line_of_whole_numbers_has_no_points() -> None:
    (line,) = encoding.encode(of([(5, 60.0), (6, -0.0)]), {"source": "home"})
    assert line == (
        b'{"metric":{"__name__":"m","user":"a","source":"home"},'
        b'"values":[60,0],"timestamps":[5,6]}\n'
    )


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30), st.integers(1, 400))
def test_lines_and_back(values: list[float], size: int) -> None:
    whole = of(list(enumerate(values)))
    body = b"".join(encoding.encode(whole, {"x": "y"}))
    lines = encoding.lines(body[n : n + size] for n in range(0, len(body), size))
    (found,) = encoding.collect(encoding.decode(line, {"x": "y"}) for line in lines) or [of([])]
    assert (found.metric, found.labels) == (whole.metric, whole.labels)
    assert found.timestamps.tolist() == whole.timestamps.tolist()
    assert found.values.tolist() == whole.values.tolist()


def test_lines_and_requests_stay_small() -> None:
    lines = list(encoding.encode(series("a", np.arange(40_000) / 7), {})) * 40
    assert {len(orjson.loads(line)["values"]) for line in lines} == {5_000}
    bodies = list(encoding.batches(lines))
    assert 1 < len(bodies) < len(lines)
    assert max(map(len, bodies)) <= 8_000_000
    assert b"".join(bodies) == b"".join(lines)


@pytest.mark.parametrize(
    ("numbers", "values"),
    [
        (b"1,+Inf,-Inf", [1, np.inf, -np.inf]),
        (b'1,"Infinity","-Infinity"', [1, np.inf, -np.inf]),
        (b"1,null,2", [1, np.nan, 2]),
    ],
)
def test_what_other_writers_store_can_be_read(numbers: bytes, values: list[float]) -> None:
    line = b'{"metric":{"__name__":"m","a":"+Inf"},"values":[%s],"timestamps":[1,2,3]}' % numbers
    block = encoding.decode(line, {})
    assert block.labels == '{"a":"+Inf"}'
    np.testing.assert_array_equal(block.values, values)


@given(st.lists(st.integers(0, 10**13 + 5), min_size=1, max_size=9), st.data())
def test_instants_of_any_width(instants: list[int], data: st.DataObject) -> None:
    """Thirteen digits are read as a table; nothing else may be taken for one."""
    text = ",".join(map(str, instants)).encode()
    line = b'{"metric":{},"values":[%s],"timestamps":[%s]}'
    ones = b",".join([b"1"] * len(instants))
    assert encoding.decode(line % (ones, text), {}).timestamps.tolist() == instants
    place = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError, match=r"."):
        encoding.decode(line % (ones, text[:place] + b"x" + text[place + 1 :]), {})


@pytest.mark.parametrize("line", [b'{"metric":{"__na', b"[]", b"{}", b"<html>", b"\xff"])
def test_anything_else_is_no_export(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        encoding.decode(line, {})


@given(samples, samples)
def test_the_difference_is_what_a_dictionary_would_say(
    some: list[tuple[int, float]], existing: list[tuple[int, float]]
) -> None:
    wanted = dict(sorted(some))
    diff = compare_series(of(list(wanted.items())), of(existing))
    have = {instant: {v for at, v in existing if at == instant} for instant, _ in existing}
    equal = [instant for instant in wanted if wanted[instant] in have.get(instant, ())]
    assert diff.equal == len(equal)
    assert diff.missing.timestamps.tolist() == [at for at in wanted if at not in have]
    assert diff.changed == len(wanted) - len(equal) - diff.added
    assert diff.removed == len(existing) - diff.equal - diff.changed
    assert (diff.mode == "noop") == (sorted(wanted.items()) == sorted(existing))


def checksum(one: Series) -> Checksum:
    return Checksum().plus(one.timestamps, one.values)


@given(samples, samples)
def test_checksums_are_equal_for_equal_multisets_only(
    some: list[tuple[int, float]], others: list[tuple[int, float]]
) -> None:
    first, second = checksum(of(some)), checksum(of(others))
    assert (first == second) == (Counter(some) == Counter(others))
    assert first.plus(of(others).timestamps, of(others).values) == checksum(of(others + some))


def test_a_checksum_sees_every_swap() -> None:
    """Two values that change places, or move by a millisecond, make another series."""
    whole = of([(n, n % 97) for n in range(100_000)])
    swapped, moved = whole.values.copy(), whole.timestamps.copy()
    swapped[[7, 8]] = swapped[[8, 7]]
    moved[5] += 1
    assert checksum(whole) != checksum(whole._replace(values=swapped))
    assert checksum(whole) != checksum(whole._replace(timestamps=moved))
    assert checksum(whole) == checksum(of([(n, n % 97) for n in reversed(range(100_000))]))


@pytest.mark.parametrize(
    ("text", "days"),
    [("1", 31), ("1M", 31), ("2w", 14), ("36h", 1.5), ("1.5y", 547.5), ("100y", 36_500)]
    + [("99999999y", 365_000)]  # more would overflow the calendar
    + [(wrong, None) for wrong in ("", "forever", "-1", "1x")],
)
def test_retention(text: str, days: float | None) -> None:
    wanted = None if days is None else timedelta(days=days)
    assert guards.parse_retention(text) == wanted


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (301, StoreRefusedError, "redirects"),
        (400, transport.RouteUnknownError, "a proxy must .*route /api/v1/export"),
        (401, StoreRefusedError, "VICTORIA_USER and VICTORIA_PASSWORD"),
        (403, StoreRefusedError, "account that may read samples"),
        (404, transport.RouteUnknownError, "read_url must name"),
        (422, StoreRefusedError, "-search.maxSamplesPerSeries"),
        (429, StoreUnavailableError, "server's log"),
        (503, StoreUnavailableError, "server's log"),
    ],
)
def test_what_a_status_means(status: int, error: type[StoreError], sentence: str) -> None:
    found = transport.refusal(transport.EXPORT, "http://h/api/v1/export", status)
    assert type(found) is error
    with pytest.raises(error, match=sentence):
        raise found
