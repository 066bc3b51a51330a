"""Series to JSON lines and back: the format of /api/v1/import and /api/v1/export.

Chosen over remote write for having no size or precision traps and the same shape both ways; over
text lines for encoding a million samples in 0.05 s instead of 1.2 s.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from syncbit_dagster.core.samples import Series, decode_labels, encode_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

# A line of a million rows costs the server 1.6 GB, 5,000 cost nothing. The server reads requests of
# any size, nginx before it refuses more than 1 MiB unless it is told otherwise.
ROWS_PER_LINE = 5_000
BYTES_PER_REQUEST = 1_000_000
ROWS_PER_EXPORT_LINE = 10_000

_LARGEST_EXACT_INTEGER = 2.0**53
_INSTANT_WIDTH = 14  # 13 digits and a comma
_POWERS = 10.0 ** np.arange(_INSTANT_WIDTH - 2, -1, -1)  # sums stay below 2**53: exact
_BARE_INFINITY = re.compile(rb"\+?(-?)Inf\b")


class Block(NamedTuple):
    """One line of an export: a stretch of one series, in order of time."""

    metric: str
    labels: str
    timestamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def encode(series: Series, extra_labels: Mapping[str, str]) -> Iterator[bytes]:
    """The series as lines. Whole numbers go as integers, which are shorter and parse faster."""
    metric = {"__name__": series.metric, **decode_labels(series.labels), **extra_labels}
    for start in range(0, len(series.timestamps), ROWS_PER_LINE):
        rows = slice(start, start + ROWS_PER_LINE)
        line = {
            "metric": metric,
            "values": _shortest(series.values[rows]),
            "timestamps": np.ascontiguousarray(series.timestamps[rows]),
        }
        yield orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def batches(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines gathered into request bodies of at most :data:`BYTES_PER_REQUEST`."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and size + len(line) > BYTES_PER_REQUEST:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of an answer that arrives in chunks of any size."""
    pending: list[bytes] = []
    for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield b"".join([*pending, end])
            pending = []
        pending.append(rest)
    if any(pending):
        yield b"".join(pending)


def decode(line: bytes, extra_labels: Mapping[str, str]) -> Block:
    """A line of an export. Raises ``ValueError`` for anything else, as a line cut short."""
    # Labels cannot hold these marks: there, a quote comes after a backslash.
    head, has_values, rest = line.partition(b'"values":[')
    values, has_timestamps, timestamps = rest.partition(b'],"timestamps":[')
    if not (has_values and has_timestamps and timestamps.endswith(b"]}")):
        raise ValueError("not a line of an export")
    labels: dict[str, str] = orjson.loads(head + b'"values":0}')["metric"]
    metric = labels.pop("__name__", "")
    for name in extra_labels:
        labels.pop(name, None)
    return Block(
        metric,
        encode_labels(labels),
        _instants(timestamps.removesuffix(b"]}")),
        np.array(_numbers(values), dtype=np.float64),
    )


def collect(blocks: Iterable[Block]) -> list[Series]:
    """Whole series of many blocks, each in order of time."""
    parts: dict[tuple[str, str], list[Block]] = {}
    for block in blocks:
        parts.setdefault((block.metric, block.labels), []).append(block)
    return [_joined(*key, parts.pop(key)) for key in list(parts)]


def _joined(metric: str, labels: str, blocks: list[Block]) -> Series:
    timestamps = np.concatenate([block.timestamps for block in blocks])
    values = np.concatenate([block.values for block in blocks])
    if (np.diff(timestamps) < 0).any():
        order = np.argsort(timestamps, kind="stable")
        timestamps, values = timestamps[order], values[order]
    return Series(metric, labels, timestamps, values)


def _shortest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    if (values == np.rint(values)).all() and (np.abs(values) < _LARGEST_EXACT_INTEGER).all():
        return values.astype(np.int64)
    return np.ascontiguousarray(values)


def _instants(text: bytes) -> npt.NDArray[np.int64]:
    """Comma-separated integers. All instants from 2001 to 2286 have 13 digits: then the text is a
    table of digits, which is read four times as fast as JSON."""
    if len(text) % _INSTANT_WIDTH == _INSTANT_WIDTH - 1:
        table = np.frombuffer(text + b",", dtype=np.uint8).reshape(-1, _INSTANT_WIDTH)
        digits = table[:, :-1] - np.uint8(ord("0"))  # other characters wrap around to > 9
        if (digits <= 9).all() and (table[:, -1] == ord(",")).all():
            return (digits.astype(np.float64) @ _POWERS).astype(np.int64)
    return np.array(orjson.loads(b"[" + text + b"]"), dtype=np.int64)


def _numbers(text: bytes) -> list[Any]:
    listed = b"[" + text + b"]"
    try:
        numbers: list[Any] = orjson.loads(listed)
    except orjson.JSONDecodeError:
        # Other writers may have stored infinities; 1.79 prints them bare, newer versions quoted.
        numbers = json.loads(_BARE_INFINITY.sub(rb"\g<1>1e999", listed))
    return numbers
