"""What a step says when it fails for a reason: a sentence. What is a defect stays as it is."""

from __future__ import annotations

import errno
import os

import dagster as dg
import pytest
import requests

from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.defs.failures import as_failure


def test_our_errors_are_their_own_sentence() -> None:
    with pytest.raises(dg.Failure, match=r"^VARIABLE: nothing is legal\.$"), as_failure():
        raise ConfigError("VARIABLE: nothing is legal.")
    with pytest.raises(ConfigError), as_failure(but_not=ConfigError):
        raise ConfigError("VARIABLE: nothing is legal.")


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (
            OSError(errno.ENOSPC, "any words", "/data/locks/one"),
            "/data/locks/one cannot be written (No space left on device)",
        ),
        (
            OSError(errno.EROFS, "any words"),
            "A file in DATA_DIR cannot be written (Read-only file system)",
        ),
        (
            PermissionError(errno.EACCES, "any words", "/data/locks"),
            "/data/locks cannot be written (Permission denied)",
        ),
    ],
)
def test_a_disk_that_takes_nothing_is_a_sentence(error: OSError, what: str) -> None:
    with pytest.raises(dg.Failure) as failure, as_failure():
        raise error
    assert str(failure.value) == f"{what}; make room there, or make it writable, and run again."


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EBADF, os.strerror(errno.EBADF)),
        requests.ConnectionError("broken"),
        KeyError("dataPoints"),
    ],
)
def test_a_defect_stays_a_defect(error: Exception) -> None:
    with pytest.raises(type(error)), as_failure():
        raise error
