"""The table of environment variables (CONTRACT section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.config.parsers import (
    boolean,
    day,
    label,
    labels,
    loopback_url,
    names,
    one_of,
    path,
    positive,
    postgresql_url,
    resources,
    text,
    url,
    zone,
)
from syncbit_dagster.config.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Variable:
    """One row: a variable's name, how its text becomes a value, its default and its meaning.

    One that ``is_common`` holds for all accounts of a deployment; the others may differ.
    """

    name: str
    parse: Callable[[str], Any]
    default: str | None
    meaning: str
    is_secret: bool = False
    is_common: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable("SYNCBIT_PROVIDER", one_of(*PROVIDERS), "google_health", "where the data comes from"),
    Variable("GOOGLE_CLIENT_ID", text, None, "Desktop client of your own Google Cloud project"),
    Variable("GOOGLE_CLIENT_SECRET", text, None, "its secret", is_secret=True),
    Variable("FITBIT_CLIENT_ID", text, None, "your application at dev.fitbit.com"),
    Variable(
        "FITBIT_CLIENT_SECRET",
        text,
        None,
        "its secret; a personal application works without",
        is_secret=True,
    ),
    Variable(
        "FITBIT_REDIRECT_URI",
        loopback_url,
        "http://localhost:8080/callback",
        "where `syncbit authorize` listens (loopback only)",
    ),
    Variable("GOOGLE_HEALTH_URL", url, None, "another server that speaks the API"),
    Variable("GOOGLE_AUTHORIZE_URL", url, None, "another authorization page"),
    Variable("GOOGLE_TOKEN_URL", url, None, "another token endpoint"),
    Variable("FITBIT_API_URL", url, None, "another server that speaks the Web API"),
    Variable("FITBIT_AUTHORIZE_URL", url, None, "another authorization page"),
    Variable("FITBIT_TOKEN_URL", url, None, "another token endpoint"),
    Variable(
        "SYNCBIT_REQUESTS_PER_MINUTE",
        positive,
        None,
        "client-side budget of `google_health`; default: the documented limit (150)",
    ),
    Variable(
        "SYNCBIT_REQUESTS_PER_HOUR",
        positive,
        None,
        "client-side budget of `fitbit_web`; default: the documented limit (150)",
    ),
    Variable(
        "SYNCBIT_LONGEST_WAIT_MINUTES",
        positive,
        "15",
        "how long a run waits for the request budget before it ends and goes on later",
    ),
    Variable(
        "TAKEOUT_PATH", path, None, "the export of `takeout`: a folder, a zip, or a folder of zips"
    ),
    Variable(
        "VICTORIA_ENDPOINT",
        url,
        None,
        "base URL of VictoriaMetrics; unset: the embedded store",
        is_common=True,
    ),
    Variable("VICTORIA_USER", text, None, "user for basic authentication", is_common=True),
    Variable("VICTORIA_PASSWORD", text, None, "its password", is_secret=True, is_common=True),
    Variable(
        "VICTORIA_BEARER_TOKEN",
        text,
        None,
        "bearer token, instead of a user",
        is_secret=True,
        is_common=True,
    ),
    Variable(
        "VICTORIA_CA_FILE",
        path,
        None,
        "certificate authority of a private TLS set-up (PEM)",
        is_common=True,
    ),
    *(
        Variable(f"VICTORIA_{place}_URL", url, None, f"another base URL {purpose}", is_common=True)
        for place, purpose in (
            ("WRITE", "to import into"),
            ("READ", "to export from"),
            ("DELETE", "to delete series at"),
            ("ADMIN", "for flush and snapshots"),
        )
    ),
    *(
        Variable(
            f"VICTORIA_{right}_AUTH_KEY",
            text,
            None,
            f"value of `{flag}`",
            is_secret=True,
            is_common=True,
        )
        for right, flag in (
            ("DELETE", "-deleteAuthKey"),
            ("FLUSH", "-forceFlushAuthKey"),
            ("SNAPSHOT", "-snapshotAuthKey"),
        )
    ),
    Variable(
        "VICTORIA_EXTRA_LABELS",
        labels,
        "",
        "further labels on every series in the store, as name=value,name=value",
        is_common=True,
    ),
    Variable(
        "DATA_DIR",
        path,
        ".syncbit",
        "tokens, count of requests, account profile and the embedded store",
        is_common=True,
    ),
    Variable(
        "SYNCBIT_ACCOUNTS",
        path,
        None,
        "file that declares many accounts, or a directory with a file each; unset: one account, "
        "which is the environment's",
        is_common=True,
    ),
    Variable(
        "SYNCBIT_ACCOUNT_NAMES",
        names,
        "",
        "those of them that this process has to do with, separated by commas; default: all",
        is_common=True,
    ),
    Variable(
        "SYNCBIT_STATE_URL",
        postgresql_url,
        None,
        "PostgreSQL database for tokens, the count of requests and the store's lock, shared by "
        "several hosts; default: files in `DATA_DIR`",
        is_secret=True,
        is_common=True,
    ),
    Variable("FITBIT_USER_ID", label, "default", "label `user` on every series"),
    Variable("FITBIT_DEVICE", label, "fitbit", "label `device` on every series"),
    Variable(
        "SYNCBIT_TIMEZONE",
        zone,
        None,
        "IANA zone of the partitions; default: the account's, stored by `syncbit authorize`, "
        "else UTC with a warning",
    ),
    Variable(
        "BACKFILL_START_DATE",
        day,
        None,
        "first partition; default: the account's first day, stored by `syncbit authorize`, else "
        "30 days ago",
    ),
    Variable("INCLUDE_TODAY_DATA", boolean, "true", "whether today is a partition already"),
    *(
        Variable(asset.collect, boolean, "true", f"whether there is the asset `{asset.name}`")
        for asset in ASSETS
        if asset.collect
    ),
    Variable(
        "ENABLE_INTRADAY_COLLECTION",
        boolean,
        "false",
        "whether the schedule materializes the intraday assets too",
    ),
    Variable(
        "ENABLE_INTRADAY_BACKFILL",
        boolean,
        "false",
        "whether the intraday history fills by itself too",
    ),
    Variable(
        "INTRADAY_BACKFILL_DAYS", positive, "30", "how many days of it, counted from yesterday"
    ),
    Variable(
        "SYNC_INTERVAL_MINUTES",
        positive,
        "15",
        "how often the sensor looks for a new sync of a device",
    ),
    Variable(
        "INTRADAY_RESOURCES",
        resources,
        "steps,calories,distance,heart_rate",
        "which of them",
    ),
    Variable(
        "INTRADAY_DETAIL_LEVEL",
        one_of("1min", "5min", "15min"),
        "5min",
        "length of an interval",
    ),
    Variable(
        "INTRADAY_HEART_RATE_DETAIL",
        one_of("1sec", "1min", "5min", "15min"),
        "1min",
        "the same for heart rate; 1sec stores every reading",
    ),
    Variable(
        "SYNCBIT_GRAFANA_URL",
        url,
        None,
        "base URL of the Grafana that has the dashboards; the UI's assets link to them",
        is_common=True,
    ),
    Variable(
        "LOG_LEVEL",
        one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        "INFO",
        "how much is said",
        is_common=True,
    ),
)
