"""The report's file: replaced in one step, readable by its owner only, for it is health data."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from syncbit_dagster.report.report import Report


def write_report(report: Report, path: Path) -> None:
    """Write or replace the file, mode 0600; a reader sees the old one or the new one.

    Raises:
        ConfigError: the place cannot be written.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a directory; name a file in it, such as {path}/report.html.")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:  # mkstemp made it 0600
                stream.write(report.html)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}); name a file in a directory that exists "
            "and is yours."
        ) from None
