"""The boundary at which our errors become Dagster failures: one sentence, nothing else."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.core.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the disk under DATA_DIR says when it takes nothing more.
OF_THE_DISK = frozenset({errno.EACCES, errno.EDQUOT, errno.EIO, errno.ENOSPC, errno.EROFS})


@contextmanager
def as_failure(but_not: type[SyncbitError] | tuple[type[SyncbitError], ...] = ()) -> Iterator[None]:
    """Fail the step with the error's own sentence; leave errors of some classes to the caller.

    A disk that is full or read-only is no defect either, and gets a sentence here.
    """
    try:
        yield
    except but_not:
        raise
    except SyncbitError as error:
        raise dg.Failure(description=str(error)) from None
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        raise dg.Failure(
            description=f"{error.filename or 'A file in DATA_DIR'} cannot be written "
            f"({os.strerror(error.errno)}); make room there, or make it writable, and run again."
        ) from None
