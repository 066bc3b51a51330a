"""Small JSON files that only their owner may read, replaced atomically."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import orjson

from syncbit_dagster.errors import ConfigError


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file, or None where there is no file.

    Raises:
        ConfigError: the file is not a JSON object.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        # The content may be a damaged token, so it is not quoted.
        raise ConfigError(f"{path} is damaged; delete it and run `syncbit authorize` again.")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a file in one step, mode 0600; a reader sees the old content or the new one."""
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


def private_directory(path: Path) -> Path:
    """Make a directory, readable by its owner only, if it is not there yet."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
