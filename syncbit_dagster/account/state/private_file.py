"""Small JSON files that only their owner may read, replaced atomically."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from syncbit_dagster.core.errors import ConfigError

log = logging.getLogger(__name__)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file, or None where there is no file.

    A file that others may read is closed to them, with a warning.

    Raises:
        ConfigError: the file is a symbolic link, cannot be read, or is not a JSON object.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        # What a link points to may be somebody else's to read or to replace.
        what = "is a symbolic link" if path.is_symlink() else f"cannot be read ({error.strerror})"
        raise ConfigError(f"{path} {what}; put a file of your own in its place.") from None
    with os.fdopen(descriptor, "rb") as stream:
        _close_to_others(stream.fileno(), path)
        raw = stream.read()
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        # The content may be a damaged token, so it is not quoted.
        raise ConfigError(f"{path} is damaged; delete it and run `syncbit authorize` again.")
    return content


def _close_to_others(descriptor: int, path: Path) -> None:
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if not mode & 0o077:
        return
    try:
        os.fchmod(descriptor, 0o600)
    except OSError:
        raise ConfigError(
            f"{path} may be read by others (mode {mode:04o}) and belongs to another user; make it "
            "yours, mode 0600."
        ) from None
    log.warning("%s could be read by others (mode %04o); it is yours alone now (0600).", path, mode)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a file in one step, mode 0600; a reader sees the old content or the new one.

    Returns when the new content is on disk. A symbolic link is replaced, not followed.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        private_directory(path.parent)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:  # mkstemp made it 0600
                stream.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}); check its folder's owner and free space."
        ) from None


def remove_leftovers(path: Path) -> None:
    """Remove what an interrupted :func:`write_json` left. Only for who holds the file's lock."""
    for leftover in path.parent.glob(f".{path.name}.*"):
        leftover.unlink(missing_ok=True)


def private_directory(path: Path) -> Path:
    """Make a directory, readable by its owner only, if it is not there yet."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _sync_directory(path: Path) -> None:
    """The new name is on disk too, where the file system can promise that."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
