"""How far a run has come and when it may end, in words for its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.factories import quota_figures
from syncbit_dagster.scheduling.progress import at_least, in_words, rate_to_go

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from syncbit_dagster.config import Settings
    from syncbit_dagster.telemetry import RunFigures


class RunProgress:
    """What is told after each write: days of all the run's assets, requests, an expected end."""

    def __init__(
        self, settings: Settings, figures: RunFigures, now: Callable[[], datetime]
    ) -> None:
        """The run begins now.

        Args:
            settings: of this process.
            figures: what the run plans, sends and stores.
            now: gives the present instant.
        """
        self._settings = settings
        self._figures = figures
        self._now = now
        self._began = now()

    def __str__(self) -> str:
        progress, at = self._figures.progress, self._now()
        if progress.is_complete:
            return f"{progress.days:,} of {progress.days:,} days are stored."
        seconds = (at - self._began).total_seconds()
        sent = self._figures.requests
        rate = rate_to_go(sent, sent + progress.requests, seconds)
        left = quota_figures(self._settings).remaining
        rest = at_least(progress, left, self._settings.account.quota, rate)
        end = (at + rest).astimezone(self._settings.account.zone)
        return f"{progress}; {in_words(rest)} at the least, until {end:%Y-%m-%d %H:%M}."
