"""What a step says when it fails for a reason: a sentence. What is a defect stays as it is."""

from __future__ import annotations

import errno

import dagster as dg
import pytest
import requests

from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.defs.failures import as_failure

ROOM = "; make room there, or make it writable, and run again."


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ConfigError("VARIABLE: nothing is legal."), "VARIABLE: nothing is legal."),
        (
            OSError(errno.ENOSPC, "any words", "/data/locks/one"),
            f"/data/locks/one cannot be written (No space left on device){ROOM}",
        ),
        (
            OSError(errno.EROFS, "any words"),
            f"A file in DATA_DIR cannot be written (Read-only file system){ROOM}",
        ),
        (
            PermissionError(errno.EACCES, "any words", "/data/locks"),
            f"/data/locks cannot be written (Permission denied){ROOM}",
        ),
    ],
)
def test_our_errors_and_a_disk_that_takes_nothing_are_a_sentence(
    error: Exception, what: str
) -> None:
    with pytest.raises(dg.Failure) as failure, as_failure():
        raise error
    assert str(failure.value) == what


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EBADF, "any words"),
        requests.ConnectionError("broken"),
        KeyError("dataPoints"),
        ConfigError("left to the caller"),
    ],
)
def test_a_defect_stays_a_defect(error: Exception) -> None:
    with pytest.raises(type(error)), as_failure(but_not=ConfigError):
        raise error
