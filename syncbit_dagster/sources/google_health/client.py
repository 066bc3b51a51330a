"""The API's calls: a planned request in, the data points of all its pages out."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from syncbit_dagster.core.civil import ONE_DAY
from syncbit_dagster.sources.errors import (
    RequestRefusedError,
    TooSlowError,
    UnexpectedResponseError,
)
from syncbit_dagster.sources.google_health.plan import (
    MOST_A_DAY,
    DailyPointsRequest,
    DailyRollUpRequest,
    PointsRequest,
    ReadingsRequest,
    RollUpRequest,
    SessionsRequest,
    pages,
)
from syncbit_dagster.sources.verdict import of_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date, datetime

    from syncbit_dagster.sources.google_health.plan import Request
    from syncbit_dagster.sources.http import ApiClient

Json = dict[str, Any]

SERVED_PAGE_SIZE = 1_000  # live accounts got half of what they asked for; more often less
MOST_EMPTY_PAGES = 30
MOST_ROLL_UP_PAGES = 100
_BESIDE = frozenset({"nextPageToken"})

log = logging.getLogger(__name__)

PLAINER: dict[str, tuple[str, ...]] = {}

USER = "/v4/users/me"
LIST_PAGE_SIZE = 10_000  # the server may give fewer; only a missing token ends the walk
SMALLEST_PAGE_SIZE = 10
DEVICE_PAGE_SIZE = 100  # the most
SESSION_PAGE_SIZE = 25  # sleeps and exercises: the most that the API gives


@dataclass
class GoogleHealthClient:
    """The methods that this project needs, each over all pages.

    Attributes:
        api: sends requests.
        plainer: by data type, what a server refused of our form; asked for without it from then
            on. Shared by all clients of a process.
    """

    api: ApiClient
    plainer: dict[str, tuple[str, ...]] = field(default_factory=lambda: PLAINER)

    def pages(self, request: Request) -> list[list[Json]]:
        """The data points of a planned request, one list a page, as the API gives them.

        All pages before the first is given away: half of a request is none.
        """
        match request:
            case DailyRollUpRequest():
                return self._daily_roll_up(request)
            case RollUpRequest():
                return self._roll_up(request)
            case DailyPointsRequest():
                return self._listed(request, filter=_between("date", request))
            case ReadingsRequest():
                return self._readings(request)
            case SessionsRequest():
                condition = _between("interval.civil_end_time", request)
                return self._listed(request, filter=condition, pageSize=SESSION_PAGE_SIZE)
            case PointsRequest(days=None):
                return self._listed(request)
            case PointsRequest():
                return self._listed(request, filter=_between("sample_time.civil_time", request))

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
        pages = _walk(lambda token: self.api.get(path, params | token), "pairedDevices", path, 1)
        return [device for page in pages for device in page]

    def newest(self, data_type: str, member: str, start: datetime, end: datetime) -> list[Json]:
        """The newest data points of a type in a range: lists come newest first."""
        name = f"{snake(data_type)}.{member}"
        path = f"{USER}/dataTypes/{data_type}/dataPoints:reconcile"
        params = {
            "pageSize": SMALLEST_PAGE_SIZE,
            "filter": f'{name} >= "{_utc(start)}" AND {name} < "{_utc(end)}"',
        }
        pages = _walk(lambda token: self.api.get_page(path, params | token), "dataPoints", path, 1)
        return next((page for page in pages if page), [])

    def _daily_roll_up(self, request: DailyRollUpRequest) -> list[list[Json]]:
        # No pageSize: with one, two data types answered 400 for months of 2026.
        body = {
            "range": {
                "start": {"date": _civil(request.days.first)},
                "end": {"date": _civil(request.days.last + ONE_DAY)},
            },
            "windowSizeDays": 1,
        }
        return self._post_pages(request, "dailyRollUp", body)

    def _roll_up(self, request: RollUpRequest) -> list[list[Json]]:
        body = {
            "range": {"startTime": _utc(request.start), "endTime": _utc(request.end)},
            "windowSize": f"{request.window // timedelta(seconds=1)}s",
            "pageSize": request.page_size,
        }
        return self._post_pages(request, "rollUp", body)

    def _readings(self, request: ReadingsRequest) -> list[list[Json]]:
        name, reading = camel(request.data_type), request.reading
        member = f"{snake(request.data_type)}.{_snake_of_camel(reading.time)}"
        return self._listed(
            request,
            filter=f'{member} >= "{_utc(request.start)}" AND {member} < "{_utc(request.end)}"',
            # A heart-rate point has some 400 bytes, of which these are a quarter.
            fields=(
                f"dataPoints({name}({reading.path},{reading.time.replace('.', '/')})),nextPageToken"
            ),
        )

    def _listed(self, request: Request, **params: Any) -> list[list[Json]]:
        """``reconcile`` is the de-duplicated stream over all sources; ``list`` has every copy."""
        params = {"pageSize": LIST_PAGE_SIZE, **params}
        return self._plainly(
            request,
            ("fields", "pageSize", "reconcile"),
            lambda form: self._list(request, form),
            params,
        )

    def _list(self, request: Request, form: Json) -> list[list[Json]]:
        path = f"{USER}/dataTypes/{request.data_type}/dataPoints"
        path += "" if form.pop("list", False) else ":reconcile"
        for attempt in count():
            size = form.get("pageSize", LIST_PAGE_SIZE)
            most = pages(request, MOST_A_DAY) * LIST_PAGE_SIZE // min(size, SERVED_PAGE_SIZE)
            try:
                # A token of one page size means nothing to another: a halved page begins anew.
                found = _walk(
                    lambda token: self.api.get_page(path, form | token), "dataPoints", path, most
                )
                return list(found)
            except TooSlowError:
                if size < 2 * SMALLEST_PAGE_SIZE:
                    raise
                form["pageSize"] = size // 2
                self.api.pause(attempt, f"{path}: 504, with pages of {size // 2} next")
        raise AssertionError

    def _post_pages(self, request: Request, action: str, body: Json) -> list[list[Json]]:
        path = f"{USER}/dataTypes/{request.data_type}/dataPoints:{action}"

        def walk(form: Json) -> list[list[Json]]:
            found = _walk(
                lambda token: self.api.post(path, form | token),
                "rollupDataPoints",
                path,
                MOST_ROLL_UP_PAGES,
            )
            return list(found)

        return self._plainly(request, ("pageSize",), walk, body)

    def _plainly(
        self,
        request: Request,
        optional: tuple[str, ...],
        send: Callable[[Json], list[list[Json]]],
        form: Json,
    ) -> list[list[Json]]:
        """What a request answers; refused, it is asked without one thing more that is optional."""
        key = f"{self.api.base_url} {request.data_type} {type(request).__name__}"
        without = list(self.plainer.get(key, ()))
        first: RequestRefusedError | None = None
        while True:
            try:
                found = send(_without(form, without))
            except RequestRefusedError as refusal:
                first = first or refusal
                left = [name for name in optional if name not in without and _has(form, name)]
                if not left or refusal.longest_days:
                    raise first from None
                without.append(left[0])
                continue
            if without and first is not None:
                self.plainer[key] = tuple(without)
                log.warning(
                    "%s: refused with %s (%s); asked without from now on",
                    request.data_type,
                    ", ".join(without),
                    first.why,
                )
            return found


def _has(form: Json, name: str) -> bool:
    return name in form or name == "reconcile"


def _without(form: Json, names: Iterable[str]) -> Json:
    """The form without what is optional in it; in place of ``reconcile`` there is ``list``."""
    result = {name: value for name, value in form.items() if name not in names}
    return result | ({"list": True} if "reconcile" in names else {})


def _walk(ask: Callable[[Json], Any], field: str, path: str, most: int) -> Iterator[list[Json]]:
    """All pages: an empty page that carries a token is not the end.

    Some pages more than the range can fill may be empty; beyond that, there is no end.
    """
    token: Json = {}
    for _ in range(most + MOST_EMPTY_PAGES):
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
    raise UnexpectedResponseError(
        f"{path}: after {most + MOST_EMPTY_PAGES} pages there are still more, which this range "
        "cannot have. Try again later."
    )


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
