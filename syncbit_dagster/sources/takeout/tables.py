"""A file's bytes as columns: JSON rows or CSV, then numbers, texts and times.

Rules: null, an empty text and ``NaN`` are no value. Fields that nobody asks for are ignored. Any
other surprise is an error; the reader then looks for the rows that are not to blame.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import orjson

from syncbit_dagster.sources.takeout.clock import to_readings

if TYPE_CHECKING:
    from syncbit_dagster.core.wall_clock import IntArray

FloatArray = npt.NDArray[np.float64]

NO_DATA = "no data"  # all that some CSV files of an empty account hold
_NOTHING = frozenset({None, "", "NaN", "nan", "null"})
_NUMBER_CHARACTERS = b"0123456789+-.eE,"


class UnreadableFileError(Exception):
    """What is wrong with a file, as the end of a sentence that begins with its name."""


class Table(Protocol):
    """Rows with named fields."""

    @property
    def rows(self) -> list[Any]:
        """The rows as the file has them."""
        ...

    def only(self, rows: list[Any]) -> Table:
        """The same with some of the rows."""
        ...

    def column(self, path: str, *, is_required: bool) -> list[Any]:
        """A field of all rows, None where a row has none.

        Raises:
            UnreadableFileError: a row is no object, or misses a required field.
        """
        ...


def to_table(content: bytes, file_format: str) -> Table:
    """The rows of a file in ``json`` or ``csv``.

    Raises:
        UnreadableFileError: it is in another format.
    """
    return _csv(content) if file_format == "csv" else _json(content)


def _json(content: bytes) -> JsonTable:
    try:
        rows = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise UnreadableFileError("is not JSON, or is cut short") from None
    if not isinstance(rows, list):
        raise UnreadableFileError("is not a list of objects")
    return JsonTable(rows)


@dataclass(frozen=True)
class JsonTable:
    """A list of objects; a path walks into objects by dots."""

    rows: list[Any]

    def only(self, rows: list[Any]) -> JsonTable:
        return JsonTable(rows)

    def column(self, path: str, *, is_required: bool) -> list[Any]:
        values: list[Any] = self.rows
        for field in path.split("."):
            try:
                values = list(map(itemgetter(field), values))
            except (KeyError, TypeError):
                values = [_field(value, field, is_required) for value in values]
        return values


def _field(value: Any, field: str, is_required: bool) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict) or (is_required and field not in value):
        raise UnreadableFileError(f"has a row without `{field}`")
    return value.get(field)


def _csv(content: bytes) -> CsvTable:
    try:
        text = content.decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
    except (UnicodeDecodeError, csv.Error):
        raise UnreadableFileError("is not CSV in UTF-8") from None
    if not lines:
        raise UnreadableFileError("is empty")
    header, *rows = lines
    return CsvTable(tuple(name.strip() for name in header), rows, text.strip() == NO_DATA)


@dataclass(frozen=True)
class CsvTable:
    """Lines under a header; a path is a column's name."""

    header: tuple[str, ...]
    rows: list[Any]
    is_empty: bool = False

    def only(self, rows: list[Any]) -> CsvTable:
        return replace(self, rows=rows)

    def column(self, path: str, *, is_required: bool) -> list[Any]:  # noqa: ARG002 - as the header
        if self.is_empty:
            return []
        if path not in self.header:
            raise UnreadableFileError(f"has no column `{path}`")
        if not set(map(len, self.rows)) <= {len(self.header)}:
            raise UnreadableFileError("has a line that does not fit its header")
        at = self.header.index(path)
        return [row[at] for row in self.rows]


def to_numbers(raw: list[Any]) -> FloatArray:
    """A column of numbers, or of texts that hold numbers; NaN for no value.

    Raises:
        UnreadableFileError: something else is in there.
    """
    kinds = set(map(type, raw))
    if not kinds <= {int, float, str, type(None)}:
        raise UnreadableFileError("has something else where a number belongs")
    if type(None) in kinds or (str in kinds and not _NOTHING.isdisjoint(raw)):
        raw = [math.nan if value in _NOTHING else value for value in raw]
    if str in kinds and not _are_numbers([value for value in raw if type(value) is str]):
        raise UnreadableFileError("has a text where a number belongs")
    try:
        numbers = np.array(raw, dtype=np.float64)
    except (ValueError, OverflowError):
        raise UnreadableFileError("has a text that is no number") from None
    if np.isinf(numbers).any():
        raise UnreadableFileError("has an infinite number")
    return numbers


def _are_numbers(texts: list[str]) -> bool:
    """Whether texts have only a number's characters; float() also takes `1_0`, `inf` and spaces."""
    characters = ",".join(texts).encode("utf-8", "replace")
    return not characters.translate(None, _NUMBER_CHARACTERS)


def to_times(table: Table, fields: str) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """The readings of a time that stands in one field or several (``date+time``), and which rows
    have one.

    Raises:
        UnreadableFileError: a row has no such field, or something else than a time in it.
    """
    columns = [table.column(field, is_required=True) for field in fields.split("+")]
    if not all(set(map(type, column)) <= {str, type(None)} for column in columns):
        raise UnreadableFileError(f"has something else where a time belongs (`{fields}`)")
    texts: list[Any] = columns[0] if len(columns) == 1 else _joined(columns)
    known = np.ones(len(texts), np.bool_)
    if not _NOTHING.isdisjoint(texts):
        known = np.array([text not in _NOTHING for text in texts], dtype=np.bool_)
        texts = [text for text in texts if text not in _NOTHING]
    if texts and len(texts[0]) == len("MM/DD/YY"):
        texts = [f"{text} 00:00:00" for text in texts]
    try:
        found = to_readings(texts)
    except (ValueError, OverflowError):
        raise UnreadableFileError(f"has a time that cannot be read (`{fields}`)") from None
    readings = np.zeros(len(known), np.int64)
    readings[known] = found
    return readings, known


def _joined(columns: list[list[Any]]) -> list[str | None]:
    return [
        None if any(part in _NOTHING for part in parts) else " ".join(parts)
        for parts in zip(*columns, strict=True)
    ]
