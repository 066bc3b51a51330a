"""Configuration: read in one place, once, from the environment, a ``.env`` file and secret files.

A secret file ``/run/secrets/<lower-case name>`` wins over the variable, the environment wins over
``.env``. Every variable is one row of :data:`VARIABLES` (CONTRACT section 4); a wrong value is
refused with the legal ones before anything else happens.
"""

from __future__ import annotations

import difflib
import os
import re
import zoneinfo
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import dotenv

from syncbit_dagster.account import Account, OAuthApp, ProfileFile, Quota, TokenFile
from syncbit_dagster.catalog import ASSETS, Asset
from syncbit_dagster.civil import civil_day
from syncbit_dagster.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECRETS_DIRECTORY = Path("/run/secrets")
SECONDS = {"1sec": 1, "1min": 60, "5min": 300, "15min": 900}
RAW_READINGS = SECONDS["1sec"]
DEMO_URL = "http://127.0.0.1:8190"


@dataclass(frozen=True)
class Provider:
    """What a value of ``SYNCBIT_PROVIDER`` stands for: its default places and its limit."""

    api_url: str
    authorize_url: str
    token_url: str
    quota: Quota
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


# Google's documented limit for an app that Google has not verified, which is every private one:
# 2.5 requests a second and user.
GOOGLE_QUOTA = Quota(requests=150, seconds=60)
PROVIDERS: dict[str, Provider] = {
    "google_health": Provider(
        api_url="https://health.googleapis.com",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - a place, no password
        quota=GOOGLE_QUOTA,
    ),
    "demo": Provider(
        api_url=DEMO_URL,
        authorize_url=f"{DEMO_URL}/o/oauth2/v2/auth",
        token_url=f"{DEMO_URL}/token",
        quota=GOOGLE_QUOTA,
        client_id="demo-client",
        client_secret="demo-secret",  # noqa: S106 - the emulator's, known to everybody
    ),
}


def _text(value: str) -> str:
    return value


