"""The boundary at which our errors become Dagster failures: one sentence, nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def as_failure() -> Iterator[None]:
    """Fail the step with the error's own sentence."""
    try:
        yield
    except SyncbitError as error:
        raise dg.Failure(description=str(error)) from None
