"""The API's calls: a planned request in, the data points of all its pages out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from syncbit_dagster.civil import ONE_DAY
from syncbit_dagster.sources.errors import UnexpectedResponseError
from syncbit_dagster.sources.google_health.plan import (
    DailyPointsRequest,
    DailyRollUpRequest,
    ReadingsRequest,
    RollUpRequest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from syncbit_dagster.sources.google_health.plan import Request
    from syncbit_dagster.sources.http import ApiClient

Json = dict[str, Any]

USER = "/v4/users/me"
LIST_PAGE_SIZE = 10_000  # the server may give fewer; only a missing token ends the walk


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

    def settings(self) -> Json:
        """The account's settings, among them ``timeZone`` (IANA)."""
        return self.api.get(f"{USER}/settings")

    def profile(self) -> Json:
        """The account's profile, among it the day of its first membership."""
        return self.api.get(f"{USER}/profile")

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
        member = f"{snake(request.data_type)}.date"
        return self._reconciled(
            request.data_type,
            f'{member} >= "{request.days.first}" AND {member} < "{request.days.last + ONE_DAY}"',
        )

    def _readings(self, request: ReadingsRequest) -> Iterator[list[Json]]:
        member = f"{snake(request.data_type)}.sample_time.physical_time"
        field = camel(request.data_type)
        return self._reconciled(
            request.data_type,
            f'{member} >= "{_utc(request.start)}" AND {member} < "{_utc(request.end)}"',
            # A heart-rate point has some 400 bytes, of which these are a quarter.
            fields=f"dataPoints({field}({request.field},sampleTime/physicalTime)),nextPageToken",
        )

    def _reconciled(
        self, data_type: str, condition: str, fields: str | None = None
    ) -> Iterator[list[Json]]:
        """``reconcile`` is the de-duplicated stream over all sources; ``list`` has every copy."""
        params: Json = {"filter": condition, "pageSize": LIST_PAGE_SIZE}
        if fields:
            params["fields"] = fields
        path = f"{USER}/dataTypes/{data_type}/dataPoints:reconcile"
        return _walk(lambda token: self.api.get(path, params | token), "dataPoints", path)

    def _post_pages(self, data_type: str, action: str, body: Json) -> Iterator[list[Json]]:
        path = f"{USER}/dataTypes/{data_type}/dataPoints:{action}"
        return _walk(lambda token: self.api.post(path, body | token), "rollupDataPoints", path)


def _walk(ask: Callable[[Json], Json], field: str, path: str) -> Iterator[list[Json]]:
    """All pages: an empty page that carries a token is not the end."""
    token: Json = {}
    while True:
        answer = ask(token)
        points = answer.get(field, [])
        if not isinstance(points, list):
            raise UnexpectedResponseError(f"{path}: {field} is no list.")
        yield points
        if not answer.get("nextPageToken"):
            return
        token = {"pageToken": answer["nextPageToken"]}


def snake(data_type: str) -> str:
    """A data type as filters write it."""
    return data_type.replace("-", "_")


def camel(data_type: str) -> str:
    """A data type as JSON fields write it."""
    first, *others = data_type.split("-")
    return first + "".join(word.capitalize() for word in others)


def _civil(day: date) -> Json:
    return {"year": day.year, "month": day.month, "day": day.day}


def _utc(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
