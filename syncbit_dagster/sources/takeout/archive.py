"""The files of an export: a folder, a zip, or the several parts of one. Nothing is unpacked.

An export comes from the network, so a zip is looked through before anything in it is read. Names
that leave the folder, links, encrypted members and members that unpack to absurd sizes are
refused; archives inside of archives are left alone.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.sources.takeout.tables import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A day of a reading a second is 8 MB, a month of minutes 3 MB. As objects, ten times that.
MOST_FILE_BYTES = 64 * 2**20
MOST_EXPORT_BYTES = 64 * 2**30  # twelve years of a real account: 10 GB
MOST_RATIO = 200  # minutes that never change pack 40 to 1
_SMALL = 2**20

ARCHIVES = (".zip", ".tgz", ".tar", ".tar.gz", ".7z", ".rar")
_PART = re.compile(r"(?P<export>.+)-(?P<part>\d{3})\.zip", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")

CUT_SHORT = (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError)


@dataclass(frozen=True)
class ExportFile:
    """One file of an export: its path (a zip's name first), and how to get its bytes."""

    path: str
    open: Callable[[], IO[bytes]]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        """The content, gunzipped if the name ends in ``.gz``.

        Raises:
            UnreadableFileError: it is damaged, or larger than anything an export holds.
        """
        try:
            with self.open() as stream:
                if self.path.endswith(".gz"):
                    with gzip.GzipFile(fileobj=stream) as unpacked:
                        content = unpacked.read(MOST_FILE_BYTES + 1)
                else:
                    content = stream.read(MOST_FILE_BYTES + 1)
        except CUT_SHORT:
            raise UnreadableFileError("is cut short or damaged") from None
        except OSError as error:
            raise UnreadableFileError(f"cannot be read ({error.strerror})") from None
        if len(content) > MOST_FILE_BYTES:
            raise UnreadableFileError(f"is larger than {MOST_FILE_BYTES // 2**20} MB")
        return content


class Export:
    """Every file of an export. Zips stay open until ``close``.

    Args:
        path: a folder (with the files themselves, or with the zips), or a zip; a part of an
            export in several zips stands for all that lie beside it.
        is_wanted: which file names are going to be read.

    Raises:
        ConfigError: there is nothing, it is no zip, or the zip is refused.
    """

    def __init__(self, path: Path, is_wanted: Callable[[str], bool]) -> None:
        if not path.exists():
            raise ConfigError(
                f"TAKEOUT_PATH: {path} does not exist; it is the folder or the zip of a Google "
                "Takeout export."
            )
        if path.is_file() and path.suffix.lower() != ".zip":
            raise ConfigError(
                f"TAKEOUT_PATH: {path} is neither a folder nor a .zip; ask Google Takeout for "
                "zip, or unpack it into a folder."
            )
        self.files: list[ExportFile] = []
        self.nested: list[str] = []
        self._zips: list[zipfile.ZipFile] = []
        zips = _parts(path) if path.is_file() else sorted(filter(_is_zip, path.iterdir()))
        found = [] if path.is_file() else list(_files_below(path))
        try:
            for each in zips:
                found += self._members(each, is_wanted)
        except BaseException:
            self.close()
            raise
        for file in found:
            is_archive = file.path.lower().endswith(ARCHIVES)
            (self.nested.append(file.path) if is_archive else self.files.append(file))

    def close(self) -> None:
        for each in self._zips:
            each.close()

    def _members(self, path: Path, is_wanted: Callable[[str], bool]) -> Iterator[ExportFile]:
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError):
            raise ConfigError(
                f"{path} is no zip, or is cut short; download that part of the export again."
            ) from None
        self._zips.append(archive)
        members = [one for one in archive.infolist() if not one.is_dir()]
        for member in archive.infolist():
            _require_harmless(path, member)
        wanted = [one for one in members if is_wanted(_name_of(one).rpartition("/")[2])]
        _require_sizes(path, wanted)
        for member in members:
            yield ExportFile(f"{path.name}/{_name_of(member)}", partial(archive.open, member))


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def _name_of(member: zipfile.ZipInfo) -> str:
    """A member's name; some Windows tools write backslashes between folders."""
    return member.filename.replace("\\", "/")


def _parts(path: Path) -> list[Path]:
    match = _PART.fullmatch(path.name)
    if match is None:
        return [path]
    others = (_PART.fullmatch(other.name) for other in path.parent.iterdir())
    return sorted(
        path.parent / other.string
        for other in others
        if other is not None and other["export"] == match["export"]
    )


def _files_below(folder: Path) -> Iterator[ExportFile]:
    """The folder's files but its own zips; links to folders are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.parent == folder and _is_zip(path):
                continue
            yield ExportFile(path.relative_to(folder).as_posix(), partial(_open, path))


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _require_harmless(path: Path, member: zipfile.ZipInfo) -> None:
    name = _name_of(member)
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
        raise ConfigError(f"{path} is refused: {name!r} in it leaves the archive's own folder.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ConfigError(f"{path} is refused: {name!r} in it is a symbolic link.")
    if member.flag_bits & 1:
        raise ConfigError(f"{path} is refused: {name!r} in it is encrypted; unpack it yourself.")


def _require_sizes(path: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > _SMALL and ratio > MOST_RATIO:
            raise ConfigError(
                f"{path} is refused: {member.filename!r} in it unpacks to {ratio:,.0f} times its "
                f"size; real exports stay below {MOST_RATIO}."
            )
    total = sum(member.file_size for member in members)
    if total > MOST_EXPORT_BYTES:
        raise ConfigError(
            f"{path} is refused: it unpacks to {total / 2**30:,.0f} GB; at most "
            f"{MOST_EXPORT_BYTES // 2**30} GB are read."
        )
