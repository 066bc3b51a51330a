"""The service: routes, and what happens to every request before its method sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import orjson
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from syncbit_dagster.emulator.google_health import account, partial
from syncbit_dagster.emulator.google_health.errors import ApiRefusal, not_found, quota_exhausted
from syncbit_dagster.emulator.google_health.methods import (
    get_point,
    list_points,
    roll_up_days,
    roll_up_time,
)
from syncbit_dagster.emulator.google_health.oauth import OAuth, OAuthRefusal
from syncbit_dagster.emulator.google_health.rules import Operation
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster.emulator.switches import Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from starlette.requests import Request

    from syncbit_dagster.emulator.google_health.methods import Method
    from syncbit_dagster.emulator.person import Person

_POINTS = "/v4/users/{user}/dataTypes/{data_type}/dataPoints"


class GoogleHealth(Service):
    """The API and its OAuth for one person."""

    def __init__(
        self,
        person: Person,
        now: Callable[[], datetime],
        quota_per_minute: int = 150,
        *,
        has_empty_pages: bool = True,
    ) -> None:
        self.oauth = OAuth(now)
        super().__init__(self.oauth)
        self.person = person
        self.now = now
        self.quota_per_minute = quota_per_minute
        self.has_empty_pages = has_empty_pages
        self._quota_window = (0, 0)

    def routes(self) -> list[Route]:
        """The routes of the API and of OAuth."""
        listed, reconciled = (
            list_points(operation, has_empty_pages=self.has_empty_pages)
            for operation in (Operation.LIST, Operation.RECONCILE)
        )
        methods: list[tuple[str, str, Method]] = [
            ("GET", _POINTS, listed),
            ("GET", f"{_POINTS}:reconcile", reconciled),
            ("POST", f"{_POINTS}:rollUp", roll_up_time),
            ("POST", f"{_POINTS}:dailyRollUp", roll_up_days),
            ("GET", f"{_POINTS}/{{point}}", get_point),
            *(("GET", path, method) for path, method in account.METHODS.items()),
            ("GET", "/v4/{rest:path}", _no_method),
            ("POST", "/v4/{rest:path}", _no_method),
        ]
        return [
            Route("/o/oauth2/v2/auth", self._authorize, methods=["GET"]),
            Route("/token", self._token, methods=["POST"]),
            *(Route(path, self._guarded(method), methods=[verb]) for verb, path, method in methods),
        ]

    def _guarded(self, method: Method) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            response = self._answer(request, body, method)
            self.calls.append((request.method, request.url.path, response.status_code))
            return response

        return endpoint

    def _answer(self, request: Request, body: bytes, method: Method) -> Response:
        if self.faults:
            fault = self.faults.popleft()
            return fault.response(
                {
                    "error": {
                        "code": fault.status,
                        "message": "Ordered by a test.",
                        "status": "UNKNOWN",
                    }
                }
            )
        try:
            scopes = self.oauth.scopes_of(request.headers.get("authorization", ""))
            self._count_request()
            mask = request.query_params.get("fields")
            tree = partial.parse_mask(mask) if mask else {}
            feed = Feed(self.person, self.now())
            text = method(feed, request, body, scopes)
        except ApiRefusal as refusal:
            return refusal.response()
        content = orjson.dumps(partial.apply_mask(orjson.loads(text), tree)) if tree else text
        return Response(content, media_type="application/json; charset=UTF-8")

    def _count_request(self) -> None:
        """The quota counts requests, in whole minutes of the clock."""
        minute = int(self.now().timestamp()) // 60
        window, count = self._quota_window
        count = count + 1 if window == minute else 1
        self._quota_window = (minute, count)
        if count > self.quota_per_minute:
            raise quota_exhausted()

    async def _authorize(self, request: Request) -> Response:
        try:
            return RedirectResponse(self.oauth.authorize(request.query_params), status_code=302)
        except OAuthRefusal as refusal:
            return JSONResponse(refusal.body, status_code=refusal.code)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return JSONResponse(self.oauth.token(form))
        except OAuthRefusal as refusal:
            return JSONResponse(refusal.body, status_code=refusal.code)


def _no_method(_feed: Feed, request: Request, _body: bytes, _scopes: tuple[str, ...]) -> str:
    raise not_found(request.url.path)
