"""Check all that a sync needs, one line each with the cure in it; exit status 1 if any fails.

Nothing is left behind: the store is tried with a series of its own, which is deleted again.
"""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import numpy as np
import orjson
import requests

from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.catalog import asset_named
from syncbit_dagster.config import load_account, load_accounts
from syncbit_dagster.config.origins import contradictions, misspelt
from syncbit_dagster.core.civil import DayRange, civil_day, day_start, to_milliseconds
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.core.samples import Series, count, decode_labels, encode_labels
from syncbit_dagster.factories import (
    SOURCES,
    history_fits,
    open_source,
    open_store,
    quota_figures,
)
from syncbit_dagster.quality.account import (
    Verdict,
    check_clock,
    check_midnights,
    check_permissions,
    check_quota,
    check_scopes,
    check_token,
    check_zone,
)
from syncbit_dagster.scheduling.syncs import last_sync
from syncbit_dagster.sources.errors import (
    PermissionMissingError,
    QuotaWaitError,
    RequestRefusedError,
    SourceUnavailableError,
    UnexpectedResponseError,
)
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.stores.errors import StoreMismatchError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from syncbit_dagster.config import Settings
    from syncbit_dagster.sources.base import Source
    from syncbit_dagster.stores.base import Store

HELP = "check configuration, account, provider and store"
PROBE = "syncbit_doctor"
PATIENCE_SECONDS = 10.0  # for a turn in the budget, and for the provider's clock
OFFLINE = Verdict("skip", "this provider asks nobody")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="a list of findings, each with a name that stays"
    )


def run(arguments: argparse.Namespace) -> int:
    findings = []
    for name, verdict in _examined(arguments.account):
        findings.append({"name": name, "state": verdict.state.lower(), "text": verdict.text})
        if not arguments.json:
            print(f"{verdict.state:4}  {name:13}  {verdict.text}", flush=True)
    if arguments.json:
        print(orjson.dumps(findings, option=orjson.OPT_INDENT_2).decode())
    return 1 if any(one["state"] == "fail" for one in findings) else 0


def _examined(chosen: str | None) -> Iterator[tuple[str, Verdict]]:
    """The account that somebody chose, or all."""
    try:
        if names := contradictions():
            yield "variables", Verdict("warn", _set_twice(names))
        if found := misspelt():
            yield "variables", Verdict("warn", _almost(found))
        accounts = [load_account(chosen)] if chosen else load_accounts()
    except SyncbitError as error:
        yield "configuration", Verdict("FAIL", str(error))
        return
    for settings in accounts:
        yield from _examined_settings(settings)


def _almost(found: Mapping[str, str]) -> str:
    named = "; ".join(
        f"{name} is no setting, did you mean {meant}?" for name, meant in found.items()
    )
    return f"{named} It is ignored."


def _set_twice(names: list[str]) -> str:
    return (
        f"{', '.join(names)}: set differently in .env and in the environment; every command "
        "and run uses .env. Remove one of the two."
    )


def _examined_settings(settings: Settings) -> Iterator[tuple[str, Verdict]]:
    account = settings.account
    whose = f"account {settings.name}, " if settings.name else ""
    kept = f"labels {account.labels['user']!r} and {account.labels['device']!r}"
    yield (
        "configuration",
        Verdict("ok", f"{whose}{account.provider}, {kept}, {settings.data_directory}"),
    )
    if not settings.is_offline:
        try:
            account.oauth.require_client()
        except SyncbitError as error:
            yield "client", Verdict("FAIL", str(error))
    yield "secrets", check_permissions(_private_paths(settings))
    if settings.is_offline:
        yield from ((name, OFFLINE) for name in ("token", "scopes", "quota", "clock"))
        yield from _examined_provider(settings)
    else:
        yield from _examined_account(settings)
    store = _judged(lambda: _tried(settings))
    yield "store", store
    if store.state == "ok":
        yield "days", _judged(lambda: _midnights(settings))
        yield "readable", _judged(lambda: _left_out(settings))


def _examined_account(settings: Settings) -> Iterator[tuple[str, Verdict]]:
    """A provider that is asked: each step needs the one before it."""
    account = settings.account
    yield "quota", _judged(lambda: _quota(settings))
    is_there = True
    try:
        yield "clock", _clock(account.api_url)
    except SourceUnavailableError as error:  # asking again and again would take a minute
        is_there = False
        yield "clock", Verdict("skip", "no answer")
        yield "provider", Verdict("FAIL", str(error))
    try:
        AccessTokens(account).get()
        token = account.tokens.load()
    except SyncbitError as error:
        yield "token", Verdict("FAIL", str(error))
        token = None
    if token is None:
        yield "scopes", Verdict("skip", "no token")
    else:
        yield "token", check_token(token, datetime.now(UTC))
        yield "scopes", check_scopes(SOURCES[account.provider].SCOPES, token)
    if token is not None and is_there:
        yield from _examined_provider(settings)
    else:
        yield "zone", check_zone(account, None)


