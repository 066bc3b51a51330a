"""The answer of /api/v1/export/native as samples: a fortieth of the JSON's bytes, read in a tenth
of its time.

These are the blocks as the server keeps them, of at most 8,192 rows each. They are not merged: a
sample that was written twice is there twice, in any order, whatever ``-dedup.minScrapeInterval``
shows to everybody else; and they are not cut at the ends of the range. The layout (as measured on
1.79.5; numbers big-endian, varints little-endian in groups of seven bits, signed ones zig-zag):

* once: the range, 2 x 8 bytes;
* for each block: 4 bytes of length and the series' name, 4 bytes of length and the block;
* the name: metric, then label name and value in turn, each ended by 01; 00 escapes 00, 01 and 02;
* the block: varints first timestamp, first mantissa, number of rows, decimal exponent; one byte
  each of timestamp and value encoding; for both columns a length and the data.

A column is an integer sequence: constant, evenly spaced, or differences (of differences) as
varints, compressed by zstd if that pays.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import zstandard

from syncbit_dagster.core.samples import encode_labels
from syncbit_dagster.stores.victoriametrics.encoding import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

MOST_ROWS = 8_192
_LONGEST_VARINT = 10
_LARGEST_COLUMN = MOST_ROWS * _LONGEST_VARINT
_LARGEST_NAME = 1 << 20
_LARGEST_BLOCK = 1 << 20

# Encodings of a column.
_ZSTD_DELTA2, _EVENLY_SPACED, _CONSTANT, _ZSTD_DELTA, _DELTA2, _DELTA = range(1, 7)
_COMPRESSED = {_ZSTD_DELTA2, _ZSTD_DELTA}

# Mantissas that stand for something else than a number.
_INFINITY, _STALE, _LARGEST_MANTISSA = 2**63 - 1, 2**63 - 2, 2**63 - 3
_MINUS_INFINITY = -(2**63)

_LARGEST_EXPONENT = 308

_ESCAPED = {b"\x000": b"\x00", b"\x001": b"\x01", b"\x002": b"\x02"}


def blocks(
    chunks: Iterable[bytes], first: int, last: int, extra_labels: Mapping[str, str]
) -> Iterator[Block]:
    """The samples from ``first`` to ``last`` (ms, both included), a block at a time.

    Raises:
        ValueError: this is no such answer, or not all of it.
    """
    stream = _Stream(chunks)
    stream.take(16)
    decompressor = zstandard.ZstdDecompressor()
    names: dict[bytes, tuple[str, str]] = {}
    while (name := stream.take_sized(_LARGEST_NAME)) is not None:
        block = stream.take_sized(_LARGEST_BLOCK)
        if block is None:
            raise ValueError("a series' name without its block")
        try:
            if name not in names:
                names[name] = _series_of(name, extra_labels)
            timestamps, values = _columns(block, decompressor)
        except (LookupError, OverflowError) as error:
            raise ValueError("a block that breaks its own layout") from error
        inside = slice(*np.searchsorted(timestamps, [first, last + 1]))
        if inside.start < inside.stop:
            yield Block(*names[name], timestamps[inside], values[inside])


class _Stream:
    """Bytes that arrive in chunks of any size."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        while len(self._held) - self._at < size:
            more = next(self._chunks, None)
            if more is None:
                raise ValueError("the answer ends too early")
            self._held = self._held[self._at :] + more
            self._at = 0
        self._at += size
        return self._held[self._at - size : self._at]

    def take_sized(self, largest: int) -> bytes | None:
        """What comes after its length; None at the end of the answer."""
        if self._is_at_end():
            return None
        (size,) = struct.unpack(">I", self.take(4))
        if size > largest:
            raise ValueError("an impossible length")
        return self.take(size)

    def _is_at_end(self) -> bool:
        while self._at == len(self._held):
            more = next(self._chunks, None)
            if more is None:
                return True
            self._held, self._at = more, 0
        return False


def _series_of(name: bytes, extra_labels: Mapping[str, str]) -> tuple[str, str]:
    """Metric and labels of a series' name."""
    metric, *texts, rest = [_unescaped(part) for part in name.split(b"\x01")]
    if rest or len(texts) % 2:
        raise ValueError("not a series' name")
    labels = dict(zip(texts[::2], texts[1::2], strict=True))
    return metric, encode_labels({k: v for k, v in labels.items() if k not in extra_labels})


def _unescaped(text: bytes) -> str:
    if b"\x00" in text:
        # From the left: an escape's own second byte is never the start of another one.
        head, _, tail = text.partition(b"\x00")
        return head.decode() + _ESCAPED[b"\x00" + tail[:1]].decode() + _unescaped(tail[1:])
    return text.decode()


