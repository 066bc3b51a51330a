"""Where a correction keeps what a series will hold while the server holds nothing of it.

Deleting is all or nothing in VictoriaMetrics, so between a series' deletion and its import the only
copy is here. A journal is whole or it is not there: what was half written counts as never begun.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from syncbit_dagster.stores.errors import StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 20


class Journal(Protocol):
    """The journals of one target. Only for who holds the target's lock."""

    def names(self) -> list[str]:
        """Those that are whole."""
        ...

    def write(self, name: str, lines: Iterable[bytes]) -> None:
        """Keep the lines so that they survive the death of this process and of its host.

        All of them or none: if ``lines`` raises, or the process dies, there is no such journal.
        """
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """What was written, in chunks of any size."""
        ...

    def remove(self, name: str) -> None:
        """Forget it; it does not come back after a power cut."""
        ...


class FileJournal:
    """Journals as files, which only their owner may read.

    Args:
        directory: created with mode 0700; all writers on this host share it.
        target: whose journals they are, as a URL without secrets.
    """

    def __init__(self, directory: Path, target: str) -> None:
        self._directory = directory
        self._prefix = f"journal-{hashlib.sha256(target.encode()).hexdigest()[:16]}-"

    def names(self) -> list[str]:
        """See :class:`Journal`. Removes what was half written."""
        for half in self._directory.glob(f".{self._prefix}*"):
            half.unlink(missing_ok=True)
        found = self._directory.glob(f"{self._prefix}*.jsonl")
        return sorted(path.stem.removeprefix(self._prefix) for path in found)

    def write(self, name: str, lines: Iterable[bytes]) -> None:
        """See :class:`Journal`."""
        path = self._path(name)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, half = tempfile.mkstemp(dir=self._directory, prefix=f".{path.name}.")
            try:
                with os.fdopen(descriptor, "wb", CHUNK) as stream:  # mkstemp made it 0600
                    stream.writelines(lines)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(half).replace(path)
            except BaseException:
                Path(half).unlink(missing_ok=True)
                raise
            self._sync()
        except OSError as error:
            raise StoreRefusedError(
                f"{path} cannot be written ({error.strerror}), and without it no stored value can "
                "be corrected: make room, or make the folder yours. Nothing was deleted."
            ) from None

    def read(self, name: str) -> Iterator[bytes]:
        """See :class:`Journal`."""
        with self._path(name).open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    def remove(self, name: str) -> None:
        """See :class:`Journal`."""
        self._path(name).unlink(missing_ok=True)
        self._sync()

    def _path(self, name: str) -> Path:
        return self._directory / f"{self._prefix}{name}.jsonl"

    def _sync(self) -> None:
        """A name that came or went is on disk too."""
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
