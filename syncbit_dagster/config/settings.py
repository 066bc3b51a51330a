"""Settings: the environment, a ``.env`` file and secret files become values of their own types.

A secret file ``/run/secrets/<lower-case name>`` wins over ``.env`` in the working directory, and
that over the environment. A wrong value is refused at once, with the legal ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from syncbit_dagster.account.account import Account, OAuthApp
from syncbit_dagster.account.profile import ProfileFile
from syncbit_dagster.account.state.place import StatePlace
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.token_table import TokenTable
from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.config.origins import (
    SECRETS_DIRECTORY,
    Origin,
    process_environment,
    read_values,
)
from syncbit_dagster.config.providers import PROVIDERS
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.stores.victoriametrics import VictoriaMetricsConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncbit_dagster.account.tokens import TokenStore
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.quota.quota import Quota

SECONDS = {"1sec": 1, "1min": 60, "5min": 300, "15min": 900}


@dataclass(frozen=True)
class Settings:
    """All settings of an account, which is all of a process unless there are many.

    Attributes:
        name: tells the account apart in Dagster; None: it is the only one.
        account: whose data, from where.
        profile: where ``syncbit authorize`` keeps what it learns of the account.
        data_directory: tokens, count of requests, profile, reports.
        store_directory: embedded store and locks, which all accounts share.
        victoria: the server that samples go to; None: the embedded store.
        include_today: whether today is a partition.
        disabled_assets: names of the assets that are turned off.
        takeout: the export of the provider ``takeout``.
        has_start_date: the user set ``BACKFILL_START_DATE``.
        is_offline: the provider asks nobody and needs no authorization.
        intraday_on_schedule: resources whose intraday assets the schedule materializes.
        intraday_history: resources whose intraday history fills by itself.
        intraday_history_days: how many days of it.
        sync_interval_seconds: how often to look for a new sync of a device.
        interval_seconds: length of an intraday interval.
        heart_rate_interval_seconds: the same for heart rate; 1 stands for every reading.
        grafana_url: where the dashboards are, without a slash at the end; None: nobody said.
        log_level: of the package's loggers.
    """

    name: str | None
    account: Account
    profile: ProfileFile
    data_directory: Path
    store_directory: Path
    victoria: VictoriaMetricsConfig | None
    include_today: bool
    disabled_assets: frozenset[str]
    takeout: Path | None
    has_start_date: bool
    is_offline: bool
    intraday_on_schedule: tuple[str, ...]
    intraday_history: tuple[str, ...]
    intraday_history_days: int
    sync_interval_seconds: int
    interval_seconds: int
    heart_rate_interval_seconds: int
    grafana_url: str | None
    log_level: str

    @property
    def embedded_store(self) -> Path:
        """The file of the embedded store."""
        return self.store_directory / "syncbit.duckdb"

    def is_enabled(self, asset: Asset) -> bool:
        """Whether the user wants this asset at all."""
        return asset.name not in self.disabled_assets

    def interval_of(self, asset: Asset) -> int:
        """Length of an intraday asset's intervals, in seconds; 1 stands for every reading."""
        is_heart_rate = asset.name == "intraday_heart_rate"
        return self.heart_rate_interval_seconds if is_heart_rate else self.interval_seconds

    def is_authorized(self) -> bool:
        """Whether the provider can be asked at all."""
        return self.is_offline or self.account.tokens.load() is not None

    def is_outdated(self) -> bool:
        """Whether ``syncbit authorize`` has learnt a zone or first day since these were read."""
        profile, account = self.profile.load(), self.account
        has_zone = account.zone_is_assumed and profile.zone is not None
        first_days = {None, account.first_day}
        return has_zone or (not self.has_start_date and profile.first_day not in first_days)

    def history_of(self, asset: Asset, days: DayRange) -> DayRange | None:
        """Those of the days that shall fill by themselves; None if none of them does."""
        if not asset.is_partitioned:
            return None
        first = days.first
        if asset.is_intraday:
            if asset.resource not in self.intraday_history:
                return None
            first = max(first, days.last - timedelta(days=self.intraday_history_days - 1))
        return DayRange(first, days.last)


def load_settings(
    environment: Mapping[str, str] | None = None,
    *,
    secrets_directory: Path = SECRETS_DIRECTORY,
    now: datetime | None = None,
) -> Settings:
    """Read the configuration of this process.

    Args:
        environment: variables; default: ``.env`` in the working directory over the process's.
        secrets_directory: where secret files lie.
        now: aware; decides what "30 days ago" is.

    Raises:
        ConfigError: a variable has a value that is not legal.
    """
    if environment is None:
        environment = process_environment()
    values = read_values(Origin(environment, secrets_directory))
    return settings_from(values, now or datetime.now(UTC))


