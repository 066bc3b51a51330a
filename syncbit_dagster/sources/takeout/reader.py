"""An export's files, read when they are needed and not before."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.sources.takeout.archive import Export
from syncbit_dagster.sources.takeout.columns import Columns, joined, read_columns
from syncbit_dagster.sources.takeout.index import dated, files_for
from syncbit_dagster.sources.takeout.kinds import KINDS, PROFILE, PROFILE_ZONE
from syncbit_dagster.sources.takeout.names import parse_name
from syncbit_dagster.sources.takeout.tables import UnreadableFileError, to_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date
    from pathlib import Path

    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster.sources.takeout.archive import ExportFile
    from syncbit_dagster.sources.takeout.kinds import Kind
    from syncbit_dagster.sources.takeout.tables import Table

log = logging.getLogger(__name__)

KEPT_FILES = 4  # of a kind: those that the days after will need again
NAMED_KINDS = 12
_READ = KINDS.keys() | {PROFILE}


class Reader:
    """The files of an export that hold metrics.

    Attributes:
        unknown: kinds of files that hold none, and how many files of each there are.

    Raises:
        ConfigError: as for :class:`Export`, or no file holds a metric.
    """

    def __init__(self, path: Path) -> None:
        self._export = Export(path, lambda name: parse_name(name).kind in _READ)
        by_kind: dict[str, list[ExportFile]] = defaultdict(list)
        for file in self._export.files:
            by_kind[parse_name(file.name).kind].append(file)
        self._files = {kind: dated(files) for kind, files in by_kind.items() if kind in _READ}
        if not self._files.keys() & KINDS.keys():
            self.close()
            raise ConfigError(
                f"TAKEOUT_PATH: {path} holds no Fitbit data; it is the folder or the zip of a "
                "Google Takeout export, with files such as steps-2024-01-31.json in it."
            )
        self.unknown = Counter({k: len(files) for k, files in by_kind.items() if k not in _READ})
        self._recent: dict[str, dict[str, Columns]] = defaultdict(dict)
        self._problems: dict[str, tuple[str, str]] = {}  # by path: the kind, the sentence
        self._damaged: set[str] = set()
        self._name_the_rest()

    def columns(self, kind: str, days: DayRange) -> Columns | None:
        """All rows of the files that may hold these days, other days' too; None without a file."""
        return joined(self._read_all(kind, files_for(self._files.get(kind, ()), days)))

    def ends(self, kind: str) -> list[Columns]:
        """The rows of a kind's first and of its last file, as far as they can be read."""
        files = [one.file for one in self._files.get(kind, ())]
        return [
            columns
            for order in (files, files[::-1])
            if (columns := next(filter(None, map(self._read, [kind] * len(order), order)), None))
        ]

    def zone_name(self) -> str | None:
        """The time zone in the account's profile, if the export has one."""
        for one in self._files.get(PROFILE, ()):
            try:
                names = to_table(one.file.read(), "csv").column(PROFILE_ZONE, is_required=True)
            except UnreadableFileError:
                continue  # Fitbit's is not the only product with a profile
            if names:
                return str(names[0])
        return None

    def problems(self, kinds: AbstractSet[str]) -> list[str]:
        """A sentence for each file of some kinds that was found to be damaged so far."""
        return [sentence for kind, sentence in self._problems.values() if kind in kinds]

    def has(self, kind: str) -> bool:
        """Whether the export has a file of a kind."""
        return kind in self._files

    def damaged(self, kind: str, days: DayRange) -> dict[date, str]:
        """The days that damaged files of a kind may hold, and why they cannot be read."""
        return {
            day: self._problems[one.file.path][1]
            for one in self._files.get(kind, ())
            if one.file.path in self._damaged
            for day in days
            if one.first <= day.toordinal() <= one.last
        }

    def close(self) -> None:
        self._export.close()

    def _read_all(self, kind: str, files: Sequence[ExportFile]) -> list[Columns]:
        recent = self._recent[kind]
        found = {
            file.path: columns
            for file in files
            if (columns := recent.get(file.path) or self._read(kind, file)) is not None
        }
        self._recent[kind] = dict(list(found.items())[-KEPT_FILES:])
        return list(found.values())

    def _read(self, kind: str, file: ExportFile) -> Columns | None:
        """A file's columns; a damaged one is named once and has none."""
        if file.path in self._damaged:
            return None
        try:
            table = to_table(file.read(), kind.rpartition(".")[2])
            try:
                return read_columns(table, KINDS[kind])
            except UnreadableFileError:
                kept, left = _readable(table, KINDS[kind])
                if not kept.rows or not left:
                    raise
                reasons = ", ".join(sorted(left))
                self._note(
                    kind, file, f"{left.total()} of {len(table.rows)} rows are left out: {reasons}"
                )
                return read_columns(kept, KINDS[kind])
        except UnreadableFileError as error:
            self._damaged.add(file.path)
            self._note(kind, file, f"{error}; what it holds is missing, export it again")
            return None

    def _note(self, kind: str, file: ExportFile, what: str) -> None:
        if file.path not in self._problems:
            sentence = f"{file.path} {what}."
            self._problems[file.path] = (kind, sentence)
            log.warning("%s", sentence)

    def _name_the_rest(self) -> None:
        if self.unknown:
            kinds = [f"{kind} ({count})" for kind, count in self.unknown.most_common(NAMED_KINDS)]
            more = len(self.unknown) - len(kinds)
            log.warning(
                "%d files hold nothing that is read: %s%s",
                self.unknown.total(),
                ", ".join(kinds),
                f" and {more} kinds more" if more else "",
            )
        for path in self._export.nested:
            log.warning("%s is an archive inside of the export; it is left alone.", path)


def _readable(table: Table, kind: Kind) -> tuple[Table, Counter[str]]:
    """The rows that can be read by themselves, and why the others cannot."""
    kept, left = [], Counter[str]()
    for row in table.rows:
        try:
            read_columns(table.only([row]), kind)
        except UnreadableFileError as error:
            left[str(error)] += 1
        else:
            kept.append(row)
    return table.only(kept), left