def _columns(
    block: bytes, decompressor: zstandard.ZstdDecompressor
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    first_instant, at = _varint(block, 0)
    first_mantissa, at = _varint(block, at)
    rows, at = _unsigned_varint(block, at)
    exponent, at = _varint(block, at)
    if not 0 < rows <= MOST_ROWS:
        raise ValueError("an impossible number of rows")
    instants_kind, values_kind = block[at], block[at + 1]
    size, at = _unsigned_varint(block, at + 2)
    instants, at = block[at : at + size], at + size
    size, at = _unsigned_varint(block, at)
    mantissas = block[at:]
    if len(mantissas) != size:
        raise ValueError("a block of another length than it says")
    return (
        _integers(instants_kind, instants, first_instant, rows, decompressor),
        _numbers(_integers(values_kind, mantissas, first_mantissa, rows, decompressor), exponent),
    )


def _integers(
    kind: int, data: bytes, first: int, rows: int, decompressor: zstandard.ZstdDecompressor
) -> npt.NDArray[np.int64]:
    """One column: its first element and what the data say of the others."""
    if kind in _COMPRESSED:
        try:
            data = decompressor.decompress(data, max_output_size=_LARGEST_COLUMN)
        except zstandard.ZstdError as error:
            raise ValueError("a column that is not zstd") from error
    if kind == _CONSTANT:
        return np.full(rows, first, dtype=np.int64)
    steps = _varints(data)
    if kind == _EVENLY_SPACED and len(steps) == 1:
        evenly: npt.NDArray[np.int64] = np.arange(rows, dtype=np.int64) * steps[0] + first
        return evenly
    if len(steps) != rows - 1 or kind == _EVENLY_SPACED:
        raise ValueError("a column of another length than its block")
    column = np.empty(rows, dtype=np.int64)
    column[0] = first
    if kind in (_DELTA, _ZSTD_DELTA):
        column[1:] = steps
    elif kind in (_DELTA2, _ZSTD_DELTA2):
        column[1:] = np.cumsum(steps)
    else:
        raise ValueError("an unknown encoding")
    return np.cumsum(column, out=column)


def _varints(data: bytes) -> npt.NDArray[np.int64]:
    """All signed varints of a text of bytes."""
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(octets < 0x80)
    if len(octets) and (not len(ends) or ends[-1] != len(octets) - 1):
        raise ValueError("a varint without an end")
    if len(ends) == len(octets):
        short: npt.NDArray[np.int64] = _SHORT[octets]
        return short
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    longest = int(lengths.max())
    if longest > _LONGEST_VARINT:
        raise ValueError("a varint that is too long")
    numbers = (octets[starts] & 0x7F).astype(np.uint64)
    for place in range(1, longest):
        longer = np.flatnonzero(lengths > place)
        part = (octets[starts[longer] + place] & 0x7F).astype(np.uint64)
        numbers[longer] |= part << np.uint64(7 * place)
    return _unzigzag(numbers)


def _unzigzag(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    halves = (numbers >> np.uint64(1)).view(np.int64)
    signs = (numbers & np.uint64(1)).view(np.int64)
    return np.bitwise_xor(halves, -signs)


_SHORT = _unzigzag(np.arange(0x80, dtype=np.uint64))  # the numbers that are one byte


def _unsigned_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    number = 0
    for shift in range(0, 7 * _LONGEST_VARINT, 7):
        if at >= len(data):
            break
        octet = data[at]
        at += 1
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            return number, at
    raise ValueError("a varint without an end")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number, at = _unsigned_varint(data, at)
    return (number >> 1) ^ -(number & 1), at


def _numbers(mantissas: npt.NDArray[np.int64], exponent: int) -> npt.NDArray[np.float64]:
    """Decimal numbers as the server makes floats of them: one rounding, by dividing."""
    values = mantissas.astype(np.float64)
    # A block of infinities alone has an exponent that no float has.
    if abs(exponent) > _LARGEST_EXPONENT:
        values *= 0 if exponent < 0 else np.inf
    elif exponent < 0:
        values /= 10.0**-exponent
    else:
        values *= 10.0**exponent
    special = (mantissas > _LARGEST_MANTISSA) | (mantissas == _MINUS_INFINITY)
    if special.any():
        values[mantissas == _INFINITY] = np.inf
        values[mantissas == _MINUS_INFINITY] = -np.inf
        values[mantissas == _STALE] = np.nan
    return values