def _examined_provider(settings: Settings) -> Iterator[tuple[str, Verdict]]:
    """What the provider says of the account itself, and whether its zone is ours."""
    account = settings.account
    impatient = replace(account.quota, longest_wait_seconds=PATIENCE_SECONDS)
    told = None
    try:
        source = open_source(replace(settings, account=replace(account, quota=impatient)))
        with closing(source):
            told = source.profile()
            yield "sync", _judged(lambda: _sync(source, settings))
    except PermissionMissingError as error:
        yield "provider", Verdict("warn", f"it answers, but {error}")
    except QuotaWaitError as error:
        yield "provider", Verdict("warn", str(error))
    except SyncbitError as error:
        yield "provider", Verdict("FAIL", str(error))
    else:
        devices = ", ".join(told.devices) or "no devices"
        first = f"first day {told.first_day}" if told.first_day else "first day unknown"
        state: Literal["ok", "warn"] = "warn" if told.refusals else "ok"
        yield "provider", Verdict(state, "; ".join([first, devices, *told.refusals]))
    yield "zone", check_zone(account, told.zone if told else None)


def _sync(source: Source, settings: Settings) -> Verdict:
    """How far the data is, and who says so."""
    devices, zone = asset_named("devices"), settings.account.zone
    if settings.is_offline or not source.has(devices):
        return OFFLINE
    try:
        synced = last_sync(source.fetch_current(devices).samples)
    except (PermissionMissingError, RequestRefusedError, UnexpectedResponseError):
        synced = None
    if synced is not None:
        return Verdict("ok", f"last sync {synced.astimezone(zone).isoformat(' ', 'minutes')}")
    newest = source.newest_reading()
    if newest is None:
        return Verdict("warn", "no device says when it last synced, and nothing was read lately")
    at = newest.astimezone(zone).isoformat(" ", "minutes")
    return Verdict("ok", f"no device says when it last synced; the newest reading does: {at}")


def _left_out(settings: Settings) -> Verdict:
    """What runs of the last days could not read."""
    now, account = datetime.now(UTC), settings.account
    target = Slice(("syncbit_run_set_aside",), account.labels, now - timedelta(days=2), now)
    with closing(open_store(settings)) as store:
        found = {
            decode_labels(one.labels)["asset"]: int(one.values[-1]) for one in store.read(target)
        }
    odd = {asset: number for asset, number in found.items() if number}
    if not odd:
        return Verdict("ok", "the last runs could read everything")
    listed = ", ".join(f"{number} of {asset}" for asset, number in sorted(odd.items()))
    return Verdict(
        "warn", f"the last runs left out {listed}; the checks `readable` name days and reasons"
    )


def _judged(check: Callable[[], Verdict]) -> Verdict:
    try:
        return check()
    except SyncbitError as error:
        return Verdict("FAIL", str(error))


def _private_paths(settings: Settings) -> list[Path]:
    """The data directory, and what lies in it or beside the process with secrets inside."""
    directory, tokens = settings.data_directory, settings.account.tokens
    paths = [directory, settings.profile.path, directory / "quota.sqlite", Path(".env")]
    return [*paths, tokens.path] if isinstance(tokens, TokenFile) else paths


def _quota(settings: Settings) -> Verdict:
    if too_small := history_fits(settings):
        return Verdict("warn", too_small)
    return check_quota(settings.account.quota, quota_figures(settings))


def _clock(api_url: str) -> Verdict:
    """Any answer has a date, so none has to be authorized."""
    try:
        asked = datetime.now(UTC)
        answer = requests.get(api_url, timeout=PATIENCE_SECONDS, allow_redirects=False)
        there = parsedate_to_datetime(answer.headers.get("Date", ""))
    except requests.RequestException as error:
        raise SourceUnavailableError(
            f"{urlsplit(api_url).netloc} cannot be reached ({type(error).__name__}); check the "
            "network and try again later."
        ) from None
    except ValueError:
        return Verdict("skip", "the provider's answer has no date")
    return check_clock(asked + (datetime.now(UTC) - asked) / 2, there)


def _tried(settings: Settings) -> Verdict:
    """Write one sample of a series of our own, read it back and delete it.

    It lies on the first day of the history: a server that forgets the past refuses it.
    """
    store = open_store(settings)
    now = day_start(settings.account.first_day, settings.account.zone)
    labels = {**settings.account.labels, "probe": uuid.uuid4().hex}
    target = Slice((PROBE,), labels, now, now + timedelta(seconds=1))
    instant = np.array([to_milliseconds(now)], np.int64)
    sample = Series(PROBE, encode_labels(labels), instant, np.array([1.0]))
    try:
        try:
            store.replace(target, [sample])
            _require(store, target, 1)
        finally:
            store.replace(target, [])
        _require(store, target, 0)
    finally:
        store.close()
    return Verdict("ok", f"{store.description}: written, read back and deleted")


def _midnights(settings: Settings) -> Verdict:
    """Where the samples of a metric that every day has lie, of the whole history."""
    account, now = settings.account, datetime.now(UTC)
    days = DayRange(account.first_day, civil_day(now, account.zone))
    around = timedelta(days=1)  # another zone's midnight of the first day
    target = Slice(
        ("fitbit_calories_total",),
        account.labels,
        days.start(account.zone) - around,
        days.end(account.zone) + around,
    )
    with closing(open_store(settings)) as store:
        instants = [at for one in store.read(target) for at in one.timestamps.tolist()]
    found = (datetime.fromtimestamp(at / 1000, UTC) for at in instants)
    return check_midnights(found, account.zone)


def _require(store: Store, target: Slice, samples: int) -> None:
    if (found := count(store.read(target))) != samples:
        raise StoreMismatchError(
            f"{store.description} gives {found} samples of the probe instead of {samples}."
        )
