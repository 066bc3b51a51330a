"""The Google Health source: plan, ask, parse."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.catalog.locations import PairedDevice
from syncbit_dagster.core import samples
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day, real_clock, to_milliseconds
from syncbit_dagster.quota import Budget
from syncbit_dagster.sources.asking import Asked, Asking, batches, require_an_answer
from syncbit_dagster.sources.base import Batch, Current, Planned
from syncbit_dagster.sources.devices import device_series
from syncbit_dagster.sources.errors import (
    AccessRefusedError,
    PermissionMissingError,
    RequestRefusedError,
    ServerFailedError,
    SourceError,
    UnexpectedResponseError,
)
from syncbit_dagster.sources.google_health import times
from syncbit_dagster.sources.google_health.client import GoogleHealthClient, camel
from syncbit_dagster.sources.google_health.parse import parse
from syncbit_dagster.sources.google_health.plan import (
    MOST_A_DAY,
    SHORT_CAP_DAYS,
    USUAL_A_DAY,
    ReadingsRequest,
    RollUpRequest,
    is_plannable,
    pages,
    parts_of,
    plan,
)
from syncbit_dagster.sources.google_health.refusals import SCOPE_IS_MISSING, refusal
from syncbit_dagster.sources.google_health.scopes import SCOPES
from syncbit_dagster.sources.google_health.series import split, to_series
from syncbit_dagster.sources.http import ApiClient
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster.sources.set_aside import counted
from syncbit_dagster.sources.wire import ODD
from syncbit_dagster.sources.wire import at as wire_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.catalog import Asset, Metric
    from syncbit_dagster.sources.google_health.plan import Request
    from syncbit_dagster.sources.rows import Rows
    from syncbit_dagster.sources.set_aside import SetAside
    from syncbit_dagster.sources.traffic import Traffic

Learnt = TypeVar("Learnt")

# What tells how far the data is where no device does: data type, member in filters, path.
_SIGNALS = (
    ("heart-rate", "sample_time.physical_time", "sampleTime.physicalTime"),
    ("steps", "interval.start_time", "interval.startTime"),
)
LOOK_BACK = timedelta(days=30)  # no device keeps more
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
        zone, client = self.account.zone, self.client
        asking = Asking(client.api, client.pages, zone, SHORT_CAP_DAYS)
        asked = {one.data_type: Asked(_names(metrics, one.data_type)) for one in requests}
        kept: list[Rows] = []
        odd: list[SetAside] = []
        first, sent, started = days.first, client.api.sent, perf_counter()
        for number, request in enumerate(requests, start=1):
            data_type = request.data_type
            for part, page in asking.ask(request, data_type, asked[data_type]):
                parsed = parse(part, page, metrics, zone)
                kept += parsed.rows
                odd += parsed.set_aside
            is_last = number == len(requests)
            last = days.last if is_last else self._complete_until(request)
            if not is_last and (last < first or _count(kept) < ROWS_PER_BATCH):
                continue
            try:
                require_an_answer(asked)
            except PermissionMissingError as refusal_of_all:
                self._require_access(refusal_of_all)
                raise
            batch = DayRange(first, last)
            inside, kept = split(kept, to_milliseconds(batch.end(zone)))
            found = to_series(metrics, inside, self.account.labels, zone)
            yield from batches(
                batch,
                found.series,
                [*odd, *found.set_aside],
                asked,
                zone,
                requests=client.api.sent - sent,
                seconds=perf_counter() - started,
            )
            first, sent, started, odd = last + ONE_DAY, client.api.sent, perf_counter(), []
        if not requests:  # a range of days that clocks have skipped
            yield Batch(days, samples.empty(), requests=0, seconds=0.0)

    def _require_access(self, refusal: PermissionMissingError) -> None:
        """A box that was not ticked is one thing, an app that is refused everything another."""
        if SCOPE_IS_MISSING in refusal.why:
            return
        try:
            self.client.settings()
        except PermissionMissingError as other:
            if SCOPE_IS_MISSING not in other.why:
                raise AccessRefusedError(str(refusal), refusal.why) from None
        except SourceError:
            return

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
        found = device_series(
            self.client.devices(),
            [
                (metric, metric.google_health)
                for metric in metrics_of(asset.name)
                if isinstance(metric.google_health, PairedDevice)
            ],
            self.account.labels,
            self.now(),
            identify=_identify,
            to_instant=lambda text: times.to_instants([text]).item(),
        )
        return Current(
            samples.from_series(found.series),
            self.client.api.sent - sent_before,
            counted(found.set_aside),
        )

    def newest_reading(self) -> datetime | None:
        start, end = self.now() - LOOK_BACK, self.now() + ONE_DAY
        for data_type, member, path in _SIGNALS:
            try:
                points = self.client.newest(data_type, member, start, end)
            except (PermissionMissingError, RequestRefusedError, ServerFailedError):
                continue
            instant = times.newest([wire_at(one, f"{camel(data_type)}.{path}") for one in points])
            if instant is not None:
                return min(instant, self.now())
        return None

    def problems_of(self, asset: Asset) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return ()  # an answer that nobody can read is an error

    def profile(self) -> Profile:
        """The account's zone, day of membership and devices, as far as the API says them.

        Raises:
            SourceError: it says none of them.
        """
        refusals: list[SourceError] = []

        def learnt(
            ask_: Callable[[], Any], read: Callable[[Any], Learnt], nothing: Learnt
        ) -> Learnt:
            try:
                return read(ask_())
            except (PermissionMissingError, RequestRefusedError, ServerFailedError) as error:
                refusals.append(error)
            except (OSError, *ODD):
                refusals.append(UnexpectedResponseError("The account is not as documented."))
            return nothing

        nobody: tuple[str, ...] = ()
        zone = learnt(self.client.settings, _zone, None)
        first_day = learnt(self.client.profile, _member_since, None)
        devices = learnt(self.client.devices, _models, nobody)
        if len(refusals) == 3:
            raise refusals[0]
        return Profile(zone, first_day, devices, refusals=tuple(map(str, refusals)))

    def close(self) -> None:
        self.client.api.close()

    def _requests(self, asset: Asset, days: DayRange) -> list[Request]:
        zone = self.account.zone
        return plan(metrics_of(asset.name), days, zone, self.interval_of(asset))


def _count(found: list[Rows]) -> int:
    return sum(len(rows.times) for rows in found)


def _names(metrics: Iterable[Metric], data_type: str) -> tuple[str, ...]:
    """The metrics that are made from a data type."""
    parts = [(metric.name, part) for metric in metrics for part in parts_of(metric)]
    return tuple(dict.fromkeys(name for name, part in parts if part.data_type == data_type))


def _identify(device: dict[str, Any]) -> tuple[str | None, str | None]:
    name, kind = device.get("name"), device.get("deviceType")
    return (
        name.rpartition("/")[2] if isinstance(name, str) else None,
        kind if isinstance(kind, str) and not kind.endswith("UNSPECIFIED") else None,
    )


def _zone(settings: dict[str, Any]) -> ZoneInfo | None:
    return ZoneInfo(settings["timeZone"]) if settings.get("timeZone") else None


def _member_since(profile: dict[str, Any]) -> date | None:
    since = profile.get("membershipStartDate")
    return times.to_civil_day(since) if since else None


def _models(devices: list[Any]) -> tuple[str, ...]:
    objects = [one for one in devices if isinstance(one, dict)]
    return tuple(str(one.get("deviceVersion", "unnamed")) for one in objects)
