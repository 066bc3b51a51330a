"""The boundary at which our errors become Dagster failures: one sentence, nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def as_failure(but_not: type[SyncbitError] | tuple[()] = ()) -> Iterator[None]:
    """Fail the step with the error's own sentence; leave errors of one class to the caller."""
    try:
        yield
    except but_not:
        raise
    except SyncbitError as error:
        raise dg.Failure(description=str(error)) from None
