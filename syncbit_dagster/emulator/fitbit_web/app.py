"""The service: routes, and what happens to every request before its answer is made."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import orjson
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from syncbit_dagster.emulator.fitbit_web.endpoints import ENDPOINTS
from syncbit_dagster.emulator.fitbit_web.errors import (
    FitbitRefusal,
    another_user,
    failure_body,
    insufficient_scope,
    not_found,
    retired,
)
from syncbit_dagster.emulator.fitbit_web.oauth import USER_ID, OAuth
from syncbit_dagster.emulator.fitbit_web.quota import Quota
from syncbit_dagster.emulator.fitbit_web.request import DataRequest
from syncbit_dagster.emulator.fitbit_web.totals import Totals
from syncbit_dagster.emulator.server_view import Feed
from syncbit_dagster.emulator.switches import Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from starlette.requests import Request

    from syncbit_dagster.emulator.fitbit_web.endpoints import Endpoint
    from syncbit_dagster.emulator.person import Person

    Handler = Callable[[Request], Awaitable[Response]]

_VERSIONS = ("1", "1.1", "1.2")
_VERBS = ["GET", "POST", "PUT", "DELETE"]


class FitbitWeb(Service):
    """The API and its OAuth for one person.

    ``is_retired`` lets data and token addresses answer 410. While ``may_refresh`` is not set,
    refreshes of tokens wait.
    """

    def __init__(
        self, person: Person, now: Callable[[], datetime], quota_per_hour: int = 150
    ) -> None:
        self.oauth = OAuth(now)
        super().__init__(self.oauth)
        self.person = person
        self.now = now
        self.quota = Quota(now, quota_per_hour)
        self.is_retired = False
        self.may_refresh = threading.Event()
        self.may_refresh.set()
        self._totals = Totals()

    def routes(self) -> list[Route]:
        """The routes of the API and of OAuth."""
        return [
            Route("/oauth2/authorize", self._authorize, methods=["GET"]),
            Route("/oauth2/token", self._refusing(self._token), methods=["POST"]),
            *(Route(row.path, self._data(row), methods=["GET"]) for row in ENDPOINTS),
            *(
                Route(f"/{version}/{{rest:path}}", self._data(None), methods=_VERBS)
                for version in _VERSIONS
            ),
        ]

    def _data(self, endpoint: Endpoint | None) -> Handler:
        async def handler(request: Request) -> Response:
            response = self._answer(request, endpoint)
            response.headers.update(self.quota.headers())
            self.calls.append((request.method, request.url.path, response.status_code))
            return response

        return handler

    def _answer(self, request: Request, endpoint: Endpoint | None) -> Response:
        if self.faults:
            return self.faults.popleft().response(failure_body())
        try:
            content = self._content(request, endpoint)
        except FitbitRefusal as refusal:
            return refusal.response()
        return Response(orjson.dumps(content), media_type="application/json;charset=UTF-8")

    def _content(self, request: Request, endpoint: Endpoint | None) -> object:
        if self.is_retired:
            raise retired()
        scopes = self.oauth.scopes_of(request.headers.get("authorization", ""))
        self.quota.count()
        if endpoint is None:
            raise not_found()
        if request.path_params["user"] not in ("-", USER_ID):
            raise another_user()
        if endpoint.scope not in scopes:
            raise insufficient_scope(endpoint.scope)
        feed = Feed(self.person, self.now())
        return endpoint.answer(DataRequest(feed, request.path_params, self._totals))

    def _refusing(self, method: Handler) -> Handler:
        """An OAuth method whose refusals become answers."""

        async def handler(request: Request) -> Response:
            try:
                if self.is_retired:
                    raise retired()
                return await method(request)
            except FitbitRefusal as refusal:
                return refusal.response()

        return handler

    async def _authorize(self, request: Request) -> Response:
        try:
            return RedirectResponse(self.oauth.authorize(request.query_params), status_code=302)
        except FitbitRefusal as refusal:
            return refusal.response()

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        self.oauth.check_client(form, request.headers.get("authorization", ""))
        if form.get("grant_type") != "refresh_token":
            return JSONResponse(self.oauth.token(form))
        with self.oauth.refreshing(form):
            await asyncio.to_thread(self.may_refresh.wait)
            return JSONResponse(self.oauth.token(form))


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))
