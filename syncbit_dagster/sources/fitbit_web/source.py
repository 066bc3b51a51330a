"""The Fitbit Web API source: plan, ask, parse."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.catalog.locations import WebDevice
from syncbit_dagster.core import samples
from syncbit_dagster.core.civil import DayRange, civil_day, real_clock, to_milliseconds
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.asking import Asked, Asking, batches, require_an_answer
from syncbit_dagster.sources.base import Current, Planned
from syncbit_dagster.sources.devices import device_series
from syncbit_dagster.sources.errors import (
    PermissionMissingError,
    RequestRefusedError,
    SourceUnavailableError,
    UnexpectedResponseError,
)
from syncbit_dagster.sources.fitbit_web.client import FitbitWebClient
from syncbit_dagster.sources.fitbit_web.intraday import read_intervals
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.plan import (
    HEART,
    IntradayRequest,
    is_plannable,
    parts_of,
    plan,
)
from syncbit_dagster.sources.fitbit_web.refusals import refusal
from syncbit_dagster.sources.fitbit_web.scopes import HEART_RATE, SCOPES, is_granted
from syncbit_dagster.sources.fitbit_web.series import to_series
from syncbit_dagster.sources.fitbit_web.wall_clock import to_milliseconds_of
from syncbit_dagster.sources.fitbit_web.wire import to_local_time
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster.sources.set_aside import counted
from syncbit_dagster.sources.wire import ODD, to_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.catalog import Asset, Metric
    from syncbit_dagster.sources.base import Batch
    from syncbit_dagster.sources.fitbit_web.plan import Request
    from syncbit_dagster.sources.rows import Rows
    from syncbit_dagster.sources.set_aside import SetAside
    from syncbit_dagster.sources.traffic import Traffic

Learnt = TypeVar("Learnt")

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
        asking = Asking(
            self.client.api, lambda request: [self.client.answer(request)], self.account.zone
        )
        for part in days.chunks(length):
            yield from self._batches(asset, part, asking)

    def fetch_current(self, asset: Asset) -> Current:
        sent_before = self.client.api.sent
        found = device_series(
            self.client.devices(),
            [
                (metric, metric.fitbit_web)
                for metric in metrics_of(asset.name)
                if isinstance(metric.fitbit_web, WebDevice)
            ],
            self.account.labels,
            self.now(),
            identify=_identify,
            to_instant=lambda text: to_milliseconds_of(to_local_time(text), self.account.zone),
        )
        return Current(
            samples.from_series(found.series),
            self.client.api.sent - sent_before,
            counted(found.set_aside),
        )

    def newest_reading(self) -> datetime | None:
        zone, today = self.account.zone, civil_day(self.now(), self.account.zone)
        for resource in (HEART, "steps"):
            request = IntradayRequest(resource, DayRange(today, today), 60)
            try:
                found = read_intervals(request, self.client.answer(request), zone)
            except (PermissionMissingError, RequestRefusedError, SourceUnavailableError, *ODD):
                continue
            worn = found.times[found.values > 0]
            if len(worn):
                return datetime.fromtimestamp(int(worn.max()) / 1000, UTC)
        return None

    def problems_of(self, asset: Asset) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return ()  # an answer that nobody can read is an error

    def profile(self) -> Profile:
        """The account's zone, day of membership and devices, as far as the API says them.

        Raises:
            SourceError: it says nothing of the account.
        """
        told = self.client.profile().get("user")
        told = told if isinstance(told, dict) else {}
        refusals: tuple[str, ...] = ()
        try:
            devices = self.client.devices()
        except (PermissionMissingError, RequestRefusedError, SourceUnavailableError) as error:
            devices, refusals = [], (str(error),)
        zone, first_day = _known(ZoneInfo, told, "timezone"), _known(to_day, told, "memberSince")
        if zone is None and first_day is None:
            raise UnexpectedResponseError("The account's profile is not as documented.")
        models = tuple(str(one.get("deviceVersion", "unnamed")) for one in _objects(devices))
        return Profile(zone, first_day, models, refusals)

    def close(self) -> None:
        self.client.api.close()

    def _batches(self, asset: Asset, days: DayRange, asking: Asking) -> Iterator[Batch]:
        metrics, account = metrics_of(asset.name), self.account
        sent, started = self.client.api.sent, perf_counter()
        rows: list[Rows] = []
        notes: dict[date, str] = {}
        odd: list[SetAside] = []
        asked: dict[str, Asked] = {}
        for request in self._requests(asset, days):
            of_kind = asked.setdefault(request.kind, Asked(_names(metrics, request)))
            for part, answer in asking.ask(request, request.kind, of_kind):
                parsed = parse(part, answer, metrics, account.zone)
                rows += parsed.rows
                notes |= parsed.notes
                odd += parsed.set_aside
        require_an_answer(asked)
        now = to_milliseconds(self.now())
        known = [one.where(one.times < now) for one in rows]
        found = to_series(metrics, known, account.labels, account.zone)
        yield from batches(
            days,
            found.series,
            [*odd, *found.set_aside],
            asked,
            account.zone,
            requests=self.client.api.sent - sent,
            seconds=perf_counter() - started,
            notes=notes,
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


def _names(metrics: Iterable[Metric], request: Request) -> tuple[str, ...]:
    """The metrics that are made from a request's answer."""
    held = [one.name for one in metrics if any(request.holds(part) for part in parts_of(one))]
    return tuple(dict.fromkeys(held))


def _identify(device: dict[str, Any]) -> tuple[str | None, str | None]:
    found = device.get("id"), device.get("type")
    return str(found[0]) if found[0] else None, found[1] if isinstance(found[1], str) else None


def _known(read: Callable[[str], Learnt], told: dict[str, Any], name: str) -> Learnt | None:
    """What the account says under a name; None if it says nothing that can be read."""
    try:
        return read(told[name])
    except (OSError, *ODD):
        return None


def _objects(found: list[Any]) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)]
