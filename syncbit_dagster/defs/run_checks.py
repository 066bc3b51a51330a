"""What is worth knowing before a run asks for anything: a line each in the run's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.factories import SOURCES, quota_figures
from syncbit_dagster.quality.account import Verdict, check_quota, check_scopes, check_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dagster import DagsterLogManager

    from syncbit_dagster.config import Settings


def log_checks(settings: Settings, log: DagsterLogManager, now: datetime) -> None:
    """Say how the account stands; what is not well as a warning, with what to do."""
    for name, verdict in _verdicts(settings, now):
        say = log.info if verdict.state == "ok" else log.warning
        say("%s: %s", name, verdict.text)


def _verdicts(settings: Settings, now: datetime) -> Iterator[tuple[str, Verdict]]:
    account = settings.account
    if account.zone_is_assumed:
        yield (
            "zone",
            Verdict(
                "warn",
                "unknown, so days are taken as UTC days; run `syncbit authorize` or set "
                "SYNCBIT_TIMEZONE",
            ),
        )
    token = None if settings.is_offline else account.tokens.load()
    if token is not None:
        yield "token", check_token(token, now)
        if token.scopes:  # a token of an older version does not say them before its next refresh
            yield "scopes", check_scopes(SOURCES[account.provider].SCOPES, token)
        yield "quota", check_quota(account.quota, quota_figures(settings))
