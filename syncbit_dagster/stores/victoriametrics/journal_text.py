"""What a journal says: whose it is, the samples, and what they add up to.

JSON lines: a head, the samples in the server's own import format, and a tail. The samples may come
in any order. Labels are those that the server knows, a store's extra ones among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from syncbit_dagster.stores.victoriametrics import encoding
from syncbit_dagster.stores.victoriametrics.checksum import Checksum

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

_TAIL = b'{"ends":'


class Head(NamedTuple):
    """Whose journal it is.

    Attributes:
        account: the account's labels.
        series: the label set of each series, ``__name__`` included.
    """

    account: Mapping[str, str]
    series: Sequence[Mapping[str, str]]


class End(NamedTuple):
    """What a series comes to.

    Attributes:
        checksum: of all its samples in the journal.
        last: the last instant (ms) that it had before, or has in the journal.
    """

    checksum: Checksum = Checksum()
    last: int = 0

    def plus(self, timestamps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> End:
        """With some samples more."""
        last = max(self.last, int(timestamps.max(initial=0)))
        return End(self.checksum.plus(timestamps, values), last)


def text_of(head: Head, samples: Generator[bytes, None, Sequence[End]]) -> Iterator[bytes]:
    """The lines of a journal.

    Args:
        samples: lines; returns the end of each series of the head.
    """
    yield orjson.dumps(head._asdict(), option=orjson.OPT_APPEND_NEWLINE)
    ends = yield from samples
    numbers = [[*end.checksum, end.last] for end in ends]
    yield _TAIL + orjson.dumps(numbers) + b"}\n"


def head_of(chunks: Iterable[bytes]) -> Head:
    """The head of a journal that is read in chunks."""
    return Head(**orjson.loads(next(encoding.lines(chunks))))


def samples_of(chunks: Iterable[bytes], ends: list[End]) -> Iterator[bytes]:
    """The lines of samples of a journal that is read in chunks; at last, fills ``ends``."""
    lines = encoding.lines(chunks)
    next(lines)
    for line in lines:
        if line.startswith(_TAIL):
            numbers = orjson.loads(line)["ends"]
            ends += [End(Checksum(*checksum), last) for *checksum, last in numbers]
        else:
            yield line + b"\n"
