"""The one place that lets real time pass: to look again at a real process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

HANGS_SECONDS = 1800.0  # whoever takes longer hangs; a slow or busy machine does not


def wait_for(look: Callable[[], T | None], seconds: float, what: str, *, pause: float = 0.5) -> T:
    """Look at a real process until it shows something; give up after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(pause)
    raise TimeoutError(f"{what} took longer than {seconds} s")
