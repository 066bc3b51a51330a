"""The Fitbit Web API source: plan, ask, parse."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core import samples
from syncbit_dagster.core.civil import DayRange, civil_day, real_clock, to_milliseconds
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.base import Batch, Current, Planned
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web import wire
from syncbit_dagster.sources.fitbit_web.client import FitbitWebClient
from syncbit_dagster.sources.fitbit_web.devices import device_series
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.plan import is_plannable, plan
from syncbit_dagster.sources.fitbit_web.refusals import refusal
from syncbit_dagster.sources.fitbit_web.scopes import HEART_RATE, SCOPES, is_granted
from syncbit_dagster.sources.fitbit_web.series import to_series
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date, datetime

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.sources.fitbit_web.parse import Rows
    from syncbit_dagster.sources.fitbit_web.plan import Request
    from syncbit_dagster.sources.traffic import Traffic

# What is stored at once: each day is a request an asset, and a run that breaks may lose as much.
DAYS_PER_BATCH = 7


@dataclass(frozen=True)
class FitbitWebSource:
    """One account's data in the Fitbit Web API.

    Attributes:
        account: whose data.
        client: sends the requests.
        interval_of: length of an intraday asset's intervals, in seconds; 1 stands for every
            reading.
        now: the present instant. The API fills series up with zeros, so that nothing before the
            account's first day or after this instant is asked for or kept.
    """

    SCOPES: ClassVar[tuple[str, ...]] = SCOPES
    covered: ClassVar[None] = None

    account: Account
    client: FitbitWebClient
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
    ) -> FitbitWebSource:
        """A source with an HTTP session of its own; nothing is sent yet."""
        tokens = AccessTokens(account, now=now, sleep=sleep, patience_seconds=patience_seconds)
        budget = Budget(account.quota, sleep=sleep)
        api = ApiClient(
            account.api_url,
            tokens,
            budget,
            refusal,
            sleep=sleep,
            patience_seconds=patience_seconds,
        )
        client = FitbitWebClient(api)
        return cls(account, client, interval_of, now)

    @staticmethod
    def has(asset: Asset) -> bool:
        return not asset.is_partitioned or all(map(is_plannable, metrics_of(asset.name)))

    @property
    def traffic(self) -> Traffic:
        return self.client.api.traffic

    def plan(self, asset: Asset, days: DayRange) -> Planned:
        return self.plan_together([asset], days)

    def plan_together(self, assets: Iterable[Asset], days: DayRange) -> Planned:
        """How many requests the assets take in one run, in which equal requests are sent once."""
        chosen = list(assets)
        requests = {one for asset in chosen for one in self._requests(asset, days)}
        return Planned.exactly(len(requests) + sum(not asset.is_partitioned for asset in chosen))

    def fetch(self, asset: Asset, days: DayRange) -> Iterator[Batch]:
        length = DAYS_PER_BATCH if asset.is_intraday else len(days)
        return (self._batch(asset, part) for part in days.chunks(length))

    def fetch_current(self, asset: Asset) -> Current:
        sent_before = self.client.api.sent
        devices = self.client.devices()
        series = device_series(
            devices, metrics_of(asset.name), self.account.labels, self.now(), self.account.zone
        )
        return Current(samples.from_series(series), self.client.api.sent - sent_before)

    def problems_of(self, asset: Asset) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return ()  # an answer that nobody can read is an error

    def profile(self) -> Profile:
        """The account's zone, day of membership and devices, as far as the API says them."""
        profile, devices = self.client.profile(), self.client.devices()
        try:
            zone, member_since = (profile["user"].get(name) for name in ("timezone", "memberSince"))
            return Profile(
                zone=ZoneInfo(zone) if zone else None,
                first_day=wire.to_day(member_since) if member_since else None,
                devices=tuple(str(one.get("deviceVersion", "unnamed")) for one in devices),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise UnexpectedResponseError(
                "The account's profile or devices are not as documented."
            ) from None

    def close(self) -> None:
        self.client.api.close()

    def _batch(self, asset: Asset, days: DayRange) -> Batch:
        metrics, account = metrics_of(asset.name), self.account
        sent, started = self.client.api.sent, perf_counter()
        rows: list[Rows] = []
        notes: dict[date, str] = {}
        for request in self._requests(asset, days):
            parsed = parse(request, self.client.answer(request), metrics, account.zone)
            rows += parsed.rows
            notes |= parsed.notes
        now = to_milliseconds(self.now())
        series = to_series(metrics, _until(rows, now), account.labels, account.zone)
        return Batch(
            days,
            samples.from_series(series),
            self.client.api.sent - sent,
            perf_counter() - started,
            notes,
        )

    def _requests(self, asset: Asset, days: DayRange) -> list[Request]:
        first = max(days.first, self.account.first_day)
        last = min(days.last, civil_day(self.now(), self.account.zone))
        if last < first:
            return []
        token = self.account.tokens.load()
        return plan(
            metrics_of(asset.name),
            DayRange(first, last),
            self.account.zone,
            self.interval_of(asset),
            # Without that scope, a summary would lack the heart rate without a word.
            summary_has_heart=is_granted(HEART_RATE, token.scope if token else ""),
        )


def _until(rows: list[Rows], end: int) -> list[Rows]:
    """The rows before an instant in milliseconds."""
    return [
        one._replace(times=one.times[kept], moments=one.moments[kept], values=one.values[kept])
        for one in rows
        for kept in [one.times < end]
    ]
