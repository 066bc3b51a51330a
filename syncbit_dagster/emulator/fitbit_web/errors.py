"""Refusals in the shape of the Fitbit Web API: a list of errors, each a type, a field, a sentence.

Types, fields and wording are those of answers that people saw, echoed tokens included. Where no
answer is known, the function says so.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

_AUTHORIZATION_HELP = (
    " Visit https://dev.fitbit.com/docs/oauth2 for more information on the Fitbit Web API "
    "authorization process."
)


class FitbitRefusal(Exception):  # noqa: N818 - the emulator is right to refuse; nothing is broken
    """A request that the API answers with an error body."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(body["errors"][0]["message"])
        self.status = status
        self.body = body
        self.headers = headers or {}

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        return JSONResponse(self.body, status_code=self.status, headers=self.headers)


def _body(error_type: str, message: str, field: str | None = None) -> dict[str, Any]:
    error = {"errorType": error_type, "message": message}
    if field is not None:
        error = {"errorType": error_type, "fieldName": field, "message": message}
    return {"errors": [error], "success": False}


def _authorization(status: int, error_type: str, message: str) -> FitbitRefusal:
    return FitbitRefusal(status, _body(error_type, f"{message}{_AUTHORIZATION_HELP}"))


def header_required() -> FitbitRefusal:
    """401: a request without an access token."""
    return _authorization(401, "invalid_request", "Authorization header required.")


def invalid_token(token: str) -> FitbitRefusal:
    """401: an access token that was never given, or revoked."""
    return _authorization(401, "invalid_token", f"Access token invalid: {token}.")


def expired_token(token: str) -> FitbitRefusal:
    """401: an access token that is too old."""
    return _authorization(401, "expired_token", f"Access token expired: {token}.")


def insufficient_scope(scope: str) -> FitbitRefusal:
    """403: the person did not grant the scope that this data needs."""
    what = scope.replace("_", " ")
    return _authorization(
        403,
        "insufficient_scope",
        f"This application does not have permission to access {what} data.",
    )


def another_user() -> FitbitRefusal:
    """403: the data of somebody else."""
    return _authorization(
        403,
        "insufficient_permissions",
        "API client is not authorized by Fitbit to access the resource requested.",
    )


def invalid_client(message: str) -> FitbitRefusal:
    """401 at the token endpoint: not the registered app."""
    return _authorization(401, "invalid_client", message)


def invalid_grant(message: str) -> FitbitRefusal:
    """400 at the token endpoint: a code or refresh token that is unknown, used or too old."""
    return _authorization(400, "invalid_grant", message)


def invalid_request(message: str) -> FitbitRefusal:
    """400 at an OAuth endpoint: a parameter is missing or wrong."""
    return _authorization(400, "invalid_request", message)


def refresh_conflict() -> FitbitRefusal:
    """409: two clients refresh one token at once; documented, but no answer is known."""
    return FitbitRefusal(
        409, _body("request", "Another client is refreshing the same token.", "n/a")
    )


def invalid_resource(path: str) -> FitbitRefusal:
    """400: no such series; a known answer of this kind has no ``success``."""
    body = _body("validation", f"Invalid time series resource path: {path}", "resource path")
    return FitbitRefusal(400, {"errors": body["errors"]})


def invalid(field: str, message: str) -> FitbitRefusal:
    """400: a date, a period, a range or a level that is none; the sentences are made up."""
    return FitbitRefusal(400, _body("validation", message, field))


def longer_than_a_day() -> FitbitRefusal:
    """400: intraday data of more than 24 hours."""
    return FitbitRefusal(
        400, _body("request", "Time range should not be bigger than 24 hours.", "n/a")
    )


def not_found() -> FitbitRefusal:
    """404: no such path."""
    message = "The API you are requesting could not be found."
    return FitbitRefusal(404, _body("not_found", message, "n/a"))


def too_many_requests(seconds: int) -> FitbitRefusal:
    """429: the hour's requests are used up; ``seconds`` until the next hour."""
    return FitbitRefusal(
        429, _body("system", "Too Many Requests", "n/a"), {"Retry-After": str(seconds)}
    )


def retired() -> FitbitRefusal:
    """410: the API was turned off; only the status was announced."""
    return FitbitRefusal(410, _body("request", "The Fitbit Web API has been turned off.", "n/a"))


def failure_body() -> dict[str, Any]:
    """The body of a failure of the service."""
    return _body(
        "request",
        "An error occurred with the Fitbit Web API while processing the request. "
        "Error id: AC4516A4:704B_A92D91CB:01BB_5A391941_6881765C:1D7A",
        "500",
    )
