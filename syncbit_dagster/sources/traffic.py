"""What went over the line to a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Traffic:
    """Requests for data and what became of them; requests for tokens are not counted.

    Attributes:
        requests: sent, repeated ones included.
        rate_limited: answers 429.
        observer: is shown the path, the status and the JSON of each answer, if there is one.
    """

    requests: int = 0
    rate_limited: int = 0
    observer: Callable[[str, int, Any], None] | None = None
