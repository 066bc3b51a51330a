"""What a file's name says: its kind and the civil days it begins and, sometimes, ends with."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

# The kind, what follows it (dates, running numbers, the browser's "(1)"), the format.
_NAME = re.compile(
    r"(?P<kind>.+?)(?:[ _-]+(?P<rest>\(?\d[\d()_ -]*))?\.(?P<format>\w+)(?:\.gz)?", re.ASCII
)
# A day may stand in brackets, as in "2020-11-(15)", or be left out on the first of a month.
_DATE = re.compile(r"(\d{4})-(\d\d)(?:-\(?(\d{1,2})\)?)?")


class FileName(NamedTuple):
    """A file's name, taken apart.

    ``kind`` is the name without what differs between the files of a kind: ``steps.json`` for
    ``steps-2021-06-11.json.gz``, ``Daily SpO2.csv`` for ``Daily SpO2 - 2024-01-01-2024-04-10.csv``.
    ``first`` and ``last`` are None where the name does not tell them.
    """

    kind: str
    first: date | None
    last: date | None


def parse_name(name: str) -> FileName:
    """The parts of a file's name, without folders."""
    match = _NAME.fullmatch(name)
    if match is None:
        return FileName(name, None, None)
    try:
        dates = [
            date(int(year), int(month), int(day or 1))
            for year, month, day in _DATE.findall(match["rest"] or "")
        ]
    except ValueError:  # digits that are no date
        dates = []
    kind = f"{match['kind']}.{match['format']}"
    return FileName(kind, dates[0] if dates else None, dates[1] if len(dates) > 1 else None)
