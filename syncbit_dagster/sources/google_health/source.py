"""The Google Health source: plan, ask, parse."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core import samples
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day, real_clock, to_milliseconds
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.base import Batch, Current, Planned
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.client import GoogleHealthClient
from syncbit_dagster.sources.google_health.devices import device_series
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    MOST_A_DAY,
    USUAL_A_DAY,
    ReadingsRequest,
    RollUpRequest,
    is_plannable,
    pages,
    plan,
)
from syncbit_dagster.sources.google_health.refusals import refusal
from syncbit_dagster.sources.google_health.scopes import SCOPES
from syncbit_dagster.sources.google_health.series import split, to_series
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster.sources.set_aside import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.sources.google_health.plan import Request
    from syncbit_dagster.sources.rows import Rows
    from syncbit_dagster.sources.set_aside import SetAside
    from syncbit_dagster.sources.traffic import Traffic

# About four months of minutes, or two weeks of single readings: 5 MB of numbers.
ROWS_PER_BATCH = 180_000


@dataclass(frozen=True)
class GoogleHealthSource:
    """One account's data in the Google Health API.

    Attributes:
        account: whose data.
        client: sends the requests, one after another.
        interval_of: length of an intraday asset's intervals, in seconds; 1 stands for every
            reading.
        now: the present instant.
    """

    SCOPES: ClassVar[tuple[str, ...]] = SCOPES
    covered: ClassVar[None] = None

    account: Account
    client: GoogleHealthClient
    interval_of: Callable[[Asset], int]
    now: Callable[[], datetime] = field(default=real_clock)

    @classmethod
    def connect(
        cls,
        account: Account,
        *,
        interval_of: Callable[[Asset], int],
        now: Callable[[], datetime] = real_clock,
        sleep: Callable[[float], None] = time.sleep,
        patience_seconds: float = math.inf,
    ) -> GoogleHealthSource:
        """A source with HTTP sessions of its own; nothing is sent yet."""
        api = ApiClient(
            account.api_url,
            AccessTokens(account, now=now, sleep=sleep, patience_seconds=patience_seconds),
            Budget(account.quota, sleep=sleep),
            refusal,
            sleep=sleep,
            patience_seconds=patience_seconds,
        )
        return cls(account, GoogleHealthClient(api), interval_of, now)

    @staticmethod
    def has(asset: Asset) -> bool:
        return not asset.is_partitioned or all(map(is_plannable, metrics_of(asset.name)))

    @property
    def traffic(self) -> Traffic:
        return self.client.api.traffic

    def plan(self, asset: Asset, days: DayRange) -> Planned:
        if not asset.is_partitioned:
            return Planned.exactly(1)
        requests = self._requests(asset, days)
        return Planned(
            len(requests),
            sum(pages(request, USUAL_A_DAY) for request in requests),
            sum(pages(request, MOST_A_DAY) for request in requests),
        )

    def plan_together(self, assets: Iterable[Asset], days: DayRange) -> Planned:
        return sum((self.plan(asset, days) for asset in assets), Planned.exactly(0))

    def fetch(self, asset: Asset, days: DayRange) -> Iterator[Batch]:
        metrics, requests = metrics_of(asset.name), self._requests(asset, days)
        kept: list[Rows] = []
        odd: list[SetAside] = []
        first, sent, started = days.first, 0, perf_counter()
        for number, request in enumerate(requests, start=1):
            sent_before = self.client.api.sent
            # Each page is parsed before the next one comes, which keeps memory low.
            for page in self.client.pages(request):
                parsed = parse(request, page, metrics, self.account.zone)
                kept += parsed.rows
                odd += parsed.set_aside
            sent += self.client.api.sent - sent_before
            is_last = number == len(requests)
            last = days.last if is_last else self._complete_until(request)
            if not is_last and (last < first or _count(kept) < ROWS_PER_BATCH):
                continue
            batch = DayRange(first, last)
            inside, kept = split(kept, to_milliseconds(batch.end(self.account.zone)))
            found = to_series(metrics, inside, self.account.labels, self.account.zone)
            yield Batch(
                batch,
                samples.from_series(found.series),
                sent,
                perf_counter() - started,
                set_aside=counted([*odd, *found.set_aside]),
            )
            first, sent, started, odd = last + ONE_DAY, 0, perf_counter(), []
        if not requests:  # a range of days that clocks have skipped
            yield Batch(days, samples.empty(), requests=0, seconds=0.0)

    def _complete_until(self, request: Request) -> date:
        """The last day that is complete after this request.

        Windows and readings are asked for in order of time; of the others, each data type's
        requests cover the whole range, so that no day is complete before the last request.
        """
        if isinstance(request, RollUpRequest | ReadingsRequest):
            return civil_day(request.end, self.account.zone) - ONE_DAY
        return date.min

    def fetch_current(self, asset: Asset) -> Current:
        sent_before = self.client.api.sent
        devices = self.client.devices()
        series = device_series(devices, metrics_of(asset.name), self.account.labels, self.now())
        return Current(samples.from_series(series), self.client.api.sent - sent_before)

    def problems_of(self, asset: Asset) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return ()  # an answer that nobody can read is an error

    def profile(self) -> Profile:
        """The account's zone, day of membership and devices, as far as the API says them."""
        zone = self.client.settings().get("timeZone")
        member_since = self.client.profile().get("membershipStartDate")
        devices = self.client.devices()
        try:
            return Profile(
                zone=ZoneInfo(zone) if zone else None,
                first_day=date(**member_since) if member_since else None,
                devices=tuple(str(one.get("deviceVersion", "unnamed")) for one in devices),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise UnexpectedResponseError(
                "The account's settings, profile or devices are not as documented."
            ) from None

    def close(self) -> None:
        self.client.api.close()

    def _requests(self, asset: Asset, days: DayRange) -> list[Request]:
        zone = self.account.zone
        return plan(metrics_of(asset.name), days, zone, self.interval_of(asset))


def _count(found: list[Rows]) -> int:
    return sum(len(rows.times) for rows in found)
