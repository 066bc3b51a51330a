"""Series selectors. VictoriaMetrics matches every series that has *at least* the given labels."""

from __future__ import annotations

import itertools
import secrets
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_PROCESS = secrets.token_hex(4)
_numbers = itertools.count()
CHARACTERS_PER_URL = 3_000  # a third of them are escaped with three


def having(metrics: Iterable[str], labels: Mapping[str, str]) -> str:
    """All series of these metrics that have at least these labels."""
    # Metric names hold no character that means anything in a regular expression.
    return _selector([f'__name__=~"{"|".join(metrics)}"', *_equalities(labels)])


def alone(series: Mapping[str, str], names: Iterable[str]) -> str:
    """The one series with these labels, ``__name__`` included, and none of the other ``names``."""
    without = [f'{name}=""' for name in sorted(set(names) - series.keys())]
    return _selector([*_equalities(series), *without])


def groups(chosen: Sequence[str]) -> Iterator[Sequence[str]]:
    """Selectors that fit into one URL together, in order; proxies cut at 8 KB."""
    start = size = 0
    for number, one in enumerate(chosen):
        if number > start and size + len(one) > CHARACTERS_PER_URL:
            yield chosen[start:number]
            start, size = number, 0
        size += len(one)
    if chosen:
        yield chosen[start:]


def fresh(selector: str) -> str:
    """The same selection in a spelling that the server has never seen.

    It caches which series a selector matches, and notices new series up to 10 s late, flushed or
    not: 3 of 25 first writes of a year were read back as empty for 4 to 10 s. The series that a
    crashed process has left behind must not stay hidden that long.
    """
    return f'{selector[:-1]},syncbit_{_PROCESS}_{next(_numbers)}=""}}'


def _equalities(labels: Mapping[str, str]) -> list[str]:
    # JSON's escapes are a part of Go's, which MetricsQL uses.
    return [f"{name}={orjson.dumps(value).decode()}" for name, value in sorted(labels.items())]


def _selector(matchers: list[str]) -> str:
    return "{" + ",".join(matchers) + "}"