def settings_from(values: dict[str, Any], now: datetime, name: str | None = None) -> Settings:
    """The settings that the variables' values make.

    Args:
        values: by the names of all variables.
        now: aware; decides what "30 days ago" is.
        name: of the account; None: it is the only one.

    Raises:
        ConfigError: the values do not go together.
    """
    store_directory = Path(values["DATA_DIR"]).absolute()
    data_directory = store_directory / "accounts" / name if name else store_directory
    profile = ProfileFile(data_directory / "account.json")
    resources = values["INTRADAY_RESOURCES"]
    is_offline = PROVIDERS[values["SYNCBIT_PROVIDER"]].is_offline
    if is_offline and values["TAKEOUT_PATH"] is None:
        raise ConfigError(
            "SYNCBIT_PROVIDER=takeout needs TAKEOUT_PATH: the folder or the zip of the export."
        )
    return Settings(
        name=name,
        account=_account(values, profile, data_directory, now, _state_key(values, name)),
        profile=profile,
        data_directory=data_directory,
        store_directory=store_directory,
        victoria=_victoria(values),
        include_today=values["INCLUDE_TODAY_DATA"],
        disabled_assets=frozenset(
            asset.name for asset in ASSETS if asset.collect and not values[asset.collect]
        ),
        takeout=values["TAKEOUT_PATH"],
        has_start_date=values["BACKFILL_START_DATE"] is not None,
        is_offline=is_offline,
        intraday_on_schedule=resources if values["ENABLE_INTRADAY_COLLECTION"] else (),
        intraday_history=resources if values["ENABLE_INTRADAY_BACKFILL"] else (),
        intraday_history_days=values["INTRADAY_BACKFILL_DAYS"],
        sync_interval_seconds=60 * values["SYNC_INTERVAL_MINUTES"],
        interval_seconds=SECONDS[values["INTRADAY_DETAIL_LEVEL"]],
        heart_rate_interval_seconds=SECONDS[values["INTRADAY_HEART_RATE_DETAIL"]],
        grafana_url=values["SYNCBIT_GRAFANA_URL"],
        log_level=values["LOG_LEVEL"],
    )


def _victoria(values: dict[str, Any]) -> VictoriaMetricsConfig | None:
    if not values["VICTORIA_ENDPOINT"]:
        return None
    return VictoriaMetricsConfig(
        values["VICTORIA_ENDPOINT"],
        user=values["VICTORIA_USER"],
        password=values["VICTORIA_PASSWORD"],
        bearer_token=values["VICTORIA_BEARER_TOKEN"],
        ca_file=values["VICTORIA_CA_FILE"],
        extra_labels=values["VICTORIA_EXTRA_LABELS"] or {},
        write_url=values["VICTORIA_WRITE_URL"],
        read_url=values["VICTORIA_READ_URL"],
        delete_url=values["VICTORIA_DELETE_URL"],
        admin_url=values["VICTORIA_ADMIN_URL"],
        delete_auth_key=values["VICTORIA_DELETE_AUTH_KEY"],
        flush_auth_key=values["VICTORIA_FLUSH_AUTH_KEY"],
        snapshot_auth_key=values["VICTORIA_SNAPSHOT_AUTH_KEY"],
    )


def _account(
    values: dict[str, Any],
    profile_file: ProfileFile,
    data_directory: Path,
    now: datetime,
    state_key: str,
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
    return Account(
        labels={"user": values["FITBIT_USER_ID"], "device": values["FITBIT_DEVICE"]},
        provider=values["SYNCBIT_PROVIDER"],
        api_url=values[provider.variables.api_url] or provider.api_url,
        zone=zone or ZoneInfo("UTC"),
        zone_is_assumed=zone is None,
        first_day=first_day or today - timedelta(days=30),
        oauth=OAuthApp(
            client_id=values[provider.dialect.client_id_variable] or provider.client_id,
            client_secret=values[provider.dialect.client_secret_variable] or provider.client_secret,
            authorize_url=values[provider.variables.authorize_url] or provider.authorize_url,
            token_url=values[provider.variables.token_url] or provider.token_url,
            redirect_uri=values["FITBIT_REDIRECT_URI"],
            dialect=provider.dialect,
        ),
        tokens=_tokens(values, data_directory, state_key),
        quota=_quota(values, data_directory, state_key, provider.quota),
    )


def _tokens(values: dict[str, Any], data_directory: Path, state_key: str) -> TokenStore:
    if url := values["SYNCBIT_STATE_URL"]:
        return TokenTable(StatePlace(url, state_key, "token"))
    # One file a provider: a token of one is never shown to another.
    return TokenFile(data_directory / f"tokens-{values['SYNCBIT_PROVIDER']}.json")


def _quota(
    values: dict[str, Any], data_directory: Path, state_key: str, documented: Quota
) -> Quota:
    variables = {60: "SYNCBIT_REQUESTS_PER_MINUTE", 3600: "SYNCBIT_REQUESTS_PER_HOUR"}
    url = values["SYNCBIT_STATE_URL"] or f"sqlite:///{data_directory / 'quota.sqlite'}"
    return replace(
        documented,
        requests=values[variables[documented.seconds]] or documented.requests,
        place=StatePlace(url, state_key, "quota"),
        longest_wait_seconds=60.0 * values["SYNCBIT_LONGEST_WAIT_MINUTES"],
    )


def _state_key(values: dict[str, Any], name: str | None) -> str:
    """What tells accounts apart that share a database."""
    return f"{values['SYNCBIT_PROVIDER']}/{name or values['FITBIT_USER_ID']}"
