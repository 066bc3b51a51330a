"""The API's calls: a planned request in, the data points of all its pages out."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.sources.errors import TooSlowError, UnexpectedResponseError
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    PointsRequest,
    ReadingsRequest,
    RollUpRequest,
    SessionsRequest,
)
from syncbit_dagster.sources.verdict import of_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from syncbit_dagster.sources.google_health.plan import Request
    from syncbit_dagster.sources.http import ApiClient

Json = dict[str, Any]

_BESIDE = frozenset({"nextPageToken"})

log = logging.getLogger(__name__)

USER = "/v4/users/me"
LIST_PAGE_SIZE = 10_000  # the server may give fewer; only a missing token ends the walk
SMALLEST_PAGE_SIZE = 10
DEVICE_PAGE_SIZE = 100  # the most
SESSION_PAGE_SIZE = 25  # sleeps and exercises: the most that the API gives


class GoogleHealthClient:
    """The methods that this project needs, each over all pages."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api

    def pages(self, request: Request) -> Iterator[list[Json]]:
        """The data points of a planned request, one list a page, as the API gives them."""
        match request:
            case DailyRollUpRequest():
                return self._daily_roll_up(request)
            case RollUpRequest():
                return self._roll_up(request)
            case DailyPointsRequest():
                return self._daily_points(request)
            case ReadingsRequest():
                return self._readings(request)
            case SessionsRequest():
                return self._sessions(request)
            case PointsRequest():
                return self._points(request)

    def settings(self) -> Json:
        """The account's settings, among them ``timeZone`` (IANA)."""
        return self.api.get(f"{USER}/settings")

    def profile(self) -> Json:
        """The account's profile, among it the day of its first membership."""
        return self.api.get(f"{USER}/profile")

    def devices(self) -> list[Any]:
        """The paired devices."""
        path = f"{USER}/pairedDevices"
        params = {"pageSize": DEVICE_PAGE_SIZE}
        pages = _walk(lambda token: self.api.get(path, params | token), "pairedDevices", path)
        return [device for page in pages for device in page]

    def _daily_roll_up(self, request: DailyRollUpRequest) -> Iterator[list[Json]]:
        # No pageSize: with one, two data types answered 400 for months of 2026.
        body = {
            "range": {
                "start": {"date": _civil(request.days.first)},
                "end": {"date": _civil(request.days.last + ONE_DAY)},
            },
            "windowSizeDays": 1,
        }
        return self._post_pages(request.data_type, "dailyRollUp", body)

    def _roll_up(self, request: RollUpRequest) -> Iterator[list[Json]]:
        body = {
            "range": {"startTime": _utc(request.start), "endTime": _utc(request.end)},
            "windowSize": f"{request.window // timedelta(seconds=1)}s",
            "pageSize": request.page_size,
        }
        return self._post_pages(request.data_type, "rollUp", body)

    def _daily_points(self, request: DailyPointsRequest) -> Iterator[list[Json]]:
        return self._reconciled(request.data_type, filter=_between("date", request))

    def _sessions(self, request: SessionsRequest) -> Iterator[list[Json]]:
        condition = _between("interval.civil_end_time", request)
        return self._reconciled(request.data_type, filter=condition, pageSize=SESSION_PAGE_SIZE)

    def _points(self, request: PointsRequest) -> Iterator[list[Json]]:
        if request.days is None:
            return self._reconciled(request.data_type)
        return self._reconciled(
            request.data_type, filter=_between("sample_time.civil_time", request)
        )

    def _readings(self, request: ReadingsRequest) -> Iterator[list[Json]]:
        field, reading = camel(request.data_type), request.reading
        member = f"{snake(request.data_type)}.{_snake_of_camel(reading.time)}"
        return self._reconciled(
            request.data_type,
            filter=f'{member} >= "{_utc(request.start)}" AND {member} < "{_utc(request.end)}"',
            # A heart-rate point has some 400 bytes, of which these are a quarter.
            fields=(
                f"dataPoints({field}({reading.path},{reading.time.replace('.', '/')})),"
                "nextPageToken"
            ),
        )

    def _reconciled(self, data_type: str, **params: Any) -> Iterator[list[Json]]:
        """``reconcile`` is the de-duplicated stream over all sources; ``list`` has every copy."""
        path = f"{USER}/dataTypes/{data_type}/dataPoints:reconcile"
        params = {"pageSize": LIST_PAGE_SIZE, **params}

        def ask(token: Json) -> Json:
            return self.api.get_page(path, params | token)

        while True:
            try:
                # All pages before the first is given away: a token of one page size means nothing
                # to another, so that a halved page starts the walk again.
                return iter(list(_walk(ask, "dataPoints", path)))
            except TooSlowError:
                if params["pageSize"] < 2 * SMALLEST_PAGE_SIZE:
                    raise
                params["pageSize"] //= 2
                log.warning("%s: 504; pages of %d now", path, params["pageSize"])

    def _post_pages(self, data_type: str, action: str, body: Json) -> Iterator[list[Json]]:
        path = f"{USER}/dataTypes/{data_type}/dataPoints:{action}"
        return _walk(lambda token: self.api.post(path, body | token), "rollupDataPoints", path)


def _walk(ask: Callable[[Json], Json], field: str, path: str) -> Iterator[list[Json]]:
    """All pages: an empty page that carries a token is not the end."""
    token: Json = {}
    while True:
        answer = ask(token)
        verdict = of_list(answer, field, others=_BESIDE, may_be_left_out=True)
        if verdict.state == "unreadable":
            raise UnexpectedResponseError(
                f"The answer to {path} {verdict.reason}; nothing of it counts. Try again later."
            )
        yield answer.get(field, [])
        following = answer.get("nextPageToken")
        if not following:
            return
        if not isinstance(following, str) or following == token.get("pageToken"):
            raise UnexpectedResponseError(f"{path}: a page leads to itself.")
        token = {"pageToken": following}


def _between(member: str, request: DailyPointsRequest | SessionsRequest | PointsRequest) -> str:
    """The filter for civil days; the only comparators that the API knows are these two."""
    assert request.days is not None  # noqa: S101 - callers ask for days
    name = f"{snake(request.data_type)}.{member}"
    return f'{name} >= "{request.days.first}" AND {name} < "{request.days.last + ONE_DAY}"'


def snake(data_type: str) -> str:
    """A data type as filters write it."""
    return data_type.replace("-", "_")


def _snake_of_camel(path: str) -> str:
    """A path of JSON fields as filters write it."""
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", path)


def camel(data_type: str) -> str:
    """A data type as JSON fields write it."""
    first, *others = data_type.split("-")
    return first + "".join(word.capitalize() for word in others)


def _civil(day: date) -> Json:
    return {"year": day.year, "month": day.month, "day": day.day}


def _utc(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
