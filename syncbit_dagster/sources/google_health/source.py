"""The Google Health source: plan, ask, parse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster import samples
from syncbit_dagster.account import Profile
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.sources.base import Fetched
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.client import GoogleHealthClient
from syncbit_dagster.sources.google_health.devices import device_series
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import is_plannable, plan
from syncbit_dagster.sources.google_health.refusals import refusal
from syncbit_dagster.sources.google_health.series import to_series
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth import AccessTokens
from syncbit_dagster.sources.pace import Pace

if TYPE_CHECKING:
    from syncbit_dagster.account import Account
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.civil import DayRange
    from syncbit_dagster.sources.google_health.plan import Request


@dataclass(frozen=True)
class GoogleHealthSource:
    """One account's data in the Google Health API.

    Attributes:
        account: whose data.
        client: sends the requests.
        interval_seconds: length of an intraday interval.
        heart_rate_interval_seconds: the same for heart rate; 1 stands for every reading.
    """

    account: Account
    client: GoogleHealthClient
    interval_seconds: int
    heart_rate_interval_seconds: int

    @classmethod
    def connect(
        cls, account: Account, *, interval_seconds: int, heart_rate_interval_seconds: int
    ) -> GoogleHealthSource:
        """A source with an HTTP session of its own; nothing is sent yet."""
        api = ApiClient(account.api_url, AccessTokens(account), Pace(account.quota), refusal)
        return cls(account, GoogleHealthClient(api), interval_seconds, heart_rate_interval_seconds)

    @staticmethod
    def has(asset: Asset) -> bool:
        return not asset.is_partitioned or all(map(is_plannable, metrics_of(asset.name)))

    def plan(self, asset: Asset, days: DayRange) -> int:
        return len(self._requests(asset, days))

    def fetch(self, asset: Asset, days: DayRange) -> Fetched:
        sent_before = self.client.api.sent
        metrics = metrics_of(asset.name)
        found = [
            rows
            for request in self._requests(asset, days)
            for points in self.client.pages(request)
            for rows in parse(request, points, metrics, self.account.zone)
        ]
        series = to_series(metrics, found, self.account.labels)
        return Fetched(samples.from_series(series), self.client.api.sent - sent_before)

    def fetch_current(self, asset: Asset) -> Fetched:
        sent_before = self.client.api.sent
        devices = self.client.devices()
        series = device_series(
            devices, metrics_of(asset.name), self.account.labels, datetime.now(UTC)
        )
        return Fetched(samples.from_series(series), self.client.api.sent - sent_before)

    def profile(self) -> Profile:
        """The account's zone and its day of membership, as far as the API says them."""
        zone = self.client.settings().get("timeZone")
        member_since = self.client.profile().get("membershipStartDate")
        try:
            return Profile(
                zone=ZoneInfo(zone) if zone else None,
                first_day=date(**member_since) if member_since else None,
            )
        except (KeyError, TypeError, ValueError):
            raise UnexpectedResponseError(
                "The account's settings or profile hold a time zone or a day that is none."
            ) from None

    def close(self) -> None:
        self.client.api.close()

    def _requests(self, asset: Asset, days: DayRange) -> list[Request]:
        is_heart_rate = asset.name == "intraday_heart_rate"
        interval = self.heart_rate_interval_seconds if is_heart_rate else self.interval_seconds
        return plan(metrics_of(asset.name), days, self.account.zone, interval)
