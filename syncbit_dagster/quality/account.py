"""What a look at the account finds: pure functions from facts to a verdict, with its cure."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from syncbit_dagster.core.civil import civil_day, day_start
from syncbit_dagster.sources.oauth.scopes import missing_scopes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.account.tokens import Token
    from syncbit_dagster.quota.quota import Quota, QuotaFigures

Status = Literal["ok", "warn", "FAIL", "skip"]

LAST_DAYS_IN_TESTING = 2.0
LARGEST_SKEW_SECONDS = 30.0  # what a day's first and last minutes bear


@dataclass(frozen=True)
class Verdict:
    """One line: how it is, and what to do if it is not well."""

    state: Status
    text: str


def check_permissions(paths: Iterable[Path]) -> Verdict:
    """Files with secrets are their owner's alone, and nobody else can replace them."""
    loose, links = [], []
    for path in paths:
        if path.is_symlink():
            links.append(path)
        elif path.exists():
            forbidden = 0o022 if path.is_dir() else 0o077
            if stat.S_IMODE(path.stat().st_mode) & forbidden:
                loose.append(path)
    if links:
        names = ", ".join(map(str, links))
        return Verdict("FAIL", f"{names}: a symbolic link; put a file of your own in its place")
    if loose:
        names = " ".join(map(str, loose))
        return Verdict("FAIL", f"others can read or replace secrets: run chmod go-rwx {names}")
    return Verdict("ok", "files with secrets are yours alone")


def check_token(token: Token, now: datetime) -> Verdict:
    """The token after it was refreshed if it had to be."""
    age = token.age_seconds(now)
    since = "" if age is None else f", {_span(age)} old"
    text = f"good until {token.expires:%Y-%m-%d %H:%M} UTC{since}, {token.refreshes} refreshes"
    left = token.testing_days_left(now)
    if left is None:
        return Verdict("ok", text)
    cure = (
        "the Google Cloud project is in Testing: publish it (Audience, Publish app) and run "
        "`syncbit authorize`"
    )
    if left <= 0:
        return Verdict("FAIL", f"the authorization has ended; {cure}")
    ending = f"{text}; the authorization ends in {left:.1f} days: {cure}"
    return Verdict("FAIL" if left < LAST_DAYS_IN_TESTING else "warn", ending)


def check_scopes(asked: Iterable[str], token: Token) -> Verdict:
    """What the user granted; to refuse something is their right, and no failure."""
    missing = missing_scopes(asked, token.scopes)
    if not missing:
        return Verdict("ok", "everything was granted")
    named = "; ".join(f"{scope} (without it no {assets})" for scope, assets in missing.items())
    return Verdict("warn", f"not granted: {named}; run `syncbit authorize` to add it")


def check_clock(here: datetime, there: datetime) -> Verdict:
    """This machine's clock against the provider's ``Date`` header, which has whole seconds."""
    skew = (here - there).total_seconds()
    text = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the provider's"
    if abs(skew) > LARGEST_SKEW_SECONDS:
        return Verdict("FAIL", f"{text}; let the system set it (NTP)")
    return Verdict("ok", text)


def check_zone(account: Account, told: ZoneInfo | None) -> Verdict:
    """The zone of the partitions against the one that the provider knows."""
    if account.zone_is_assumed:
        cure = f"set SYNCBIT_TIMEZONE={told.key}" if told else "set SYNCBIT_TIMEZONE"
        return Verdict("FAIL", f"unknown, so days are UTC days; run `syncbit authorize` or {cure}")
    if told is not None and told.key != account.zone.key:
        return Verdict(
            "warn",
            f"{account.zone.key}, but the account's is {told.key}: days are cut there; unless you "
            f"chose that, set SYNCBIT_TIMEZONE={told.key} and materialize again",
        )
    return Verdict("ok", account.zone.key)


def check_midnights(instants: Iterable[datetime], zone: ZoneInfo) -> Verdict:
    """Whether daily samples lie where the zone's days begin; others are of another zone."""
    days = [(civil_day(instant, zone), instant) for instant in instants]
    astray = sorted(day for day, instant in days if instant != day_start(day, zone))
    if not astray:
        return Verdict("ok", f"each day's sample lies at a midnight of {zone.key}")
    return Verdict(
        "FAIL",
        f"the samples of {len(astray)} days lie at no midnight of {zone.key}: the account had "
        "another time zone, or another program wrote them; materialize "
        f"{astray[0]}...{astray[-1]} once more, which removes them",
    )


def check_quota(quota: Quota, figures: QuotaFigures) -> Verdict:
    """Whether there is room for requests now."""
    text = f"{figures.used} of {quota} used, {figures.waits} waits so far"
    if figures.remaining == 0:
        return Verdict("warn", f"{text}; the next requests wait for the window's end")
    return Verdict("ok", text)


def _span(seconds: float) -> str:
    """A length of time as people say it."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
