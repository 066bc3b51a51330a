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

from syncbit_dagster.samples import Series, decode_labels, encode_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

# A line of a million rows costs the server 1.6 GB, 5,000 cost nothing; the server reads requests
# of any size, but what a broken connection leaves half-done should stay small.
ROWS_PER_LINE = 5_000
BYTES_PER_REQUEST = 8_000_000
ROWS_PER_EXPORT_LINE = 10_000

_LARGEST_EXACT_INTEGER = 2.0**53
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


def decode(line: bytes, extra_labels: Mapping[str, str]) -> Block:
    """A line of an export. Raises ``ValueError`` for anything else, as a line cut short."""
    document = _parse(line)
    labels = document["metric"]
    metric = labels.pop("__name__", "")
    for name in extra_labels:
        labels.pop(name, None)
    return Block(
        metric,
        encode_labels(labels),
        np.array(document["timestamps"], dtype=np.int64),
        np.array(document["values"], dtype=np.float64),
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


def _parse(line: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        # Other writers may have stored infinities, which 1.79 prints bare and newer versions as
        # text. They sit behind the labels, whose text is not ours to touch.
        head, separator, numbers = line.partition(b'"values":[')
        document = json.loads(head + separator + _BARE_INFINITY.sub(rb"\g<1>1e999", numbers))
    if not isinstance(document, dict) or not document.keys() >= {"metric", "values", "timestamps"}:
        raise ValueError("not a line of an export")
    return document