def _one_of(*legal: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in legal:
            raise ValueError(f"use one of {', '.join(legal)}")
        return value

    return parse


def _boolean(value: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value.lower() not in words:
        raise ValueError("use true or false")
    return words[value.lower()]


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise ValueError("use a whole number of at least 1")
    return int(value)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("use a day such as 2024-12-31") from None


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("use a URL such as https://host:port/path")
    if parts.username or parts.password:
        raise ValueError("keep user and password out of the URL; they have variables of their own")
    return value.rstrip("/")


def _loopback_url(value: str) -> str:
    if urlsplit(_url(value)).hostname not in {"localhost", "127.0.0.1"}:
        raise ValueError("use a loopback address such as http://localhost:8080/callback")
    return value


def _zone(value: str) -> ZoneInfo:
    # ZoneInfo itself would follow a path or accept a case that another file system refuses.
    names = zoneinfo.available_timezones()
    if value not in names:
        close = difflib.get_close_matches(value, names, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"use an IANA time zone such as Europe/Berlin{hint}")
    return ZoneInfo(value)


def _label(value: str) -> str:
    if not re.fullmatch(r"[^\x00-\x1f]{1,200}", value):
        raise ValueError("use 1 to 200 printable characters")
    return value


def _resources(value: str) -> tuple[str, ...]:
    legal = [asset.resource for asset in ASSETS if asset.is_intraday]
    chosen = tuple(part.strip() for part in value.split(",") if part.strip())
    for resource in chosen:
        if resource not in legal:
            raise ValueError(f"{resource!r} is unknown; use some of {', '.join(legal)}")
    return chosen


@dataclass(frozen=True)
class Variable:
    """One row: a variable's name, how its text becomes a value, its default and its meaning."""

    name: str
    parse: Callable[[str], Any]
    default: str | None
    meaning: str
    is_secret: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable("SYNCBIT_PROVIDER", _one_of(*PROVIDERS), "google_health", "where the data comes from"),
    Variable("GOOGLE_CLIENT_ID", _text, None, "Desktop client of your own Google Cloud project"),
    Variable("GOOGLE_CLIENT_SECRET", _text, None, "its secret", is_secret=True),
    Variable(
        "FITBIT_REDIRECT_URI",
        _loopback_url,
        "http://localhost:8080/callback",
        "where `syncbit authorize` listens (loopback only)",
    ),
    Variable("GOOGLE_HEALTH_URL", _url, None, "another server that speaks the API"),
    Variable("GOOGLE_AUTHORIZE_URL", _url, None, "another authorization page"),
    Variable("GOOGLE_TOKEN_URL", _url, None, "another token endpoint"),
    Variable(
        "SYNCBIT_REQUESTS_PER_MINUTE",
        _positive,
        None,
        "client-side budget; default: the provider's documented limit (Google: 150)",
    ),
    Variable(
        "VICTORIA_ENDPOINT", _url, None, "base URL of VictoriaMetrics; unset: the embedded store"
    ),
    Variable("VICTORIA_USER", _text, None, "user for basic authentication"),
    Variable("VICTORIA_PASSWORD", _text, None, "its password", is_secret=True),
    Variable(
        "VICTORIA_BEARER_TOKEN", _text, None, "bearer token, instead of a user", is_secret=True
    ),
    Variable("DATA_DIR", Path, ".syncbit", "tokens, account profile and the embedded store"),
    Variable("FITBIT_USER_ID", _label, "default", "label `user` on every series"),
    Variable("FITBIT_DEVICE", _label, "fitbit", "label `device` on every series"),
    Variable(
        "SYNCBIT_TIMEZONE",
        _zone,
        None,
        "IANA zone of the partitions; default: the account's, stored by `syncbit authorize`, "
        "else UTC with a warning",
    ),
    Variable(
        "BACKFILL_START_DATE",
        _day,
        None,
        "first partition; default: the account's first day, stored by `syncbit authorize`, else "
        "30 days ago",
    ),
    Variable("INCLUDE_TODAY_DATA", _boolean, "true", "whether today is a partition already"),
    *(
        Variable(asset.collect, _boolean, "true", f"whether there is the asset `{asset.name}`")
        for asset in ASSETS
        if asset.collect
    ),
    Variable(
        "ENABLE_INTRADAY_COLLECTION",
        _boolean,
        "false",
        "whether the schedule materializes the intraday assets too",
    ),
    Variable(
        "INTRADAY_RESOURCES",
        _resources,
        "steps,calories,distance,heart_rate",
        "which of them",
    ),
    Variable(
        "INTRADAY_DETAIL_LEVEL", _one_of("1min", "5min", "15min"), "5min", "length of an interval"
    ),
    Variable(
        "INTRADAY_HEART_RATE_DETAIL",
        _one_of("1sec", "1min", "5min", "15min"),
        "1min",
        "the same for heart rate; 1sec stores every reading",
    ),
    Variable("LOG_LEVEL", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "how much is said"),
)


@dataclass(frozen=True)
class StoreSettings:
    """Where samples go: VictoriaMetrics if there is an endpoint, else the embedded store."""

    endpoint: str | None
    user: str | None
    password: str | None = field(repr=False)
    bearer_token: str | None = field(repr=False)
    data_directory: Path


@dataclass(frozen=True)
class Settings:
    """All settings, as values of their own types."""

    account: Account
    profile: ProfileFile
    store: StoreSettings
    include_today: bool
    disabled_assets: frozenset[str]
    intraday_on_schedule: tuple[str, ...]
    interval_seconds: int
    heart_rate_interval_seconds: int
    log_level: str

    def is_enabled(self, asset: Asset) -> bool:
        """Whether the user wants this asset at all."""
        return asset.name not in self.disabled_assets


def load_settings(
    environment: Mapping[str, str] | None = None,
    *,
    secrets_directory: Path = SECRETS_DIRECTORY,
    dotenv_file: Path | None = None,
    now: datetime | None = None,
) -> Settings:
    """Read the configuration of this process.

    Args:
        environment: variables; default: the process's, completed by ``.env`` in the working
            directory.
        secrets_directory: where secret files lie.
        dotenv_file: another ``.env``.
        now: aware; decides what "30 days ago" is.

    Raises:
        ConfigError: a variable has a value that is not legal.
    """
    if environment is None:
        file = dotenv_file or Path(".env")
        from_file = {k: v for k, v in dotenv.dotenv_values(file).items() if v is not None}
        environment = {**from_file, **os.environ}
    values = {row.name: _read(row, environment, secrets_directory) for row in VARIABLES}
    return _settings(values, now or datetime.now(UTC))


def _read(row: Variable, environment: Mapping[str, str], secrets_directory: Path) -> Any:
    secret_file = secrets_directory / row.name.lower()
    if secret_file.is_file():
        text = secret_file.read_text().strip()
    else:
        # An empty variable is what a compose file makes of an unset one.
        text = environment.get(row.name, "").strip() or row.default or ""
    if not text:
        return None
    try:
        return row.parse(text)
    except ValueError as error:
        shown = "the given value" if row.is_secret else repr(text)
        raise ConfigError(f"{row.name}={shown} is not legal: {error}.") from None


def _settings(values: dict[str, Any], now: datetime) -> Settings:
    data_directory = Path(values["DATA_DIR"]).absolute()
    profile = ProfileFile(data_directory / "account.json")
    intraday_on = values["ENABLE_INTRADAY_COLLECTION"]
    return Settings(
        account=_account(values, profile, data_directory, now),
        profile=profile,
        store=StoreSettings(
            endpoint=values["VICTORIA_ENDPOINT"],
            user=values["VICTORIA_USER"],
            password=values["VICTORIA_PASSWORD"],
            bearer_token=values["VICTORIA_BEARER_TOKEN"],
            data_directory=data_directory,
        ),
        include_today=values["INCLUDE_TODAY_DATA"],
        disabled_assets=frozenset(
            asset.name for asset in ASSETS if asset.collect and not values[asset.collect]
        ),
        intraday_on_schedule=values["INTRADAY_RESOURCES"] if intraday_on else (),
        interval_seconds=SECONDS[values["INTRADAY_DETAIL_LEVEL"]],
        heart_rate_interval_seconds=SECONDS[values["INTRADAY_HEART_RATE_DETAIL"]],
        log_level=values["LOG_LEVEL"],
    )


def _account(
    values: dict[str, Any], profile_file: ProfileFile, data_directory: Path, now: datetime
) -> Account:
    provider = PROVIDERS[values["SYNCBIT_PROVIDER"]]
    profile = profile_file.load()
    zone = values["SYNCBIT_TIMEZONE"] or profile.zone
    first_day = values["BACKFILL_START_DATE"] or profile.first_day
    today = civil_day(now, zone or ZoneInfo("UTC"))
    if first_day and first_day > today:
        raise ConfigError(
            f"BACKFILL_START_DATE={first_day} lies in the future; use a day until {today}."
        )
    per_minute = values["SYNCBIT_REQUESTS_PER_MINUTE"]
    return Account(
        labels={"user": values["FITBIT_USER_ID"], "device": values["FITBIT_DEVICE"]},
        provider=values["SYNCBIT_PROVIDER"],
        api_url=values["GOOGLE_HEALTH_URL"] or provider.api_url,
        zone=zone or ZoneInfo("UTC"),
        zone_is_assumed=zone is None,
        first_day=first_day or today - timedelta(days=30),
        oauth=OAuthApp(
            client_id=values["GOOGLE_CLIENT_ID"] or provider.client_id,
            client_secret=values["GOOGLE_CLIENT_SECRET"] or provider.client_secret,
            authorize_url=values["GOOGLE_AUTHORIZE_URL"] or provider.authorize_url,
            token_url=values["GOOGLE_TOKEN_URL"] or provider.token_url,
            redirect_uri=values["FITBIT_REDIRECT_URI"],
        ),
        tokens=TokenFile(data_directory / "tokens.json"),
        quota=Quota(per_minute, 60) if per_minute else provider.quota,
    )
