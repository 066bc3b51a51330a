"""Which files may hold which days, by what their names say."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from syncbit_dagster.sources.takeout.names import parse_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.sources.takeout.archive import ExportFile

# Names are of local days or of UTC's, some are a day off, and no zone is further from UTC.
SLACK_DAYS = 1
_ALWAYS, _NEVER = 0, date.max.toordinal()


class DatedFile(NamedTuple):
    """A file and the days that it may hold: ordinals of dates, both included."""

    first: int
    last: int
    file: ExportFile


def dated(files: Sequence[ExportFile]) -> list[DatedFile]:
    """The files of one kind in the order of their days; later exports after earlier ones.

    A name tells where a file begins. It lasts until the next file begins, or as long as its name
    says. A name without a date may hold any day.
    """
    names = [parse_name(file.name) for file in files]
    begins = [name.first.toordinal() if name.first else _ALWAYS for name in names]
    starts = sorted(set(begins) - {_ALWAYS})
    until = {start: following - 1 for start, following in pairwise([*starts, _NEVER + 1])}
    spans = [
        DatedFile(
            begin,
            max(until.get(begin, _NEVER), name.last.toordinal() if name.last else _ALWAYS),
            file,
        )
        for begin, name, file in zip(begins, names, files, strict=True)
    ]
    return sorted(spans, key=lambda one: (one.first, one.file.path))


def files_for(files: Sequence[DatedFile], days: DayRange) -> list[ExportFile]:
    """Those that may hold a row of these civil days, whatever the offset from UTC."""
    first, last = days.first.toordinal() - SLACK_DAYS, days.last.toordinal() + SLACK_DAYS
    return [one.file for one in files if one.first <= last and one.last >= first]
